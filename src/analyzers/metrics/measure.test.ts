import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../../test/cli.ts';
import type { OccurrenceKind } from '../../kernel/occurrence.ts';
import { StoreReader } from '../../store/reader.ts';
import { captureTable, occurrenceTable } from '../../store/schema.ts';
import type { Row } from '../../store/table.ts';
import { StoreWriter } from '../../store/writer.ts';
import { fenceTable } from '../lifetimes/fence-tables.ts';
import { lifetimes } from '../lifetimes/index.ts';
import { jobTable } from '../lifetimes/job-tables.ts';
import { migrationTable } from '../lifetimes/migration.ts';
import { rangeFaultTable } from '../lifetimes/range-fault-tables.ts';
import { tlbFlushTable } from '../lifetimes/tlb-flush.ts';
import { metrics } from './index.ts';
import { measureMetrics, QUANTILE_GRID, quantilesOf } from './measure.ts';

interface Objects {
  readonly observable: readonly OccurrenceKind[];
  readonly unit?: 'ns' | 'ticks';
  readonly fences?: readonly Row[];
  readonly jobs?: readonly Row[];
  readonly rangeFaults?: readonly Row[];
  readonly migrations?: readonly Row[];
  readonly flushes?: readonly Row[];
}

/** The metrics of a capture of two seconds. */
function measured(objects: Objects): Map<string, ReturnType<typeof measureMetrics>[number]> {
  const tables = lifetimes.flatMap((lifetime) => lifetime.tables);
  const writer = new StoreWriter(undefined, [], tables);
  writer.insert(captureTable, {
    id: 1,
    ...Object.fromEntries(
      captureTable.columns.map(({ name, type }) => [name, type === 'TEXT' ? '' : 0]),
    ),
    duration_ns: 2e9,
    end_ns: 2e9,
    clock_unit: objects.unit ?? 'ns',
  });
  objects.observable.forEach((kind, n) => {
    writer.insert(occurrenceTable, { id: n + 1, kind, seen: 1, observable: 1 });
  });
  for (const row of objects.fences ?? []) writer.insert(fenceTable, row);
  for (const row of objects.jobs ?? []) writer.insert(jobTable, row);
  for (const row of objects.rangeFaults ?? []) writer.insert(rangeFaultTable, row);
  for (const row of objects.migrations ?? []) writer.insert(migrationTable, row);
  for (const row of objects.flushes ?? []) writer.insert(tlbFlushTable, row);
  writer.loaded();
  const rows = measureMetrics(new StoreReader(writer.db));
  writer.abort();
  return new Map(rows.map((row) => [row.name, row]));
}

describe('metrics of a capture', () => {
  const faults: Row[] = [
    { id: 1, attempts: 1, busy: 0, outcome: 'ok', start_ts: 0, end_ts: 10 },
    { id: 2, attempts: 4, busy: 2, outcome: 'busy', start_ts: 0, end_ts: 90 },
    { id: 3, attempts: 2, busy: 0, outcome: 'open', start_ts: 5 },
  ];

  it('count events against their objects, and against seconds', () => {
    const rows = measured({
      observable: ['hmm.range_fault', 'hmm.range_fault_return'],
      rangeFaults: faults,
    });
    expect(rows.get('range-fault-retries')).toMatchObject({ count: 4, denominator: 3 });
    expect(rows.get('range-fault-busy')).toMatchObject({ count: 2, denominator: 3 });
    expect(rows.get('range-fault-failures')).toMatchObject({ count: 1, denominator: 2 });
    expect(rows.get('range-fault-rate')).toMatchObject({ count: 3, denominator: 2 });
    expect(rows.get('range-fault-duration')).toMatchObject({ count: 2, sum: 100 });
  });

  it('are absent where the capture could not show them, and zero where nothing happened', () => {
    const rows = measured({ observable: ['hmm.range_fault'], rangeFaults: [] });
    expect(rows.get('range-fault-retries')).toMatchObject({ count: 0, denominator: 0 });
    expect(rows.get('range-fault-duration')).toMatchObject({ count: 0, quantiles: [] });
    expect(rows.has('range-fault-busy')).toBe(false);
    expect(rows.has('invalidation-duration')).toBe(false);
  });

  it('split the latency of a fence at the run of its job, else at its emit', () => {
    const rows = measured({
      observable: ['fence.init', 'fence.emit', 'fence.signaled', 'job.run'],
      jobs: [{ id: 7, run_ts: 300 }],
      fences: [
        { id: 1, init_ts: 100, emit_ts: 110, job_id: 7, signaled_ts: 1000 },
        { id: 2, init_ts: 100, emit_ts: 150, signaled_ts: 200 },
        // neither job nor emit: not split
        { id: 3, init_ts: 100, signaled_ts: 900 },
        // stands for others
        { id: 4, init_ts: 100, emit_ts: 150, signaled_ts: 200, container: 1 },
      ],
    });
    expect(rows.get('fence-latency')).toMatchObject({ count: 3, sum: 900 + 100 + 800 });
    expect(rows.get('fence-queueing')).toMatchObject({ count: 2, sum: 200 + 50 });
    expect(rows.get('fence-execution')).toMatchObject({ count: 2, sum: 700 + 50 });
  });

  it('ping-pong: only what moves back counts, range by range and buffer by buffer', () => {
    const move = (id: number, direction: string, range_start: number, object?: number): Row => ({
      id,
      source: 'migrate_vma',
      direction,
      range_start,
      object: object ?? null,
      start_ts: id * 100,
      end_ts: id * 100 + 30,
    });
    const rows = measured({
      observable: ['migration.start'],
      migrations: [
        move(1, 'to device', 0x1000),
        move(2, 'to device', 0x2000),
        move(3, 'to system', 0x1000),
        move(4, 'to device', 0x1000),
        move(5, 'to device', 0x1000),
        move(6, 'to system', 0x1000, 7),
        // nothing moved
        { ...move(7, 'to system', 0x2000), ret: -16 },
      ],
    });
    expect(rows.get('migration-turns')).toMatchObject({ count: 2, denominator: 6 });
    expect(rows.get('migration-duration')).toMatchObject({ count: 6, sum: 180 });
  });

  it('TLB invalidations: those of CPUs are not those of devices', () => {
    const rows = measured({
      observable: ['tlb.flush', 'tlb.answered', 'tlb.timeout'],
      flushes: [
        { id: 1, source: 'xe', flushes: 4, wait_ns: 400, timeouts: 1 },
        { id: 2, source: 'cpu', flushes: 90 },
      ],
    });
    expect(rows.get('tlb-flush-rate')).toMatchObject({ count: 4, denominator: 2 });
    expect(rows.get('tlb-flush-wait')).toMatchObject({ count: 1, sum: 100 });
    expect(rows.get('tlb-flush-timeouts')).toMatchObject({ count: 1, denominator: 4 });
  });

  it('have no rate per second where nobody knows how long a tick is', () => {
    const rows = measured({ observable: ['hmm.range_fault'], rangeFaults: faults, unit: 'ticks' });
    expect(rows.has('range-fault-rate')).toBe(false);
    expect(rows.get('range-fault-retries')).toMatchObject({ count: 4 });
    expect(rows.get('range-fault-duration')).toMatchObject({ unit: 'ticks' });
  });
});

it('quantiles are values of the sample, ascending, from the smallest to the largest', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0 }), { minLength: 1 }), (values) => {
      const sorted = Float64Array.from(values).sort();
      const quantiles = quantilesOf(sorted).map(({ value }) => value);
      expect(quantiles).toHaveLength(QUANTILE_GRID.length);
      expect(quantiles).toEqual([...quantiles].sort((a, b) => a - b));
      expect([quantiles[0], quantiles.at(-1)]).toEqual([sorted[0], sorted.at(-1)]);
      for (const value of quantiles) expect(values).toContain(value);
    }),
  );
});

describe('every metric', () => {
  const page = readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8');

  it('has a name of its own', () => {
    expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length);
  });

  it.each(metrics.map((metric) => [metric.name, metric] as const))(
    '%s is documented',
    (name, metric) => {
      expect(page).toContain(`## ${name}`);
      expect(metric.doc).toMatch(/\.$/);
      expect(metric.title).toMatch(/\?$/);
      expect(metric.threshold).toBeGreaterThan(0);
      expect(metric.needs.flat().length).toBeGreaterThan(0);
    },
  );
});
