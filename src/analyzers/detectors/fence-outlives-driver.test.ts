import { expect, it } from 'vitest';
import { type RowOf, run, s } from '../../../test/detector-view.ts';
import { fenceOutlivesDriver } from './fence-outlives-driver.ts';

const pending: RowOf = {
  context: 4,
  seqno: 2,
  driver: '0000:03:00.0',
  timeline: 'rcs0',
  owner_tid: 50,
  owner_process_id: 1,
  first_ts: s(1),
  init_ts: s(1),
  init_event: 3,
  lossy: 0,
};
const gone: RowOf = {
  what: 'gone',
  name: '0000:03:00.0',
  start_ts: s(2),
  end_ts: s(2),
  start_event: 7,
  end_event: 7,
};
const judge = (fence: RowOf, event: RowOf = gone, more: object = {}, rows: object = {}) =>
  run(fenceOutlivesDriver, {
    rows: {
      process: [{ id: 1, pid: 50, comm: 'game' }],
      fence: [fence],
      device_event: [event],
      ...rows,
    },
    end: s(10),
    ...more,
  }).findings;

it('finds a fence nobody signals after its device is gone', () => {
  expect(judge(pending)).toMatchObject([
    {
      severity: 'error',
      confidence: 'likely',
      summary:
        'Fence 4:2 (0000:03:00.0 rcs0) of game (pid 50) was still pending 8.00 s after its device (0000:03:00.0) was removed.',
      evidence: [3, 7],
      key: { fence: '4:2', pid: 50 },
    },
  ]);
});

it('calls it critical once the module is unloaded', () => {
  const freed = { ...gone, what: 'module freed', name: null, driver: 'nouveau' };
  const fence = { ...pending, driver: 'nouveau' };
  expect(judge(fence, freed)).toMatchObject([{ severity: 'critical', confidence: 'likely' }]);
});

it('knows jobs of the scheduler by the device of their job', () => {
  const fence = { ...pending, driver: 'drm_sched', job_id: 1 };
  const rows = { job: [{ id: 1, ring: 'gfx', dev: '0000:03:00.0' }] };
  expect(judge(fence, gone, {}, rows)).toHaveLength(1);
  expect(judge(fence, gone, {}, { job: [{ id: 1, ring: 'gfx', dev: '0000:04:00.0' }] })).toEqual(
    [],
  );
});

it('only suspects where the name of the driver is all that ties them', () => {
  const unplug = { ...gone, what: 'unplug', name: null, driver: 'virtio_gpu', end_ts: s(2.1) };
  expect(judge({ ...pending, driver: 'virtio_gpu' }, unplug)).toMatchObject([
    { severity: 'error', confidence: 'suspect' },
  ]);
});

it.each([
  ['it signals within a second', { signaled_ts: s(2.5) }],
  ['it was created after the driver came back', { init_ts: s(3) }],
  ['it is of another driver', { driver: 'vgem' }],
  ['it was let go of', { destroy_ts: s(2.1) }],
  ['it is a container', { container: 1 }],
])('is silent when %s', (_, change) => {
  expect(judge({ ...pending, ...change })).toEqual([]);
});

it('is silent while the recording ends within the grace, and suspects where events were lost', () => {
  expect(judge(pending, gone, { end: s(2.9) })).toEqual([]);
  expect(judge({ ...pending, lossy: 1 })).toMatchObject([{ confidence: 'suspect' }]);
});

it('cannot decide when nothing shows the end of a driver', () => {
  const observed = ['fence.init', 'fence.signaled'] as const;
  expect(run(fenceOutlivesDriver, { observed }).outcome.outcome).toBe('not-observable');
});
