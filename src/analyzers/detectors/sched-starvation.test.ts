import { expect, it } from 'vitest';
import { ms, type RowOf, run, s } from '../../../test/detector-view.ts';
import { schedStarvation } from './sched-starvation.ts';

const FLOODER = 1;
const VICTIM = 2;
const processes: readonly RowOf[] = [
  { id: FLOODER, pid: 245, comm: 'flooder' },
  { id: VICTIM, pid: 246, comm: 'victim' },
];
const ring = { ring: 'ring-C', dev: '0000:03:00.0', lossy: 0 };
/** Pushed all at once, 8 ms each. */
const flood: readonly RowOf[] = Array.from({ length: 40 }, (_, n) => ({
  ...ring,
  context: 7,
  seqno: n + 1,
  owner_tid: 245,
  owner_process_id: FLOODER,
  queue_ts: ms(10),
  queue_event: n + 1,
  run_ts: ms(20 + 8 * n),
  run_event: 100 + n,
  done_ts: ms(27 + 8 * n),
}));
const victim: RowOf = {
  ...ring,
  id: 1000,
  context: 10,
  seqno: 1,
  owner_tid: 246,
  owner_process_id: VICTIM,
  queue_ts: ms(30),
  queue_event: 50,
  run_ts: ms(330),
  run_event: 200,
};
const judge = (
  jobs: readonly RowOf[],
  more: object = {},
  rows: Record<string, readonly RowOf[]> = {},
) => run(schedStarvation, { rows: { process: processes, job: jobs, ...rows }, ...more });

it('finds who waited and who ran meanwhile', () => {
  expect(judge([...flood, victim]).findings).toMatchObject([
    {
      severity: 'warn',
      confidence: 'likely',
      summary:
        'Job 10:1 on ring-C of 0000:03:00.0 of victim (pid 246) waited 300 ms for its turn while the ring ran 37 jobs of flooder (pid 245).',
      evidence: [50, 102, 138, 200],
      key: { ring: 'ring-C', fence: '10:1', pid: 246 },
    },
  ]);
});

it('knows that a job ran, unseen, after which others of its client ran', () => {
  const unseen = { ...victim, run_ts: null, run_event: null };
  expect(judge([...flood, unseen]).findings).toHaveLength(1);
  const next = { ...victim, id: 1001, seqno: 2, queue_ts: ms(340), run_ts: ms(341) };
  expect(judge([...flood, unseen, next]).findings).toEqual([]);
});

it('does not call the flood itself starved: each of its jobs waits for those before it', () => {
  expect(judge(flood).findings).toEqual([]);
});

it('tells clients of one process apart by their entities', () => {
  const own = { ...victim, owner_tid: 245, owner_process_id: FLOODER, entity: 5 };
  const others = flood.map((job) => ({ ...job, entity: 4 }));
  expect(judge([...others, own]).findings).toHaveLength(1);
});

it.each([
  ['the ring ran too few jobs of others', flood.slice(0, 10), {}],
  ['the others are on another ring', flood.map((job) => ({ ...job, ring: 'ring-A' })), {}],
  ['the ring of that name is another device', flood.map((job) => ({ ...job, dev: 'b' })), {}],
  ['it waited less than 50 ms', flood, { run_ts: ms(79) }],
  ['it waited for a fence no event names', flood, { depends_event: 60, depends_fence_id: null }],
])('is silent when %s', (_, others, change) => {
  expect(judge([...others, { ...victim, ...change }]).findings).toEqual([]);
});

it('takes off what it waited for a dependency', () => {
  const waiting = { ...victim, depends_event: 60, depends_fence_id: 1 };
  const rows = (signaled_ts: number | null) => ({
    fence: [{ context: 5, seqno: 1, first_ts: 0, signaled_ts }],
    job_dependency: [{ job_id: 1000, fence_id: 1 }],
  });
  expect(judge([...flood, waiting], {}, rows(ms(300))).findings).toEqual([]);
  expect(judge([...flood, waiting], {}, rows(ms(130))).findings[0]?.summary).toContain('200 ms');
  expect(judge([...flood, waiting], {}, rows(null)).findings).toEqual([]);
});

it('suspects a job that has not run when the recording ends, unless it was killed', () => {
  const open = { ...victim, run_ts: null, run_event: null };
  expect(judge([...flood, open], { end: ms(340) }).findings).toMatchObject([
    { severity: 'warn', confidence: 'suspect' },
  ]);
  const fence = [{ context: 10, seqno: 1, first_ts: 0, signaled_ts: ms(200), error: -3 }];
  const killed = { ...open, fence_id: 1 };
  expect(judge([...flood, killed], { end: ms(340) }, { fence }).findings).toEqual([]);
});

it('only suspects when events were lost meanwhile', () => {
  expect(judge([...flood, { ...victim, lossy: 1 }]).findings).toMatchObject([
    { confidence: 'suspect' },
  ]);
});

it('cannot decide without the runs, or with a clock that counts no time', () => {
  const { outcome } = judge([...flood, victim], { observed: ['job.queue'] });
  expect(outcome).toMatchObject({ outcome: 'not-observable' });
  expect(outcome.enable).toContain('gpu_scheduler:drm_sched_job_run');
  expect(judge([...flood, victim], { clock: 'ticks', end: s(1) }).outcome.outcome).toBe(
    'not-observable',
  );
});
