/**
 * One recording read twice: as the file it is, and as the text another tool printed of it. Both are
 * the same events and the same findings.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import { detectors } from '../src/analyzers/detectors/index.ts';
import { openCapture } from '../src/parsers/detect.ts';
import type { Capture, EventType, Fields } from '../src/parsers/parser.ts';
import { compare, type ExpectedCapture } from './expected.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'svm-trace-text-'));
afterAll(() => rmSync(scratch, { recursive: true }));

interface Seen {
  readonly id: number;
  readonly type: string;
  readonly cpu: number;
  readonly tid: number;
  readonly microseconds: number;
  readonly comm: string | undefined;
  readonly buffer: string;
  readonly payload: string;
  readonly fields: Fields;
}

/** The function tracers' lines show how calls nest, which is no part of the event. */
const tracer = /^(function|funcgraph_(entry|exit))$/;

/** @param unit what the text rounds times to: microseconds, where it does not print them as they are */
function eventsOf(capture: Capture, unit: bigint): Seen[] {
  const { header } = capture;
  const seen: Seen[] = [];
  for (const batch of capture.batches()) {
    for (let i = 0; i < batch.length; i++) {
      const type = header.eventTypes[batch.type[i] as number] as EventType;
      const tid = batch.tid[i] as number;
      const fields = batch.fields(i);
      seen.push({
        id: batch.id[i] as number,
        type: type.name,
        cpu: batch.cpu[i] as number,
        tid,
        microseconds: Number(
          (header.clock.base + BigInt(batch.ts[i] as number) + unit / 2n) / unit,
        ),
        comm: capture.comm(tid),
        buffer: header.buffers[batch.buffer[i] as number]?.name ?? '',
        payload: tracer.test(type.name) ? '' : capture.print(type, fields).trimEnd(),
        fields,
      });
    }
  }
  return seen;
}

function textOf(path: string): string {
  if (existsSync(path)) return path;
  const copy = join(scratch, basename(path));
  writeFileSync(copy, gunzipSync(readFileSync(`${path}.gz`)));
  return copy;
}

async function read<T>(path: string, use: (capture: Capture) => T): Promise<T> {
  const capture = await openCapture(path);
  try {
    return use(capture);
  } finally {
    capture.close();
  }
}

/** A leaf of function_graph has no line for its return, only a duration, which begins a bit earlier. */
function isLeafReturn(event: Seen): boolean {
  return event.type === 'funcgraph_exit' && String(event.fields.payload).includes('} /*');
}

function recordings(suffix: string, text: string): string[] {
  const files = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith(suffix))
    .filter((file) => files.some((other) => other.startsWith(file.replace(suffix, text))));
}

describe('trace-cmd report is read back as the events of the trace.dat', () => {
  it.each(recordings('.dat', '.report.txt'))('%s', async (recording) => {
    const path = join(FIXTURES, recording);
    const textPath = textOf(path.replace(/\.dat$/, '.report.txt'));
    const text = await read(textPath, (capture) => ({
      events: eventsOf(capture, capture.header.clock.unit === 'ns' ? 1000n : 1n),
      unit: capture.header.clock.unit === 'ns' ? 1000n : 1n,
    }));
    const binary = await read(path, (capture) => eventsOf(capture, text.unit));
    const leaves = new Set(text.events.filter(isLeafReturn).map(({ id }) => id));
    const shown = ({ fields: _, ...event }: Seen) =>
      leaves.has(event.id) ? { ...event, microseconds: 0 } : event;
    expect(text.events.map(shown)).toEqual(binary.map(shown));
    expect(differences(text.events, binary)).toEqual([]);
  });
});

describe('perf script is read back as the events of the perf.data', () => {
  it.each(recordings('.perf.data', '.script.txt'))('%s', async (recording) => {
    const path = join(FIXTURES, recording);
    // perf cuts times where trace-cmd rounds them, and names threads as they were then
    const shown = ({ id, type, cpu, tid, microseconds }: Seen) => ({
      id,
      type,
      cpu,
      tid,
      microseconds,
    });
    const text = await read(textOf(path.replace(/\.perf\.data$/, '.script.txt')), (capture) =>
      eventsOf(capture, 1n),
    );
    const binary = await read(path, (capture) => eventsOf(capture, 1n));
    const cut = (event: Seen) => ({
      ...shown(event),
      microseconds: Math.floor(event.microseconds / 1000),
    });
    expect(text.map(cut)).toEqual(binary.map(cut));
    expect(differences(text, binary)).toEqual([]);
  });
});

/** Values that differ; what the text shows as a symbol, a flag or with a unit is none. */
function differences(text: readonly Seen[], binary: readonly Seen[]): string[] {
  return text.flatMap(({ id, type, fields }, n) =>
    Object.entries(fields).flatMap(([name, value]) => {
      const recorded = binary[n]?.fields[name];
      const isText = typeof value === 'string';
      if (recorded === undefined || isText !== (typeof recorded === 'string')) return [];
      if (tracer.test(type)) return [];
      return (isText ? String(recorded).trimEnd() === value.trimEnd() : recorded === value)
        ? []
        : [`${id} ${type} ${name}: ${String(value)} instead of ${String(recorded)}`];
    }),
  );
}

const expected = JSON.parse(readFileSync(join(FIXTURES, 'expected.json'), 'utf8')) as Record<
  string,
  ExpectedCapture
>;
const ids = new Set(detectors.map((detector) => detector.meta.id));

describe('the text of a recording leads to the findings of the recording', () => {
  const printed = Object.entries(expected).filter(([name]) => name.includes('.report.txt'));
  it.each(printed)('%s', async (name, wanted) => {
    const path = textOf(join(FIXTURES, name.replace(/\.gz$/, '')));
    const { result } = await analyze(path, { strict: true });
    expect(result.capture.format).toBe('trace-cmd report');
    const { mustMissed, violations, overclaims, unexplained } = compare(wanted, result, ids);
    expect({ mustMissed, violations, overclaims, unexplained }).toEqual({
      mustMissed: [],
      violations: [],
      overclaims: [],
      unexplained: [],
    });
  });
});

/** What perf script leaves out: which tasks were asked for, and what was lost. */
const UNPRINTED = ['one task recorded', 'lost'];

describe('and so does the text of perf script', () => {
  const printed = Object.entries(expected).filter(([name]) => name.includes('.script.txt'));
  it.each(printed)('%s', async (name, wanted) => {
    const path = textOf(join(FIXTURES, name));
    const { result } = await analyze(path, { strict: true });
    expect(result.capture.format).toBe('perf script');
    const must = wanted.must.filter(({ key }) => !UNPRINTED.includes(String(key.what)));
    const { mustMissed, violations, overclaims } = compare({ ...wanted, must }, result, ids);
    expect({ mustMissed, violations, overclaims }).toEqual({
      mustMissed: [],
      violations: [],
      overclaims: [],
    });
  });
});
