import { describe, expect, it } from 'vitest';
import {
  begin,
  beginReturn,
  end,
  enter,
  exit,
  exitMmap,
  fence,
  type Happening,
  leave,
  live,
} from '../../../test/run-lifetimes.ts';

const MM = 0x1000;

describe('one invalidation', () => {
  const stall: readonly Happening[] = [
    [0, 10, fence('init', '3:1')],
    [1, 10, begin(MM, 0, 4096, { reason: 2 })],
    [1.1, 10, enter('sl_invalidate', { mni: 0x99 }, { module: 'svmlab' })],
    [1.2, 10, fence('wait_start', '3:1')],
    [21.2, 10, fence('wait_end', '3:1')],
    [21.3, 10, leave('sl_invalidate', 1)],
    [21.4, 10, beginReturn()],
    [21.5, 10, end(MM, 0, 4096)],
  ];

  it('holds the callback and the wait that made it long', () => {
    const lived = live(stall);
    expect(lived.row('invalidation')).toMatchObject({
      mm: MM,
      reason: 2,
      return_ts: 21.4e6,
      end_ts: 21.5e6,
      ret: 0,
      refused: 0,
      callbacks: 1,
      callback_function: 'sl_invalidate',
      callback_ns: expect.closeTo(20.2e6, -3),
      wait_ns: 20e6,
      longest_wait_id: 1,
      longest_wait_ns: 20e6,
      sane: 1,
    });
    expect(lived.row('invalidation_callback')).toMatchObject({
      invalidation_id: 1,
      function: 'sl_invalidate',
      module: 'svmlab',
      mni: 0x99,
      ret: 1,
    });
  });

  it('does not hold what other threads do meanwhile', () => {
    const lived = live([
      [1, 10, begin(MM, 0, 4096)],
      [2, 11, fence('wait_start', '3:1')],
      [3, 11, fence('wait_end', '3:1')],
      [4, 10, beginReturn()],
      [5, 10, end(MM, 0, 4096)],
    ]);
    expect(lived.row('invalidation')).toMatchObject({ wait_ns: 0, callbacks: 0 });
  });

  it('counts both passes of a two-pass notifier', () => {
    const lived = live([
      [1, 10, begin(MM, 0, 4096)],
      [1.1, 10, enter('sl_start', { mni: 0x99, event: 2 })],
      [1.2, 10, leave('sl_start', 1)],
      [1.3, 10, enter('sl_finish', { mni: 0x99 })],
      [201.3, 10, leave('sl_finish')],
      [202, 10, beginReturn()],
      [203, 10, end(MM, 0, 4096)],
    ]);
    expect(lived.row('invalidation')).toMatchObject({
      callbacks: 2,
      callback_function: 'sl_finish',
    });
  });

  it('still open as the capture ends has its waits so far', () => {
    const lived = live([...stall.slice(0, 4), [5001.2, 10, fence('emit', '3:1')]]);
    expect(lived.row('invalidation')).toMatchObject({ longest_wait_id: 1, wait_ns: 5000e6 });
    expect(lived.row('invalidation')).not.toHaveProperty('end_ts');
    expect(lived.row('invalidation')).not.toHaveProperty('return_ts');
  });

  it('is one when two probes sit on the function', () => {
    const lived = live([
      [1, 10, begin(MM, 0, 4096)],
      [1.001, 10, begin(undefined, undefined, undefined, { source: 'function' })],
      [2, 10, beginReturn()],
      [3, 10, end(MM, 0, 4096)],
    ]);
    expect(lived.row('invalidation')).toMatchObject({ mm: MM, end_ts: 3e6 });
  });
});

describe('pairing', () => {
  it('a refused one has no end, and the end of another range is not its own', () => {
    const lived = live([
      [1, 31, begin(MM, 0x1000, 0x2000, { flags: 0 })],
      [1.1, 31, beginReturn(-11)],
      [2, 31, begin(MM, 0x5000, 0x6000, { flags: 0 })],
      [2.1, 31, beginReturn(0)],
      [2.2, 31, end(MM, 0x5000, 0x6000)],
    ]);
    const [refused, other] = lived.rows('invalidation');
    expect(refused).toMatchObject({ refused: 1, ret: -11 });
    expect(refused).not.toHaveProperty('end_ts');
    expect(other).toMatchObject({ refused: 0, end_ts: 2.2e6 });
  });

  it('nests: a huge page is split inside madvise', () => {
    const lived = live([
      [1, 10, begin(MM, 0, 0x4000)],
      [1.1, 10, beginReturn()],
      [2, 10, begin(MM, 0, 0x1000)],
      [2.1, 10, beginReturn()],
      [2.2, 10, end(MM, 0, 0x1000)],
      [3, 10, end(MM, 0, 0x4000)],
    ]);
    expect(lived.rows('invalidation').map((row) => row.end_ts)).toEqual([3e6, 2.2e6]);
  });

  it('a return without its entry is not given to an older one', () => {
    const lived = live([
      [1, 10, begin(MM, 0, 0x1000)],
      [1.1, 10, beginReturn()],
      [900, 10, beginReturn(-11)],
      [901, 10, end(MM, 0, 0x1000)],
    ]);
    expect(lived.row('invalidation')).toMatchObject({ ret: 0, return_ts: 1.1e6 });
  });

  it('one whose return was lost is over when the thread begins the next', () => {
    const lived = live([
      [1, 10, begin(MM, 0, 0x1000)],
      [500, 10, begin(MM, 0x2000, 0x3000)],
      [501, 10, beginReturn()],
      [502, 10, end(MM, 0x2000, 0x3000)],
    ]);
    const [lost, whole] = lived.rows('invalidation');
    expect(lost).not.toHaveProperty('return_ts');
    expect(whole).toMatchObject({ return_ts: 501e6, end_ts: 502e6 });
  });

  it('without a probe on the end, memory does not grow and no row is lost', () => {
    const lived = live(
      Array.from({ length: 100 }, (_, i) => [
        [i, 10, begin(MM, 0, 0x1000)] as const,
        [i + 0.5, 10, beginReturn()] as const,
      ]).flat(),
    );
    expect(lived.rows('invalidation').map((row) => row.return_ts)).toHaveLength(100);
  });

  it('an end without a begin makes nothing', () => {
    expect(live([[1, 10, end(MM, 0, 4096)]]).rows('invalidation')).toEqual([]);
  });
});

describe('what is inferred', () => {
  it('function tracer: no return, the end bounds it', () => {
    const lived = live([
      [1, 10, begin(undefined, undefined, undefined, { source: 'function' })],
      [2, 10, fence('wait_start', '3:1')],
      [402, 10, fence('wait_end', '3:1')],
      [403, 10, end(undefined, undefined, undefined)],
    ]);
    expect(lived.row('invalidation')).toMatchObject({
      source: 'function',
      end_ts: 403e6,
      wait_ns: 400e6,
    });
    expect(lived.row('invalidation')).not.toHaveProperty('return_ts');
  });

  it('without probes, a mapping call that waits for a fence', () => {
    const munmap = { __syscall_nr: 11, addr: 0x7000, len: 0x1000 };
    const lived = live([
      [0, 10, { kind: 'syscall.enter', name: 'munmap', args: munmap }],
      [1, 10, fence('wait_start', '3:1')],
      [21, 10, fence('wait_end', '3:1')],
      [22, 10, { kind: 'syscall.exit', name: 'munmap', ret: 0 }],
    ]);
    expect(lived.row('invalidation')).toMatchObject({
      source: 'syscall',
      range_start: 0x7000,
      range_end: 0x8000n,
      start_ts: 0,
      return_ts: 22e6,
      wait_ns: 20e6,
      syscall_id: 1,
    });
    expect(lived.row('fence_wait')).toMatchObject({ invalidation_id: 1, syscall_id: 1 });
  });

  it('a client waiting in an ioctl is not one', () => {
    const lived = live([
      [0, 10, { kind: 'syscall.enter', name: 'ioctl', args: { fd: 3 } }],
      [1, 10, fence('wait_start', '3:1')],
      [2, 10, fence('wait_end', '3:1')],
      [3, 10, { kind: 'syscall.exit', name: 'ioctl', ret: 0 }],
    ]);
    expect(lived.rows('invalidation')).toEqual([]);
  });

  it('the release of the mm calls the callbacks without a begin', () => {
    const lived = live([
      [0, 10, { kind: 'mm.release', mm: MM }],
      [0.1, 10, enter('sl_invalidate', { mni: 0x99, event: 5 })],
      [0.2, 10, fence('wait_start', '3:1')],
      [5000, 10, fence('wait_end', '3:1')],
      [5000.1, 10, leave('sl_invalidate', 1)],
      [5001, 10, begin(MM, 0, Number.MAX_SAFE_INTEGER)],
      [5001.1, 10, beginReturn()],
      [5001.2, 10, end(MM, 0, Number.MAX_SAFE_INTEGER)],
      [5002, 10, exitMmap(MM)],
      [5003, 10, exit()],
    ]);
    expect(lived.rows('invalidation')).toMatchObject([
      { source: 'release', reason: 5, start_ts: 0, return_ts: 5000.1e6, callbacks: 1 },
      { source: 'probe', end_ts: 5001.2e6, callbacks: 0 },
    ]);
  });

  it('known callbacks alone, where nobody probed the begin', () => {
    const role = { role: 'invalidate-callback', module: 'xe' } as const;
    const lived = live([
      [0, 10, enter('vma_userptr_invalidate', {}, role)],
      [30, 10, leave('vma_userptr_invalidate')],
    ]);
    expect(lived.row('invalidation')).toMatchObject({
      source: 'callback',
      callback_ns: 30e6,
      end_ts: 30e6,
    });
  });
});

it('a callback alone that is refused leaves without a word, and is no part of the next', () => {
  const role = { role: 'invalidate-callback', module: 'xe' } as const;
  const lived = live([
    [0, 31, enter('vma_userptr_invalidate', {}, role)],
    [100, 31, enter('vma_userptr_invalidate', {}, role)],
    [105, 31, leave('vma_userptr_invalidate')],
  ]);
  expect(lived.rows('invalidation')).toMatchObject([
    { source: 'callback', callbacks: 1, callback_ns: 0 },
    { source: 'callback', callbacks: 1, callback_ns: 5e6, end_ts: 105e6 },
  ]);
});

it('says nothing of mm and range when the probe was insane', () => {
  const nothing = { flags: undefined, reason: undefined, sane: false };
  const lived = live([
    [1, 10, begin(undefined, undefined, undefined, nothing)],
    [2, 10, beginReturn()],
    [3, 10, end(undefined, undefined, undefined)],
  ]);
  expect(lived.row('invalidation')).toMatchObject({ sane: 0, return_ts: 2e6, end_ts: 3e6 });
  expect(lived.row('invalidation')).not.toHaveProperty('mm');
});
