import { expect, it } from 'vitest';
import { ms, type RowOf, s, view } from '../../../test/detector-view.ts';
import type { Chain } from './chain.ts';
import type { Place } from './step.ts';
import { waitChain } from './wait-for.ts';

const caller: RowOf = { pid: 821, comm: 'svmload', start_ts: 0 };
const other: RowOf = { pid: 900, comm: 'renderer', start_ts: 0 };
const stall: RowOf = {
  mm: 0x1000,
  tid: 821,
  process_id: 1,
  range_start: 0x10000,
  range_end: 0x20000,
  start_ts: ms(50),
  start_event: 5,
  sane: 1,
  source: 'probe',
};
const wait: RowOf = { fence_id: 1, invalidation_id: 1, tid: 821, start_ts: ms(51), start_event: 6 };
const fence: RowOf = {
  context: 6,
  seqno: 2,
  driver: 'gpu',
  timeline: 'gfx',
  first_ts: ms(10),
  init_ts: ms(10),
  init_event: 1,
  owner_tid: 821,
  owner_process_id: 1,
};
const job: RowOf = {
  fence_id: 1,
  ring: 'gfx',
  context: 6,
  seqno: 2,
  owner_tid: 821,
  owner_process_id: 1,
  queue_ts: ms(11),
  queue_event: 2,
};

const rows = (more: Readonly<Record<string, readonly RowOf[]>> = {}) => ({
  process: [caller, other],
  invalidation: [stall],
  fence_wait: [wait],
  fence: [fence],
  job: [job],
  ...more,
});

/** `invalidation fence job: stuck`. */
const path = (chain: Chain | undefined): string =>
  `${chain?.hops.map(({ object }) => `${object.kind} ${object.id}`).join(', ')}: ${chain?.end.kind}`;

const from = (
  kind: Place['kind'],
  tables: Readonly<Record<string, readonly RowOf[]>>,
  more: object = {},
  at = s(1),
) => waitChain(view({ rows: tables, end: s(2), ...more }), { kind, id: 1 }, at);

it('follows a stall to its fence, the job, and the hardware that does not finish it', () => {
  const chain = from('invalidation', rows({ job: [{ ...job, run_ts: ms(12), run_event: 3 }] }));
  expect(path(chain)).toBe('invalidation 1, fence 1, job 1: stuck');
  expect(chain?.end.text).toContain('988 ms after it was given it');
  expect(chain?.hops.map(({ evidence }) => evidence)).toEqual([[5], [1, 6], [2, 3]]);
  expect(chain?.hops.every(({ certainty }) => certainty === 'recorded')).toBe(true);
});

it('goes through a dependency to the fence of a dead process', () => {
  const chain = from(
    'invalidation',
    rows({
      process: [caller, { ...other, end_ts: ms(30), end_event: 9 }],
      fence: [
        fence,
        { ...fence, context: 9, seqno: 1, owner_tid: 900, owner_process_id: 2, init_event: 7 },
      ],
      job: [{ ...job, depends_fence_id: 2, depends_event: 4 }],
    }),
  );
  expect(path(chain)).toBe('invalidation 1, fence 1, job 1, fence 2: stuck');
  expect(chain?.end.text).toContain('its owner renderer (pid 900) had exited');
  expect(chain?.hops.at(-1)).toMatchObject({
    relation: 'may not run before',
    evidence: [4, 7, 9],
  });
});

it('closes the ring where the device waits for the end of the invalidation', () => {
  const asleep: RowOf = {
    mm: 0x1000,
    tid: 40,
    process_id: 1,
    range_start: 0x10000,
    range_end: 0x20000,
    attempts: 0,
    start_ts: ms(60),
    blocked_ts: ms(60),
    blocked_event: 8,
  };
  const chain = from('invalidation', rows({ job: [], range_fault: [asleep] }));
  expect(path(chain)).toBe('invalidation 1, fence 1, range_fault 1: cycle');
  expect(chain?.hops.at(-1)).toMatchObject({
    state: 'was asleep in mmu_interval_read_begin',
    certainty: 'inferred',
    evidence: [8],
  });
  // a fault that is only being retried says nothing of a fence without a job
  const retried = { ...asleep, blocked_ts: null, attempts: 3 };
  expect(path(from('invalidation', rows({ job: [], range_fault: [retried] })))).toBe(
    'invalidation 1, fence 1: stuck',
  );
});

it('does not go through a dependency that had signalled', () => {
  const done = { ...fence, context: 9, seqno: 1, signaled_ts: ms(20) };
  const chain = from('job', rows({ fence: [fence, done], job: [{ ...job, depends_fence_id: 2 }] }));
  expect(path(chain)).toBe('job 1: stuck');
  expect(chain?.end.text).toContain('its scheduler did not run it');
});

it('takes the job longest on the ring for what blocks those behind it, as inferred', () => {
  const chain = from(
    'job',
    rows({
      job: [
        job,
        { ...job, fence_id: null, context: 8, seqno: 1, run_ts: ms(20) },
        { ...job, fence_id: null, context: 7, seqno: 1, run_ts: ms(5) },
        { ...job, fence_id: null, ring: 'sdma', run_ts: ms(1) },
        { ...job, fence_id: null, run_ts: ms(2), done_ts: ms(3) },
      ],
    }),
  );
  expect(path(chain)).toBe('job 1, job 3: stuck');
  expect(chain?.hops[1]?.certainty).toBe('inferred');
});

it('says where the trail is lost and what would show it', () => {
  expect(path(from('invalidation', rows({ fence_wait: [] })))).toBe('invalidation 1: lost');
  const blind = from('fence', rows({ job: [] }), { observed: ['fence.init'] });
  expect(path(blind)).toBe('fence 1: lost');
  expect(blind?.end.enable).toContain('gpu_scheduler:*');
  const callback = { invalidation_id: 1, function: 'gpu_inval', start_ts: ms(52), start_event: 8 };
  const inside = from('invalidation', rows({ fence_wait: [], invalidation_callback: [callback] }));
  expect(inside?.end.text).toContain('driver callback gpu_inval');
});

it('never follows a fence whose number several live ones bear, or a container', () => {
  expect(path(from('fence', rows({ fence: [{ ...fence, ambiguous: 1 }] })))).toBe('fence 1: lost');
  expect(path(from('fence', rows({ fence: [{ ...fence, container: 1 }] })))).toBe('fence 1: lost');
});

it('sees at which instant it is asked', () => {
  const tables = rows({ fence: [{ ...fence, signaled_ts: ms(500), signaled_event: 8 }] });
  expect(path(from('fence', tables, {}, ms(499)))).toBe('fence 1, job 1: stuck');
  expect(path(from('fence', tables, {}, ms(500)))).toBe('fence 1: moving');
  const over = rows({ invalidation: [{ ...stall, return_ts: ms(600) }] });
  expect(path(from('invalidation', over, {}, ms(601)))).toBe('invalidation 1: moving');
});

it('stands behind the oldest unsignalled fence of the timeline where no job is known', () => {
  const older = { ...fence, seqno: 1, init_ts: ms(5), first_ts: ms(5), init_event: 0 };
  const chain = from('fence', rows({ job: [], fence: [fence, older] }));
  expect(path(chain)).toBe('fence 1, fence 2: stuck');
  const freedLater = { ...older, signaled_ts: s(2), destroy_ts: s(3) };
  const stood = from('fence', rows({ job: [], fence: [fence, freedLater] }));
  expect(path(stood)).toBe('fence 1, fence 2: stuck');
  const signalled = { ...older, signaled_ts: ms(9) };
  expect(path(from('fence', rows({ job: [], fence: [fence, signalled] })))).toBe('fence 1: stuck');
});

const fault: RowOf = {
  tid: 33,
  process_id: 1,
  mm: 0x1000,
  range_start: 0x10000,
  range_end: 0x11000,
  attempts: 90,
  start_ts: ms(60),
  start_event: 10,
};

it('calls a ring with an inferred link perhaps a deadlock, never one', () => {
  const chain = from(
    'invalidation',
    rows({ job: [{ ...job, run_ts: ms(12) }], range_fault: [fault] }),
  );
  expect(path(chain)).toBe('invalidation 1, fence 1, job 1, range_fault 1: cycle');
  expect(chain?.end.text).toMatch(/^perhaps a deadlock/);
});

it('calls a ring of recorded links a deadlock', () => {
  const loop = [
    { ...job, depends_fence_id: 2 },
    { ...job, fence_id: 2, context: 9, seqno: 1, depends_fence_id: 1 },
  ];
  const chain = from(
    'job',
    rows({ fence: [fence, { ...fence, context: 9, seqno: 1 }], job: loop }),
  );
  expect(path(chain)).toBe('job 1, fence 2, job 2, fence 1: deadlock');
  expect(chain?.end.text).toMatch(/^deadlock/);
});

it('names who keeps invalidating a range that is retried', () => {
  const chain = from('range_fault', {
    process: [caller],
    task: [{ tid: 821, process_id: 1, comm: 'svmload' }],
    range_fault: [{ ...fault, top_actor_tid: 821, colliding: 45, top_actor_reason: 2 }],
  });
  expect(path(chain)).toBe('range_fault 1: stuck');
  expect(chain?.end.text).toContain('svmload (pid 821) invalidated its range again and again');
});

it('goes through an invalidation that lasts, not through one of a storm', () => {
  const stormed = { ...fault, top_actor_tid: 821, colliding: 45, top_actor_reason: 2 };
  const during = (end: number) =>
    path(
      from('range_fault', {
        process: [caller],
        range_fault: [stormed],
        invalidation: [{ ...stall, start_ts: ms(900), end_ts: end }],
      }),
    );
  expect(during(ms(1001))).toBe('range_fault 1: stuck');
  expect(during(s(3))).toMatch(/^range_fault 1, invalidation 1/);
});

it('blames the loop, not those who invalidate, where the attempts could not win', () => {
  const chain = from('range_fault', {
    process: [caller],
    range_fault: [{ ...fault, stale: 80, top_actor_tid: 821, colliding: 45 }],
  });
  expect(path(chain)).toBe('range_fault 1: stuck');
  expect(chain?.end.text).toContain('80 of its attempts went on with the sequence number');
});

it('begins at a thread, and says so when it was inside nothing recorded', () => {
  const task: RowOf = { tid: 821, process_id: 1, comm: 'svmload', start_ts: 0 };
  expect(path(from('task', rows({ task: [task] })))).toBe(
    'task 1, invalidation 1, fence 1, job 1: stuck',
  );
  expect(path(from('task', { process: [caller], task: [task] }))).toBe('task 1: lost');
  expect(path(from('task', { process: [caller], task: [{ ...task, end_ts: ms(3) }] }))).toBe(
    'task 1: stuck',
  );
});

it('knows no chain of an object that is not there', () => {
  expect(from('fence', {})).toBeUndefined();
});

it('calls a ring whose last link is inferred no deadlock, though all before it are recorded', () => {
  const later = { ...fence, seqno: 3, init_ts: ms(20), first_ts: ms(20) };
  const chain = from('fence', {
    process: [caller],
    fence: [fence, later],
    job: [{ ...job, depends_fence_id: 2 }],
  });
  expect(path(chain)).toBe('fence 1, job 1, fence 2: cycle');
  expect(chain?.hops.every(({ certainty }) => certainty === 'recorded')).toBe(true);
  expect(chain?.end.text).toMatch(/^perhaps a deadlock/);
});

const holder: RowOf = {
  lock: '0x1000',
  mode: 'write',
  tid: 900,
  process_id: 2,
  certain: 1,
  lossy: 0,
  start_ts: ms(40),
  start_event: 20,
};
const wanted: RowOf = {
  lock: '0x1000',
  what: 'mmap_lock to read',
  mm: 0x1000,
  tid: 821,
  process_id: 1,
  hold_id: 1,
  failed: 0,
  start_ts: ms(50),
  start_event: 21,
};
const two: RowOf[] = [
  { tid: 821, process_id: 1 },
  { tid: 900, process_id: 2 },
];
const behindLock = (more: Readonly<Record<string, readonly RowOf[]>> = {}) => ({
  process: [caller, other],
  task: two,
  lock_wait: [wanted],
  lock_hold: [holder],
  address_space: [{ mm: 0x1000, process_id: 2 }],
  ...more,
});

it('goes from a lock to its holder, and on to what that one waits for', () => {
  const chain = from(
    'task',
    behindLock({
      invalidation: [{ ...stall, tid: 900, process_id: 2 }],
      fence_wait: [{ ...wait, tid: 900 }],
      fence: [fence],
    }),
  );
  expect(path(chain)).toBe('task 1, lock_wait 1, task 2, invalidation 1, fence 1: stuck');
  expect(chain?.hops.every(({ certainty }) => certainty === 'recorded')).toBe(true);
  expect(chain?.hops[1]).toMatchObject({
    relation: 'waits for',
    state: 'was asked for to read',
    object: { label: 'mmap_lock of renderer (pid 900)' },
    evidence: [21],
  });
  expect(chain?.hops[2]).toMatchObject({ relation: 'is held to write by', evidence: [20] });
});

it('is a deadlock where two threads hold what the other waits for, and both were seen to take it', () => {
  const back = { ...wanted, lock: '0x2000', mm: 0x2000, tid: 900, start_event: 31 };
  const theirs = { ...holder, lock: '0x2000', tid: 821, process_id: 1, start_event: 30 };
  const ring = behindLock({ lock_wait: [wanted, back], lock_hold: [holder, theirs] });
  expect(path(from('task', ring))).toBe('task 1, lock_wait 1, task 2, lock_wait 2: deadlock');
  for (const unsure of [{ certain: 0 }, { lossy: 1 }]) {
    const doubtful = { ...ring, lock_hold: [holder, { ...theirs, ...unsure }] };
    expect(from('task', doubtful)?.end.kind).toBe('cycle');
  }
  const loss = {
    losses: [{ buffer: 0, cpu: 0, from: ms(60), to: ms(61), events: 1, kind: 'dropped' }],
  };
  expect(from('task', ring, loss)?.end.kind).toBe('cycle');
});

it('is lost at a lock whose holder nobody saw', () => {
  const blind = { observed: ['mmap_lock.wait'] };
  const unseen = from('task', behindLock({ lock_hold: [] }), blind);
  expect(unseen?.end).toMatchObject({
    kind: 'lost',
    enable: ['mmap_lock:mmap_lock_acquire_returned', 'mmap_lock:mmap_lock_released'],
  });
  const before = from('task', behindLock({ lock_hold: [] }));
  expect(before?.end).toMatchObject({ kind: 'lost', enable: [] });
  const mutex = behindLock({ lock_wait: [{ ...wanted, what: 'mutex', mm: null }], lock_hold: [] });
  expect(from('task', mutex)?.end.text).toContain('no event tells who holds a mutex');
});

it('asks who holds a lock at that very instant', () => {
  const handed = behindLock({
    lock_hold: [
      { ...holder, end_ts: ms(300) },
      { ...holder, tid: 950, start_ts: ms(300), start_event: 25 },
    ],
    task: [...two, { tid: 950 }],
  });
  expect(path(from('task', handed, {}, ms(200)))).toBe('task 1, lock_wait 1, task 2: lost');
  expect(path(from('task', handed, {}, ms(400)))).toBe('task 1, lock_wait 1, task 3: lost');
  const got = behindLock({ lock_wait: [{ ...wanted, end_ts: ms(300) }] });
  expect(path(from('task', got, {}, ms(400)))).toBe('task 1: lost');
});

it('finds the lock inside of an invalidation and of a range fault', () => {
  const inside = behindLock({
    invalidation: [stall],
    lock_wait: [{ ...wanted, start_ts: ms(51) }],
  });
  expect(path(from('invalidation', inside))).toBe('invalidation 1, lock_wait 1, task 2: lost');
  const fault: RowOf = { tid: 821, attempts: 1, start_ts: ms(45), start_event: 12 };
  const faulting = behindLock({ range_fault: [fault] });
  expect(path(from('range_fault', faulting))).toBe('range_fault 1, lock_wait 1, task 2: lost');
});

const handler: RowOf = {
  function: 'handle_pagefault',
  source: 'probe',
  tid: 40,
  process_id: 1,
  pasid: 7,
  address: 0x11000,
  start_ts: ms(60),
  start_event: 40,
};
/** Its returns are recorded. */
const servedBefore: RowOf = { ...handler, start_ts: ms(1), end_ts: ms(2), ret: 0 };
const onHardware: RowOf = { ...job, run_ts: ms(12), run_event: 3 };

it('goes from a job on the hardware to the fault of its owner that is not served, and round', () => {
  const ring = rows({
    process: [caller, other, { pid: 40, comm: 'kworker/u4:1' }],
    task: [
      { tid: 821, process_id: 1 },
      { tid: 40, process_id: 3 },
    ],
    job: [onHardware],
    device_fault: [handler, servedBefore],
    lock_wait: [{ ...wanted, tid: 40, process_id: 3, start_ts: ms(61) }],
    lock_hold: [{ ...holder, tid: 821, process_id: 1 }],
  });
  const chain = from('invalidation', ring);
  expect(path(chain)).toBe(
    'invalidation 1, fence 1, job 1, device_fault 1, lock_wait 1, task 1: cycle',
  );
  expect(chain?.hops.map(({ certainty }) => certainty)).toEqual([
    ...['recorded', 'recorded', 'recorded', 'inferred', 'recorded', 'recorded'],
  ]);
});

it('takes no fault of another process, from before the job, or over, for that of the job', () => {
  const beside = (more: RowOf) =>
    path(
      from(
        'job',
        rows({ job: [onHardware], device_fault: [{ ...handler, ...more }, servedBefore] }),
      ),
    );
  expect(beside({})).toBe('job 1, device_fault 1: lost');
  for (const more of [{ process_id: 2 }, { start_ts: ms(5) }, { end_ts: ms(90) }]) {
    expect(beside(more)).toBe('job 1: stuck');
  }
});

it('goes to a page request nobody answered, and to who serves it', () => {
  const request: RowOf = {
    dev: '0000:03:00.0',
    pasid: 7,
    address: 0x11000,
    process_id: 1,
    start_ts: ms(55),
    start_event: 39,
  };
  const asked = { job: [onHardware], page_request: [request] };
  const chain = from('job', rows(asked));
  expect(path(chain)).toBe('job 1, page_request 1: lost');
  expect(chain?.hops[1]).toMatchObject({
    relation: 'may stand in',
    state: 'was not answered',
    object: { label: 'the page request of 0000:03:00.0 for 0x11000 (PASID 7)' },
    evidence: [39],
  });
  const answered = { ...asked, page_request: [{ ...request, end_ts: ms(70) }] };
  expect(path(from('job', rows(answered)))).toBe('job 1: stuck');
  const superseded = { ...asked, page_request: [{ ...request, superseded: 1 }] };
  expect(path(from('job', rows(superseded)))).toBe('job 1: stuck');
  const sure = { ...handler, process_id: null, end_ts: s(3) };
  expect(path(from('job', rows({ ...asked, device_fault: [sure] })))).toBe(
    'job 1, page_request 1, device_fault 1: lost',
  );
});

it('goes from a range fault to the migration of its pages, and what that one is inside of', () => {
  const fault: RowOf = {
    tid: 40,
    mm: 0x1000,
    range_start: 0x10000,
    range_end: 0x20000,
    attempts: 1,
    start_ts: ms(45),
    start_event: 12,
  };
  const moves: RowOf = {
    source: 'migrate_vma',
    tid: 900,
    mm: 0x1000,
    range_start: 0x18000,
    range_end: 0x28000,
    direction: 'to device',
    reason: null,
    start_ts: ms(46),
    start_event: 13,
    end_ts: s(2),
  };
  const task = [{ tid: 900, comm: 'renderer' }];
  const tables = rows({ range_fault: [fault], invalidation: [], migration: [moves], task });
  const chain = from('range_fault', tables);
  expect(path(chain)).toBe('range_fault 1, migration 1: lost');
  expect(chain?.hops[1]).toMatchObject({
    relation: 'may meet pages of',
    certainty: 'inferred',
    state: 'was under way to device',
    object: { label: 'the migration of 0x18000-0x28000 by renderer (pid 900)' },
  });
  for (const more of [{ range_start: 0x20000 }, { mm: 0x2000 }, { end_ts: ms(90) }]) {
    const none = { ...tables, migration: [{ ...moves, ...more }] };
    expect(path(from('range_fault', none))).not.toContain('fault 1, migration');
  }
  // its own, which faults in what it collects
  const own = from('range_fault', { ...tables, migration: [{ ...moves, tid: 40 }] });
  expect(own?.hops[1]).toMatchObject({ relation: 'is inside', certainty: 'recorded' });
});

it('goes inwards from what a thread began first: reclaim, the invalidation in it, its fence', () => {
  const reclaiming: RowOf = {
    what: 'direct reclaim',
    tid: 821,
    process_id: 1,
    start_ts: ms(48),
    start_event: 4,
    end_ts: s(2),
  };
  const tables = rows({ reclaim: [reclaiming], task: two });
  expect(path(from('task', tables))).toBe(
    'task 1, reclaim 1, invalidation 1, fence 1, job 1: stuck',
  );
  // memory that is allocated inside of a notifier
  const within = rows({
    fence_wait: [],
    reclaim: [{ ...reclaiming, start_ts: ms(52) }],
    task: two,
  });
  expect(path(from('task', within))).toBe('task 1, invalidation 1, reclaim 1: lost');
});

it('is lost at a wait for fences that nothing names', () => {
  const unnamed = rows({ fence_wait: [{ ...wait, fence_id: null }] });
  const chain = from('invalidation', unnamed);
  expect(path(chain)).toBe('invalidation 1, fence_wait 1: lost');
  expect(chain?.end.enable).toContain('dma_fence:dma_fence_wait_start');
});

it('tells at least what the scheduler knows, where the trail is lost', () => {
  const sleep = (state: string, more: RowOf = {}): RowOf => ({
    tid: 821,
    state,
    start_ts: ms(70),
    start_event: state === 'D' ? 50 : null,
    ...more,
  });
  const asleep = (one: RowOf, at = s(1)) =>
    from('task', { process: [caller], task: two, task_sleep: [one] }, {}, at);
  expect(asleep(sleep('D'))).toMatchObject({
    hops: [{ state: 'was asleep, uninterruptibly (D)', since: ms(70), evidence: [50] }],
    end: { kind: 'lost', text: 'what it slept for was not recorded' },
  });
  expect(asleep(sleep('R'))?.end).toMatchObject({ kind: 'stuck', text: 'it was given no CPU' });
  expect(asleep(sleep('S', { end_ts: ms(900) }))?.end.text).toBe(
    'it ran, or slept too shortly to matter',
  );
  const blind = { observed: ['fence.init'] };
  const unseen = from('task', { process: [caller], task: two }, blind);
  expect(unseen?.end).toMatchObject({
    kind: 'lost',
    enable: ['sched:sched_switch', 'mmap_lock:*'],
  });
  const inside = rows({ fence_wait: [], task_sleep: [sleep('D')] });
  expect(from('invalidation', inside)?.end.text).toBe(
    'its thread was asleep, uninterruptibly (D): what it slept for was not recorded',
  );
});

it('takes any dependency that is pending, not only the one named first', () => {
  const fences = [
    fence,
    { ...fence, context: 9, seqno: 1, signaled_ts: ms(100) },
    { ...fence, context: 9, seqno: 2 },
  ];
  const chain = from(
    'job',
    rows({
      fence: fences,
      job: [{ ...job, depends_fence_id: 2, depends_event: 4 }],
      job_dependency: [
        { job_id: 1, fence_id: 2, start_event: 4 },
        { job_id: 1, fence_id: 3, start_event: 5, blocked_event: 15 },
      ],
    }),
  );
  expect(path(chain)).toContain('job 1, fence 3');
  expect(chain?.hops[1]?.evidence).toContain(15);
});

it('goes from a fence to the one its driver says it waits for', () => {
  const other9 = { ...fence, context: 9, seqno: 1 };
  const says = { fence_id: 1, on_fence_id: 2, start_ts: ms(20), start_event: 16 };
  const tables = rows({ job: [], fence: [fence, other9], fence_dependency: [says] });
  const chain = from('fence', tables);
  expect(path(chain)).toMatch(/^fence 1, fence 2: /);
  expect(chain?.hops[1]).toMatchObject({
    relation: 'will not signal before',
    certainty: 'recorded',
    evidence: [1, 16],
  });
  // not yet said, and no longer pending
  expect(path(from('fence', tables, {}, ms(15)))).toMatch(/^fence 1: /);
  const done = { ...tables, fence: [fence, { ...other9, signaled_ts: ms(30) }] };
  expect(path(from('fence', done))).toMatch(/^fence 1: /);
});
