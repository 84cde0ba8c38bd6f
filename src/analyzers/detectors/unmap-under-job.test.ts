import { expect, it } from 'vitest';
import { ms, type RowOf, run, s } from '../../../test/detector-view.ts';
import { unmapUnderJob } from './unmap-under-job.ts';

const processes: RowOf[] = [
  { pid: 522, comm: 'app', start_ts: 0 },
  { pid: 77, comm: 'kswapd0' },
];
const space: RowOf = { mm: 0x1000, process_id: 1 };
const notifier: RowOf = {
  mni: 0x8000,
  mm: 0x1000,
  range_start: 0x7f0000000000,
  range_last: 0x7f000000ffff,
  insert_ret: 0,
  start_ts: ms(10),
};
const job: RowOf = {
  context: 3,
  seqno: 1,
  driver: 'svmlab',
  timeline: 'ring0',
  owner_process_id: 1,
  first_ts: ms(40),
  init_ts: ms(40),
  init_event: 4,
};
const unmap: RowOf = {
  mm: 0x1000,
  address_space_id: 1,
  tid: 522,
  process_id: 1,
  victim_process_id: 1,
  range_start: 0x7f0000000000,
  range_end: 0x7f0000004000,
  reason: 0,
  sane: 1,
  source: 'probe',
  start_ts: ms(100),
  start_event: 10,
  return_ts: ms(5150),
  end_ts: ms(5160),
  end_event: 15,
  longest_wait_id: 1,
  longest_wait_ns: ms(5045),
  syscall_id: 1,
  lossy: 0,
};
const inVain: RowOf = {
  fence_id: 1,
  invalidation_id: 1,
  start_ts: ms(101),
  start_event: 11,
  end_ts: ms(5146),
  end_event: 12,
  gave_up: 1,
};
const base = {
  process: processes,
  address_space: [space],
  notifier: [notifier],
  fence: [job],
  invalidation: [unmap],
  fence_wait: [inVain],
  syscall: [{ name: 'munmap', tid: 522 }],
};
const judge = (rows: object = {}, more: object = {}) =>
  run(unmapUnderJob, { rows: { ...base, ...rows }, end: s(10), ...more });

it('is an error when the range went although the wait for the job was given up', () => {
  expect(judge().findings).toMatchObject([
    {
      severity: 'error',
      confidence: 'likely',
      summary:
        'app (pid 522) took away 0x7f0000000000-0x7f0000004000 by munmap while its job fence 3:1 (svmlab ring0) was pending: the driver gave up waiting after 5.04 s, so that the range went while the job may still have used it.',
      evidence: [4, 10, 11, 12, 15],
      key: {
        pid: 522,
        mm: '0x1000',
        start: '0x7f0000000000',
        end: '0x7f0000004000',
        fences: '3:1',
      },
    },
  ]);
});

const waited = {
  fence_wait: [{ ...inVain, gave_up: 0 }],
  fence: [{ ...job, signaled_ts: ms(5146), signaled_event: 13 }],
};

it('only mentions an unmap that waited until the job was done', () => {
  const [finding, ...others] = judge(waited).findings;
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ severity: 'info', confidence: 'likely' });
  expect(finding?.summary).toContain('the driver waited 5.04 s until it was done');
  const short = { ...waited, invalidation: [{ ...unmap, longest_wait_ns: ms(9) }] };
  expect(judge(short).findings).toEqual([]);
});

it('does not say that the driver gave up where signals are not recorded', () => {
  const observed = ['invalidation.begin', 'notifier.insert', 'fence.init', 'fence.wait_start'];
  expect(judge({}, { observed }).findings).toMatchObject([
    { severity: 'info', confidence: 'suspect' },
  ]);
  const returned = { fence_wait: [{ ...inVain, ret: 0 }] };
  expect(judge(returned, { observed }).findings).toMatchObject([
    { severity: 'error', confidence: 'likely' },
  ]);
});

it('cannot decide where the probe does not record what was taken away', () => {
  const bare = { ...unmap, reason: null, range_start: null };
  expect(judge({ invalidation: [bare] }).outcome).toMatchObject({
    outcome: 'not-observable',
    reason: expect.stringContaining('does not hold start, event'),
  });
});

it('says nothing of a madvise that waited: the range can be faulted in again', () => {
  const madvise = {
    invalidation: [{ ...unmap, reason: 1 }],
    syscall: [{ name: 'madvise', arg2: 4 }],
  };
  expect(judge({ ...waited, ...madvise }).findings).toEqual([]);
  expect(judge(madvise).findings).toMatchObject([{ severity: 'error' }]);
});

it('is an error when the device is refused a fault on the range afterwards', () => {
  const fault: RowOf = {
    mm: 0x1000,
    address: 0x7f0000001000,
    ret: -14,
    start_ts: ms(5200),
    start_event: 30,
    source: 'probe',
  };
  const [finding] = judge({ fence_wait: [], device_fault: [fault] }).findings;
  expect(finding).toMatchObject({ severity: 'error', confidence: 'likely' });
  expect(finding?.summary).toContain(
    'the device faulted at 0x7f0000001000 of it afterwards and was answered -EFAULT (-14)',
  );
  const served = { ...fault, ret: 0 };
  expect(judge({ fence_wait: [], device_fault: [served] }).findings).toEqual([]);
  const before = { ...fault, start_ts: ms(90) };
  expect(judge({ fence_wait: [], device_fault: [before] }).findings).toEqual([]);
});

it.each([
  ['the call only changes the protection', { invalidation: [{ ...unmap, reason: 2 }] }],
  ['the process ends', { invalidation: [{ ...unmap, range_start: 0, range_end: -1 }] }],
  ['its mm was released before', { address_space: [{ ...space, release_ts: ms(99) }] }],
  ['reclaim takes the memory', { invalidation: [{ ...unmap, tid: 77, process_id: 2 }] }],
  [
    'the range is not bound to a device',
    { notifier: [{ ...notifier, range_last: 0x7effffffffff }] },
  ],
  ['the job is of another process', { fence: [{ ...job, owner_process_id: 2 }] }],
  ['the job was done before the range went', { fence: [{ ...job, signaled_ts: ms(5150) }] }],
  ['the wait was a poll', { fence_wait: [{ ...inVain, end_ts: ms(101) + 1000 }] }],
  ['the driver does not wait and nothing faults', { fence_wait: [] }],
  [
    'a copy-on-write clears a page',
    { invalidation: [{ ...unmap, reason: 1 }], syscall: [{ name: 'ioctl' }] },
  ],
])('is silent when %s', (_, rows) => {
  expect(judge(rows).findings).toEqual([]);
});

it('only suspects where the signal may be missing', () => {
  expect(judge({ invalidation: [{ ...unmap, lossy: 1 }] }).findings).toMatchObject([
    { severity: 'info', confidence: 'suspect' },
  ]);
  expect(judge({}, { perTask: true }).findings).toMatchObject([
    { severity: 'info', confidence: 'suspect' },
  ]);
});

it('cannot know with wrong offsets or without notifiers', () => {
  expect(judge({}, { saneProbes: false }).outcome.outcome).toBe('not-observable');
  const { outcome } = judge({}, { observed: ['invalidation.begin', 'fence.init'] });
  expect(outcome.enable?.join()).toContain('mmu_interval_notifier_insert');
});

const pinned: RowOf = {
  ...unmap,
  return_ts: ms(100.2),
  end_ts: ms(100.4),
  longest_wait_id: null,
  longest_wait_ns: null,
};
const callback: RowOf = {
  invalidation_id: 1,
  function: 'i915_gem_userptr_invalidate',
  start_event: 11,
};
const judgePinned = (rows: object = {}, more: object = {}) =>
  judge(
    { invalidation: [pinned], fence_wait: [], invalidation_callback: [callback], ...rows },
    more,
  );

it('suspects a job of a driver that pins pages and does not wait for it', () => {
  const [finding, ...more] = judgePinned().findings;
  expect(more).toEqual([]);
  expect(finding).toMatchObject({
    severity: 'warn',
    confidence: 'suspect',
    evidence: [4, 10, 11, 15],
  });
  expect(finding?.summary).toContain(
    'by munmap while its job fence 3:1 (svmlab ring0) was pending: i915_gem_userptr_invalidate did not wait for it',
  );
});

it.each<[string, object, object]>([
  ['it waited', { fence_wait: [{ ...inVain, gave_up: 0, end_ts: ms(100.1) }] }, {}],
  [
    'waits were not recorded',
    {},
    { observed: ['invalidation.begin', 'notifier.insert', 'fence.init'] },
  ],
  [
    'another driver was called, whose device can fault',
    { invalidation_callback: [{ ...callback, function: 'sl_invalidate' }] },
    {},
  ],
  ['the job was done before the range went', { fence: [{ ...job, signaled_ts: ms(100.3) }] }, {}],
  ['the job came later', { fence: [{ ...job, init_ts: ms(101) }] }, {}],
  ['reclaim took it', { invalidation: [{ ...pinned, tid: 77, process_id: 2 }] }, {}],
  ['it was only protected', { invalidation: [{ ...pinned, reason: 2 }] }, {}],
])('says nothing of pages that stay pinned when %s', (_, rows, more) => {
  expect(judgePinned(rows, more).findings).toEqual([]);
});
