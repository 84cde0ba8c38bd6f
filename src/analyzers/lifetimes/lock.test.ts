import { describe, expect, it } from 'vitest';
import { exit, live } from '../../../test/run-lifetimes.ts';
import type { LockMode } from '../../kernel/waiting-occurrence.ts';

const MM = 0x1000;
const wait = (mode: LockMode, mm: number | string = MM) =>
  ({ kind: 'mmap_lock.wait', mm, mode }) as const;
const taken = (mode: LockMode, success = true, mm: number | string = MM) =>
  ({ kind: 'mmap_lock.acquired', mm, mode, success }) as const;
const released = (mode: LockMode, mm: number | string = MM) =>
  ({ kind: 'mmap_lock.released', mm, mode }) as const;
const contended = (lock: number, what = 'mutex') =>
  ({ kind: 'lock.contended', lock, what }) as const;
const contentionEnd = (lock: number, ret = 0) =>
  ({ kind: 'lock.contention_end', lock, ret }) as const;

describe('mmap_lock', () => {
  it('keeps who waited long, and whom for', () => {
    const lived = live([
      [0, 10, wait('write')],
      [0, 10, taken('write')],
      [5, 11, wait('read')],
      [30, 10, released('write')],
      [30, 11, taken('read')],
      [31, 11, released('read')],
    ]);
    expect(lived.row('lock_wait')).toMatchObject({
      lock: '0x1000',
      what: 'mmap_lock to read',
      mm: MM,
      tid: 11,
      hold_id: 1,
      failed: 0,
      start_ts: 5e6,
      end_ts: 30e6,
    });
    expect(lived.row('lock_hold')).toMatchObject({
      mode: 'write',
      tid: 10,
      certain: 1,
      start_ts: 0,
      start_event: 2,
      end_ts: 30e6,
      end_event: 4,
    });
  });

  it('keeps nothing of locks that nobody waits for, or not for long', () => {
    const lived = live([
      [0, 10, wait('write')],
      [0, 10, taken('write')],
      [1, 11, wait('read')],
      [1.5, 10, released('write')],
      [1.5, 11, taken('read')],
      [90, 11, released('read')],
      [91, 12, wait('write')],
      [91, 12, taken('write', false)],
    ]);
    expect(lived.rows('lock_wait')).toEqual([]);
    expect(lived.rows('lock_hold')).toEqual([]);
  });

  it('names also who got it while others still waited', () => {
    const lived = live([
      [0, 10, wait('read')],
      [0, 10, taken('read')],
      [1, 11, wait('write')],
      [2, 12, wait('read')],
      [9, 10, released('read')],
      [9, 11, taken('write')],
      [20, 11, released('write')],
      [20, 12, taken('read')],
    ]);
    expect(lived.rows('lock_wait')).toMatchObject([
      { tid: 11, hold_id: 1, end_ts: 9e6 },
      { tid: 12, hold_id: 1, end_ts: 20e6 },
    ]);
    expect(lived.rows('lock_hold')).toMatchObject([
      { tid: 10, mode: 'read' },
      { tid: 11, mode: 'write', start_ts: 9e6, end_ts: 20e6 },
    ]);
  });

  it('leaves a wait and a hold open that the capture ends in', () => {
    const lived = live([
      [0, 9, wait('read')],
      [0, 9, taken('read')],
      [0, 9, released('read')],
      [0, 10, wait('write')],
      [0, 10, taken('write')],
      [1, 11, wait('read')],
      [5000, 12, contended(0x77)],
    ]);
    expect(lived.rows('lock_wait')[0]).toMatchObject({ tid: 11, hold_id: 1 });
    expect(lived.rows('lock_wait')[0]).not.toHaveProperty('end_ts');
    expect(lived.row('lock_hold')).toMatchObject({ tid: 10, certain: 1 });
    expect(lived.row('lock_hold')).not.toHaveProperty('end_ts');
  });

  it('takes a downgrade for the end of writing and the beginning of reading', () => {
    const lived = live([
      [0, 10, wait('write')],
      [0, 10, taken('write')],
      [1, 11, wait('write')],
      [5, 10, taken('read')],
      [40, 10, released('read')],
      [40, 11, taken('write')],
      [41, 11, released('write')],
    ]);
    expect(lived.rows('lock_hold')).toMatchObject([
      { tid: 10, mode: 'write', certain: 1, end_ts: 5e6 },
      { tid: 10, mode: 'read', certain: 1, end_ts: 40e6 },
    ]);
  });

  it('is not certain of a hold whose release was not seen', () => {
    const lost = live([
      [0, 10, wait('write')],
      [0, 10, taken('write')],
      [1, 11, wait('write')],
      [40, 11, taken('write')],
      [41, 11, released('write')],
    ]);
    expect(lost.row('lock_hold')).toMatchObject({ tid: 10, certain: 0, end_ts: 40e6 });
    const nonOwner = live([
      [0, 10, wait('read')],
      [0, 10, taken('read')],
      [1, 11, wait('write')],
      [2, 12, released('read')],
      [40, 10, released('read')],
      [40, 11, taken('write')],
    ]);
    expect(nonOwner.row('lock_hold')).toMatchObject({ tid: 10, certain: 0 });
    const noReleases = live([
      [0, 10, wait('write')],
      [0, 10, taken('write')],
      [1, 11, wait('write')],
    ]);
    expect(noReleases.row('lock_hold')).toMatchObject({ certain: 0 });
  });

  it('marks a hold over which events were lost', () => {
    const lived = live(
      [
        [0, 10, wait('write')],
        [0, 10, taken('write')],
        [1, 11, wait('read')],
        [30, 10, released('write')],
        [30, 11, taken('read')],
      ],
      { losses: [[10e6, 11e6]] },
    );
    expect(lived.row('lock_hold')).toMatchObject({ lossy: 1 });
  });

  it('says nothing of waits where no lock is ever seen to be taken', () => {
    const lived = live([
      [0, 10, wait('write')],
      [5000, 11, wait('read')],
    ]);
    expect(lived.rows('lock_wait')).toEqual([]);
  });

  it('lets go of what dead threads held or wanted', () => {
    const lived = live([
      [0, 10, wait('write')],
      [0, 10, taken('write')],
      [1, 11, wait('read')],
      [2, 12, wait('read')],
      [10, 11, exit()],
      [20, 10, exit()],
      [30, 12, taken('read')],
    ]);
    expect(lived.row('lock_wait')).toMatchObject({ tid: 12, end_ts: 30e6 });
    expect(lived.row('lock_hold')).toMatchObject({ tid: 10, certain: 0, end_ts: 20e6 });
  });

  it('joins hashed pointers only with themselves', () => {
    const lived = live([
      [0, 10, wait('write', '00000000a1b2c3d4')],
      [0, 10, taken('write', true, '00000000a1b2c3d4')],
      [1, 11, wait('read', '00000000a1b2c3d4')],
      [30, 10, released('write', '00000000a1b2c3d4')],
      [30, 11, taken('read', true, '00000000a1b2c3d4')],
    ]);
    expect(lived.row('lock_wait')).toMatchObject({ lock: '00000000a1b2c3d4', hold_id: 1 });
    expect(lived.row('lock_wait')).not.toHaveProperty('mm');
  });
});

describe('other locks', () => {
  it('are told by their contention, once, without a holder', () => {
    const lived = live([
      [0, 10, contended(0x50)],
      [3, 10, contended(0x50)],
      [9, 10, contentionEnd(0x50)],
      [10, 10, contended(0x50)],
      [10.5, 10, contentionEnd(0x50)],
      [11, 11, contended(0x60, 'rwsem to read')],
      [21, 11, contentionEnd(0x60, -4)],
    ]);
    expect(lived.rows('lock_wait')).toMatchObject([
      { lock: '0x50', what: 'mutex', start_ts: 0, end_ts: 9e6, failed: 0 },
      { lock: '0x60', what: 'rwsem to read', failed: 1 },
    ]);
    expect(lived.rows('lock_wait')[0]).not.toHaveProperty('hold_id');
  });

  it('are not told twice of an mmap_lock', () => {
    const lived = live([
      [0, 10, wait('write')],
      [0, 10, contended(0x50, 'rwsem to write')],
      [9, 10, contentionEnd(0x50)],
      [9, 10, taken('write')],
    ]);
    expect(lived.row('lock_wait')).toMatchObject({ what: 'mmap_lock to write' });
  });
});
