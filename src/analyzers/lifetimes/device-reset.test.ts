import { expect, it } from 'vitest';
import { live } from '../../../test/run-lifetimes.ts';
import type { OccurrenceData } from '../../kernel/occurrence.ts';

const reset = (
  kind: 'device.reset_start' | 'device.reset_end',
  driver: string,
  cause?: string,
): OccurrenceData => ({ kind, driver, sequence: undefined, cause });

it('is told of by several functions and drivers, and is one', () => {
  const lived = live([
    [0, 5, reset('device.reset_start', 'amdgpu', 'amdgpu_device_gpu_recover')],
    [10, 5, reset('device.reset_start', 'amdkfd', 'ring timeout')],
    [900, 5, reset('device.reset_end', 'amdkfd')],
    [9000, 5, reset('device.reset_start', 'amdgpu')],
  ]);
  const [first, second] = lived.rows('device_reset');
  expect(first).toMatchObject({ cause: 'amdgpu_device_gpu_recover', start_ts: 0, end_ts: 900e6 });
  expect(second).toMatchObject({ start_ts: 9000e6 });
  expect(second).not.toHaveProperty('end_ts');
});

it('of another driver is another one', () => {
  const lived = live([
    [0, 5, reset('device.reset_start', 'xe')],
    [10, 5, reset('device.reset_start', 'i915')],
  ]);
  expect(lived.rows('device_reset')).toHaveLength(2);
});
