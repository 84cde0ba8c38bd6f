import { describe, expect, it } from 'vitest';
import {
  begin,
  end,
  exec,
  exit,
  exitMmap,
  fence,
  fork,
  insert,
  live,
} from '../../../test/run-lifetimes.ts';

const CLONE_THREAD = 0x10000;
const MM = 0x1000;

describe('what a fork made', () => {
  it('is told by clone_flags, where task_newtask was recorded', () => {
    const lived = live([
      [0, 1, fork(10)],
      [1, 10, exec('/bin/app', 10)],
      [2, 10, fork(11, CLONE_THREAD)],
      [2.01, 10, fork(11)],
      [3, 10, fork(12, 0)],
      [3.01, 10, fork(12)],
    ]);
    expect(lived.rows('task')).toMatchObject([
      { tid: 1 },
      { tid: 10, is_thread: 0, process_id: 2 },
      { tid: 11, is_thread: 1, process_id: 2, start_event: 3 },
      { tid: 12, is_thread: 0, process_id: 3 },
    ]);
  });

  it('is told by the invalidations of dup_mmap, where the mm is watched', () => {
    const lived = live([
      [0, 10, exec('/bin/app', 10)],
      [1, 10, insert(0x99, MM, 0, 4096)],
      [1.5, 10, begin(MM, 0, 4096)],
      [1.6, 10, end(MM, 0, 4096)],
      [2, 10, fork(11)],
      [300, 10, begin(MM, 0, 4096, { reason: 3 })],
      [310, 10, end(MM, 0, 4096)],
      [310.1, 10, fork(12)],
    ]);
    expect(lived.rows('task')).toMatchObject([
      { tid: 10 },
      { tid: 11, is_thread: 1, process_id: 1 },
      { tid: 12, is_thread: 0, process_id: 2 },
    ]);
  });

  it('is told by munmap and mprotect, which only touch the own mm', () => {
    const lived = live([
      [0, 10, insert(0x99, MM, 0, 4096)],
      [1, 11, begin(MM, 0, 4096, { reason: 1 })],
      [1.1, 11, end(MM, 0, 4096)],
      [2, 12, begin(MM, 0, 4096, { reason: 2 })],
      [2.1, 12, end(MM, 0, 4096)],
    ]);
    const [inserter, reclaimer, thread] = lived.rows('task');
    expect(thread).toMatchObject({ is_thread: 1, process_id: inserter?.process_id });
    expect(reclaimer?.process_id).not.toBe(inserter?.process_id);
  });

  it('stays unknown where nothing tells, and where events were lost around it', () => {
    const untold = live([
      [0, 10, exec('/bin/app', 10)],
      [1, 10, fork(11)],
    ]);
    expect(untold.rows('task')[1]).not.toHaveProperty('is_thread');
    const lossy = live(
      [
        [0, 10, exec('/bin/app', 10)],
        [1, 10, insert(0x99, MM, 0, 4096)],
        [1.5, 10, begin(MM, 0, 4096)],
        [2, 10, fork(11)],
      ],
      { losses: [[1.7e6, 1.8e6]] },
    );
    expect(lossy.rows('task')[1]).not.toHaveProperty('is_thread');
  });

  it('is known even where the clocks of two CPUs put the child before its fork', () => {
    const lived = live([
      [0, 10, exec('/bin/app', 10)],
      [1, 11, fence('init', '3:1')],
      [1.001, 10, fork(11, CLONE_THREAD)],
    ]);
    expect(lived.rows('task')).toMatchObject([{ tid: 10 }, { tid: 11, is_thread: 1 }]);
    expect(lived.row('fence')).toMatchObject({ owner_process_id: 1 });
  });

  it('is a process when it execs under its own tid', () => {
    const lived = live([
      [0, 10, fork(11)],
      [1, 11, exec('/bin/ls', 11)],
    ]);
    expect(lived.rows('process')[1]).toMatchObject({ pid: 11, execs: 1, comm: 'ls' });
  });
});

describe('the death of a process', () => {
  it('is not the exit of its leader while threads live on (before 6.16, no group_dead)', () => {
    const lived = live([
      [0, 1, fork(10)],
      [1, 10, exitMmap(0x500)],
      [2, 10, exec('/bin/app', 10)],
      [3, 10, fork(11)],
      [4, 10, exit()],
      [50, 11, exitMmap(MM)],
      [51, 11, exit()],
    ]);
    expect(lived.rows('process')).toMatchObject([
      { pid: 1 },
      { pid: 10, threads: 2, leader_exit_ts: 4e6, end_ts: 51e6, end_event: 7 },
      // what the thread was taken for before its exit
      { merged_into: 2, pid: 10, end_ts: 51e6 },
    ]);
    expect(lived.rows('task')[2]).toMatchObject({ tid: 11, is_thread: 1, process_id: 2 });
  });

  it('is what group_dead says (6.16 and later), where the exit precedes exit_mmap', () => {
    const lived = live([
      [0, 10, exec('/bin/app', 10)],
      [1, 10, fork(11)],
      [2, 10, exit(false)],
      [50, 11, exit(true)],
      [51, 11, exitMmap(MM)],
    ]);
    expect(lived.rows('process')[0]).toMatchObject({
      pid: 10,
      group_dead_known: 1,
      leader_exit_ts: 2e6,
      end_ts: 50e6,
    });
  });

  it('is the exit of its only thread, though a kworker runs exit_mmap later (mm pinned)', () => {
    const lived = live([
      [0, 10, exitMmap(0x500)],
      [1, 10, exec('/bin/app', 10)],
      [2, 10, exit()],
      [2000, 40, exitMmap(MM)],
    ]);
    expect(lived.rows('process')[0]).toMatchObject({ pid: 10, end_ts: 2e6 });
  });

  it('is unknown while a child lives that may be its thread and no mm is seen', () => {
    const lived = live([
      [0, 10, exec('/bin/app', 10)],
      [1, 10, fork(11)],
      [2, 10, exit()],
    ]);
    expect(lived.rows('process')[0]).not.toHaveProperty('end_ts');
  });

  it('is followed by the closing of its files, told by what the dead thread still does', () => {
    const lived = live([
      [0, 10, exec('/bin/app', 10)],
      [1, 10, fence('init', '3:1')],
      [2, 10, exit(true)],
      [2.2, 10, fence('signaled', '3:1')],
    ]);
    expect(lived.row('process')).toMatchObject({ end_ts: 2e6, files_closed_ts: 2.2e6 });
  });

  it('and not by what exit_mm drops, which comes in between since 6.16', () => {
    const lived = live([
      [0, 10, exitMmap(0x500)],
      [1, 10, exec('/bin/app', 10)],
      [2, 10, exit(true)],
      [2.1, 10, fence('destroy', '3:1')],
      [2.5, 10, exitMmap(MM)],
      [2.7, 10, fence('destroy', '3:2')],
    ]);
    expect(lived.row('process')).toMatchObject({ files_closed_ts: 2.7e6 });
  });

  it('remembers the SIGKILL', () => {
    const lived = live([
      [0, 10, exec('/bin/app', 10)],
      [1, 1, { kind: 'signal.deliver', signal: 9, target: 10 }],
      [2, 10, exit()],
    ]);
    expect(lived.rows('process')[0]).toMatchObject({ killed_ts: 1e6, end_ts: 2e6 });
  });
});

describe('numbers that come back', () => {
  it('one pid is two processes', () => {
    const lived = live([
      [0, 1, fork(10)],
      [1, 10, exec('/bin/a', 10)],
      [2, 10, fence('init', '22:1')],
      [3, 10, exit()],
      [300, 1, fork(10)],
      [301, 10, exec('/bin/b', 10)],
      [302, 10, fence('init', '23:1')],
      [310, 10, exit()],
    ]);
    expect(lived.rows('process').filter(({ pid }) => pid === 10)).toMatchObject([
      { generation: 0, comm: 'a', start_ts: 0, end_ts: 3e6 },
      { generation: 1, comm: 'b', start_ts: 300e6, end_ts: 310e6 },
    ]);
    expect(lived.rows('fence').map((row) => row.owner_process_id)).toEqual([2, 3]);
  });

  it('a thread that execs takes the tid of its leader', () => {
    const lived = live([
      [0, 10, exec('/bin/a', 10)],
      [1, 10, fork(11, CLONE_THREAD)],
      [2, 10, exit(false)],
      [3, 10, exec('/bin/b', 11)],
      [4, 10, exit(true)],
    ]);
    expect(lived.rows('process')).toMatchObject([{ pid: 10, execs: 2, end_ts: 4e6 }]);
  });
});
