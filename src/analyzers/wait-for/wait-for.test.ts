import { expect, it } from 'vitest';
import { ms, type RowOf, s, view } from '../../../test/detector-view.ts';
import type { Chain } from './chain.ts';
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
  kind: 'invalidation' | 'fence' | 'job' | 'task' | 'range_fault',
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
