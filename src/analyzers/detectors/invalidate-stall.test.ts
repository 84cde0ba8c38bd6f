import { expect, it } from 'vitest';
import { ms, type RowOf, run, s } from '../../../test/detector-view.ts';
import { invalidateStall } from './invalidate-stall.ts';

const process: RowOf = { pid: 821, comm: 'svmload', start_ts: 0 };
const stall: RowOf = {
  mm: -71776119061217280n,
  tid: 821,
  process_id: 1,
  range_start: 0x7f26d6edc000,
  range_end: 0x7f26d6ede000,
  reason: 2,
  start_ts: ms(50),
  start_event: 34,
  return_ts: ms(462),
  return_event: 42,
  end_ts: ms(463),
  end_event: 43,
  callback_ns: ms(411),
  callbacks: 1,
  callback_function: 'sl_invalidate',
  wait_ns: ms(410),
  longest_wait_id: 1,
  longest_wait_ns: ms(410),
  sane: 1,
  lossy: 0,
  source: 'probe',
};
const wait: RowOf = {
  fence_id: 1,
  invalidation_id: 1,
  tid: 821,
  start_ts: ms(51),
  end_ts: ms(461),
  start_event: 37,
  end_event: 40,
  gave_up: 0,
};
const fence: RowOf = { context: 6, seqno: 2, driver: 'svmlab', timeline: 'svmlab-ring0' };

const judge = (invalidation: RowOf, more: object = {}) =>
  run(invalidateStall, {
    rows: { process: [process], invalidation: [invalidation], fence_wait: [wait], fence: [fence] },
    ...more,
  }).findings;

it('names caller, range, duration and the fence waited for', () => {
  const [finding] = judge(stall);
  expect(finding).toMatchObject({
    severity: 'warn',
    confidence: 'proven',
    summary:
      'An invalidation by svmload (pid 821) on 0x7f26d6edc000-0x7f26d6ede000 (PROTECTION_VMA) was held up 412 ms in invalidate_range_start: it waited 410 ms for fence 6:2 (svmlab svmlab-ring0).',
    evidence: [34, 37, 40, 42, 43],
    key: { pid: 821, tid: 821, mm: '0xff01000000000000', start: '0x7f26d6edc000', event: 2 },
  });
});

it('splits the time into fence waits, callbacks besides and the rest', () => {
  const parts = (more: RowOf): unknown[] =>
    (judge({ ...stall, ...more })[0]?.details ?? []).flatMap(({ label, value }) =>
      /^in (fence waits|callbacks besides|neither)$/.test(label) && value.type === 'duration'
        ? [[label, value.ns]]
        : [],
    );
  expect(parts({})).toEqual([
    ['in fence waits', ms(410)],
    ['in callbacks besides', ms(1)],
    ['in neither', ms(1)],
  ]);
  // without a probe on callbacks nothing is said of them
  expect(parts({ callbacks: 0, callback_ns: 0 })).toEqual([
    ['in fence waits', ms(410)],
    ['in neither', ms(2)],
  ]);
  expect(parts({ return_ts: null })).toEqual([]);
});

it('is silent below 10 ms and an error from 1 s on', () => {
  expect(judge({ ...stall, return_ts: ms(59) })).toEqual([]);
  const long = { ...stall, return_ts: s(6), longest_wait_ns: s(5) };
  expect(judge(long, { end: s(10) })).toMatchObject([{ severity: 'error' }]);
});

it('judges by the limits it is given', () => {
  const limits = new Map((invalidateStall.meta.thresholds ?? []).map((one) => [one, s(1)]));
  expect(judge(stall, { limits })).toEqual([]);
});

it('names the callback and no fence when the wait is an innocent short one', () => {
  const [finding] = judge({ ...stall, longest_wait_ns: 30_000, wait_ns: 30_000 });
  expect(finding?.summary).toContain('driver callback sl_invalidate, not in a fence wait');
  expect(finding?.objects.some(({ kind }) => kind === 'fence')).toBe(false);
});

it('takes a stall without wait and callback for preemption: info and suspect', () => {
  const bare = { ...stall, callback_ns: 0, wait_ns: 0, longest_wait_id: null, longest_wait_ns: 0 };
  expect(judge(bare)).toMatchObject([{ severity: 'info', confidence: 'suspect' }]);
});

it('does not call it preemption when neither waits nor callbacks were recorded', () => {
  const bare = { ...stall, callback_ns: 0, wait_ns: 0, longest_wait_id: null, longest_wait_ns: 0 };
  const [finding] = judge(bare, { observed: ['invalidation.begin'] });
  expect(finding).toMatchObject({ severity: 'warn', confidence: 'suspect' });
  expect(finding?.summary).toContain('neither fence waits nor driver callbacks were recorded');
});

it('keeps duration and fence but says nothing of mm and range when the offsets are wrong', () => {
  const [finding] = judge({ ...stall, sane: 0 });
  expect(finding?.key).toEqual({ pid: 821, tid: 821 });
  expect(finding?.confidence).toBe('proven');
  expect(finding?.summary).not.toMatch(/0x|PROTECTION/);
});

it('never gives a duration where the clock counts ticks', () => {
  const [finding] = judge(stall, { clock: 'ticks' });
  expect(finding).toMatchObject({ severity: 'info', confidence: 'suspect' });
  expect(finding?.summary).not.toMatch(/\d m?s\b/);
  expect(finding?.details.some(({ value }) => value.type === 'duration')).toBe(false);
});

it('takes an end without a return for an upper bound', () => {
  const [finding] = judge({ ...stall, return_ts: null, return_event: null, source: 'function' });
  expect(finding?.confidence).toBe('likely');
  expect(finding?.summary).toContain('was held up at most 413 ms');
});

const open = { ...stall, return_ts: null, return_event: null, end_ts: null, end_event: null };

it('reports one that had not returned when the recording ended', () => {
  expect(judge(open)[0]?.summary).toContain('had been held up 950 ms');
});

it.each([
  [
    'another invalidation of the thread',
    { invalidation: [open, { ...stall, start_ts: ms(900), return_ts: ms(901) }] },
  ],
  ['the exit of the thread', { invalidation: [open], task: [{ tid: 821, end_ts: ms(900) }] }],
  [
    'the end of the mm',
    {
      invalidation: [{ ...open, address_space_id: 1 }],
      address_space: [{ mm: 1, end_ts: ms(900) }],
    },
  ],
])(
  'knows from %s that a return was not recorded, and claims no more than the wait inside',
  (_, rows) => {
    const tables = { process: [process], fence_wait: [wait], fence: [fence], ...rows };
    const { findings } = run(invalidateStall, { rows: tables });
    expect(findings).toMatchObject([{ confidence: 'likely', to: ms(461) }]);
    expect(findings[0]?.summary).toContain('was held up at least 411 ms');
  },
);

it('says of a system call around a fence wait only that it may hold an invalidation', () => {
  const [finding] = judge({ ...stall, source: 'syscall' });
  expect(finding).toMatchObject({ severity: 'warn', confidence: 'suspect' });
  expect(finding?.summary).toContain('took 412 ms, perhaps in an invalidation');
});

it('claims less when events were lost meanwhile, and no wait in vain', () => {
  expect(judge({ ...stall, lossy: 1 })[0]?.confidence).toBe('likely');
  const summary = (lossy: number): string | undefined =>
    run(invalidateStall, {
      rows: {
        process: [process],
        invalidation: [stall],
        fence_wait: [{ ...wait, gave_up: 1, lossy }],
        fence: [fence],
      },
    }).findings[0]?.summary;
  expect(summary(0)).toContain('in vain');
  expect(summary(1)).not.toContain('in vain');
});

it('calls no wait vain where only one task was recorded, unless its return value says so', () => {
  const summary = (ret: number | null): string | undefined =>
    run(invalidateStall, {
      rows: {
        process: [process],
        invalidation: [stall],
        fence_wait: [{ ...wait, gave_up: 1, ret }],
        fence: [fence],
      },
      perTask: true,
    }).findings[0]?.summary;
  expect(summary(null)).toContain('waited 410 ms for fence 6:2');
  expect(summary(0)).toContain('in vain');
});

it('says that the end of an address space stood still, not an invalidation of everything', () => {
  const [finding] = judge({ ...stall, source: 'release', range_start: 0, reason: 5 });
  expect(finding?.summary).toBe(
    'The release of memory by svmload (pid 821) was held up 412 ms in __mmu_notifier_release: it waited 410 ms for fence 6:2 (svmlab svmlab-ring0).',
  );
});

it('raises a stalled kswapd: reclaim of the whole machine waits', () => {
  const rows = {
    process: [{ ...process, comm: 'kswapd0' }],
    invalidation: [stall],
    fence_wait: [wait],
    fence: [fence],
  };
  expect(run(invalidateStall, { rows }).findings).toMatchObject([{ severity: 'error' }]);
});

it('cannot decide without a record of invalidations', () => {
  const { outcome } = run(invalidateStall, { observed: ['fence.wait_start'] });
  expect(outcome.outcome).toBe('not-observable');
  expect(outcome.enable?.join()).toContain('__mmu_notifier_invalidate_range_start');
});

const lockWait: RowOf = {
  lock: '0x5000',
  what: 'mutex',
  tid: 821,
  start_ts: ms(60),
  start_event: 35,
  end_ts: ms(460),
  end_event: 41,
};
const others: RowOf[] = [process, { pid: 900, comm: 'renderer' }];
const hold: RowOf = {
  lock: '0x1000',
  mode: 'write',
  tid: 821,
  process_id: 1,
  certain: 1,
  lossy: 0,
  start_ts: ms(40),
  start_event: 30,
  end_ts: ms(470),
};

it('names a lock it waited for inside, and who held it', () => {
  const slept = { ...stall, wait_ns: 0, longest_wait_id: null, longest_wait_ns: null };
  const mutex = judge(slept, {
    rows: { process: [process], invalidation: [slept], lock_wait: [lockWait] },
  });
  expect(mutex[0]?.summary).toContain(': it waited 400 ms for the mutex 0x5000.');
  expect(mutex[0]).toMatchObject({ severity: 'warn', confidence: 'proven' });
  expect(mutex[0]?.evidence).toEqual([34, 35, 41, 42, 43]);
  const held = judge(slept, {
    rows: {
      process: others,
      invalidation: [slept],
      lock_wait: [{ ...lockWait, what: 'mmap_lock to read', lock: '0x9000', hold_id: 1 }],
      lock_hold: [{ ...hold, lock: '0x9000', tid: 900, process_id: 2 }],
    },
  });
  expect(held[0]?.summary).toContain(
    'it waited 400 ms for the mmap_lock 0x9000, which renderer (pid 900) held.',
  );
});

it('blames no lock that made less than half of it, or that was asked for elsewhere', () => {
  const short = { ...lockWait, end_ts: ms(160) };
  const later = { ...lockWait, start_ts: ms(470), end_ts: ms(900) };
  const rows = { process: [process], invalidation: [stall], lock_wait: [short, later] };
  expect(judge({ ...stall }, { rows })[0]?.summary).not.toContain('mutex');
});

it('tells who stood behind its mmap_lock meanwhile', () => {
  const waiter = {
    ...lockWait,
    what: 'mmap_lock to read',
    lock: '0x1000',
    tid: 900,
    process_id: 2,
  };
  const rows = { process: others, invalidation: [stall], lock_hold: [hold] };
  const [finding] = judge(stall, { rows: { ...rows, lock_wait: [waiter] } });
  expect(finding?.details.slice(-2)).toEqual([
    { label: 'threads behind its mmap_lock meanwhile', value: { type: 'count', value: 1 } },
    { label: 'they waited', value: { type: 'text', value: 'renderer (pid 900) 400 ms' } },
  ]);
  const [alone] = judge(stall, { rows });
  expect(alone?.details.at(-1)?.value).toEqual({ type: 'count', value: 0 });
  // not recorded is not nobody
  const [blind] = judge(stall, { rows, observed: ['invalidation.begin', 'fence.wait_start'] });
  expect(blind?.details.map(({ label }) => label)).not.toContain(
    'threads behind its mmap_lock meanwhile',
  );
});

const bare: RowOf = {
  ...stall,
  callback_ns: null,
  wait_ns: null,
  longest_wait_id: null,
  longest_wait_ns: null,
};
const off = (state: string, more: RowOf = {}): RowOf => ({
  tid: 821,
  state,
  start_ts: ms(60),
  end_ts: ms(455),
  end_event: 39,
  ...more,
});
const judgeSleep = (sleep: RowOf) =>
  judge(bare, { rows: { process: [process], invalidation: [bare], task_sleep: [sleep] } })[0];

it('says that the thread lost its CPU, which is no fault of the device', () => {
  expect(judgeSleep(off('R'))).toMatchObject({ severity: 'info', evidence: [34, 39, 42, 43] });
  expect(judgeSleep(off('R'))?.summary).toContain(': its thread was given no CPU for 395 ms.');
});

it('says that it slept, where nothing says what for', () => {
  const slept = judgeSleep(off('D', { start_event: 36 }));
  expect(slept).toMatchObject({ severity: 'info', confidence: 'suspect' });
  expect(slept?.summary).toContain('it slept 395 ms uninterruptibly; what for was not recorded');
  // another thread, and a sleep shorter than half of it, explain nothing
  for (const other of [{ tid: 5 }, { end_ts: ms(160) }]) {
    expect(judgeSleep(off('R', other))?.summary).toContain('no fence wait and no driver callback');
  }
});
