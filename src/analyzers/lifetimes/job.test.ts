import { describe, expect, it } from 'vitest';
import { fence, job, live, signalCall } from '../../../test/run-lifetimes.ts';
import type { OccurrenceData } from '../../kernel/occurrence.ts';

const done = (rest: { fence?: number; context?: number; seqno?: number }): OccurrenceData => ({
  kind: 'job.done',
  fence: rest.fence,
  context: rest.context,
  seqno: rest.seqno,
});

describe('kernels before 6.17: ring, id and a pointer', () => {
  const byPointer = { id: 4, entity: 0xe0, fence: 0xf00 };

  it('are joined to their fence by the signalling probe', () => {
    const lived = live([
      [0, 10, fence('init', '4:4')],
      [1, 10, job('queue', byPointer)],
      [2, 32, job('run', byPointer)],
      [500, 28, done({ fence: 0xf00 })],
      [500.1, 28, signalCall('4:4', { pointer: 0xf00, signaled: false, error: -62 })],
      [500.2, 28, fence('signaled', '4:4')],
      [501, 28, fence('destroy', '4:4')],
    ]);
    expect(lived.row('job')).toMatchObject({
      ring: 'gfx',
      job_number: 4,
      context: 4,
      seqno: 4,
      fence_id: 1,
      owner_tid: 10,
      queue_ts: 1e6,
      run_ts: 2e6,
      done_ts: 500e6,
    });
    expect(lived.row('fence')).toMatchObject({ job_id: 1, error: -62 });
  });

  it('are joined without it to the pair of fences made for them', () => {
    const lived = live([
      [0, 10, fence('init', '3:7', ['drm_sched', 'gfx'])],
      [0.01, 10, fence('init', '4:7', ['drm_sched', 'gfx'])],
      [0.1, 10, job('queue', byPointer)],
    ]);
    expect(lived.row('job')).toMatchObject({ context: 4, seqno: 7, fence_id: 2 });
    expect(lived.row('job')).not.toHaveProperty('run_ts');
  });

  it('wait for a fence, named by ring and id', () => {
    const lived = live([
      [0, 10, fence('init', '9:1')],
      [1, 10, job('queue', byPointer)],
      [
        2,
        32,
        {
          kind: 'job.depends',
          fence: undefined,
          context: undefined,
          seqno: undefined,
          id: 4,
          ring: 'gfx',
          onFence: 0xabc,
          onContext: 9,
          onSeqno: 1,
          blocked: true,
        },
      ],
    ]);
    expect(lived.row('job')).toMatchObject({ depends_event: 3, depends_fence_id: 1 });
  });

  it('wait for several fences, each as long as the scheduler finds it pending', () => {
    const depends = (onSeqno: number, blocked: boolean): OccurrenceData => ({
      kind: 'job.depends',
      fence: undefined,
      context: 4,
      seqno: 7,
      id: undefined,
      ring: undefined,
      onFence: undefined,
      onContext: 9,
      onSeqno,
      blocked,
    });
    const lived = live([
      [0, 10, fence('init', '9:1')],
      [0, 10, fence('init', '9:2')],
      [1, 10, job('queue', { context: 4, seqno: 7 })],
      [1, 10, depends(1, false)],
      [1, 10, depends(2, false)],
      [2, 32, depends(2, true)],
      [3, 32, depends(2, true)],
    ]);
    expect(lived.rows('job_dependency')).toEqual([
      { id: 1, job_id: 1, fence_id: 1, start_ts: 1e6, start_event: 4, lossy: 0 },
      {
        id: 2,
        job_id: 1,
        fence_id: 2,
        start_ts: 1e6,
        start_event: 5,
        blocked_ts: 3e6,
        blocked_event: 7,
        lossy: 0,
      },
    ]);
  });

  it('a pointer used again is another job', () => {
    const lived = live([
      [0, 10, job('queue', byPointer)],
      [1, 32, job('run', byPointer)],
      [2, 32, done({ fence: 0xf00 })],
      [3, 10, job('queue', { ...byPointer, id: 5 })],
    ]);
    expect(lived.rows('job').map((row) => row.job_number)).toEqual([4, 5]);
  });
});

describe('later kernels: context:seqno of the finished fence', () => {
  const named = { dev: 'card0', context: 13, seqno: 4 };

  it('are joined by name', () => {
    const lived = live([
      [0, 10, fence('init', '13:4')],
      [1, 10, job('queue', named)],
      [2, 32, job('run', named)],
      [3, 32, done({ context: 13, seqno: 4 })],
      [3.1, 32, fence('signaled', '13:4')],
    ]);
    expect(lived.row('job')).toMatchObject({ dev: 'card0', fence_id: 1, done_ts: 3e6 });
    expect(lived.row('fence')).toMatchObject({ job_id: 1 });
  });
});

describe('amdgpu', () => {
  it('and the scheduler tell of one submission', () => {
    const lived = live([
      [0, 10, job('queue', { id: 7, context: 13, seqno: 4, source: 'amdgpu' })],
      [0.1, 10, job('queue', { id: 7, entity: 0xe0, fence: 0xf00 })],
      [1, 32, job('run', { id: 7, entity: 0xe0, fence: 0xf00 })],
      [1.1, 32, job('run', { id: 7, context: 13, seqno: 4, source: 'amdgpu' })],
    ]);
    expect(lived.row('job')).toMatchObject({ context: 13, fence_pointer: 0xf00, run_ts: 1e6 });
  });

  it('takes the owner of a fence a worker made from the job', () => {
    const lived = live(
      [
        [0, 40, fence('init', '13:4')],
        [1, 10, job('queue', { context: 13, seqno: 4, source: 'amdgpu' })],
      ],
      { comms: { 40: 'kworker/1:1' } },
    );
    expect(lived.row('fence')).toMatchObject({ owner_tid: 10 });
  });
});

it('a neighbouring context is another job: i915 contexts count up one by one', () => {
  const lived = live([
    [0, 10, job('queue', { context: 2, seqno: 2, source: 'i915' })],
    [1, 10, job('run', { context: 2, seqno: 2, source: 'i915' })],
    [2, 10, job('queue', { context: 3, seqno: 2, source: 'i915' })],
    [3, 10, job('run', { context: 2, seqno: 2, source: 'i915' })],
  ]);
  expect(lived.rows('job')).toMatchObject([
    { context: 2, run_ts: 1e6 },
    { context: 3, queue_ts: 2e6 },
  ]);
});

it('leaves memory where no event tells that a job is done', () => {
  const many = 20_000;
  const lived = live(
    Array.from({ length: many }, (_, i) => [
      i,
      10,
      job('queue', { id: i, context: 13, seqno: i, source: 'amdgpu' }),
    ]),
  );
  expect(lived.rows('job')).toHaveLength(many);
});

describe('jobs of xe, which the driver and the scheduler both tell of', () => {
  const BDF = '0000:03:00.0';
  const own = {
    ring: `${BDF} guc_id 4`,
    dev: BDF,
    id: 9,
    fence: 0xf00,
    source: 'xe',
    queue: 4,
  } as const;
  const created = {
    kind: 'queue.created',
    driver: 'xe',
    dev: BDF,
    gt: 0,
    number: 4,
    engine: 'ccs',
  } as const;
  const named = { kind: 'job.fence_named', fence: 0xf00, context: 61, seqno: 9 } as const;

  it('are one, named by the fence of the scheduler', () => {
    const lived = live([
      [0, 10, created],
      [1, 10, fence('init', '70:5')],
      [1.1, 10, named],
      [2, 10, job('queue', own)],
      [2.01, 10, job('queue', { ring: 'ccs4', context: 70, seqno: 5, client: 3 })],
      [3, 32, job('run', { ring: 'ccs4', context: 70, seqno: 5 })],
      [3.01, 32, job('run', own)],
      [8, 0, { ...done({ fence: 0xf00, context: 61, seqno: 9 }) }],
      [8.1, 0, done({ context: 70, seqno: 5 })],
    ]);
    expect(lived.row('job')).toMatchObject({
      ring: 'ccs4',
      context: 70,
      seqno: 5,
      fence_id: 1,
      queue_id: 1,
      owner_tid: 10,
      client: 3,
      run_ts: 3e6,
      done_ts: 8e6,
    });
  });

  it('have the name of their hardware fence where the scheduler is not recorded', () => {
    const lived = live([
      [0, 10, created],
      [1, 10, named],
      [2, 10, job('queue', own)],
      [3, 32, job('run', own)],
      [8, 0, done({ fence: 0xf00, context: 61, seqno: 9 })],
    ]);
    expect(lived.row('job')).toMatchObject({ ring: 'ccs4', context: 61, seqno: 9, done_ts: 8e6 });
  });

  it('keep their time limit and error, and are over when they are freed', () => {
    const failed = (what: 'timeout' | 'error', error?: number): OccurrenceData => ({
      kind: 'job.failed',
      what,
      ring: own.ring,
      id: own.id,
      fence: own.fence,
      error,
    });
    const lived = live([
      [2, 10, job('queue', own)],
      [3, 32, job('run', own)],
      [5000, 32, failed('timeout')],
      [5001, 32, failed('error', -125)],
      [5002, 32, { ...done({}), ring: own.ring, id: own.id } as OccurrenceData],
    ]);
    expect(lived.row('job')).toMatchObject({ timeout_ts: 5e9, error: -125, done_ts: 5002e6 });
  });

  it('of another thread a moment later are not the same', () => {
    const lived = live([
      [2, 10, job('queue', own)],
      [2.1, 11, job('queue', { ring: 'ccs5', context: 72, seqno: 1 })],
    ]);
    expect(lived.rows('job')).toHaveLength(2);
  });
});

it('requests of old i915 kernels are known by ring and number alone', () => {
  const old = { ring: 'dev 0 ring 0', id: 77, source: 'i915' } as const;
  const lived = live([
    [0, 10, job('queue', old)],
    [1, 10, job('run', old)],
    [4, 5, { ...done({}), ring: old.ring, id: old.id } as OccurrenceData],
  ]);
  expect(lived.row('job')).toMatchObject({
    job_number: 77,
    queue_ts: 0,
    run_ts: 1e6,
    done_ts: 4e6,
  });
});
