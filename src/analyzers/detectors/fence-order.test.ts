import { expect, it } from 'vitest';
import { ms, type RowOf, run, s } from '../../../test/detector-view.ts';
import { fenceOrder } from './fence-order.ts';

const early: RowOf = {
  context: 4,
  seqno: 4,
  seqno64: 4,
  driver: 'drm_sched',
  timeline: 'ring-A',
  owner_tid: 146,
  owner_process_id: 1,
  first_ts: ms(10),
  init_ts: ms(10),
  init_event: 1,
  signaled_ts: ms(530),
  signaled_event: 9,
  signaled_tid: 28,
  lossy: 0,
};
const late: RowOf = {
  ...early,
  seqno: 7,
  seqno64: 7,
  init_ts: ms(11),
  init_event: 2,
  signaled_ts: ms(20),
  signaled_event: 5,
};
const judge = (fences: readonly RowOf[], more: object = {}) =>
  run(fenceOrder, {
    rows: { process: [{ pid: 146, comm: 'client' }], fence: fences },
    end: s(1),
    ...more,
  });

it('finds a job of the scheduler that ends long after a later one of its context', () => {
  expect(judge([{ ...early, error: -62 }, late]).findings).toMatchObject([
    {
      severity: 'error',
      confidence: 'proven',
      summary:
        'Fence 4:4 (drm_sched ring-A) of client (pid 146) signalled with -ETIME (-62) 510 ms after the later fence 4:7 of its context.',
      evidence: [1, 2, 5, 9],
      key: { context: 4, late: '4:4', overtaken_by: '4:7' },
    },
  ]);
});

it('names the newest of those that overtook it', () => {
  const others = [5, 6].map((seqno) => ({ ...late, seqno, seqno64: seqno, signaled_ts: ms(15) }));
  const [finding] = judge([early, ...others, late]).findings;
  expect(finding?.key.overtaken_by).toBe('4:7');
  expect(finding?.details).toContainEqual({
    label: 'later fences that signalled before',
    value: { type: 'count', value: 3 },
  });
});

it('only warns of a driver that is not known to keep its contexts in order', () => {
  const own = { driver: 'svmlab', enable_ts: ms(11) };
  const findings = judge([
    { ...early, ...own },
    { ...late, ...own },
  ]).findings;
  expect(findings).toMatchObject([{ severity: 'warn', confidence: 'likely' }]);
});

it('knows i915 and xe by the PCI name their fences carry', () => {
  const pci = { driver: '0000:03:00.0', enable_ts: ms(11) };
  const findings = judge([
    { ...early, ...pci },
    { ...late, ...pci },
  ]).findings;
  expect(findings).toMatchObject([{ severity: 'error', confidence: 'proven' }]);
});

it('follows numbers over the 32-bit wrap', () => {
  const before = { ...early, seqno: 0xffffffff, seqno64: 0xffffffff };
  const after = { ...late, seqno: 1, seqno64: 0x1_0000_0001 };
  expect(judge([before, after]).findings[0]?.key).toMatchObject({
    late: '4:4294967295',
    overtaken_by: '4:1',
  });
});

it.each([
  ['it is late by less than a tick', { signaled_ts: ms(29) }, {}],
  ['nobody enabled signalling and a worker polled it', { driver: 'i915' }, { driver: 'i915' }],
  ['the later one was completed by a reset', {}, { error: -125 }],
  ['it is of another context', { context: 5 }, {}],
  ['its number is the user’s', { driver: 'sw_sync', enable_ts: 1 }, { driver: 'sw_sync' }],
  ['it is a container', { container: 1 }, {}],
  ['several share its key', { ambiguous: 1 }, {}],
  ['it was born before the recording', { init_ts: null }, {}],
])('is silent when %s', (_, change, other) => {
  expect(
    judge([
      { ...early, ...change },
      { ...late, ...other },
    ]).findings,
  ).toEqual([]);
});

it('takes the signal of an interrupt for exact, whoever enabled it', () => {
  const own = { driver: 'virtio_gpu', signaled_tid: 0 };
  const findings = judge([
    { ...early, ...own },
    { ...late, ...own },
  ]).findings;
  expect(findings).toHaveLength(1);
});

it('suspects one that is pending 100 ms after a later one, where order is promised', () => {
  const pending = { ...early, signaled_ts: null, signaled_event: null };
  expect(judge([pending, late]).findings).toMatchObject([
    { severity: 'warn', confidence: 'suspect' },
  ]);
  expect(judge([pending, late], { end: ms(115) }).findings).toEqual([]);
  expect(judge([{ ...pending, lossy: 1 }, late]).findings).toEqual([]);
  const own = { driver: 'svmlab', enable_ts: ms(11) };
  expect(
    judge([
      { ...pending, ...own },
      { ...late, ...own },
    ]).findings,
  ).toEqual([]);
});

it('claims less where events were lost', () => {
  expect(judge([{ ...early, lossy: 1 }, late]).findings).toMatchObject([{ confidence: 'likely' }]);
});

it('cannot decide without signals, or with a clock that counts no time', () => {
  const blind = judge([early, late], { observed: ['fence.init'] }).outcome;
  expect(blind).toMatchObject({
    outcome: 'not-observable',
    enable: ['dma_fence:dma_fence_signaled'],
  });
  expect(judge([early, late], { clock: 'ticks' }).outcome.outcome).toBe('not-observable');
});
