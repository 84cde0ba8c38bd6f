import { describe, expect, it } from 'vitest';
import { live } from '../../../test/run-lifetimes.ts';
import type { DeviceCall } from '../../kernel/drm-occurrence.ts';
import type { OccurrenceData } from '../../kernel/occurrence.ts';

const FUNCTIONS: Partial<Record<DeviceCall, string>> = {
  'device.unplug': 'drm_dev_unplug',
  'device.enter': 'drm_dev_enter',
  'device.ioctl': 'drm_ioctl',
  'device.register': 'drm_dev_register',
};
const nameOf = (kind: DeviceCall): string => FUNCTIONS[kind] ?? kind;
const call = (kind: DeviceCall, rest: { dev?: number; file?: number } = {}): OccurrenceData => ({
  kind,
  function: nameOf(kind),
  dev: rest.dev,
  parent: undefined,
  file: rest.file,
  command: undefined,
  driver: undefined,
});
const back = (kind: DeviceCall, ret: number, caller?: string): OccurrenceData => ({
  kind: `${kind}_return`,
  function: nameOf(kind),
  ret,
  caller,
});
const unplug = [
  [100, 1, call('device.unplug', { dev: 0xaa })],
  [160, 1, back('device.unplug', 0, 'virtio_gpu')],
] as const;

describe('devices', () => {
  it('are unplugged by their driver, and know who asks for them afterwards', () => {
    const lived = live([
      [10, 5, call('device.enter', { dev: 0xaa })],
      [10, 5, back('device.enter', 1)],
      ...unplug,
      [200, 5, call('device.enter', { dev: 0xaa })],
      [200, 5, back('device.enter', 0)],
    ]);
    expect(lived.row('device')).toMatchObject({
      pointer: 0xaa,
      driver: 'virtio_gpu',
      end_ts: 100e6,
      unplugged_ts: 160e6,
      refused: 1,
    });
    expect(lived.rows('device_use')).toMatchObject([{ what: 'enter', ret: 0, tid: 5 }]);
    expect(lived.row('device_event')).toMatchObject({ what: 'unplug', device_id: 1 });
  });

  it('are those of the ioctls that ask for them, and later of the file alone', () => {
    const lived = live([
      ...unplug,
      [200, 5, call('device.ioctl', { file: 0xf1 })],
      [200, 5, call('device.enter', { dev: 0xaa })],
      [200, 5, back('device.enter', 0)],
      [201, 5, back('device.ioctl', -19)],
      [210, 5, call('device.ioctl', { file: 0xf1 })],
      [211, 5, back('device.ioctl', -19)],
      [212, 5, call('device.ioctl', { file: 0xf2 })],
      [213, 5, back('device.ioctl', 0)],
    ]);
    expect(lived.rows('device_use').map(({ what, ret }) => [what, ret])).toEqual([
      ['ioctl', -19],
      ['ioctl', -19],
    ]);
  });

  it('what began before the unplug is no use after it', () => {
    const lived = live([
      [90, 5, call('device.ioctl', { file: 0xf1 })],
      [91, 5, call('device.enter', { dev: 0xaa })],
      [91, 5, back('device.enter', 1)],
      [100, 1, call('device.unplug', { dev: 0xaa })],
      [150, 5, back('device.ioctl', 0)],
    ]);
    expect(lived.rows('device_use')).toEqual([]);
    expect(lived.row('device')).not.toHaveProperty('unplugged_ts');
  });

  it('one registered at the address of one that is gone is another', () => {
    const lived = live([
      ...unplug,
      [300, 1, call('device.register', { dev: 0xaa })],
      [301, 1, back('device.register', 0)],
    ]);
    expect(lived.rows('device').map(({ generation, end_ts }) => [generation, end_ts])).toEqual([
      [0, 100e6],
      [1, undefined],
    ]);
  });

  it('are gone as their bus or module is', () => {
    const lived = live([
      [1, 1, { kind: 'device.gone', name: '0000:03:00.0' }],
      [2, 1, { kind: 'module.free', name: 'amdgpu' }],
    ]);
    expect(lived.rows('device_event')).toMatchObject([
      { what: 'gone', name: '0000:03:00.0' },
      { what: 'module freed', driver: 'amdgpu' },
    ]);
  });
});

describe('a driver that tells of power', () => {
  it('puts its device to sleep and wakes it, by name', () => {
    const power = (what: 'suspend' | 'resume'): OccurrenceData => ({
      kind: 'device.power',
      what,
      driver: 'xe',
      name: '0000:03:00.0',
    });
    const lived = live([
      [1, 5, power('suspend')],
      [9, 5, power('resume')],
    ]);
    expect(lived.rows('device_event')).toMatchObject([
      { what: 'suspend', driver: 'xe', name: '0000:03:00.0', start_ts: 1e6 },
      { what: 'resume', start_ts: 9e6 },
    ]);
  });
});
