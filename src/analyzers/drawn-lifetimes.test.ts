import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratch } from '../../test/scratch.ts';
import { type AnalyzeOptions, analyze } from './analyze.ts';
import type { DrawnLifetimes, ObjectLifetime, Result } from './result.ts';

const FIXTURES = new URL('../../fixtures/', import.meta.url);

async function resultOf(capture: string, options: AnalyzeOptions = {}): Promise<Result> {
  const { result } = await analyze(new URL(capture, FIXTURES).pathname, {
    strict: true,
    ...options,
  });
  return result;
}

function lifetime({ lifetimes }: Result, kind: string, id: number): ObjectLifetime {
  const found = lifetimes.objects.find((object) => object.kind === kind && object.id === id);
  if (!found) throw new Error(`no ${kind} ${id}`);
  return found;
}

function linesOf({ events }: DrawnLifetimes, object: ObjectLifetime): string[] {
  return object.events.map((n) => `${events[n]?.type} ${events[n]?.text}`);
}

describe('the lifetimes of a stall', () => {
  it('name the moments of a fence once each, in time order, and what they mean', async () => {
    const result = await resultOf('s612-svm-hang/svm-hang.dat');
    const [stall] = result.findings.filter(({ detector }) => detector === 'invalidate-stall');
    const fence = stall?.objects.find(({ kind }) => kind === 'fence');
    const { steps, eventsOmitted } = lifetime(result, 'fence', fence?.id ?? 0);
    const columns = steps.map(({ column }) => column);
    expect(columns).toEqual(expect.arrayContaining(['init_ts', 'enable_ts']));
    expect(columns).not.toContain('start_ts');
    expect(steps.map(({ ts }) => ts)).toEqual(steps.map(({ ts }) => ts).sort((a, b) => a - b));
    expect(eventsOmitted).toBe(0);
    for (const column of columns) expect(result.lifetimes.moments.fence).toHaveProperty(column);
    expect(result.lifetimes.moments.fence?.enable_ts).toBe(
      'dma_fence_enable_signal: somebody waits or has a callback',
    );
    expect(result.lifetimes.moments.invalidation?.start_ts).toBe('Start: invalidate_range_start');
  });

  it('print the events of an object and of its parts as trace-cmd did', async () => {
    const result = await resultOf('s612-svm-hang/svm-hang.dat');
    const golden = readFileSync(new URL('s612-svm-hang/svm-hang.report.txt', FIXTURES), 'utf8');
    const [stall] = result.findings.filter(({ detector }) => detector === 'invalidate-stall');
    const ref = stall?.objects.find(({ kind }) => kind === 'invalidation');
    const lines = linesOf(result.lifetimes, lifetime(result, 'invalidation', ref?.id ?? 0));
    // its callback is an object of its own
    expect(lines.some((line) => line.startsWith('svm:drv_inval '))).toBe(true);
    expect(result.lifetimes.objects.some(({ plain }) => plain)).toBe(false);
    for (const { text } of result.lifetimes.events) expect(golden).toContain(text);
  });
});

describe('the lifetimes of a storm', () => {
  it('are capped, those of findings kept, and say how much is left out', async () => {
    const result = await resultOf('s612-svm-storm/svm-storm.dat');
    const { objects, events } = result.lifetimes;
    expect(objects.length).toBeLessThanOrEqual(2_000);
    expect(events.length).toBeLessThanOrEqual(6_000);
    for (const { objects: named } of result.findings) {
      for (const { kind, id } of named) expect(lifetime(result, kind, id).kind).toBe(kind);
    }
    const attempts = result.objects.find(({ kind }) => kind === 'range_fault_attempt')?.total ?? 0;
    const [storm] = result.findings.filter(({ detector }) => detector === 'hmm-retry-storm');
    const ref = storm?.objects.find(({ kind }) => kind === 'range_fault');
    const fault = lifetime(result, 'range_fault', ref?.id ?? 0);
    expect(fault.events).toHaveLength(20);
    expect(fault.eventsOmitted).toBeGreaterThan(20);
    expect(fault.eventsOmitted).toBeLessThan(attempts * 4);
  });
});

describe('the lifetimes of a database', () => {
  it('are written as they were printed when it was made', async () => {
    const db = join(scratch(), 'stall.db');
    const fresh = await resultOf('s612-svm-stall/svm-stall.dat', { db });
    const again = await resultOf('s612-svm-stall/svm-stall.dat', { db });
    expect(again.lifetimes).toEqual(fresh.lifetimes);
  });

  it('are so for objects of findings where no report was made then, and others say that they are not', async () => {
    const db = join(scratch(), 'stall.db');
    const capture = 's612-svm-stall/svm-stall.dat';
    await resultOf(capture, { db, figures: false });
    const fresh = await resultOf(capture);
    const again = await resultOf(capture, { db });
    const [stall] = again.findings.filter(({ detector }) => detector === 'invalidate-stall');
    for (const { kind, id } of stall?.objects ?? []) {
      const object = lifetime(again, kind, id);
      expect(object.plain).toBeUndefined();
      expect(linesOf(again.lifetimes, object)).toEqual(
        linesOf(fresh.lifetimes, lifetime(fresh, kind, id)),
      );
    }
    expect(again.lifetimes.objects.some(({ plain }) => plain)).toBe(true);
  });
});
