import { expect, it } from 'vitest';
import { ms, type RowOf, run, s } from '../../../test/detector-view.ts';
import { notifierLeak } from './notifier-leak.ts';

const process: RowOf = { pid: 329, comm: 'app', start_ts: 0 };
const mm: RowOf = { mm: 0x1000, process_id: 1, start_ts: 0, end_ts: s(2), end_event: 900 };
const notifier = (n: number, more: RowOf = {}): RowOf => ({
  mni: 0x8000 + n,
  mm: 0x1000,
  address_space_id: 1,
  process_id: 1,
  range_start: 0x7f0000000000,
  range_last: 0x7f0000003fff,
  insert_ret: 0,
  source: 'insert',
  start_ts: ms(10 * n),
  start_event: n,
  end_ts: s(1.5) + n,
  end_event: 500 + n,
  lossy: 0,
  ...more,
});
const many = (n: number, more: RowOf = {}): RowOf[] =>
  Array.from({ length: n }, (_, at) => notifier(at + 1, more));

const judge = (rows: Readonly<Record<string, readonly RowOf[]>>, more: object = {}) =>
  run(notifierLeak, {
    rows: { process: [process], address_space: [mm], ...rows },
    end: s(4),
    ...more,
  });

it('names the range that notifiers pile up on, and what that costs an invalidation', () => {
  const invalidation = [1, 2, 15].map((callbacks, n) => ({
    mm: 0x1000,
    callbacks,
    reason: 1,
    start_ts: ms(50 * (n + 1)),
  }));
  expect(judge({ notifier: many(15), invalidation }).findings).toMatchObject([
    {
      severity: 'warn',
      confidence: 'likely',
      summary:
        'app (pid 329) had 15 interval notifiers registered on 0x7f0000000000-0x7f0000004000 at once: they are made for each use and not removed, so that an invalidation came to run 15 callbacks instead of 1.',
      evidence: [1, 2, 3, 4, 5, 6, 7, 8],
      key: { pid: 329, mm: '0x1000', what: 'piled up' },
    },
  ]);
});

it('is silent when each is removed before the next is made', () => {
  const notifiers = Array.from({ length: 60 }, (_, n) => notifier(n, { end_ts: ms(10 * n + 5) }));
  expect(judge({ notifier: notifiers }).outcome.outcome).toBe('clean');
});

it('is silent for many ranges with few notifiers each', () => {
  const notifiers = many(60).map((row, n) => ({ ...row, range_start: n, range_last: n + 1 }));
  expect(judge({ notifier: notifiers }).findings).toEqual([]);
  expect(judge({ notifier: many(9) }).findings).toEqual([]);
});

it('does not count registrations that failed', () => {
  expect(judge({ notifier: many(15, { insert_ret: -75 }) }).findings).toEqual([]);
});

const left = notifier(1, { end_ts: null, end_event: null });

it('cannot decide where the probe on removals does not record of which notifier', () => {
  const occurrence = [{ kind: 'notifier.remove', seen: 3, observable: 1 }];
  const observed = ['notifier.insert', 'notifier.remove'];
  expect(judge({ notifier: [left], occurrence }, { observed })).toMatchObject({
    outcome: { outcome: 'not-observable' },
    findings: [],
  });
  const named = [left, notifier(2, { remove_tid: 329 })];
  expect(judge({ notifier: named, occurrence }, { observed }).findings).toHaveLength(1);
});

it('reports a notifier whose mm is gone for a second', () => {
  expect(judge({ notifier: [left] }).findings).toMatchObject([
    {
      severity: 'warn',
      confidence: 'likely',
      summary:
        'One interval notifier of app (pid 329) was still registered 2.00 s after the memory was gone.',
      evidence: [1, 900],
      key: { what: 'left behind' },
    },
  ]);
});

it('reports a notifier of a whole mm that was never put', () => {
  const got: RowOf = {
    pointer: 0x77,
    mm: 0x1000,
    address_space_id: 1,
    process_id: 1,
    gets: 2,
    puts: 1,
    source: 'get',
    start_ts: ms(5),
    start_event: 3,
    lossy: 0,
  };
  expect(judge({ subscription: [got] }).findings).toMatchObject([
    {
      severity: 'warn',
      confidence: 'likely',
      summary:
        'The mmu_notifier 0x77 of app (pid 329) was not put 2.00 s after the memory was gone: the mm_struct stays.',
      evidence: [3, 900],
      key: { what: 'subscription' },
    },
  ]);
  expect(judge({ subscription: [{ ...got, end_ts: s(2.1) }] }).findings).toEqual([]);
  const unseen = { observed: ['subscription.get', 'notifier.remove'] };
  expect(judge({ subscription: [got] }, unseen).findings).toEqual([]);
});

it('is silent when the recording ends before the file would have been closed', () => {
  expect(judge({ notifier: [left] }, { end: s(2.5) }).findings).toEqual([]);
});

it('is silent while the mm lives, whatever thread has exited', () => {
  const alive = { notifier: [left], address_space: [{ ...mm, end_ts: null }] };
  expect(judge(alive, { end: s(60) }).findings).toEqual([]);
});

it('only mentions as suspect what lost events or a recording of one task may hide', () => {
  const lost = judge({ notifier: [notifier(1, { end_ts: null, lossy: 1 })] });
  expect(lost.findings).toMatchObject([{ severity: 'info', confidence: 'suspect' }]);
  const one = judge({ notifier: [left] }, { perTask: true });
  expect(one.findings).toMatchObject([{ severity: 'info', confidence: 'suspect' }]);
});

it('mentions a thousand short-lived ones per second as a cost', () => {
  const short = (everyNs: number): RowOf[] =>
    Array.from({ length: 2000 }, (_, n) =>
      notifier(n, { start_ts: n * everyNs, end_ts: n * everyNs + 100_000 }),
    );
  const [finding] = judge({ notifier: short(500_000) }).findings;
  expect(finding).toMatchObject({ severity: 'info', key: { what: 'short-lived' } });
  expect(finding?.summary).toContain('2001 per second');
  expect(judge({ notifier: short(2_000_000) }).findings).toEqual([]);
});

it('cannot know when removals are not recorded', () => {
  const { outcome } = judge({ notifier: [left] }, { observed: ['notifier.insert'] });
  expect(outcome.reason).toContain('mmu_interval_notifier_remove');
});
