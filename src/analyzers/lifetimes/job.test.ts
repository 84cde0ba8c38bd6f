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
