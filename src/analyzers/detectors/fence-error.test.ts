import { expect, it } from 'vitest';
import { ms, type RowOf, run } from '../../../test/detector-view.ts';
import { fenceError } from './fence-error.ts';

const failed: RowOf = {
  context: 10,
  seqno: 1,
  driver: 'svmlab',
  timeline: 'svmlab-ring0',
  owner_tid: 770,
  owner_process_id: 1,
  init_event: 5,
  signaled_ts: ms(30),
  signaled_event: 21,
  error: -5,
  error_event: 20,
  lossy: 0,
};
const judge = (fence: RowOf, rows: Record<string, readonly RowOf[]> = {}) =>
  run(fenceError, { rows: { process: [{ pid: 770, comm: 'client' }], fence: [fence], ...rows } })
    .findings;

it('says which fence failed, how, and what used it all the same', () => {
  const job = { owner_tid: 771, depends_fence_id: 1, run_ts: ms(40) };
  expect(judge(failed, { job: [job] })).toMatchObject([
    {
      severity: 'warn',
      confidence: 'proven',
      summary:
        'Fence 10:1 (svmlab svmlab-ring0) of client (pid 770) signalled with -EIO (-5): the job failed, or its context is guilty of a hang; a job that depended on it ran all the same.',
      evidence: [5, 20, 21],
      key: { fence: '10:1', pid: 770 },
    },
  ]);
});

it.each([
  ['signalled without an error', { error: 0 }],
  ['its error was not recorded', { error: null }],
  ['it was released unsignalled: told elsewhere', { error: -35, dropped: 1 }],
  ['several are alive with one key', { ambiguous: 1 }],
])('is silent when %s', (_, change) => {
  expect(judge({ ...failed, ...change })).toEqual([]);
});

it('finds a job that ran on a failed result and reported success', () => {
  const consumer: RowOf = {
    id: 2,
    context: 13,
    seqno: 1,
    owner_tid: 771,
    owner_process_id: 2,
    init_event: 8,
    signaled_ts: ms(50),
    signaled_event: 40,
    error: 0,
    lossy: 0,
  };
  const rows = (job: object, fence: object = {}) => ({
    process: [
      { id: 1, pid: 770, comm: 'client' },
      { id: 2, pid: 771, comm: 'server' },
    ],
    fence: [
      { ...failed, id: 1 },
      { ...consumer, ...fence },
    ],
    job: [
      { fence_id: 2, owner_tid: 771, owner_process_id: 2, run_ts: ms(40), run_event: 30, ...job },
    ],
    job_dependency: [{ job_id: 1, fence_id: 1, start_ts: ms(10), start_event: 9 }],
  });
  const consumed = (job: object, fence: object = {}) =>
    run(fenceError, { rows: rows(job, fence) }).findings.filter(
      ({ key }) => key.what !== undefined,
    );
  expect(consumed({})).toMatchObject([
    {
      severity: 'error',
      confidence: 'proven',
      summary:
        'Job 13:1 of server (pid 771) ran and reported success although fence 10:1 (svmlab svmlab-ring0) of client (pid 770), which it depends on, had failed with -EIO (-5).',
      evidence: [9, 21, 30, 40],
      key: { fence: '10:1', job: '13:1', pid: 771 },
    },
  ]);
  expect(consumed({}, { error: null })).toMatchObject([{ confidence: 'likely' }]);
  expect(consumed({ owner_tid: 770, owner_process_id: 1 })).toMatchObject([{ severity: 'warn' }]);
  expect(consumed({}, { error: -125 })).toEqual([]);
  expect(consumed({ run_ts: null })).toEqual([]);
  expect(consumed({ run_ts: ms(20) })).toEqual([]);
});

it('claims less when events were lost', () => {
  expect(judge({ ...failed, lossy: 1 })).toMatchObject([{ confidence: 'likely' }]);
});

it('cannot decide from tracepoints alone, and names the probe', () => {
  const { outcome } = run(fenceError, { observed: ['fence.init', 'fence.signaled'] });
  expect(outcome.outcome).toBe('not-observable');
  expect(outcome.enable?.join()).toContain('dma_fence_signal_timestamp_locked');
});
