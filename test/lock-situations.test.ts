/** Threads that stand behind mmap_lock, through the whole line: bytes, lifetimes, chains, detectors. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import { openStore } from '../src/store/reader.ts';
import { objectsOf } from './run-capture.ts';
import { type Scenario, SVM_PROBES, scenario } from './scenario/scenario.ts';
import { scratch } from './scratch.ts';

const APP = { cpu: 0, tid: 100, comm: 'app' };
const FAULTER = { cpu: 1, tid: 101, comm: 'app:fault' };
const MM = 0xffff888004600000n;
const ms = (value: number): number => value * 1e6;

const lock = (made: Scenario, what: string, write: boolean): Scenario =>
  made.event(`mmap_lock:mmap_lock_${what}`, {
    mm: MM,
    write,
    ...(what === 'acquire_returned' ? { success: true } : {}),
  });

/** An munmap that waits for a fence with mmap_lock held, and a page fault of another thread behind it. */
function munmapBehindFence(kernel: '6.1' | '6.12' | '7.2'): Scenario {
  let made = scenario({ kernel, probes: SVM_PROBES }).at(0, APP).fence('init', 7, 1).after(1000);
  made = lock(lock(made, 'start_locking', true), 'acquire_returned', true);
  made = made
    .after(1000)
    .probe('inval_start', { mm: MM, start: 0x10000, end: 0x20000, event: 0, flags: 1 })
    .after(1000)
    .fence('wait_start', 7, 1);
  made = lock(made.at(ms(5), FAULTER), 'start_locking', false);
  made = made.at(ms(400), { cpu: 2, tid: 0, comm: 'swapper/2' }).fence('signaled', 7, 1);
  made = made.at(ms(401), APP).fence('wait_end', 7, 1).after(1000);
  made = made.probe('inval_start_ret', { ret: 0 }).after(1000);
  made = made.probe('inval_end', { mm: MM, start: 0x10000, end: 0x20000 }).after(1000);
  made = lock(made, 'released', true);
  return lock(lock(made.at(ms(402), FAULTER), 'acquire_returned', false), 'released', false);
}

it.each(['6.1', '6.12', '7.2'] as const)(
  'a stall tells who stood behind it (%s)',
  async (kernel) => {
    const { result } = await analyze(munmapBehindFence(kernel).file(), { strict: true });
    const [stall] = result.findings.filter(({ detector }) => detector === 'invalidate-stall');
    expect(
      stall?.details.map(({ label, value }) => [label, 'value' in value && value.value]),
    ).toEqual(
      expect.arrayContaining([
        ['threads behind its mmap_lock meanwhile', 1],
        ['they waited', 'app:fault (pid 101) 396 ms'],
      ]),
    );
  },
);

it('reads the locks of a text recording, whose pointers are hashed', () => {
  const text = `# tracer: nop
#
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
             app-100     [000] .....     1.000000: mmap_lock_start_locking: mm=00000000a1b2c3d4 memcg_path=/ write=true
             app-100     [000] .....     1.000001: mmap_lock_acquire_returned: mm=00000000a1b2c3d4 memcg_path=/ write=true success=true
             two-101     [001] .....     1.001000: mmap_lock_start_locking: mm=00000000a1b2c3d4 memcg_path=/ write=false
           three-102     [001] .....     1.002000: contention_begin: 00000000deadbeef (flags=MUTEX)
           three-102     [001] .....     1.040000: contention_end: 00000000deadbeef (ret=0)
             app-100     [000] .....     1.050000: mmap_lock_released: mm=00000000a1b2c3d4 memcg_path=/ write=true
             two-101     [001] .....     1.050010: mmap_lock_acquire_returned: mm=00000000a1b2c3d4 memcg_path=/ write=false success=true
`;
  const file = join(scratch(), 'trace.txt');
  writeFileSync(file, text);
  const objects = objectsOf(file);
  expect(objects.rows('lock_wait')).toMatchObject(
    [
      { lock: '00000000a1b2c3d4', what: 'mmap_lock to read', mm: null, tid: 101, hold_id: 1 },
      { lock: '00000000deadbeef', what: 'mutex', mm: null, tid: 102, hold_id: null },
    ].toSorted((a, b) => b.tid - a.tid),
  );
  expect(objects.rows('lock_hold')).toMatchObject([{ mode: 'write', tid: 100, certain: 1 }]);
});

it('keeps no rows of page faults that meet no writer', async () => {
  let made = scenario({ kernel: '6.12' }).at(0, FAULTER);
  for (let n = 0; n < 10; n += 1) {
    for (const what of ['start_locking', 'acquire_returned', 'released']) {
      made = lock(made.after(1000), what, false);
    }
  }
  const db = join(scratch(), 'trace.db');
  await analyze(made.file(), { strict: true, db });
  const store = openStore(db);
  const count = (event: string) =>
    store.allNumbers(`SELECT count(*) AS rows FROM mmap_lock__mmap_lock_${event}`);
  expect(count('start_locking')).toEqual([{ rows: 0 }]);
  expect(count('acquire_returned')).toEqual([{ rows: 10 }]);
  expect(count('released')).toEqual([{ rows: 0 }]);
  store.close();
});
