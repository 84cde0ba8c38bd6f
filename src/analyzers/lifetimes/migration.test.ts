import { describe, expect, it } from 'vitest';
import { begin, exec, exit, live } from '../../../test/run-lifetimes.ts';
import type { OccurrenceData } from '../../kernel/occurrence.ts';

const MM = 0x1000;
const MIGRATE = { reason: 6 };
const setup = (direction: 'to device' | 'to system', start = 0x10000): OccurrenceData => ({
  kind: 'migrate_vma.setup',
  mm: undefined,
  start,
  end: start + 0x10000,
  from: direction === 'to device' ? 'system' : 'device',
  to: direction === 'to device' ? 'device' : 'system',
  cpuFault: direction === 'to system',
});
const over = (ret = 0): OccurrenceData => ({
  kind: 'migrate_vma.end',
  start: 0x10000,
  end: 0x20000,
  ret,
});

describe('pages moved by migrate_vma', () => {
  it('are those of the mm whose invalidation comes from inside', () => {
    const lived = live([
      [0, 10, exec('/bin/app', 10)],
      [1, 10, setup('to device')],
      [1.1, 10, begin(MM, 0x10000, 0x20000, MIGRATE)],
      [2, 10, over()],
      [3, 10, setup('to system')],
      [4, 10, over(-22)],
    ]);
    const [there, back] = lived.rows('migration');
    expect(there).toMatchObject({
      mm: MM,
      process_id: 1,
      bytes: 0x10000,
      direction: 'to device',
      end_ts: 2e6,
    });
    expect(there).not.toHaveProperty('ret');
    expect(back).toMatchObject({ direction: 'to system', reason: 'CPU fault', ret: -22 });
  });

  it('have no end where their thread exits', () => {
    const lived = live([
      [1, 10, setup('to device')],
      [2, 10, exit()],
      [3, 11, over()],
    ]);
    expect(lived.row('migration')).not.toHaveProperty('end_ts');
  });
});

it('ranges that KFD moves have nodes, of which 0 is system memory', () => {
  const range = {
    driver: 'amdkfd',
    pid: 10,
    start: 0x7f0000000000,
    bytes: 0x200000,
    from: 0,
    to: 0x3f,
    trigger: 1,
  };
  const lived = live([
    [0, 10, exec('/bin/app', 10)],
    [1, 10, { kind: 'migration.start', prefetch: undefined, preferred: undefined, ...range }],
    [3, 10, { kind: 'migration.end', error: 0, ...range }],
  ]);
  expect(lived.row('migration')).toMatchObject({
    source: 'amdkfd',
    process_id: 1,
    range_end: 0x7f0000200000,
    from_place: 'system',
    to_place: 'gpu 3f',
    direction: 'to device',
    reason: 'GPU fault',
    end_ts: 3e6,
  });
});

it('buffers move between places, without a copy not at all', () => {
  const move = (from: string, to: string, empty = false): OccurrenceData => ({
    kind: 'migration.buffer',
    source: 'xe',
    dev: undefined,
    object: 0xb0,
    bytes: 65536,
    from,
    to,
    empty,
  });
  const lived = live([
    [1, 10, move('system', 'VRAM', true)],
    [2, 10, move('VRAM', 'GTT')],
    [3, 10, move('GTT', 'system')],
  ]);
  const [evicted, swapped] = lived.rows('migration');
  expect(evicted).toMatchObject({ object: 0xb0, direction: 'to system', bytes: 65536 });
  expect(swapped).not.toHaveProperty('direction');
});
