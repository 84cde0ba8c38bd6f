import { expect, it } from 'vitest';
import { begin, live } from '../../../test/run-lifetimes.ts';

const munmap = (args: Record<string, number>) =>
  ({ kind: 'syscall.enter', name: 'munmap', args }) as const;

it('keeps a call with something of interest inside, and no other', () => {
  const lived = live([
    [0, 10, munmap({ __syscall_nr: 11, addr: 0x1000, len: 0x2000 })],
    [1, 10, { kind: 'syscall.exit', name: 'munmap', ret: 0 }],
    [2, 10, munmap({ __syscall_nr: 11, addr: 0x5000, len: 0x1000 })],
    [3, 10, begin(0x99, 0x5000, 0x6000)],
    [4, 10, { kind: 'syscall.exit', name: 'munmap', ret: -12 }],
  ]);
  expect(lived.row('syscall')).toMatchObject({
    name: 'munmap',
    arg0: 0x5000,
    arg1: 0x1000,
    ret: -12,
    start_ts: 2e6,
    end_ts: 4e6,
  });
  expect(lived.row('invalidation')).toMatchObject({ syscall_id: 1 });
});

it('has no end when its thread calls again without having returned', () => {
  const lived = live([
    [0, 10, munmap({ addr: 0x1000, len: 1 })],
    [1, 10, begin(0x99, 0x1000, 0x2000)],
    [2, 10, munmap({ addr: 0x3000, len: 1 })],
  ]);
  expect(lived.row('syscall')).not.toHaveProperty('end_ts');
});
