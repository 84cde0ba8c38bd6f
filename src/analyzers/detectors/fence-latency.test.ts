import { expect, it } from 'vitest';
import { ms, type RowOf, run, s } from '../../../test/detector-view.ts';
import { fenceLatency } from './fence-latency.ts';

/** One fence a second: `took` ms of its own. */
const fence = (n: number, took: number, change: object = {}): RowOf => ({
  context: 4,
  seqno: n,
  seqno64: n,
  driver: 'amdgpu',
  timeline: 'gfx',
  owner_tid: 50,
  owner_process_id: 1,
  first_ts: s(n),
  init_ts: s(n),
  init_event: 2 * n,
  enable_ts: s(n),
  signaled_ts: s(n) + ms(took),
  signaled_event: 2 * n + 1,
  lossy: 0,
  ...change,
});
const judge = (fences: readonly RowOf[], more: object = {}) =>
  run(fenceLatency, {
    rows: { process: [{ pid: 50, comm: 'game' }], fence: fences },
    end: s(1000),
    ...more,
  });
const usual = (count: number) => Array.from({ length: count }, (_, n) => fence(n, 4 + (n % 5)));

it('compares a few fences with their median', () => {
  expect(judge([...usual(6), fence(6, 808)]).findings).toMatchObject([
    {
      severity: 'info',
      confidence: 'likely',
      summary:
        'Fence 4:6 (amdgpu gfx) of game (pid 50) took 808 ms to signal: 7 fences of its timeline take 6.00 ms (median).',
      evidence: [12, 13],
      key: { fence: '4:6', pid: 50 },
    },
  ]);
  expect(judge([...usual(6), fence(6, 55)]).findings).toEqual([]);
  expect(judge([...usual(3), fence(3, 808)]).findings).toEqual([]);
});

it('compares many with the 99th percentile, and counts the others', () => {
  expect(judge([...usual(300), fence(300, 30), fence(301, 26)]).findings).toMatchObject([
    { summary: expect.stringContaining('4:300'), key: { fence: '4:300' } },
  ]);
  expect(judge([...usual(300), fence(300, 23)]).findings).toEqual([]);
});

it('takes off the time behind earlier fences of the context', () => {
  const behind = [0, 1, 2, 3, 4, 5, 6, 7].map((n) =>
    fence(n, 0, { init_ts: s(1), signaled_ts: s(1) + ms(20 * (n + 1)) }),
  );
  expect(judge(behind).findings).toEqual([]);
});

it.each([
  ['a worker may have polled it', { enable_ts: null, signaled_tid: 70 }],
  ['it was born before the recording', { init_ts: null }],
  ['it is a container', { container: 1 }],
  ['it stays unsignalled by design', { driver: 'amdgpu_amdkfd_fence_x' }],
])('is silent when %s', (_, change) => {
  const fences = [...usual(6), fence(6, 808)].map((one) => ({ ...one, ...change }));
  expect(judge(fences).findings).toEqual([]);
});

it('knows the expiry of vgem: 10 s, no error, and nobody signalled it', () => {
  const lone = fence(1, 10_150, { driver: 'vgem', timeline: 'unbound', error: 0 });
  const [finding] = judge([lone]).findings;
  expect(finding).toMatchObject({ severity: 'info', key: { fence: '4:1' } });
  expect(finding?.next.join()).toContain('timer of vgem');
  expect(judge([{ ...lone, driver: 'amdgpu' }]).findings).toEqual([]);
});

it('only suspects when events were lost meanwhile', () => {
  expect(judge([...usual(6), fence(6, 808, { lossy: 1 })]).findings).toMatchObject([
    { confidence: 'suspect' },
  ]);
});

it('cannot decide without births, or with a clock that counts no time', () => {
  expect(judge([], { observed: ['fence.signaled'] }).outcome).toMatchObject({
    outcome: 'not-observable',
    enable: ['dma_fence:dma_fence_init', 'dma_fence:dma_fence_destroy'],
  });
  expect(judge([], { clock: 'ticks' }).outcome.outcome).toBe('not-observable');
});
