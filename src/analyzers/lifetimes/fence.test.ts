import { describe, expect, it } from 'vitest';
import { exec, fence, live, signalCall } from '../../../test/run-lifetimes.ts';
import type { OccurrenceData } from '../../kernel/occurrence.ts';

describe('identity', () => {
  it('is context:seqno; names change during life and the earliest holds', () => {
    const lived = live([
      [0, 10, fence('init', '7:1', ['0000:00:02.0', '[i915]'])],
      [1, 10, fence('signaled', '7:1', ['0000:00:02.0', 'signaled'])],
      [2, 10, fence('destroy', '7:1', ['detached-driver', 'signaled-timeline'])],
    ]);
    expect(lived.row('fence')).toMatchObject({
      driver: '0000:00:02.0',
      timeline: '[i915]',
      init_ts: 0,
      signaled_ts: 1e6,
      destroy_ts: 2e6,
    });
  });

  it('never takes the placeholder of a signalled fence for a name', () => {
    const lived = live([
      [0, 10, fence('destroy', '7:1', ['detached-driver', 'signaled-timeline'])],
    ]);
    expect(lived.row('fence')).not.toHaveProperty('driver');
    expect(lived.row('fence')).not.toHaveProperty('start_ts');
  });

  it('is continued over the wrap of the 32-bit seqno', () => {
    const lived = live([
      [0, 10, fence('init', `7:${0xffffffff}`)],
      [1, 10, fence('init', '7:0')],
      [2, 10, fence('init', '7:1')],
    ]);
    expect(lived.rows('fence').map((row) => row.seqno64)).toEqual([
      0xffffffff, 0x100000000, 0x100000001,
    ]);
  });

  it('has a generation where the pair is used again', () => {
    const lived = live([
      [0, 10, fence('init', '0:0')],
      [1, 10, fence('signaled', '0:0')],
      [2, 10, fence('destroy', '0:0')],
      [3, 10, fence('init', '0:0')],
      [4, 10, fence('signaled', '0:0')],
      [5, 10, fence('destroy', '0:0')],
    ]);
    expect(lived.rows('fence')).toMatchObject([
      { generation: 0, ambiguous: 0, signaled_ts: 1e6, end_ts: 2e6 },
      { generation: 1, ambiguous: 0, signaled_ts: 4e6, end_ts: 5e6 },
    ]);
  });

  it('is one where the clocks of two CPUs put an event before the init', () => {
    const lived = live([
      [0, 11, fence('enable_signal', '5:9')],
      [0.01, 10, fence('init', '5:9')],
    ]);
    expect(lived.row('fence')).toMatchObject({ ambiguous: 0, owner_tid: 10, enable_tid: 11 });
  });

  it('is undecidable while several pending fences share the pair', () => {
    const lived = live([
      [0, 10, fence('init', '0:0')],
      [1, 10, fence('init', '0:0')],
      [2, 10, fence('signaled', '0:0')],
      [3, 10, fence('destroy', '0:0')],
    ]);
    expect(lived.rows('fence').map((row) => row.ambiguous)).toEqual([1, 1]);
  });

  it('is clear when the older one of the pair is only waiting for its last reference', () => {
    const lived = live([
      [0, 10, fence('init', '5:9')],
      [1, 10, fence('signaled', '5:9')],
      [2, 10, fence('init', '5:9')],
      [3, 10, fence('signaled', '5:9')],
    ]);
    expect(lived.rows('fence')).toMatchObject([
      { ambiguous: 0, signaled_ts: 1e6 },
      { ambiguous: 0, signaled_ts: 3e6 },
    ]);
  });
});

describe('signalling', () => {
  it('happens in any task; the owner is who made the fence', () => {
    const lived = live([
      [0, 10, exec('/bin/app', 10)],
      [1, 10, fence('init', '3:1')],
      [2, 20, fence('enable_signal', '3:1')],
      [3, 0, fence('signaled', '3:1')],
    ]);
    expect(lived.row('fence')).toMatchObject({
      owner_tid: 10,
      owner_process_id: 1,
      enable_tid: 20,
      enable_process_id: 2,
      signaled_tid: 0,
    });
  });

  it('shows its error only through a probe on an unsignalled fence', () => {
    const lived = live([
      [0, 10, fence('init', '3:2')],
      [1, 10, signalCall('3:2', { signaled: false, error: -2, pointer: 0xf00 })],
      [1.01, 10, fence('signaled', '3:2')],
    ]);
    expect(lived.row('fence')).toMatchObject({ error: -2, error_event: 2, signal_calls: 1 });
    const unseen = live([
      [0, 10, fence('init', '3:2')],
      [1, 10, fence('signaled', '3:2')],
    ]);
    expect(unseen.row('fence')).not.toHaveProperty('error');
  });

  it('is not doubled by the release path, which calls for a signalled fence', () => {
    const lived = live([
      [0, 10, fence('init', '8:1')],
      [10_000, 0, signalCall('8:1', { signaled: false, error: 0 })],
      [10_000.1, 0, fence('signaled', '8:1')],
      [10_010, 10, signalCall('8:1', { signaled: true, error: 0 })],
    ]);
    expect(lived.row('fence')).toMatchObject({ signal_calls: 1, error: 0 });
  });

  it('is one when two functions of it are probed, and two when it happens twice', () => {
    const nested = live([
      [0, 10, fence('init', '8:1')],
      [1, 0, signalCall('8:1', { signaled: false })],
      [1.01, 0, signalCall('8:1', { signaled: false })],
    ]);
    expect(nested.row('fence')).toMatchObject({ signal_calls: 1 });
    const twice = live([
      [0, 10, fence('init', '8:1')],
      [1, 0, signalCall('8:1', { signaled: false })],
      [20, 11, signalCall('8:1', { signaled: false })],
    ]);
    expect(twice.row('fence')).toMatchObject({ signal_calls: 2 });
  });

  it('is believed from the probe alone, which a tracepoint may be missing for', () => {
    const lived = live([
      [0, 10, fence('init', '8:1')],
      [1, 0, signalCall('8:1', { signaled: false, error: -5 })],
      [2, 10, fence('destroy', '8:1')],
    ]);
    expect(lived.row('fence')).toMatchObject({ signaled_ts: 1e6, dropped: 0 });
  });

  it('follows the destroy of a fence dropped with callbacks', () => {
    const lived = live([
      [0, 10, fence('init', '4:2')],
      [5, 23, fence('destroy', '4:2')],
      [8, 23, signalCall('4:2', { signaled: false, error: -35 })],
      [8.1, 23, fence('signaled', '4:2')],
    ]);
    expect(lived.row('fence')).toMatchObject({
      dropped: 1,
      error: -35,
      destroy_ts: 5e6,
      signaled_ts: 8.1e6,
    });
  });

  it('may never come to a fence nobody waited for, which is legal', () => {
    const lived = live([
      [0, 10, fence('init', '4:2')],
      [5, 10, fence('destroy', '4:2')],
    ]);
    expect(lived.row('fence')).toMatchObject({ dropped: 0, end_ts: 5e6 });
    expect(lived.row('fence')).not.toHaveProperty('signaled_ts');
  });
});

it('tells containers, which signal through others', () => {
  const lived = live([[0, 10, fence('init', '9:1', ['dma_fence_array', 'unbound'])]]);
  expect(lived.row('fence')).toMatchObject({ container: 1 });
});

it('is lossy when events were lost during its life', () => {
  const lived = live(
    [
      [0, 10, fence('init', '9:1')],
      [9, 10, fence('signaled', '9:1')],
      [10, 10, fence('destroy', '9:1')],
    ],
    { losses: [[4e6, 5e6]] },
  );
  expect(lived.row('fence')).toMatchObject({ lossy: 1 });
});

it('leaves memory without destroy events, and a late destroy makes no new fence', () => {
  const many = 20_000;
  const made = Array.from({ length: many }, (_, i) => [
    [i, 10, fence('init', `1:${i}`)] as const,
    [i, 10, fence('signaled', `1:${i}`)] as const,
  ]).flat();
  const lived = live([...made, [many, 10, fence('destroy', '1:0')]]);
  expect(lived.rows('fence')).toHaveLength(many);
});

describe('the release of a fence by probe', () => {
  const release = (error: number, signaled: boolean): OccurrenceData => ({
    kind: 'fence.release_call',
    context: 0x1_0000_0007n,
    seqno: 1,
    signaled,
    error,
  });
  const life = (error: number, signaled: boolean) =>
    live([
      [0, 10, fence('init', '7:1')],
      [1, 10, fence('signaled', '7:1')],
      [2, 10, release(error, signaled)],
      [2, 10, fence('destroy', '7:1')],
    ]).row('fence');

  it('tells the error it had', () => {
    expect(life(-5, true)).toMatchObject({ error: -5, destroy_ts: 2e6 });
    expect(life(0, true)).toMatchObject({ error: 0 });
  });

  it('tells of no success where it may not have been signalled', () => {
    expect(life(0, false)).not.toHaveProperty('error');
  });
});
