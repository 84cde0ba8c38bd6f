import { expect, it } from 'vitest';
import { ms, type RowOf, run, s } from '../../../test/detector-view.ts';
import { limitsOf } from '../threshold.ts';
import { forkUnderJob } from './fork-under-job.ts';

const process: RowOf = { pid: 256, comm: 'app', start_ts: 0 };
const tasks: RowOf[] = [
  { tid: 256, process_id: 1 },
  { tid: 257, parent_task_id: 1, is_thread: 0, start_ts: ms(378), start_event: 50 },
];
const notifier: RowOf = {
  mni: 0x8000,
  mm: 0x1000,
  range_start: 0x7f0000000000,
  range_last: 0x7f000000ffff,
  insert_ret: 0,
  start_ts: ms(10),
};
const fence: RowOf = {
  context: 5,
  seqno: 1,
  driver: 'svmlab',
  timeline: 'ring0',
  owner_process_id: 1,
  first_ts: ms(40),
  init_ts: ms(40),
  init_event: 4,
  signaled_ts: ms(370),
};
const writeProtected: RowOf = {
  mm: 0x1000,
  tid: 256,
  process_id: 1,
  victim_process_id: 1,
  range_start: 0x7f0000000000,
  range_end: 0x7f0000010000,
  reason: 3,
  sane: 1,
  start_ts: ms(68),
  start_event: 10,
  return_ts: ms(377),
  end_ts: ms(377),
  end_event: 20,
  wait_ns: ms(308),
  longest_wait_id: 1,
  lossy: 0,
};
const wait: RowOf = { fence_id: 1, invalidation_id: 1, start_ts: ms(69), end_ts: ms(377) };
const base = {
  process: [process],
  task: tasks,
  notifier: [notifier],
  fence: [fence],
  invalidation: [writeProtected],
  fence_wait: [wait],
};
const judge = (rows: Readonly<Record<string, readonly RowOf[]>> = {}, more: object = {}) =>
  run(forkUnderJob, { rows: { ...base, ...rows }, ...more });

it('names parent, child, the pending job and how long the fork stood still', () => {
  expect(judge().findings).toMatchObject([
    {
      severity: 'warn',
      confidence: 'proven',
      summary:
        'app (pid 256) forked pid 257 while fence 5:1 (svmlab ring0) was pending and 0x7f0000000000-0x7f0000010000 was bound to the device: the fork stood still 309 ms for it.',
      evidence: [4, 10, 20, 50],
      key: { pid: 256, child: 257, mm: '0x1000' },
    },
  ]);
});

it('counts the pages that later writes of the parent copied, not those a range fault copied', () => {
  const copy = (ts: number, more: RowOf = {}): RowOf => ({
    ...writeProtected,
    reason: 1,
    range_end: 0x7f0000001000,
    start_ts: ts,
    start_event: ts / 1e6,
    ...more,
  });
  const fault: RowOf = {
    tid: 256,
    start_ts: ms(450),
    end_ts: ms(460),
    range_start: 1,
    range_end: 2,
  };
  const madvise = copy(ms(470), { syscall_id: 1 });
  const invalidation = [writeProtected, copy(ms(400)), copy(ms(455)), madvise];
  const [finding] = judge({ invalidation, range_fault: [fault] }).findings;
  expect(finding?.summary).toContain('one page of it was copied by later writes of the parent');
  expect(finding?.evidence).toContain(400);
});

it.each([
  ['a thread was made', { task: [tasks[0] as RowOf, { ...tasks[1], is_thread: 1 }] }],
  ['there is no child', { task: [tasks[0] as RowOf] }],
  ['no job is pending', { fence: [{ ...fence, signaled_ts: ms(60) }] }],
  ['the pending job is of another process', { fence: [{ ...fence, owner_process_id: 2 }] }],
  ['nothing is bound', { notifier: [] }],
  [
    'what is bound is elsewhere',
    { notifier: [{ ...notifier, range_start: 0x7fff00000000, range_last: 0x7fff00000fff }] },
  ],
  ['the notifier was removed before', { notifier: [{ ...notifier, end_ts: ms(60) }] }],
  ['mprotect write-protects', { invalidation: [{ ...writeProtected, reason: 2 }] }],
  ['writeback of another process does', { invalidation: [{ ...writeProtected, process_id: 2 }] }],
])('is silent when %s', (_, rows) => {
  expect(judge(rows as Readonly<Record<string, readonly RowOf[]>>).findings).toEqual([]);
});

it('asks of a notifier on the whole mm what was really faulted through it', () => {
  const whole = { ...notifier, range_start: 0, range_last: -1 };
  expect(judge({ notifier: [whole] }).findings).toEqual([]);
  const fault: RowOf = {
    mni: 0x8000,
    start_ts: ms(30),
    end_ts: ms(31),
    range_start: 0x7f0000000000,
    range_end: 0x7f0000004000,
  };
  expect(judge({ notifier: [whole], range_fault: [fault] }).findings).toHaveLength(1);
});

it('only suspects where the driver did not wait for the job', () => {
  const [finding] = judge({
    fence_wait: [],
    invalidation: [{ ...writeProtected, longest_wait_id: null }],
  }).findings;
  expect(finding).toMatchObject({ confidence: 'suspect' });
  expect(finding?.summary).toContain('the driver did not wait for it');
});

it('claims less when events were lost', () => {
  expect(judge({ invalidation: [{ ...writeProtected, lossy: 1 }] }).findings).toMatchObject([
    { confidence: 'likely' },
  ]);
});

it('gives no duration where the clock counts ticks', () => {
  const [finding] = judge({}, { clock: 'ticks', end: s(1) }).findings;
  expect(finding?.summary).not.toMatch(/\d m?s\b/);
});

it('cannot know with wrong offsets or without notifiers', () => {
  expect(judge({}, { saneProbes: false }).outcome.outcome).toBe('not-observable');
  const { outcome } = judge({}, { observed: ['invalidation.begin', 'task.fork', 'fence.init'] });
  expect(outcome.enable?.join()).toContain('mmu_interval_notifier_insert');
});

it('judges by the limits it is given', () => {
  const limitsFor = (values: Record<string, string>) =>
    limitsOf({ 'fork-under-job': values }, [forkUnderJob.meta]);
  expect(judge({}, { limits: limitsFor({ child: '1 ms' }) }).findings).toHaveLength(1);
  expect(judge({}, { limits: limitsFor({ child: '0.9 ms' }) }).findings).toEqual([]);
});
