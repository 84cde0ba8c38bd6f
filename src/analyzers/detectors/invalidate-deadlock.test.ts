import { expect, it } from 'vitest';
import { ms, type RowOf, run, type Situation, s } from '../../../test/detector-view.ts';
import { invalidateDeadlock } from './invalidate-deadlock.ts';

const process: RowOf = { pid: 821, comm: 'app', start_ts: 0 };
const kworker: RowOf = { pid: 40, comm: 'kworker/u4:1' };
const open: RowOf = {
  mm: 0x1000,
  tid: 821,
  process_id: 1,
  victim_process_id: 1,
  range_start: 0x10000,
  range_end: 0x20000,
  start_ts: ms(50),
  start_event: 5,
  sane: 1,
  lossy: 0,
  source: 'probe',
  syscall_id: 1,
};
const wait: RowOf = { fence_id: 1, invalidation_id: 1, tid: 821, start_ts: ms(51), start_event: 6 };
const fence: RowOf = {
  context: 6,
  seqno: 2,
  driver: 'gpu',
  timeline: 'gfx',
  first_ts: ms(10),
  init_ts: ms(10),
  init_event: 1,
  owner_tid: 821,
  owner_process_id: 1,
};
const asleep: RowOf = {
  mm: 0x1000,
  tid: 40,
  process_id: 1,
  range_start: 0x10000,
  range_end: 0x20000,
  attempts: 0,
  start_ts: ms(60),
  start_event: 8,
  blocked_ts: ms(60),
  blocked_event: 8,
};
const base = {
  process: [process, kworker],
  task: [{ tid: 40, process_id: 2 }],
  invalidation: [open],
  fence_wait: [wait],
  fence: [fence],
  syscall: [{ name: 'munmap', tid: 821 }],
};
const judge = (rows: object = {}, more: object = {}) =>
  run(invalidateDeadlock, { rows: { ...base, ...rows }, end: s(10), ...more });

it('is critical where the device waits for the end of the invalidation that waits for it', () => {
  const [finding] = judge({ range_fault: [asleep] }).findings;
  expect(finding).toMatchObject({
    severity: 'critical',
    confidence: 'likely',
    evidence: [5, 1, 6, 8],
    key: { pid: 821, tid: 821, mm: '0x1000' },
  });
  expect(finding?.summary).toContain(
    'munmap by app (pid 821) on 0x10000-0x20000 had not come back from invalidate_range_start 9.95 s later, when the recording ended: perhaps a deadlock',
  );
});

it('only suspects a deadlock where a device fault of the same memory is stuck as well', () => {
  const fault: RowOf = {
    mm: 0x1000,
    function: 'handle_pagefault',
    source: 'probe',
    start_ts: ms(40),
    start_event: 4,
  };
  const [finding] = judge({ device_fault: [fault] }).findings;
  expect(finding).toMatchObject({ severity: 'critical', confidence: 'suspect' });
  expect(finding?.summary).toContain('handle_pagefault of the same memory has not come back');
  const back = judge({ device_fault: [{ ...fault, end_ts: ms(45), ret: 0 }] });
  expect(back.findings).toMatchObject([{ severity: 'error' }]);
});

it('is a hang, not a deadlock, where no ring is seen', () => {
  const [finding] = judge().findings;
  expect(finding).toMatchObject({ severity: 'error', confidence: 'likely' });
  expect(finding?.summary).toContain('it stands behind fence 6:2 (gpu gfx)');
  expect(judge({ fence_wait: [] }).findings[0]?.summary).toContain(
    'what it waits for was not recorded',
  );
});

it.each([
  ['it came back', { invalidation: [{ ...open, return_ts: s(6) }] }],
  ['its end was seen', { invalidation: [{ ...open, end_ts: s(6) }] }],
  ['it began shortly before the end', { invalidation: [{ ...open, start_ts: s(6) }] }],
  [
    'the thread did something else later',
    { invalidation: [open, { ...open, start_ts: s(9), return_ts: s(9.1) }] },
  ],
  ['the thread exited', { task: [{ tid: 821, end_ts: s(9) }] }],
  ['the function tracer has no returns', { invalidation: [{ ...open, source: 'function' }] }],
])('is silent when %s', (_, rows) => {
  expect(judge(rows).findings).toEqual([]);
});

it('only suspects when events were lost: the return may be among them', () => {
  const lossy = { invalidation: [{ ...open, lossy: 1 }] };
  expect(judge(lossy).findings).toMatchObject([{ confidence: 'suspect' }]);
});

const hung: RowOf = {
  class: 'hung-task',
  comm: 'sim worker',
  tid: 4242,
  seconds: 122,
  count: 2,
  places: 'dma_fence_default_wait, dma_resv_wait_timeout, __mmu_notifier_invalidate_range_start',
  text: 'INFO: task sim worker:4242 blocked for more than 122 seconds.',
  events: '[70, 71]',
  start_ts: s(9),
  end_ts: s(9),
};

it('believes the kernel log that a task hangs in an invalidation', () => {
  const only = { observed: ['log.record'], rows: { log_record: [hung] } };
  expect(run(invalidateDeadlock, only as Situation).findings).toMatchObject([
    {
      severity: 'error',
      confidence: 'likely',
      summary:
        'The kernel log says that sim worker (thread 4242) is blocked for more than 122 s inside invalidate_range_start, in dma_fence_default_wait.',
      evidence: [70, 71],
      key: { tid: 4242 },
    },
  ]);
  // the same thread by probe and by log is told once
  expect(judge({ log_record: [{ ...hung, tid: 821 }] }).findings).toHaveLength(1);
});

it('suspects a deadlock where another hung task sleeps until an invalidation is over', () => {
  const asleepTask = { ...hung, comm: 'kworker', tid: 40, places: 'mmu_interval_read_begin' };
  const only = { observed: ['log.record'], rows: { log_record: [hung, asleepTask] } };
  const { findings } = run(invalidateDeadlock, only as Situation);
  expect(findings).toMatchObject([{ severity: 'critical', confidence: 'suspect' }]);
});

it('takes a silent kernel log for nothing', () => {
  const elsewhere = { ...hung, places: 'io_schedule' };
  const only = { observed: ['log.record'], rows: { log_record: [elsewhere] } };
  expect(run(invalidateDeadlock, only as Situation).outcome.outcome).toBe('not-observable');
});

it('cannot know without returns or without time', () => {
  const { outcome } = judge({}, { observed: ['invalidation.begin'] });
  expect(outcome.enable?.join()).toContain('inval_start_ret');
  expect(judge({}, { clock: 'ticks' }).outcome.outcome).toBe('not-observable');
});
