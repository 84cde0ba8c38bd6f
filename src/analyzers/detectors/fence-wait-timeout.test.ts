import { expect, it } from 'vitest';
import { ms, type RowOf, run, s } from '../../../test/detector-view.ts';
import { logRowsOf } from '../../../test/log-rows.ts';
import { fenceWaitTimeout } from './fence-wait-timeout.ts';

const wait: RowOf = {
  fence_id: 1,
  tid: 770,
  process_id: 1,
  gave_up: 1,
  start_ts: ms(10),
  end_ts: ms(10) + s(2),
  start_event: 4,
  end_event: 9,
  lossy: 0,
};
const fence: RowOf = {
  context: 10,
  seqno: 1,
  driver: 'gpu',
  timeline: 'ring0',
  init_event: 2,
  signaled_ts: s(3),
  signaled_event: 12,
  lossy: 0,
};
const judge = (
  change: RowOf = {},
  rows: Readonly<Record<string, readonly RowOf[]>> = {},
  rest: { perTask?: boolean } = {},
) =>
  run(fenceWaitTimeout, {
    rows: {
      process: [{ pid: 770, comm: 'client' }],
      fence: [fence],
      fence_wait: [{ ...wait, ...change }],
      ...rows,
    },
    ...rest,
  }).findings;

it('says who waited for what, how long, and when it came after all', () => {
  expect(judge()).toMatchObject([
    {
      severity: 'warn',
      confidence: 'likely',
      summary:
        'client (pid 770) waited 2.00 s for fence 10:1 (gpu ring0) and gave up; it signalled 990 ms later.',
      evidence: [2, 4, 9, 12],
      key: { fence: '10:1', pid: 770 },
    },
  ]);
});

it('a return value proves it', () => {
  expect(judge({ ret: 0 })).toMatchObject([{ confidence: 'proven' }]);
});

it.each([
  ['was interrupted', { ret: -512 }, {}],
  ['is inside an invalidation, which tells it', { invalidation_id: 1 }, {}],
  ['is short', { end_ts: ms(200) }, {}],
  [
    'has a time limit its caller chose',
    { syscall_id: 1 },
    { syscall: [{ name: 'ioctl', tid: 770, ret: -62 }] },
  ],
])('a wait that %s is only information', (_, change, rows) => {
  expect(judge(change, rows)).toMatchObject([{ severity: 'info' }]);
});

it.each([
  ['the fence had signalled', { gave_up: 0 }, {}],
  ['whether it had is not known', { gave_up: null }, {}],
  ['it only asked', { end_ts: ms(12) }, {}],
  ['several fences have that name', {}, { fence: [{ ...fence, ambiguous: 1 }] }],
])('is silent when %s', (_, change, rows) => {
  expect(judge(change, rows)).toEqual([]);
});

it('is silent where signals of other tasks are not recorded, unless the return value is', () => {
  expect(judge({}, {}, { perTask: true })).toEqual([]);
  expect(judge({ ret: 0 }, {}, { perTask: true })).toHaveLength(1);
});

it('claims less when events were lost', () => {
  expect(judge({ lossy: 1 })).toMatchObject([{ confidence: 'suspect' }]);
});

it('does not judge waits where signals were not recorded', () => {
  const { findings } = run(fenceWaitTimeout, {
    rows: { fence: [fence], fence_wait: [wait] },
    observed: ['fence.wait_start', 'fence.init'],
  });
  expect(findings).toEqual([]);
});

it.each([
  [
    'Asynchronous wait on fence i915:client[770]:1f2c timed out (hint:intel_atomic_commit_ready+0x0/0x54 [i915])',
    'intel_atomic_commit_ready gave up waiting for fence i915:client[770]:1f2c.',
  ],
  [
    '[drm:amdgpu_dm_atomic_commit_tail [amdgpu]] *ERROR* Waiting for fences timed out!',
    'amdgpu_dm_atomic_commit_tail gave up waiting for fences.',
  ],
])('the log says so: %s', (line, summary) => {
  const { findings } = run(fenceWaitTimeout, { rows: { log_record: logRowsOf(line) } });
  expect(findings).toMatchObject([{ severity: 'warn', confidence: 'proven', summary }]);
});

it('after a reset it is a consequence', () => {
  const { findings } = run(fenceWaitTimeout, {
    rows: {
      log_record: logRowsOf(
        '[10.0] amdgpu 0000:43:00.0: amdgpu: GPU reset begin!',
        '[20.0] [drm:amdgpu_dm_atomic_commit_tail [amdgpu]] *ERROR* Waiting for fences timed out!',
      ),
    },
  });
  expect(findings).toMatchObject([{ severity: 'info', confidence: 'proven' }]);
});

it('cannot look without waits and without a log', () => {
  const { outcome } = run(fenceWaitTimeout, { observed: ['fence.init', 'fence.signaled'] });
  expect(outcome.outcome).toBe('not-observable');
});
