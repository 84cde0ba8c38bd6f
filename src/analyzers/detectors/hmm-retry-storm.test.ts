import { expect, it } from 'vitest';
import { ms, type RowOf, run, s } from '../../../test/detector-view.ts';
import { hmmRetryStorm } from './hmm-retry-storm.ts';

const storm: RowOf = {
  tid: 890,
  process_id: 1,
  mni: 0x1000,
  range_start: 0x7f0bae274000,
  range_end: 0x7f0bae284000,
  attempts: 33,
  busy: 2,
  last_ret: 0,
  outcome: 'ok',
  self_inflicted: 0,
  colliding: 140,
  top_actor_tid: 891,
  top_actor_reason: 1,
  start_ts: ms(10),
  end_ts: ms(300),
  start_event: 15,
  end_event: 900,
  lossy: 0,
};
const rows = {
  process: [{ pid: 889, comm: 'svmload' }],
  task: [
    { tid: 890, generation: 0, process_id: 1 },
    { tid: 891, generation: 0, process_id: 1 },
  ],
};
const judge = (episode: RowOf, more: object = {}) =>
  run(hmmRetryStorm, { rows: { ...rows, range_fault: [episode] }, ...more }).findings;

it('says who retries, how often, and who invalidates', () => {
  expect(judge(storm)).toMatchObject([
    {
      severity: 'warn',
      confidence: 'likely',
      summary:
        'svmload (pid 889, thread 890) faulted 0x7f0bae274000-0x7f0bae284000 33 times in 290 ms; the range was invalidated 140 times meanwhile, most by svmload (pid 889, thread 891) (CLEAR).',
      key: { pid: 889, tid: 890, mni: '0x1000', start: '0x7f0bae274000', end: '0x7f0bae284000' },
    },
  ]);
});

it('is an error from 50 attempts or 1 s on, proven when -EBUSY itself made the storm', () => {
  expect(judge({ ...storm, attempts: 50, busy: 5 })).toMatchObject([
    { severity: 'error', confidence: 'proven' },
  ]);
  expect(judge({ ...storm, end_ts: s(1.1) }, { end: s(2) })).toMatchObject([{ severity: 'error' }]);
});

it.each([
  ['four attempts', { ...storm, attempts: 4 }],
  ['five attempts spread over 400 ms', { ...storm, attempts: 5, end_ts: ms(410) }],
])('is silent on %s', (_, episode) => {
  expect(judge(episode)).toEqual([]);
});

it('makes one finding of many short storms on one range', () => {
  const storms = [storm, { ...storm, attempts: 40, start_ts: ms(400), end_ts: ms(600) }, storm];
  const { findings } = run(hmmRetryStorm, { rows: { ...rows, range_fault: storms } });
  expect(findings).toHaveLength(1);
  expect(findings[0]?.summary).toContain('40 times in 200 ms, the worst of 3 such storms');
});

it('says so when the fault invalidates its own range', () => {
  const [finding] = judge({ ...storm, attempts: 8, busy: 8, self_inflicted: 8, end_ts: ms(90) });
  expect(finding?.summary).toContain('the fault invalidates its own range');
});

it('only suspects when events were lost or the chain is still open', () => {
  expect(judge({ ...storm, lossy: 1 })[0]?.confidence).toBe('suspect');
  expect(judge({ ...storm, outcome: 'open', end_ts: null }, { end: ms(310) })[0]?.confidence).toBe(
    'suspect',
  );
});

it('counts attempts and gives no duration where the clock counts ticks', () => {
  const [finding] = judge({ ...storm, attempts: 200 }, { clock: 'ticks' });
  expect(finding).toMatchObject({ severity: 'warn', confidence: 'suspect' });
  expect(finding?.details.some(({ value }) => value.type === 'duration')).toBe(false);
});

it('cannot decide without hmm_range_fault or mmu_interval_read_begin', () => {
  const { outcome } = run(hmmRetryStorm, { observed: ['invalidation.begin'] });
  expect(outcome.outcome).toBe('not-observable');
});
