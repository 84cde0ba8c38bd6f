import { expect, it } from 'vitest';
import { type RowOf, storeOf } from '../../../test/detector-view.ts';
import type { SummaryFigures } from '../result.ts';
import { buildSummaryFigures } from './summary-figures.ts';

const MS = 1_000_000;

/** What is drawn of a store that holds these objects. */
function figuresOf(
  rows: Readonly<Record<string, readonly RowOf[]>>,
  observable: readonly string[] = [],
): SummaryFigures {
  const occurrence = observable.map((kind) => ({ kind, seen: 1, observable: 1 }));
  return buildSummaryFigures(storeOf({ ...rows, occurrence }), []);
}

const breakdown = (figures: SummaryFigures, name: string) =>
  figures.breakdowns.find((one) => one.name === name);

it('invalidations by who invalidates and by what covers most of their time', () => {
  const held = { start_ts: 0, return_ts: 100 * MS, tid: 7, process_id: 1, reason: 2 };
  const figures = figuresOf(
    {
      process: [{ pid: 7, comm: 'load' }],
      syscall: [{ name: 'mprotect' }],
      fence: [{ context: 1, seqno: 2, timeline: 'ring0' }],
      fence_wait: [{ fence_id: 1 }],
      invalidation: [
        { ...held, syscall_id: 1, longest_wait_id: 1, longest_wait_ns: 60 * MS },
        { ...held, syscall_id: 1, longest_wait_id: 1, longest_wait_ns: 40 * MS },
        { ...held, return_ts: 200 * MS, callback_ns: 150 * MS, callback_function: 'zap' },
        { ...held, return_ts: null },
      ],
    },
    ['fence.wait_start'],
  );
  const rows = (name: string) =>
    breakdown(figures, name)?.rows.map((row) => [row.name, row.parts[0]?.count]);
  expect(rows('invalidation-actor')).toEqual([
    ['load (PROTECTION_VMA)', 1],
    ['mprotect by load', 2],
  ]);
  expect(rows('invalidation-cause')).toEqual([
    ['the callback zap', 1],
    ['a fence of ring0', 1],
    ['neither fence nor callback', 1],
  ]);
  expect(breakdown(figures, 'invalidation-actor')?.count).toBe(3);
});

it('where nobody looked, it does not say that invalidations waited for nothing', () => {
  const figures = figuresOf({ invalidation: [{ start_ts: 0, return_ts: 9, tid: 7 }] });
  expect(breakdown(figures, 'invalidation-cause')?.rows[0]?.name).toBe('not recorded');
});

it('separates what a fence waits for the hardware from what the hardware takes', () => {
  const figures = figuresOf({
    job: [{ run_ts: 30 * MS }],
    fence: [
      { timeline: 'ring0', init_ts: 0, emit_ts: 10 * MS, signaled_ts: 15 * MS },
      { timeline: 'ring0', init_ts: 0, emit_ts: 1, signaled_ts: 90 * MS, job_id: 1 },
      { timeline: 'other', init_ts: 0, signaled_ts: 7 * MS },
      { timeline: 'ring0', init_ts: 0, emit_ts: 1, signaled_ts: 90 * MS, container: 1 },
    ],
  });
  expect(
    breakdown(figures, 'fence-split')?.rows.map(({ name, parts }) => [
      name,
      ...parts.map((part) => [part.name, ...part.sample.map((value) => value / MS)]),
    ]),
  ).toEqual([
    ['ring0', ['until the hardware got its work', 10, 30], ['on the hardware', 5, 60]],
    ['other', ['creation to signal, start unknown', 7]],
  ]);
});

it('summarises: of many rows those with the longest values, of many values a sample', () => {
  const figures = figuresOf({
    job: Array.from({ length: 5_000 }, (_, n) => ({
      ring: `ring${n % 25}`,
      queue_ts: 0,
      run_ts: n + 1,
    })),
  });
  const jobs = breakdown(figures, 'job-queue');
  expect([jobs?.count, jobs?.rows.length, jobs?.rowsOmitted]).toEqual([5_000, 10, 15]);
  const [worst] = jobs?.rows ?? [];
  const [part] = worst?.parts ?? [];
  expect([worst?.name, part?.count]).toEqual(['ring24', 200]);
  expect(part?.sample.length).toBeLessThan(70);
  expect([part?.sample[0], part?.sample.at(-1)]).toEqual([25, 5_000]);
  expect(part?.quantiles.map(({ value }) => value)).toEqual([2_500, 4_500, 4_950, 5_000]);
});

it('page faults in bins by how they were answered, and the exits of whose they are', () => {
  const figures = figuresOf({
    process: [
      { pid: 5, comm: 'gone', end_ts: 25 * MS },
      { pid: 6, comm: 'bystander', end_ts: 1 * MS },
      { pid: 7, comm: 'alive' },
    ],
    device_fault: [
      { start_ts: 10 * MS, ret: 0, process_id: 1 },
      { start_ts: 90 * MS, ret: -3, process_id: 1 },
      { start_ts: 90 * MS + 1, ret: -3, process_id: 1 },
      { start_ts: 91 * MS, process_id: 3 },
    ],
  });
  const { faultsOverTime } = figures;
  expect(faultsOverTime?.count).toBe(4);
  expect(faultsOverTime?.exits).toEqual([{ ts: 25 * MS, label: 'gone (pid 5)' }]);
  expect(faultsOverTime?.bins.map(({ outcome, count }) => [outcome, count])).toEqual([
    ['served', 1],
    ['refused', 2],
    ['outcome not recorded', 1],
  ]);
  const width = faultsOverTime?.binWidth ?? 0;
  for (const bin of faultsOverTime?.bins ?? []) expect(bin.from % width).toBe(0);
});

it('attempts of range faults that ended', () => {
  const figures = figuresOf({
    range_fault: [
      { start_ts: 0, end_ts: 9, attempts: 3, outcome: 'busy' },
      { start_ts: 0, end_ts: 4, attempts: 1, outcome: 'ok', wrapper_ret: 0 },
      { start_ts: 0, attempts: 1, outcome: 'open' },
    ],
  });
  expect(figures.attempts).toMatchObject({
    count: 2,
    points: [
      { attempts: 1, ns: 4, outcome: 'ok' },
      { attempts: 3, ns: 9, outcome: 'busy' },
    ],
  });
});

it('tells what was not recorded from what did not happen', () => {
  const { notDrawn } = figuresOf({}, ['job.queue', 'job.run']);
  const why = new Map(notDrawn.map(({ title, reason }) => [title, reason]));
  expect(why.get('On which ring do jobs wait before the hardware gets them?')).toBe(
    'none began and ended in this capture',
  );
  expect(why.get('Whose invalidations take long?')).toBe(
    'not recorded: calls of __mmu_notifier_invalidate_range_start',
  );
  const drawn = figuresOf({ job: [{ ring: 'r', queue_ts: 0, run_ts: 1 }] });
  expect(drawn.notDrawn.map(({ title }) => title)).not.toContain(
    'On which ring do jobs wait before the hardware gets them?',
  );
});
