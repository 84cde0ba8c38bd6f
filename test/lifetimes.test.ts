/** The object tables of real recordings, against what the loads really did (fixtures/README.md). */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Row } from '../src/store/table.ts';
import { randomFrom } from './random.ts';
import { disorder, type Objects, objectsOf } from './run-capture.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));
const MS = 1e6;

function recording(folder: string, file: string): Objects {
  return objectsOf(join(FIXTURES, folder, file));
}

const number = (value: Row[string]): number => Number(value ?? Number.NaN);
const ms = (row: Row, from: string, to: string): number =>
  (number(row[to]) - number(row[from])) / MS;

/** Invalidations during which a fence was waited for: duration, fence and callback. */
function stalls(objects: Objects, until = 'return_ts') {
  const waits = new Map(objects.rows('fence_wait').map((row) => [row.id, row]));
  const fences = new Map(objects.rows('fence').map((row) => [row.id, row]));
  return objects
    .rows('invalidation')
    .filter((row) => row.longest_wait_id !== null)
    .map((row) => {
      const wait = waits.get(number(row.longest_wait_id));
      return {
        ms: Math.round(ms(row, 'start_ts', until)),
        seqno: fences.get(number(wait?.fence_id))?.seqno,
        callback: row.callback_function,
      };
    });
}

describe('invalidations that wait for 20, 400 and 5 ms jobs', () => {
  const byProbe = [
    { ms: 16, seqno: 1, callback: 'sl_invalidate' },
    { ms: 428, seqno: 2, callback: 'sl_invalidate' },
    { ms: 5, seqno: 3, callback: 'sl_invalidate' },
  ];

  it('kprobes: durations, fences and callback', () => {
    const found = stalls(recording('s612-svm-stall', 'svm-stall.dat'));
    expect(found.map(({ seqno, callback }) => ({ seqno, callback }))).toEqual(
      byProbe.map(({ seqno, callback }) => ({ seqno, callback })),
    );
    found.forEach(({ ms: took }, index) => {
      expect(Math.abs(took - (byProbe[index]?.ms ?? 0)), String(took)).toBeLessThan(8);
    });
  });

  it('probes with the offsets of another kernel: durations hold, mm and range are left out', () => {
    const objects = recording('s61-svm-stall-stack', 'svm-stall-stack.dat');
    expect(stalls(objects).map(({ seqno }) => seqno)).toEqual([1, 2, 3]);
    for (const row of objects.rows('invalidation')) {
      expect(row).toMatchObject({ sane: 0, mm: null, range_start: null, reason: null });
    }
    const insane = objects.recogniser.probeChecks.filter(({ failed }) => failed > 0);
    expect(insane.map(({ event }) => event).sort()).toEqual([
      'drv_inval',
      'inval_end',
      'inval_start',
    ]);
  });

  it('function graph: the same without arguments', () => {
    const objects = recording('s612-ft-function_graph', 'ft-function_graph.dat');
    expect(stalls(objects)).toEqual([
      { ms: 23, seqno: 1, callback: 'sl_invalidate' },
      { ms: 440, seqno: 2, callback: 'sl_invalidate' },
      { ms: 0, seqno: 3, callback: 'sl_invalidate' },
    ]);
    expect(objects.rows('range_fault').map((row) => row.wrapper)).toEqual([
      'sl_do_fault',
      'sl_do_fault',
      'sl_do_fault',
    ]);
  });

  it.each([
    ['s61-ft-function', 'ft-function.dat'],
    ['s72-ft-function', 'ft-function.dat'],
  ])('function tracer (%s): no returns, the end is an upper bound', (folder, file) => {
    const objects = recording(folder, file);
    const found = stalls(objects, 'end_ts');
    expect(found.map(({ seqno }) => seqno)).toEqual([1, 2, 3]);
    expect(found[1]?.ms).toBeGreaterThan(400);
    for (const row of objects.rows('invalidation')) {
      expect(row).toMatchObject({ source: 'function', return_ts: null, ret: null });
    }
  });

  it('big endian', () => {
    const objects = recording('s390be-svm-stall', 'svm-stall.dat');
    expect(stalls(objects).map(({ ms: took, seqno }) => [took, seqno])).toEqual([
      [21, 1],
      [429, 2],
      [9, 3],
    ]);
  });

  it('in a two-pass notifier the wait is in the second pass', () => {
    const objects = recording('s72-svm-twopass', 'svm-twopass.dat');
    expect(stalls(objects)[0]).toEqual({ ms: 201, seqno: 1, callback: 'sl_finish' });
    expect(objects.rows('invalidation')[0]).toMatchObject({ callbacks: 4 });
  });

  it('behind a dead fence: 5 s, and the wait gave up', () => {
    const objects = recording('s612-svm-hang', 'svm-hang.dat');
    expect(stalls(objects)[0]).toMatchObject({ ms: 5058, seqno: 1 });
    expect(objects.rows('fence_wait')[0]).toMatchObject({ gave_up: 1 });
    expect(objects.rows('fence')[0]).toMatchObject({ signaled_ts: null, end_ts: null });
  });
});

describe('fences and the death of their owner', () => {
  it('one signals after it, two never do', () => {
    const objects = recording('s612-svm-die', 'svm-die.dat');
    const [, dead] = objects.rows('process');
    const when = objects.rows('fence').map((row) => {
      const signaled = row.signaled_ts;
      return signaled === null ? null : Math.sign(number(signaled) - number(dead?.end_ts));
    });
    expect(when).toEqual([-1, 1, null, null]);
    expect(objects.rows('fence').every((row) => row.owner_process_id === dead?.id)).toBe(true);
  });

  it('closing the file signals those of a sw_sync timeline with -ENOENT; the consumer is alive', () => {
    const objects = recording('c612-swsync-dead', 'swsync-dead.dat');
    const [consumer, producer] = objects.rows('process');
    expect(objects.rows('fence').map((row) => row.error)).toEqual([0, -2, -2]);
    expect(objects.rows('fence')[1]).toMatchObject({
      owner_process_id: producer?.id,
      enable_process_id: consumer?.id,
    });
    expect(number(producer?.files_closed_ts)).toBeGreaterThan(number(producer?.end_ts));
  });

  it('nobody signals the orphans, which another process waits for', () => {
    const objects = recording('c612-orphan', 'orphan.dat');
    const [consumer, producer] = objects.rows('process');
    const pending = objects.rows('fence').filter((row) => row.signaled_ts === null);
    expect(pending.map((row) => row.seqno)).toEqual([2, 3]);
    for (const row of pending) {
      expect(row).toMatchObject({
        owner_process_id: producer?.id,
        enable_process_id: consumer?.id,
      });
    }
  });

  it('the exit of a leader is not it: the thread that goes on belongs to the same process', () => {
    const objects = recording('c612-leader-exit', 'leader-exit.dat');
    const process = objects.rows('process').find((row) => row.threads === 2);
    expect(number(process?.end_ts)).toBeGreaterThan(number(process?.leader_exit_ts));
    const owners = new Set(objects.rows('fence').map((row) => row.owner_process_id));
    expect([...owners]).toEqual([process?.id]);
    for (const row of objects.rows('fence')) {
      expect(number(row.signaled_ts)).toBeLessThan(number(process?.end_ts));
    }
  });

  it('the same pid twice is two processes', () => {
    const objects = recording('c612-pid-reuse', 'pid-reuse.dat');
    const twice = objects.rows('process').filter((row) => row.pid === 373);
    expect(twice.map((row) => row.generation)).toEqual([0, 1]);
    const pending = objects.rows('fence').filter((row) => row.signaled_ts === null);
    expect(pending.map((row) => [row.context, row.seqno, row.owner_process_id])).toEqual([
      [22, 2, twice[0]?.id],
      [22, 3, twice[0]?.id],
    ]);
  });
});

describe('faults', () => {
  it('a storm is one episode of a thread, with the thread that causes it', () => {
    const objects = recording('s612-svm-storm', 'svm-storm.dat');
    expect(objects.rows('range_fault')).toMatchObject([
      { attempts: 33, busy: 2, tid: 1063, top_actor_tid: 1064, top_actor_reason: 1 },
    ]);
    const [load, ...others] = objects.rows('process');
    expect(load).toMatchObject({ threads: 2 });
    expect(others).toEqual([]);
  });

  it('that time out in the driver are told by its wrapper', () => {
    const objects = recording('c612-hmm-slow-ebusy', 'hmm-slow-ebusy.dat');
    const episodes = objects.rows('range_fault');
    expect(episodes.map((row) => [row.attempts, row.outcome, row.wrapper])).toEqual([
      [231, 'busy', 'dmirror_fault'],
      [229, 'busy', 'dmirror_fault'],
      [233, 'busy', 'dmirror_fault'],
    ]);
    for (const row of episodes) {
      expect(ms(row, 'wrapper_start_ts', 'wrapper_end_ts')).toBeGreaterThan(1000);
    }
  });

  it('of a device after the exit are refused, and known to be of the dead process', () => {
    const objects = recording('s612-svm-ghost', 'svm-ghost.dat');
    const faults = objects.rows('device_fault');
    expect(faults.map((row) => row.ret)).toEqual([0, 0, ...Array(8).fill(-3)]);
    expect(new Set(faults.map((row) => row.process_id)).size).toBe(1);
    const owner = objects.rows('process').find((row) => row.id === faults[0]?.process_id);
    for (const row of faults) {
      expect(number(row.start_ts) > number(owner?.end_ts)).toBe(row.ret === -3);
    }
  });
});

describe('the rest', () => {
  it('the OOM reaper is refused ten times; the exit itself waits 5 s in its release', () => {
    const objects = recording('c612-oom-refused', 'oom-refused.dat');
    const refused = objects.rows('invalidation').filter((row) => row.refused === 1);
    expect(refused).toHaveLength(10);
    for (const row of refused) expect(row).toMatchObject({ ret: -11, flags: 0, end_ts: null });
    const release = objects.rows('invalidation').find((row) => row.source === 'release');
    expect(ms(release as Row, 'start_ts', 'return_ts')).toBeCloseTo(5086, 0);
  });

  it('64 KiB go to the device 50 times and come back page by page', () => {
    const moves = recording('c612-migrate-pingpong', 'migrate-pingpong.dat').rows('migration');
    const there = moves.filter((row) => row.direction === 'to device');
    const back = moves.filter((row) => row.direction === 'to system');
    expect([there.length, back.length]).toEqual([50, 800]);
    expect(new Set(there.map((row) => row.bytes))).toEqual(new Set([65_536]));
    expect(new Set(back.map((row) => `${row.bytes} ${row.reason}`))).toEqual(
      new Set(['4096 CPU fault']),
    );
    expect(new Set(moves.map((row) => row.mm)).size).toBe(1);
    expect(moves.every((row) => row.end_ts !== null)).toBe(true);
  });

  it.each(['i915-requests.dat', 'i915-requests.ftrace.txt'])(
    'seven requests of i915 in %s, of which two were added while nobody looked',
    (file) => {
      const objects = recording('c612-i915-requests', file);
      const jobs = objects.rows('job');
      expect(jobs.map((row) => `${row.context}:${row.seqno}`)).toEqual([
        '1:2',
        '1:4',
        '1:6',
        '1:8',
        '1:10',
        '2:2',
        '3:2',
      ]);
      expect(jobs.filter((row) => row.queue_ts === null)).toHaveLength(2);
      for (const row of jobs) expect(ms(row, 'run_ts', 'done_ts')).toBeGreaterThan(3);
      expect(jobs.every((row) => row.fence_id !== null && row.ring === '0:0')).toBe(true);
    },
  );

  it('jobs are joined to their fences; the fourth is done 0.5 s late, with -ETIME', () => {
    const objects = recording('c612-sched-hang', 'sched-hang.dat');
    const jobs = objects.rows('job');
    const fences = new Map(objects.rows('fence').map((row) => [row.id, row]));
    expect(jobs.map((row) => [row.job_number, row.seqno])).toEqual(
      [1, 2, 3, 4, 5, 6, 7].map((n) => [n, n]),
    );
    for (const row of jobs) {
      const fence = fences.get(number(row.fence_id));
      expect(fence).toMatchObject({ job_id: row.id, error: row.job_number === 4 ? -62 : 0 });
    }
    expect(ms(jobs[3] as Row, 'run_ts', 'done_ts')).toBeGreaterThan(500);
  });

  it('objects over which events were lost say so', () => {
    const objects = recording('c612-lost-events', 'lost-events.dat');
    expect(objects.rows('task').some((row) => row.lossy === 1)).toBe(true);
    expect(objects.rows('task').some((row) => row.lossy === 0)).toBe(true);
  });
});

describe('properties', () => {
  const recordings = [
    ['c612-i915-requests', 'i915-requests.dat'],
    ['c612-leader-exit', 'leader-exit.dat'],
    ['c612-migrate-pingpong', 'migrate-pingpong.dat'],
    ['c612-oom-refused', 'oom-refused.dat'],
    ['c612-pid-reuse', 'pid-reuse.dat'],
    ['c612-sched-hang', 'sched-hang.dat'],
    ['c612-swsync-dead', 'swsync-dead.dat'],
    ['s612-ft-function_graph', 'ft-function_graph.dat'],
    ['s612-svm-storm', 'svm-storm.dat'],
    ['s72-svm-twopass', 'svm-twopass.dat'],
  ] as const;

  it.each(recordings)(
    '%s: the tables hold together, whatever events are missing',
    (folder, file) => {
      const path = join(FIXTURES, folder, file);
      expect(disorder(objectsOf(path))).toEqual([]);
      for (const [seed, kept] of [
        [1, 0.9],
        [2, 0.5],
        [3, 0.2],
      ] as const) {
        const random = randomFrom(seed);
        expect(disorder(objectsOf(path, { sees: () => random() < kept })), `seed ${seed}`).toEqual(
          [],
        );
      }
    },
  );

  it.each(recordings)(
    '%s: cutting it turns ends into NULL and changes nothing else',
    (folder, file) => {
      const path = join(FIXTURES, folder, file);
      const whole = objectsOf(path);
      for (const part of [0.25, 0.5, 0.75]) {
        const cut = whole.last * part;
        const early = objectsOf(path, { sees: (_, ts) => ts <= cut });
        for (const table of ['fence', 'fence_wait', 'notifier']) {
          const started = whole.rows(table).filter((row) => number(row.start_ts) <= cut);
          expect(early.rows(table).map((row) => [row.start_ts, row.end_ts])).toEqual(
            started.map((row) => {
              const end = row.end_ts ?? null;
              return [row.start_ts, end !== null && Number(end) <= cut ? end : null];
            }),
          );
        }
      }
    },
  );
});
