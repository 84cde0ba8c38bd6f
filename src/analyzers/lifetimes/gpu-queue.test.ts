import { expect, it } from 'vitest';
import { fork, live } from '../../../test/run-lifetimes.ts';
import type { OccurrenceData } from '../../kernel/occurrence.ts';

const queue = (
  kind: 'queue.created' | 'queue.destroyed',
  number: number,
  gt: number,
): OccurrenceData => ({ kind, driver: 'xe', dev: '0000:03:00.0', gt, number, engine: 'rcs' });
const state = (
  what: 'reset' | 'killed' | 'closed',
  number: number,
  gt: number | undefined,
): OccurrenceData => ({
  kind: 'queue.state',
  driver: 'xe',
  dev: '0000:03:00.0',
  gt,
  number,
  state: what,
});
const catError = (number: number): OccurrenceData => ({
  kind: 'device.fault',
  driver: 'xe',
  pasid: undefined,
  vmid: undefined,
  asid: undefined,
  address: undefined,
  write: undefined,
  dev: '0000:03:00.0',
  queue: number,
});

it('is one life of a number, with what happened to it', () => {
  const lived = live([
    [0, 1, fork(10)],
    [1, 10, queue('queue.created', 4, 0)],
    [2, 0, state('reset', 4, 0)],
    [3, 0, catError(4)],
    [4, 0, state('killed', 4, 0)],
    [5, 7, queue('queue.destroyed', 4, 0)],
    [6, 20, queue('queue.created', 4, 0)],
  ]);
  const [first, second] = lived.rows('gpu_queue');
  expect(first).toMatchObject({
    number: 4,
    owner_tid: 10,
    resets: 1,
    memory_errors: 1,
    killed_ts: 4e6,
    end_ts: 5e6,
  });
  expect(second).toMatchObject({ owner_tid: 20, resets: 0 });
  expect(second).not.toHaveProperty('end_ts');
});

it('of one number on two GTs are two, and an event that names no GT is neither', () => {
  const lived = live([
    [1, 10, queue('queue.created', 4, 0)],
    [2, 11, queue('queue.created', 4, 1)],
    [3, 0, catError(4)],
    [4, 0, state('reset', 4, 1)],
  ]);
  expect(lived.rows('gpu_queue')).toMatchObject([
    { gt: 0, memory_errors: 0, resets: 0 },
    { gt: 1, memory_errors: 0, resets: 1 },
  ]);
});

it('first seen in the middle of its life has no owner', () => {
  const lived = live([[3, 0, state('closed', 4, undefined)]]);
  expect(lived.row('gpu_queue')).toMatchObject({ closed_ts: 3e6 });
  expect(lived.row('gpu_queue')).not.toHaveProperty('owner_tid');
});
