import { describe, expect, it } from 'vitest';
import {
  begin,
  end,
  exec,
  exit,
  exitMmap,
  fork,
  insert,
  live,
} from '../../../test/run-lifetimes.ts';

const OLD = 0x500;
const MM = 0x1000;

describe('exit_mmap', () => {
  it('at an exec ends the old mm, not the process', () => {
    const lived = live([
      [0, 10, exitMmap(OLD)],
      [1, 10, exec('/bin/app', 10)],
      [2, 10, insert(0x99, MM, 0, 4096)],
      [9, 10, exitMmap(MM)],
      [10, 10, exit()],
    ]);
    expect(lived.rows('address_space')).toMatchObject([
      { mm: OLD, end_reason: 'exec', end_ts: 0, pid: 10 },
      { mm: MM, end_reason: 'exit', start_ts: 1e6, end_ts: 9e6, end_tid: 10 },
    ]);
  });

  it('after the exit (6.16 and later) has the same reason', () => {
    const lived = live([
      [0, 10, exec('/bin/app', 10)],
      [1, 10, insert(0x99, MM, 0, 4096)],
      [9, 10, exit(true)],
      [10, 10, { kind: 'mm.release', mm: MM }],
      [11, 10, exitMmap(MM)],
    ]);
    expect(lived.row('address_space')).toMatchObject({
      end_reason: 'exit',
      release_ts: 10e6,
      release_event: 4,
      end_ts: 11e6,
    });
  });

  it.each([0, 0x40])(
    'is found by the maple tree in it, as text prints it, %i bytes behind its start',
    (offset) => {
      const [dead, lives] = [0x1000, 0x1500];
      const lived = live(
        [
          [0, 10, insert(0x99, dead, 0, 4096)],
          [1, 11, insert(0x98, lives, 0, 4096)],
          [2, 10, exit()],
          [2000, 40, { kind: 'mm.exit', mm: undefined, maple: dead + offset }],
          [2001, 40, { kind: 'mm.exit', mm: undefined, maple: dead + 0x200 }],
        ],
        { comms: { 40: 'kworker/2:1' } },
      );
      expect(lived.rows('address_space')).toMatchObject([
        { pid: 10, end_ts: 2000e6, end_reason: 'other-task' },
        { pid: 11 },
      ]);
      expect(lived.rows('address_space')[1]).not.toHaveProperty('end_ts');
    },
  );

  it('by a kworker is told apart: somebody held mm_users', () => {
    const lived = live(
      [
        [0, 10, exec('/bin/app', 10)],
        [1, 10, insert(0x99, MM, 0, 4096)],
        [2, 10, exit()],
        [2000, 40, exitMmap(MM)],
      ],
      { comms: { 40: 'kworker/2:1' } },
    );
    expect(lived.row('address_space')).toMatchObject({
      pid: 10,
      end_reason: 'other-task',
      end_tid: 40,
    });
  });

  it('by a thread from before the capture is no other task: it may be of the group', () => {
    const lived = live([
      [0, 10, insert(0x99, MM, 0, 4096)],
      [5, 11, exitMmap(MM)],
      [6, 11, exit()],
    ]);
    expect(lived.row('address_space')).toMatchObject({ pid: 10, end_reason: 'exit', end_tid: 11 });
  });

  it('by a probe fires at its entry: the release inside it is of the same mm', () => {
    const lived = live([
      [0, 10, exec('/bin/app', 10)],
      [1, 10, insert(0x99, MM, 0, 4096)],
      [5, 10, exitMmap(MM)],
      [5.1, 10, { kind: 'mm.release', mm: MM }],
      [5.2, 10, begin(MM, 0, 4096)],
      [5.3, 10, end(MM, 0, 4096)],
      [6, 10, exit()],
    ]);
    expect(lived.row('address_space')).toMatchObject({ end_ts: 5e6, release_ts: 5.1e6 });
  });

  it('by tracepoint and by probe is one', () => {
    const lived = live([
      [0, 10, exec('/bin/app', 10)],
      [5, 10, exitMmap(MM)],
      [5.1, 10, exitMmap(MM)],
    ]);
    expect(lived.rows('address_space')).toHaveLength(1);
  });
});

describe('an mm pointer', () => {
  it('used again is another address space', () => {
    const lived = live([
      [0, 10, exec('/bin/a', 10)],
      [1, 10, insert(0x99, MM, 0, 4096)],
      [2, 10, exitMmap(MM)],
      [2.1, 10, exit()],
      [3, 20, exec('/bin/b', 20)],
      [3.1, 20, insert(0x98, MM, 0, 4096)],
      [4, 20, exitMmap(MM)],
    ]);
    expect(lived.rows('address_space')).toMatchObject([
      { generation: 0, pid: 10, end_ts: 2e6 },
      { generation: 1, pid: 20, start_ts: 3e6 },
    ]);
  });

  it('is told apart without exit_mmap too, once it was released', () => {
    const lived = live([
      [0, 10, exec('/bin/a', 10)],
      [1, 10, insert(0x99, MM, 0, 4096)],
      [2, 10, { kind: 'mm.release', mm: MM }],
      [2.1, 10, begin(MM, 0, 4096)],
      [2.2, 10, end(MM, 0, 4096)],
      [3, 20, exec('/bin/b', 20)],
      [3.1, 20, insert(0x98, MM, 0, 4096)],
    ]);
    expect(lived.rows('address_space').map((row) => row.pid)).toEqual([10, 20]);
  });

  it('used again by the same process after an exec is another one', () => {
    const lived = live([
      [0, 1, fork(10)],
      [1, 10, exitMmap(MM)],
      [2, 10, exec('/bin/a', 10)],
      [9, 10, exit(true)],
      [9.5, 10, exitMmap(MM)],
    ]);
    expect(lived.rows('address_space').map((row) => row.end_reason)).toEqual(['exec', 'exit']);
  });

  it('is freed long after its end where somebody holds mm_count', () => {
    const lived = live([
      [0, 10, exec('/bin/a', 10)],
      [1, 10, insert(0x99, MM, 0, 4096)],
      [2, 10, exitMmap(MM)],
      [3100, 8, { kind: 'mm.drop', mm: MM }],
    ]);
    expect(lived.row('address_space')).toMatchObject({ end_ts: 2e6, drop_ts: 3100e6 });
  });
});

it('belongs to who bound it, not to the kernel thread that reclaims from it', () => {
  const lived = live(
    [
      [0, 30, begin(MM, 0, 4096, { reason: 1 })],
      [0.1, 30, end(MM, 0, 4096)],
      [1, 10, insert(0x99, MM, 0, 4096)],
    ],
    { comms: { 30: 'khugepaged', 10: 'app' } },
  );
  expect(lived.row('address_space')).toMatchObject({ pid: 10 });
});
