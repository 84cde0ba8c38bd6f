import { expect, it } from 'vitest';
import { ms, type RowOf, run } from '../../../test/detector-view.ts';
import { limitsOf } from '../threshold.ts';
import { useAfterUnplug } from './use-after-unplug.ts';

const unplugged: RowOf = {
  pointer: 0xff11,
  driver: 'virtio_gpu',
  first_ts: 0,
  end_ts: ms(100),
  end_event: 10,
  unplugged_ts: ms(160),
  unplugged_event: 40,
};
const refused: RowOf = {
  device_id: 1,
  what: 'ioctl',
  command: 0xc01864b0,
  ret: -19,
  tid: 355,
  process_id: 1,
  start_ts: ms(110),
  end_ts: ms(111),
  start_event: 20,
  end_event: 21,
  lossy: 0,
};
const processes = [
  { id: 1, pid: 355, comm: 'client' },
  { id: 2, pid: 11, comm: 'kworker/u12:0' },
];
const judge = (uses: readonly RowOf[], more: object = {}) =>
  run(useAfterUnplug, {
    rows: { process: processes, device: [unplugged], device_use: uses },
    ...more,
  });
const again = { ...refused, start_ts: ms(120), end_ts: ms(121), start_event: 30, end_event: 31 };

it('warns of a client whose ioctls are refused, while the unplug still waits', () => {
  expect(judge([refused, again]).findings).toMatchObject([
    {
      severity: 'warn',
      confidence: 'proven',
      summary:
        'client (pid 355) used device 0xff11 (virtio_gpu) after it was unplugged: 2 ioctls refused with -ENODEV (-19).',
      evidence: [10, 40, 20, 31],
      key: { dev: '0xff11', pid: 355 },
    },
  ]);
});

it('takes one refusal for the way a client learns of it', () => {
  expect(judge([refused]).findings).toMatchObject([{ severity: 'info' }]);
});

it('calls an ioctl that succeeds after the unplug returned critical', () => {
  const through = { ...refused, ret: 0, start_ts: ms(170), end_ts: ms(171), end_event: 51 };
  expect(judge([through]).findings).toMatchObject([{ severity: 'critical', confidence: 'likely' }]);
  expect(judge([{ ...through, lossy: 1 }]).findings).toMatchObject([{ confidence: 'suspect' }]);
});

it('only suspects where drm_dev_enter said yes: the pointer may be a new device’s', () => {
  const entered = { ...refused, what: 'enter', ret: 1, start_ts: ms(170), end_ts: ms(170) };
  expect(judge([entered]).findings).toMatchObject([{ severity: 'error', confidence: 'suspect' }]);
});

it.each([
  ['drm_dev_enter refuses a worker', { what: 'enter', ret: 0, tid: 11, process_id: 2 }],
  ['the unplug has not returned yet', { ret: 0 }],
  ['an ioctl fails for another reason', { ret: -22, start_ts: ms(170) }],
  ['a worker is refused', { tid: 11, process_id: 2 }],
])('is silent when %s', (_, change) => {
  expect(judge([{ ...refused, ...change }]).findings).toEqual([]);
});

it('finds jobs run on a device that its bus has removed', () => {
  const rows = {
    device_event: [{ what: 'gone', name: '0000:03:00.0', start_ts: ms(100), start_event: 5 }],
    job: [{ ring: 'gfx', dev: '0000:03:00.0', run_ts: ms(120), run_event: 9 }],
  };
  expect(run(useAfterUnplug, { rows }).findings).toMatchObject([
    { severity: 'error', confidence: 'likely', evidence: [5, 9], key: { dev: '0000:03:00.0' } },
  ]);
  const other = [{ ring: 'gfx', dev: '0000:04:00.0', run_ts: ms(120), run_event: 9 }];
  expect(run(useAfterUnplug, { rows: { ...rows, job: other } }).findings).toEqual([]);
});

it('cannot decide when nothing shows an unplug', () => {
  const { outcome } = judge([refused], { observed: ['device.ioctl_return'] });
  expect(outcome).toMatchObject({ outcome: 'not-observable' });
  expect(outcome.enable?.join()).toContain('drm_dev_unplug');
});

it('judges by the limits it is given', () => {
  const limits = limitsOf({ 'use-after-unplug': { refusals: 3 } }, [useAfterUnplug.meta]);
  expect(judge([refused, again], { limits }).findings).toMatchObject([{ severity: 'info' }]);
});
