import { describe, expect, it } from 'vitest';
import {
  begin,
  beginReturn,
  end,
  enter,
  faultReturn,
  fence,
  type Happening,
  insert,
  leave,
  live,
  rangeFault,
  readBegin,
  readReturn,
} from '../../../test/run-lifetimes.ts';

const MM = 0x1000;
const MNI = 0x99;
const EBUSY = -16;

/** One attempt of thread 10, 1 ms long. */
function attempt(ms: number, seq: number, ret: number, start = 0, to = 0x10000): Happening[] {
  return [
    [ms, 10, readBegin(MNI)],
    [ms + 0.1, 10, readReturn(seq)],
    [ms + 0.2, 10, rangeFault(MNI, start, to)],
    [ms + 1, 10, faultReturn(ret)],
  ];
}

const bound: Happening = [0, 10, insert(MNI, MM, 0, 0x10000)];

describe('an attempt that cannot win', () => {
  it('did not read the sequence number again after -EBUSY', () => {
    const again = (ms: number, ret: number): Happening[] =>
      attempt(ms, 1, ret).filter(([, , { kind }]) => kind.startsWith('hmm.range_fault'));
    const lived = live([bound, ...attempt(1, 1, EBUSY), ...again(3, EBUSY), ...again(5, EBUSY)]);
    expect(lived.row('range_fault')).toMatchObject({ attempts: 3, busy: 3, stale: 2 });
  });

  it('is followed by a new fault where the number is read again: the loop was given up', () => {
    const again = (ms: number): Happening[] =>
      attempt(ms, 1, EBUSY).filter(([, , { kind }]) => kind.startsWith('hmm.range_fault'));
    const lived = live([
      bound,
      ...attempt(1, 1, EBUSY),
      ...again(3),
      ...attempt(5, 3, EBUSY),
      ...attempt(7, 5, EBUSY),
    ]);
    expect(lived.rows('range_fault')).toMatchObject([
      { attempts: 2, stale: 1 },
      { attempts: 2, stale: 0 },
    ]);
  });

  it('is none that read another number, or the same one after a success', () => {
    const lived = live([bound, ...attempt(1, 1, EBUSY), ...attempt(3, 3, 0), ...attempt(5, 3, 0)]);
    expect(lived.rows('range_fault')).toMatchObject([{ stale: 0 }, { stale: 0 }]);
  });
});

describe('a thread asleep in mmu_interval_read_begin as the capture ends', () => {
  it('is an open episode on the range of its notifier', () => {
    const lived = live([
      bound,
      ...attempt(1, 1, 0),
      [200, 11, readBegin(MNI)],
      [900, 12, begin(MM, 0x100000, 0x110000)],
    ]);
    expect(lived.rows('range_fault')[1]).toMatchObject({
      tid: 11,
      mm: MM,
      attempts: 0,
      range_start: 0,
      range_end: 0x10000n,
      outcome: 'open',
      blocked_ts: 200e6,
      start_ts: 200e6,
    });
    expect(lived.rows('range_fault')[1]).not.toHaveProperty('end_ts');
  });

  it('goes on with the episode it was in', () => {
    const lived = live([bound, ...attempt(1, 1, EBUSY), [5, 10, readBegin(MNI)]]);
    expect(lived.row('range_fault')).toMatchObject({
      attempts: 1,
      outcome: 'open',
      blocked_ts: 5e6,
    });
  });

  it('cannot be told where returns are not recorded', () => {
    const unreturned = attempt(1, 1, 0).filter(
      ([, , { kind }]) => kind !== 'hmm.read_begin_return',
    );
    const lived = live([bound, ...unreturned, [200, 11, readBegin(MNI)]]);
    expect(lived.rows('range_fault')).toHaveLength(1);
  });
});

describe('attempts are one episode', () => {
  it('after -EBUSY', () => {
    const lived = live([
      bound,
      ...attempt(1, 1, EBUSY),
      ...attempt(5, 3, EBUSY),
      ...attempt(9, 5, 0),
    ]);
    expect(lived.row('range_fault')).toMatchObject({
      attempts: 3,
      busy: 2,
      seq_changes: 2,
      last_ret: 0,
      outcome: 'ok',
      start_ts: 1e6,
      end_ts: 10e6,
      longest_attempt_ns: 1e6,
      mm: MM,
      mni: MNI,
      range_start: 0,
      range_end: 0x10000,
    });
    expect(lived.rows('range_fault_attempt').map(({ n, seq, ret }) => [n, seq, ret])).toEqual([
      [1, 1, EBUSY],
      [2, 3, EBUSY],
      [3, 5, 0],
    ]);
  });

  it('after 0 when the sequence moved: the driver found out in read_retry, 5 ms later', () => {
    const lived = live([bound, ...attempt(1, 1, 0), ...attempt(7, 3, 0)]);
    expect(lived.row('range_fault')).toMatchObject({ attempts: 2, busy: 0, seq_changes: 1 });
  });
});

describe('attempts are episodes of their own', () => {
  it('after 0 with the same sequence: it was committed', () => {
    const lived = live([bound, ...attempt(1, 1, 0), ...attempt(7, 1, 0)]);
    expect(lived.rows('range_fault')).toHaveLength(2);
  });

  it('for another range: a walk is no storm', () => {
    const lived = live([
      bound,
      ...attempt(1, 1, 0, 0, 0x1000),
      ...attempt(3, 3, 0, 0x1000, 0x2000),
      ...attempt(5, 5, 0, 0x2000, 0x3000),
    ]);
    expect(lived.rows('range_fault').map((row) => row.attempts)).toEqual([1, 1, 1]);
  });

  it('more than 100 ms later', () => {
    const lived = live([bound, ...attempt(1, 1, EBUSY), ...attempt(103, 3, 0)]);
    expect(lived.rows('range_fault').map((row) => row.outcome)).toEqual(['busy', 'ok']);
  });

  it('after another error: -EPERM goes back to the caller', () => {
    const lived = live([bound, ...attempt(1, 1, -1), ...attempt(5, 3, -1)]);
    expect(lived.rows('range_fault')).toMatchObject([
      { attempts: 1, outcome: 'error', last_ret: -1 },
      { attempts: 1, outcome: 'error' },
    ]);
  });

  it('after a commit: a fence is made for what was faulted in', () => {
    const lived = live([
      bound,
      ...attempt(1, 1, 0),
      [2.5, 10, fence('init', '3:1')],
      ...attempt(4, 3, 0),
    ]);
    expect(lived.rows('range_fault')).toHaveLength(2);
  });

  it('of different threads', () => {
    const lived = live([
      bound,
      ...attempt(1, 1, EBUSY),
      ...attempt(5, 3, 0).map(([ms, , data]): Happening => [ms, 11, data]),
    ]);
    expect(lived.rows('range_fault').map((row) => row.tid)).toEqual([10, 11]);
  });
});

describe('the wrapper', () => {
  it('around the attempts ends the episode and has the last word', () => {
    const lived = live([
      bound,
      [0.5, 10, enter('dmirror_fault', {}, { role: 'range-fault-wrapper' })],
      ...attempt(1, 1, EBUSY),
      ...attempt(5, 3, 0),
      [8, 10, leave('dmirror_fault', EBUSY)],
      ...attempt(9, 5, 0),
    ]);
    expect(lived.rows('range_fault')).toMatchObject([
      {
        attempts: 2,
        wrapper: 'dmirror_fault',
        wrapper_ret: EBUSY,
        wrapper_start_ts: 0.5e6,
        wrapper_end_ts: 8e6,
        wrapper_event: 2,
        wrapper_return_event: 11,
        outcome: 'busy',
      },
      { attempts: 1 },
    ]);
    expect(lived.rows('range_fault')[1]).not.toHaveProperty('wrapper');
  });

  it('may be any probed function that encloses them', () => {
    const lived = live([
      bound,
      [0.5, 10, enter('my_fault')],
      ...attempt(1, 1, 0),
      [8, 10, leave('my_fault', 0)],
    ]);
    expect(lived.row('range_fault')).toMatchObject({ wrapper: 'my_fault', wrapper_ret: 0 });
  });

  it('is not a function that began inside, nor one that never returns', () => {
    const lived = live([
      bound,
      [0.5, 10, enter('copy_process')],
      ...attempt(1, 1, EBUSY),
      [2.5, 10, enter('cond_resched')],
      [2.6, 10, leave('cond_resched')],
      ...attempt(5, 3, 0),
    ]);
    expect(lived.row('range_fault')).toMatchObject({ attempts: 2 });
    expect(lived.row('range_fault')).not.toHaveProperty('wrapper');
  });
});

describe('collisions', () => {
  const invalidate = (ms: number, tid: number, start: number, reason = 1): Happening[] => [
    [ms, tid, begin(MM, start, start + 0x1000, { reason })],
    [ms + 0.01, tid, beginReturn()],
    [ms + 0.02, tid, end(MM, start, start + 0x1000)],
  ];

  it('are the invalidations of the notifier between first and last attempt, with their actor', () => {
    const lived = live([
      bound,
      ...invalidate(0.5, 20, 0),
      ...attempt(1, 1, 0),
      ...invalidate(3, 20, 0x1000),
      ...invalidate(4, 20, 0x1000),
      ...invalidate(4.5, 20, 0x80000),
      ...attempt(5, 3, 0),
      ...invalidate(7, 21, 0),
    ]);
    expect(lived.row('range_fault')).toMatchObject({
      colliding: 2,
      top_actor_tid: 20,
      top_actor_reason: 1,
      self_inflicted: 0,
    });
  });

  it('are self-inflicted when the fault itself breaks copy-on-write', () => {
    const [readEntry, readExit, entry, exit] = attempt(1, 1, EBUSY) as [
      Happening,
      Happening,
      Happening,
      Happening,
    ];
    const lived = live([
      bound,
      readEntry,
      readExit,
      entry,
      ...invalidate(1.4, 10, 0),
      exit,
      ...attempt(3, 3, 0),
    ]);
    expect(lived.row('range_fault')).toMatchObject({
      busy: 1,
      self_inflicted: 1,
      top_actor_tid: 10,
    });
  });

  it('may have begun before the attempt did', () => {
    const lived = live([
      bound,
      [0.5, 20, begin(MM, 0, 0x1000)],
      ...attempt(1, 1, EBUSY),
      [2.5, 20, beginReturn()],
      [2.6, 20, end(MM, 0, 0x1000)],
      ...attempt(3, 3, 0),
    ]);
    expect(lived.row('range_fault')).toMatchObject({ colliding: 1, first_colliding_event: 2 });
  });
});

describe('what was not recorded', () => {
  it('only the return of read_begin, as fprobes do', () => {
    const withoutEntries = [...attempt(1, 1, 0), ...attempt(7, 3, 0)].filter(
      ([, , data]) => data.kind !== 'hmm.read_begin',
    );
    expect(live([bound, ...withoutEntries]).row('range_fault')).toMatchObject({ attempts: 2 });
  });

  it('no returns at all, as with the function tracer: no outcome', () => {
    const lived = live([
      [1, 10, readBegin(undefined)],
      [1.1, 10, rangeFault(undefined, undefined, undefined)],
      [9, 10, readBegin(undefined)],
      [9.1, 10, rangeFault(undefined, undefined, undefined)],
    ]);
    const rows = lived.rows('range_fault');
    expect(rows).toHaveLength(2);
    expect(rows[0]).not.toHaveProperty('outcome');
    expect(rows[1]).toMatchObject({ outcome: 'open' });
  });
});

describe('a driver function that makes one attempt per call', () => {
  it('and says -EAGAIN after -EBUSY is called again: one episode', () => {
    const once = (ms: number, seq: number, ret: number, says: number): Happening[] => [
      [ms - 0.1, 10, enter('drv_get_pages')],
      ...attempt(ms, seq, ret),
      [ms + 1.1, 10, leave('drv_get_pages', says)],
    ];
    const EAGAIN = -11;
    const tried = [...once(1, 1, EBUSY, EAGAIN), ...once(3, 3, EBUSY, EAGAIN), ...once(5, 5, 0, 0)];
    expect(live([bound, ...tried]).rows('range_fault')).toMatchObject([
      { attempts: 3, busy: 2, wrapper: 'drv_get_pages' },
    ]);
    const won = [...once(1, 1, 0, 0), ...once(3, 3, 0, 0)];
    expect(live([bound, ...won]).rows('range_fault')).toMatchObject([
      { attempts: 1, wrapper_ret: 0 },
      { attempts: 1 },
    ]);
  });
});

describe('the number of pages that hmm_range_fault returned up to 5.7', () => {
  it('is a success, which another sequence number takes back', () => {
    const lived = live([bound, ...attempt(1, 1, 16), ...attempt(3, 3, 16)]);
    expect(lived.rows('range_fault')).toMatchObject([{ attempts: 2, outcome: 'ok' }]);
  });
});

it('what was bound to the device after an attempt is committed: the next is a fault of its own', () => {
  const boundNow = (ms: number, tid: number): Happening => [
    ms,
    tid,
    {
      kind: 'mapping.bound',
      driver: 'xe',
      dev: undefined,
      vm: undefined,
      asid: 1,
      mapping: undefined,
      object: undefined,
      start: 0,
      end: 0x10000,
      userptr: undefined,
    },
  ];
  const faults = (tid: number): Happening[] => [
    bound,
    ...attempt(1, 1, 0),
    boundNow(2.5, tid),
    ...attempt(3, 3, 0),
  ];
  expect(live(faults(10)).rows('range_fault')).toHaveLength(2);
  // by another thread it says nothing of this one
  expect(live(faults(11)).rows('range_fault')).toHaveLength(1);
});
