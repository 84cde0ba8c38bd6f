import { expect, it } from 'vitest';
import { live } from '../../../test/run-lifetimes.ts';
import type { OccurrenceData } from '../../kernel/occurrence.ts';

const vm = (
  kind: 'vm.created' | 'vm.killed' | 'vm.freed',
  asid = 3,
  dev = '0000:03:00.0',
): OccurrenceData => ({ kind, driver: 'xe', dev, vm: undefined, asid });

it('an ASID that comes back is another address space', () => {
  const lived = live([
    [1, 10, vm('vm.created')],
    [2, 10, vm('vm.freed')],
    [3, 20, vm('vm.created')],
  ]);
  expect(lived.rows('gpu_vm')).toMatchObject([
    { owner_tid: 10, end_ts: 2e6 },
    { owner_tid: 20, start_ts: 3e6 },
  ]);
});

it('of two devices with one ASID are two', () => {
  const lived = live([
    [1, 10, vm('vm.created')],
    [2, 20, vm('vm.created', 3, '0000:04:00.0')],
    [3, 20, vm('vm.freed', 3, '0000:04:00.0')],
  ]);
  const [first, second] = lived.rows('gpu_vm');
  expect(first).not.toHaveProperty('end_ts');
  expect(second).toMatchObject({ owner_tid: 20, end_ts: 3e6 });
});

it('first seen when it is killed has neither owner nor start', () => {
  const lived = live([[5, 58, vm('vm.killed')]]);
  expect(lived.row('gpu_vm')).toMatchObject({ killed_ts: 5e6 });
  expect(lived.row('gpu_vm')).not.toHaveProperty('owner_tid');
  expect(lived.row('gpu_vm')).not.toHaveProperty('start_ts');
});
