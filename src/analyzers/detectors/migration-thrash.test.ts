import { describe, expect, it } from 'vitest';
import { ms, type RowOf, run } from '../../../test/detector-view.ts';
import { migrationThrash } from './migration-thrash.ts';

const process = [{ pid: 505, comm: 'svmload' }];

const move = (at: number, direction: 'to device' | 'to system', rest: RowOf = {}): RowOf => ({
  source: 'migrate_vma',
  tid: 505,
  process_id: 1,
  mm: 0x1000,
  range_start: 0x7f0000000000,
  range_end: 0x7f0000010000,
  bytes: 0x10000,
  from_place: direction === 'to device' ? 'system' : 'device',
  to_place: direction === 'to device' ? 'device' : 'system',
  direction,
  start_ts: ms(at),
  end_ts: ms(at) + 500_000,
  start_event: at,
  end_event: at + 1,
  lossy: 0,
  ...rest,
});
/** There and back, `times` times, `apart` ms apart. */
const pingPong = (times: number, apart: number, rest: RowOf = {}): RowOf[] =>
  Array.from({ length: times * 2 }, (_, n) =>
    move(n * apart, n % 2 === 0 ? 'to device' : 'to system', rest),
  );
const judge = (migration: readonly RowOf[], rest: object = {}) =>
  run(migrationThrash, { rows: { process, migration }, ...rest });

describe('memory that changes sides', () => {
  it('four times within a second is found, with both who send it', () => {
    const back = { reason: 'CPU fault', range_end: 0x7f0000001000, bytes: 4096 };
    const moves = pingPong(3, 20).map((row) =>
      row.direction === 'to system' ? { ...row, ...back } : row,
    );
    expect(judge(moves).findings).toMatchObject([
      {
        severity: 'warn',
        confidence: 'proven',
        summary:
          'Memory 0x7f0000000000-0x7f0000010000 of svmload (pid 505) changed sides 5 times in 80.0 ms: 3 moves to device by svmload (pid 505), 3 moves to system by svmload (pid 505) (CPU fault).',
        key: { pid: 505, mm: '0x1000', block: '0x7f0000000000' },
      },
    ]);
  });

  it('once, by prefetch and first touch, or slowly, is nothing', () => {
    expect(judge(pingPong(1, 20)).findings).toEqual([]);
    expect(judge(pingPong(3, 900)).findings).toEqual([]);
  });

  it('in different parts of one range is nothing', () => {
    const moves = [0, 1, 2, 3, 4, 5].map((n) =>
      move(n * 10, n % 2 === 0 ? 'to device' : 'to system', {
        range_start: 0x7f0000000000 + n * 0x10000,
        range_end: 0x7f0000010000 + n * 0x10000,
      }),
    );
    expect(judge(moves).findings).toEqual([]);
  });

  it('where nothing moved, is nothing', () => {
    expect(judge(pingPong(3, 20, { ret: -22 })).findings).toEqual([]);
  });

  it('is a buffer that is evicted and brought back', () => {
    const buffer = { source: 'xe', object: 0xb0, mm: null, range_start: null, range_end: null };
    expect(judge(pingPong(3, 20, buffer)).findings).toMatchObject([
      { confidence: 'likely', key: { object: '0xb0', pid: 505 } },
    ]);
  });

  it('side by side is one finding', () => {
    const wide = { range_end: 0x7f0000200000, bytes: 0x200000 };
    expect(judge(pingPong(3, 20, wide)).findings).toHaveLength(1);
  });
});

it('claims less where events were lost or nobody knows whose memory it is', () => {
  expect(judge(pingPong(3, 20, { lossy: 1 })).findings).toMatchObject([{ confidence: 'likely' }]);
  expect(judge(pingPong(3, 20, { mm: null, process_id: null })).findings).toMatchObject([
    { confidence: 'likely' },
  ]);
});

it('cannot decide without migrations, nor without their direction', () => {
  expect(run(migrationThrash, { observed: ['invalidation.begin'] }).outcome.outcome).toBe(
    'not-observable',
  );
  const unknown = pingPong(3, 20).map((row) => ({ ...row, direction: null }));
  expect(judge(unknown).outcome).toMatchObject({ outcome: 'not-observable' });
});
