import { describe, expect, it } from 'vitest';
import { begin, beginReturn, exit, fence, live, signalCall } from '../../../test/run-lifetimes.ts';

const waitCall = (name: string) =>
  ({ kind: 'fence.wait_call', function: name, context: undefined, seqno: undefined }) as const;
const waitReturn = (name: string, ret: number) =>
  ({ kind: 'fence.wait_return', function: name, ret }) as const;

describe('giving up', () => {
  it('is a wait that ends while the fence is pending', () => {
    const lived = live([
      [0, 10, fence('init', '3:1')],
      [1, 10, fence('wait_start', '3:1')],
      [5000, 10, fence('wait_end', '3:1')],
    ]);
    expect(lived.row('fence_wait')).toMatchObject({ fence_id: 1, gave_up: 1, end_ts: 5000e6 });
  });

  it('is not when it signalled, by tracepoint, by probe, or by the names of the wait_end', () => {
    const signaled = live([
      [0, 10, fence('init', '3:1')],
      [1, 10, fence('wait_start', '3:1')],
      [2, 0, fence('signaled', '3:1')],
      [3, 10, fence('wait_end', '3:1')],
      [4, 10, fence('init', '3:2')],
      [5, 10, fence('wait_start', '3:2')],
      [6, 0, signalCall('3:2', { signaled: false })],
      [7, 10, fence('wait_end', '3:2')],
      [8, 10, fence('init', '3:3')],
      [9, 10, fence('wait_start', '3:3')],
      [10, 10, fence('wait_end', '3:3', ['detached-driver', 'signaled-timeline'])],
    ]);
    expect(signaled.rows('fence_wait').map((row) => row.gave_up)).toEqual([0, 0, 0]);
  });

  it('is unknown for a fence born before the capture', () => {
    const lived = live([
      [1, 10, fence('wait_start', '3:1')],
      [9, 10, fence('wait_end', '3:1')],
    ]);
    expect(lived.row('fence_wait')).not.toHaveProperty('gave_up');
  });
});

describe('probes on the wait functions', () => {
  it('and the tracepoints inside are one wait', () => {
    const lived = live([
      [0, 10, fence('init', '3:1')],
      [1, 10, waitCall('dma_fence_wait_timeout')],
      [1.1, 10, fence('wait_start', '3:1')],
      [1.2, 10, fence('wait_end', '3:1')],
      [1.3, 10, waitReturn('dma_fence_wait_timeout', 0)],
    ]);
    expect(lived.row('fence_wait')).toMatchObject({
      fence_id: 1,
      ret: 0,
      source: 'dma_fence_wait',
    });
  });

  it('around several fences leave the rows to the fences', () => {
    const lived = live([
      [0, 10, waitCall('dma_resv_wait_timeout')],
      [1, 10, fence('wait_start', '3:1')],
      [2, 10, fence('wait_end', '3:1')],
      [3, 10, fence('wait_start', '4:1')],
      [4, 10, fence('wait_end', '4:1')],
      [5, 10, waitReturn('dma_resv_wait_timeout', 100)],
    ]);
    expect(lived.rows('fence_wait')).toHaveLength(2);
  });

  it('alone tell by their return', () => {
    const lived = live([
      [0, 10, waitCall('dma_resv_wait_timeout')],
      [5, 10, waitReturn('dma_resv_wait_timeout', 0)],
    ]);
    expect(lived.row('fence_wait')).toMatchObject({ gave_up: 1, source: 'probe' });
  });
});

it('names the invalidation that waits', () => {
  const lived = live([
    [0, 10, fence('init', '3:1')],
    [1, 10, begin(0x1000, 0, 4096)],
    [2, 10, fence('wait_start', '3:1')],
    [22, 10, fence('wait_end', '3:1')],
    [22.1, 10, beginReturn()],
    [23, 10, fence('wait_start', '3:1')],
    [24, 10, fence('wait_end', '3:1')],
  ]);
  expect(lived.rows('fence_wait').map((row) => row.invalidation_id)).toEqual([1, undefined]);
});

it('has no end when its thread or the capture ends in it', () => {
  const lived = live([
    [1, 10, fence('wait_start', '3:1')],
    [2, 11, fence('wait_start', '3:1')],
    [3, 10, exit()],
  ]);
  for (const row of lived.rows('fence_wait')) expect(row).not.toHaveProperty('end_ts');
});

it('ignores an end whose start was lost', () => {
  expect(live([[1, 10, fence('wait_end', '3:1')]]).rows('fence_wait')).toEqual([]);
});
