import { expect, it } from 'vitest';
import { ms, type RowOf, run, s } from '../../../test/detector-view.ts';
import { deadClientFence } from './dead-client-fence.ts';

const PRODUCER = 1;
const CONSUMER = 2;
const KWORKER = 3;
const processes: readonly RowOf[] = [
  { id: PRODUCER, pid: 212, comm: 'client', start_ts: 0, end_ts: ms(130), end_event: 16 },
  { id: CONSUMER, pid: 211, comm: 'server' },
  { id: KWORKER, pid: 58, comm: 'kworker/2:1' },
];
const tasks: readonly RowOf[] = [
  { tid: 212, generation: 0, process_id: PRODUCER },
  { tid: 211, generation: 0, process_id: CONSUMER },
];
const fence: RowOf = {
  context: 3,
  seqno: 2,
  driver: 'sw_sync',
  timeline: 'client',
  owner_tid: 212,
  owner_process_id: PRODUCER,
  first_ts: ms(10),
  init_ts: ms(10),
  init_event: 6,
  enable_ts: ms(20),
  enable_tid: 211,
  enable_event: 12,
  enable_process_id: CONSUMER,
  signaled_ts: 130_140_000,
  signaled_event: 18,
  signaled_tid: 212,
  error: -2,
  error_event: 17,
  lossy: 0,
};
const judge = (row: RowOf, more: object = {}, rows: Record<string, readonly RowOf[]> = {}) =>
  run(deadClientFence, {
    rows: { process: processes, task: tasks, fence: [row], ...rows },
    end: s(2),
    ...more,
  });
const unused: RowOf = { ...fence, enable_ts: null, enable_tid: null, enable_process_id: null };

it('knows the consumer by enable_signal before the exit and the end by the closing of the file', () => {
  expect(judge(fence).findings).toMatchObject([
    {
      severity: 'error',
      confidence: 'proven',
      summary:
        'client (pid 212) died with fence 3:2 (sw_sync client) pending, signalled 140 µs later with -ENOENT (-2); server (pid 211) waits for it.',
      evidence: [6, 16, 17, 18, 12],
      key: { fence: '3:2', producer: 212 },
    },
  ]);
});

it('calls a fence that nobody signals for 100 ms an error, before that only a warning', () => {
  const orphan = { ...fence, signaled_ts: null, signaled_event: null, error: null };
  expect(judge(orphan).findings).toMatchObject([{ severity: 'error', confidence: 'proven' }]);
  expect(judge(orphan, { end: ms(150) }).findings).toMatchObject([{ severity: 'warn' }]);
});

it('is only information when the job of the dead client ended well and used no shared memory', () => {
  const fine = { ...fence, error: 0, signaled_tid: 0 };
  expect(judge(fine).findings).toMatchObject([{ severity: 'info' }]);
  const svm = { notifier: [{ mni: 1, process_id: PRODUCER }] };
  expect(judge(fine, {}, svm).findings).toMatchObject([{ severity: 'error' }]);
});

it('takes a job of another process that depends on it for a consumer', () => {
  const job = {
    owner_tid: 211,
    owner_process_id: CONSUMER,
    depends_fence_id: 1,
    depends_event: 30,
  };
  const [finding] = judge(unused, {}, { job: [job] }).findings;
  expect(finding?.summary).toContain('server (pid 211) has a job that depends on it');
});

it('only finds it likely when the other process just dropped the last reference', () => {
  const dropped = {
    ...unused,
    destroy_ts: ms(135),
    destroy_tid: 211,
    destroy_process_id: CONSUMER,
    destroy_event: 20,
  };
  expect(judge(dropped).findings).toMatchObject([{ severity: 'warn', confidence: 'likely' }]);
});

it.each([
  ['the closing of the file signals it and nobody else was seen with it', unused],
  ['a kworker enabled signalling', { ...fence, enable_tid: 58, enable_process_id: KWORKER }],
  ['the owner itself waited', { ...fence, enable_tid: 212, enable_process_id: PRODUCER }],
  ['it signalled before the death', { ...fence, signaled_ts: ms(120) }],
  [
    'the timer that signals it drops it in a foreign task',
    {
      ...unused,
      signaled_ts: ms(132),
      signaled_tid: 211,
      destroy_ts: ms(132),
      destroy_tid: 211,
      destroy_process_id: CONSUMER,
    },
  ],
])('is silent when %s', (_, row) => {
  expect(judge(row).findings).toEqual([]);
});

it('does not take a thread that exits for a dead client', () => {
  const alive = [
    { id: PRODUCER, pid: 212, comm: 'client', leader_exit_ts: ms(130) },
    ...processes.slice(1),
  ];
  expect(judge(fence, {}, { process: alive }).findings).toEqual([]);
});

it('does not take a thread that was first taken for a process of its own for a consumer', () => {
  const alias = { id: 4, pid: 212, comm: 'client', merged_into: PRODUCER, end_ts: ms(130) };
  const own = { ...fence, enable_tid: 213, enable_process_id: 4 };
  expect(judge(own, {}, { process: [...processes, alias] }).findings).toEqual([]);
});

it('only suspects when the dead one may be a thread born before the recording', () => {
  const adopted = [{ ...processes[0], start_ts: null }, ...processes.slice(1)];
  expect(judge(fence, {}, { process: adopted }).findings).toMatchObject([
    { severity: 'warn', confidence: 'suspect' },
  ]);
  const mm = [{ mm: 1, process_id: PRODUCER, end_ts: ms(129), end_reason: 'exit' }];
  expect(judge(fence, {}, { process: adopted, address_space: mm }).findings).toMatchObject([
    { severity: 'error', confidence: 'proven' },
  ]);
});

it('mentions a device that worked on long after the death', () => {
  const late = { ...unused, signaled_ts: ms(185), signaled_tid: 0 };
  expect(judge(late).findings).toMatchObject([{ severity: 'info', confidence: 'suspect' }]);
});

it('only suspects when events were lost or one task was recorded', () => {
  expect(judge({ ...fence, lossy: 1 }).findings[0]?.confidence).toBe('suspect');
  expect(judge(fence, { perTask: true }).findings[0]?.confidence).toBe('suspect');
});

it('cannot decide when exits were not recorded', () => {
  const { outcome } = judge(fence, { observed: ['fence.init', 'fence.signaled'] });
  expect(outcome.outcome).toBe('not-observable');
});

it('tells once of all that one client left unfinished and nobody else uses', () => {
  const late = (seqno: number, at: number): RowOf => ({
    ...unused,
    seqno,
    error: 0,
    signaled_ts: ms(at),
    signaled_event: at,
    signaled_tid: 58,
  });
  const { findings } = judge(unused, {}, { fence: [late(2, 200), late(3, 400), late(4, 300)] });
  expect(findings).toMatchObject([
    {
      severity: 'info',
      key: { fence: '3:3' },
      summary: expect.stringContaining('3:3 (sw_sync client) pending, signalled 270 ms later'),
    },
  ]);
  expect(findings[0]?.summary).toContain('2 more of its fences had signalled late before');
  expect(findings[0]?.objects.filter(({ kind }) => kind === 'fence')).toHaveLength(3);
});
