import { describe, expect, it } from 'vitest';
import { enter, exec, insert, live, readBegin } from '../../../test/run-lifetimes.ts';

const MM = 0x1000;

describe('a notifier', () => {
  it('lives from insert to remove, by whomever', () => {
    const lived = live([
      [0, 10, exec('/bin/app', 10)],
      [1, 10, insert(0x99, MM, 0x7000, 0x1000)],
      [1.1, 10, { kind: 'notifier.insert_return', ret: 0 }],
      [9, 11, { kind: 'notifier.remove', mni: 0x99, mm: MM }],
    ]);
    expect(lived.row('notifier')).toMatchObject({
      mni: 0x99,
      mm: MM,
      range_start: 0x7000,
      range_last: 0x7fffn,
      tid: 10,
      process_id: 1,
      insert_ret: 0,
      remove_tid: 11,
      start_ts: 1e6,
      end_ts: 9e6,
      source: 'insert',
    });
  });

  it('that was refused never lived', () => {
    const lived = live([
      [1, 10, insert(0x99, MM, 0x7000, 0)],
      [1.1, 10, { kind: 'notifier.insert_return', ret: -75 }],
    ]);
    expect(lived.row('notifier')).toMatchObject({ insert_ret: -75, end_ts: 1.1e6 });
  });

  it('never removed has no end', () => {
    expect(live([[1, 10, insert(0x99, MM, 0, 4096)]]).row('notifier')).not.toHaveProperty('end_ts');
  });

  it('born before the capture is known by its use, and its mm by its callback', () => {
    const lived = live([
      [1, 10, readBegin(0x99)],
      [2, 10, enter('sl_invalidate', { mni: 0x99, mm: MM })],
    ]);
    expect(lived.row('notifier')).toMatchObject({ source: 'use', mm: MM });
    expect(lived.row('notifier')).not.toHaveProperty('start_ts');
  });

  it('inserted again at the same address is another one', () => {
    const lived = live([
      [1, 10, insert(0x99, MM, 0, 4096)],
      [2, 10, { kind: 'notifier.remove', mni: 0x99, mm: MM }],
      [3, 10, insert(0x99, MM, 0, 4096)],
    ]);
    expect(lived.rows('notifier').map((row) => row.generation)).toEqual([0, 1]);
  });
});
