import { expect, it } from 'vitest';
import { ms, type RowOf, run, s } from '../../../test/detector-view.ts';
import { notifierTooWide } from './notifier-too-wide.ts';

const process: RowOf = { pid: 387, comm: 'app', start_ts: 0 };
const whole: RowOf = {
  mni: 0x8000,
  mm: 0x1000,
  process_id: 1,
  range_start: 0,
  range_last: -1,
  insert_ret: 0,
  source: 'insert',
  start_ts: ms(1),
  start_event: 1,
  lossy: 0,
};
const faulted: RowOf = {
  mni: 0x8000,
  tid: 387,
  range_start: 0x7f0000000000,
  range_end: 0x7f0000010000,
  start_ts: ms(2),
  end_ts: ms(3),
};
/** The n-th page from `first` on is unmapped, every millisecond one. */
const unmaps = (first: number, count: number, more: RowOf = {}): RowOf[] =>
  Array.from({ length: count }, (_, n) => ({
    mm: 0x1000,
    tid: 387,
    range_start: first + 4096 * n,
    range_end: first + 4096 * (n + 1),
    reason: 0,
    sane: 1,
    source: 'probe',
    callbacks: 1,
    callback_ns: 2000,
    wait_ns: 0,
    start_ts: ms(10 + n),
    start_event: 10 + n,
    lossy: 0,
    ...more,
  }));
const ELSEWHERE = 0x7e0000000000;
const USED = 0x7f0000000000;

const judge = (
  invalidation: readonly RowOf[],
  notifier: RowOf = whole,
  more: object = {},
  range_fault: readonly RowOf[] = [faulted],
) =>
  run(notifierTooWide, {
    rows: { process: [process], notifier: [notifier], range_fault, invalidation },
    ...more,
  });

it('counts what the notifier was called for in vain, and what that cost', () => {
  expect(judge([...unmaps(ELSEWHERE, 300), ...unmaps(USED, 1)]).findings).toMatchObject([
    {
      severity: 'warn',
      confidence: 'likely',
      summary:
        'A notifier on the whole address space of app (pid 387) was called for 300 of 301 invalidations (99 %) that touched nothing its device uses, in 299 ms, which took 600 µs in its callbacks.',
      evidence: [1, 10, 11, 12, 13, 14, 15],
      key: { pid: 387, mni: '0x8000', mm: '0x1000', start: '0x0' },
    },
  ]);
});

it.each([
  ['the notifier is narrow', judge(unmaps(ELSEWHERE, 300), { ...whole, range_last: 0xffff })],
  [
    'most of the calls concern the device',
    judge([
      ...unmaps(ELSEWHERE, 150),
      ...unmaps(USED, 16),
      ...unmaps(USED, 16),
      ...unmaps(USED, 16),
    ]),
  ],
  ['they are few', judge(unmaps(ELSEWHERE, 99))],
  [
    'they are rare',
    judge(
      unmaps(ELSEWHERE, 300).map((row, n) => ({ ...row, start_ts: ms(20 * n + 5) })),
      whole,
      { end: s(9) },
    ),
  ],
  ['they are of another mm', judge(unmaps(ELSEWHERE, 300, { mm: 0x2000 }))],
  ['the driver migrates by itself', judge(unmaps(ELSEWHERE, 300, { reason: 6 }))],
  ['nobody knows what the device uses', judge(unmaps(ELSEWHERE, 300), whole, {}, [])],
  ['the registration failed', judge(unmaps(ELSEWHERE, 300), { ...whole, insert_ret: -12 })],
])('is silent when %s', (_, { findings }) => {
  expect(findings).toEqual([]);
});

it('merges what the device used where it is in many pieces', () => {
  const pieces = Array.from({ length: 500 }, (_, n) => ({
    ...faulted,
    range_start: USED + 0x20000 * n,
    range_end: USED + 0x20000 * n + 0x1000,
  }));
  expect(judge(unmaps(ELSEWHERE, 300), whole, {}, pieces).findings).toHaveLength(1);
  expect(judge(unmaps(USED, 300), whole, {}, pieces).findings).toEqual([]);
});

it('only suspects a notifier from before the recording, and where events were lost', () => {
  const calls = unmaps(ELSEWHERE, 300);
  for (const notifier of [
    { ...whole, start_ts: null, start_event: null },
    { ...whole, lossy: 1 },
  ]) {
    expect(judge(calls, notifier).findings).toMatchObject([{ confidence: 'suspect' }]);
  }
});

it('cannot know with wrong offsets, without range faults or without time', () => {
  const calls = unmaps(ELSEWHERE, 300);
  expect(judge(calls, whole, { saneProbes: false }).outcome.outcome).toBe('not-observable');
  expect(judge(calls, whole, { clock: 'ticks' }).outcome.outcome).toBe('not-observable');
  const { outcome } = judge(calls, whole, { observed: ['invalidation.begin', 'notifier.insert'] });
  expect(outcome.enable?.join()).toContain('hmm_range_fault');
});
