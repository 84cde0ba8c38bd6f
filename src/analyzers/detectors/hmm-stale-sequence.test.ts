import { expect, it } from 'vitest';
import { ms, type RowOf, run, s } from '../../../test/detector-view.ts';
import { hmmStaleSequence } from './hmm-stale-sequence.ts';

const stuck: RowOf = {
  tid: 140,
  process_id: 1,
  mm: 0x1000,
  mni: 0x8000,
  range_start: 0x7000,
  range_end: 0x8000,
  attempts: 400,
  busy: 400,
  stale: 399,
  seq_changes: 0,
  colliding: 1,
  self_inflicted: 0,
  last_ret: -16,
  outcome: 'busy',
  wrapper: 'i915_range_fault',
  wrapper_ret: -16,
  wrapper_start_ts: ms(10),
  wrapper_end_ts: ms(1012),
  start_ts: ms(10),
  start_event: 5,
  end_ts: ms(1010),
  end_event: 900,
  lossy: 0,
};
const attempt: RowOf = { range_fault_id: 1, n: 1, fault_event: 6, return_event: 7 };
const judge = (rows: readonly RowOf[], more: object = {}) =>
  run(hmmStaleSequence, {
    rows: {
      process: [{ pid: 140, comm: 'app' }],
      range_fault: rows,
      range_fault_attempt: [attempt],
    },
    end: s(9),
    ...more,
  });

it('names the loop that goes on with a refused number, and the limit that ends it', () => {
  expect(judge([stuck]).findings).toMatchObject([
    {
      severity: 'error',
      confidence: 'proven',
      summary:
        'app (pid 140) faulted 0x7000-0x8000: 399 of 400 attempts in 1.00 s went on with the sequence number that had been refused, which lasted 1 × HMM_RANGE_DEFAULT_TIMEOUT.',
      evidence: [5, 6, 7, 900],
      key: { pid: 140, tid: 140, mni: '0x8000' },
    },
  ]);
});

it('takes the tries of one thread on one range together', () => {
  const again = {
    ...stuck,
    start_ts: s(2),
    end_ts: s(4),
    wrapper_start_ts: s(2),
    wrapper_end_ts: s(4.01),
  };
  const [finding, ...others] = judge([stuck, again]).findings;
  expect(others).toEqual([]);
  expect(finding?.summary).toContain('which lasted 1 and 2 × HMM_RANGE_DEFAULT_TIMEOUT');
});

it('does not see a limit in a loop that ends at another time', () => {
  const [finding] = judge([{ ...stuck, wrapper_end_ts: ms(160), end_ts: ms(160) }]).findings;
  expect(finding?.summary).not.toContain('TIMEOUT');
});

const quiet = { ...stuck, stale: 0 };

it('infers it where nothing invalidated the range and yet all attempts were refused', () => {
  const [finding] = judge([quiet]).findings;
  expect(finding).toMatchObject({ confidence: 'likely' });
  expect(finding?.summary).toContain('were all refused while nothing invalidated the range');
});

it.each([
  ['the range was invalidated meanwhile', { ...quiet, colliding: 300 }],
  ['some attempt was not refused', { ...quiet, busy: 399 }],
  ['the fault invalidates its own range', { ...quiet, self_inflicted: 1 }],
  ['whose memory it is is unknown', { ...quiet, mm: null }],
  ['a read_begin was missed now and then', { ...quiet, busy: 40, stale: 2 }],
])('is silent when %s', (_, row) => {
  expect(judge([row]).findings).toEqual([]);
});

it('does not take silence for quiet where invalidations are not recorded, or wrongly', () => {
  expect(judge([quiet], { observed: ['hmm.range_fault'] }).findings).toEqual([]);
  expect(judge([quiet], { saneProbes: false }).findings).toEqual([]);
});

it('claims less without probes on read_begin, and where events were lost', () => {
  const { findings } = judge([stuck], { observed: ['hmm.range_fault'] });
  expect(findings).toMatchObject([{ confidence: 'likely' }]);
  expect(judge([{ ...stuck, lossy: 1 }]).findings).toMatchObject([{ confidence: 'suspect' }]);
});

it('gives no duration where the clock counts ticks', () => {
  const [finding] = judge([stuck], { clock: 'ticks' }).findings;
  expect(finding?.summary).not.toMatch(/\d m?s\b/);
});

it('cannot know without range faults', () => {
  const { outcome } = judge([stuck], { observed: ['invalidation.begin'] });
  expect(outcome.enable?.join()).toContain('hmm_range_fault');
});
