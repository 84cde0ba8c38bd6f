/** Threads that stand behind mmap_lock, through the whole line: bytes, lifetimes, chains, detectors. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import { openStore } from '../src/store/reader.ts';
import { objectsOf } from './run-capture.ts';
import { runMain } from './run-main.ts';
import { DRIVER_PROBES, type Scenario, SVM_PROBES, scenario } from './scenario/scenario.ts';
import { scratch } from './scratch.ts';

const APP = { cpu: 0, tid: 100, comm: 'app' };
const FAULTER = { cpu: 1, tid: 101, comm: 'app:fault' };
const MM = 0xffff888004600000n;
const ms = (value: number): number => value * 1e6;

const lock = (made: Scenario, what: string, write: boolean, mm = MM): Scenario =>
  made.event(`mmap_lock:mmap_lock_${what}`, {
    mm,
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

const IDLE = { cpu: 2, tid: 0, comm: 'swapper/2' };
const take = (made: Scenario, write: boolean, mm = MM): Scenario =>
  lock(lock(made, 'start_locking', write, mm), 'acquire_returned', write, mm);
const KWORKER = { cpu: 1, tid: 40, comm: 'kworker/1:1' };
const START = 0x7f0000000000n;
const END = 0x7f0000010000n;
const PASID = 0x8064;

/**
 * munmap waits, with mmap_lock held, for a job; the device faults for that job, and the fault handler
 * asks for mmap_lock. The scheduler is given what happens until the end of the recording.
 */
function deviceBehindMunmap(kernel: '6.12' | '7.2'): Scenario {
  const mni = 0xffff888004560000n;
  const finished = { driver: 'drm_sched', timeline: 'gfx' };
  const named = { name: 'gfx', fence_context: 7, fence_seqno: 1 };
  const old = { name: 'gfx', id: 1, fence: 0xffff888004990000n };
  const job = (one: Scenario, what: 'queue' | 'run'): Scenario =>
    kernel === '7.2'
      ? one.event(`gpu_scheduler:drm_sched_job_${what}`, named)
      : one.event(`gpu_scheduler:${what === 'run' ? 'drm_run_job' : 'drm_sched_job'}`, old);
  let made = scenario({
    kernel,
    probes: [...SVM_PROBES, ...DRIVER_PROBES],
    enable: ['gpu_scheduler:*'],
  })
    .at(0, APP)
    .probe('mni_insert', { mni, mm: MM, start: START, len: END - START })
    .after(1000)
    .probe('mni_insert_ret', { ret: 0 });
  // a fault that is served: whose PASID it is, and that returns are recorded
  made = made.at(ms(1), KWORKER).probe('gpu_fault', { pasid: PASID, addr: START });
  made = take(made.after(1000), false)
    .after(1000)
    .probe('read_begin', { mni, start: START, last: END - 1n });
  made = made.after(1000).probe('read_begin_ret', { seq: 1 });
  made = lock(made.after(1000), 'released', false).probe('gpu_fault_ret', { ret: 0 });
  made = job(made.at(ms(5), APP).fence('init', 7, 1, finished), 'queue');
  made = job(made.at(ms(6), KWORKER), 'run');
  made = take(made.at(ms(10), APP), true);
  made = made
    .after(1000)
    .probe('inval_start', { mm: MM, start: START, end: END, event: 0, flags: 1 });
  made = made.after(1000).fence('wait_start', 7, 1, finished);
  made = made.at(ms(20), KWORKER).probe('gpu_fault', { pasid: PASID, addr: START + 4096n });
  return lock(made.after(1000), 'start_locking', false);
}

it('a fault of the job asks for the lock that munmap holds while it waits for the job: perhaps a deadlock', async () => {
  const made = deviceBehindMunmap('7.2').at(ms(9000), IDLE).fence('init', 9, 1);
  const { result } = await analyze(made.file(), { strict: true });
  const [hang] = result.findings.filter(({ detector }) => detector === 'invalidate-deadlock');
  expect(hang).toMatchObject({ severity: 'critical', confidence: 'likely', key: { pid: 100 } });
  expect(
    hang?.chain?.hops.map(({ object, relation, certainty }) => [object.kind, relation, certainty]),
  ).toEqual([
    ['invalidation', '', 'recorded'],
    ['fence', 'waits for', 'recorded'],
    ['job', 'is signalled by', 'recorded'],
    ['device_fault', 'may stand in', 'inferred'],
    ['lock_wait', 'waits for', 'recorded'],
    ['task', 'is held to write by', 'recorded'],
  ]);
  expect(hang?.chain?.end.kind).toBe('cycle');
  for (const hop of hang?.chain?.hops ?? []) expect(hop.evidence.length).toBeGreaterThan(0);
});

it('no deadlock is left where the fault got the lock in the end', async () => {
  let made = deviceBehindMunmap('7.2').at(ms(800), IDLE).fence('signaled', 7, 1);
  made = made
    .at(ms(801), APP)
    .fence('wait_end', 7, 1)
    .after(1000)
    .probe('inval_start_ret', { ret: 0 });
  made = lock(made.after(1000), 'released', true);
  made = lock(made.at(ms(802), KWORKER), 'acquire_returned', false);
  made = lock(made.after(1000), 'released', false).probe('gpu_fault_ret', { ret: 0 });
  const db = join(scratch(), 'trace.db');
  const { result } = await analyze(made.at(ms(9000), IDLE).fence('init', 9, 1).file(), {
    strict: true,
    db,
  });
  expect(result.findings.filter(({ detector }) => detector === 'invalidate-deadlock')).toEqual([]);
  // and yet, asked about an instant in between, why shows the ring
  const { stdout, code } = await runMain(['why', db, '--task', '40', '--at', '0.5']);
  expect(code).toBe(0);
  expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
    /kworker.* is inside the device fault.* waits for mmap_lock .* is held to write by app .* is inside .* waits for fence 7:1 .* perhaps a deadlock/,
  );
  const before = await runMain(['why', db, '--task', '40', '--at', '0.015']);
  expect(before.stdout).toContain('the trail is lost here');
});

const OTHER = 0xffff888004700000n;

/** Two threads that hold one mmap_lock each and ask for the other's; one of them in an invalidation. */
function crossed(): Scenario {
  let made = take(scenario({ kernel: '6.12', probes: SVM_PROBES }).at(0, APP), true);
  made = take(made.at(ms(1), FAULTER), true, OTHER);
  made = made
    .at(ms(2), APP)
    .probe('inval_start', { mm: MM, start: START, end: END, event: 0, flags: 1 });
  made = lock(made.after(1000), 'start_locking', false, OTHER);
  made = lock(made.at(ms(3), FAULTER), 'start_locking', false);
  // elsewhere locks are released: such events are recorded
  return lock(
    take(made.at(ms(4), KWORKER), false, 0xffff888004800000n),
    'released',
    false,
    0xffff888004800000n,
  );
}

async function deadlocks(made: Scenario) {
  const { result } = await analyze(made.at(ms(9000), IDLE).fence('init', 9, 1).file(), {
    strict: true,
  });
  return result.findings.filter(({ detector }) => detector === 'invalidate-deadlock');
}

it('two locks asked for crosswise are a deadlock, proven where both were seen to be taken', async () => {
  const probes = { kernel: '6.12', probes: SVM_PROBES } as const;
  // returns are recorded
  const returns = (made: Scenario) =>
    made
      .at(ms(5), KWORKER)
      .probe('inval_start', { mm: OTHER, start: START, end: END, event: 1, flags: 1 })
      .after(1000)
      .probe('inval_start_ret', { ret: 0 });
  const [proven] = await deadlocks(returns(crossed()));
  expect(proven).toMatchObject({ severity: 'critical', confidence: 'proven' });
  expect(proven?.chain?.end.kind).toBe('deadlock');
  // whose hold began before the recording is not known
  let cut = scenario(probes)
    .at(ms(2), APP)
    .probe('inval_start', { mm: MM, start: START, end: END, event: 0, flags: 1 });
  cut = lock(cut.after(1000), 'start_locking', false, OTHER);
  cut = lock(cut.at(ms(3), FAULTER), 'start_locking', false);
  cut = lock(
    take(cut.at(ms(4), KWORKER), false, 0xffff888004800000n),
    'released',
    false,
    0xffff888004800000n,
  );
  expect(await deadlocks(returns(cut))).toMatchObject([
    { severity: 'error', confidence: 'likely' },
  ]);
  // nor whether it was released, where events were lost since
  const lost = await deadlocks(
    returns(crossed()).loss(1, 9).at(ms(4000), KWORKER).fence('init', 8, 1),
  );
  expect(lost).toMatchObject([{ severity: 'critical', confidence: 'suspect' }]);
});
