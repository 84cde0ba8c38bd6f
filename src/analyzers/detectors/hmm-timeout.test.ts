import { expect, it } from 'vitest';
import { ms, type RowOf, run, s } from '../../../test/detector-view.ts';
import { hmmTimeout } from './hmm-timeout.ts';

const chain: RowOf = {
  tid: 140,
  process_id: 1,
  range_start: 0x1000,
  range_end: 0x2000,
  attempts: 231,
  busy: 17,
  last_ret: 0,
  outcome: 'busy',
  longest_attempt_ns: ms(6),
  start_ts: ms(6),
  end_ts: ms(1004),
  start_event: 6,
  end_event: 927,
  lossy: 0,
};
const wrapped: RowOf = {
  ...chain,
  wrapper: 'dm_fault',
  wrapper_ret: -16,
  wrapper_start_ts: ms(5),
  wrapper_end_ts: ms(1008),
  wrapper_event: 5,
  wrapper_return_event: 928,
};
const judge = (episode: RowOf, more: object = {}) =>
  run(hmmTimeout, {
    rows: { process: [{ pid: 140, comm: 'hmm-load' }], range_fault: [episode] },
    end: s(2),
    ...more,
  });

it('is proven by the -EBUSY of the driver function, whatever the last attempt returned', () => {
  expect(judge(wrapped).findings).toMatchObject([
    {
      severity: 'error',
      confidence: 'proven',
      summary:
        'dm_fault gave up on 0x1000-0x2000 of hmm-load (pid 140) with -EBUSY after 1.00 s and 231 attempts.',
      evidence: [5, 6, 927, 928],
    },
  ]);
});

it('is only likely for a chain of 0.95 s without the driver function', () => {
  expect(judge(chain).findings).toMatchObject([{ confidence: 'likely' }]);
  expect(judge({ ...chain, end_ts: ms(955) }).findings).toEqual([]);
});

it('believes the driver function when it succeeded after a long chain', () => {
  expect(judge({ ...wrapped, wrapper_ret: 0 }).findings).toEqual([]);
});

it('tells one slow attempt from contention', () => {
  const [finding] = judge({ ...wrapped, attempts: 2, longest_attempt_ns: ms(900) }).findings;
  expect(finding?.summary).toContain('most of it in one attempt');
});

it('claims less when events were lost', () => {
  expect(judge({ ...wrapped, lossy: 1 }).findings[0]?.confidence).toBe('likely');
  expect(judge({ ...chain, lossy: 1 }).findings[0]?.confidence).toBe('suspect');
});

it('cannot judge a chain by ticks, but can a return value', () => {
  expect(judge(chain, { clock: 'ticks' }).outcome.outcome).toBe('not-observable');
  const { findings } = judge(wrapped, { clock: 'ticks' });
  expect(findings[0]?.summary).not.toMatch(/\d m?s\b/);
});
