import { expect, it } from 'vitest';
import { ms, type RowOf, run } from '../../../test/detector-view.ts';
import { limitsOf } from '../threshold.ts';
import { doubleSignal } from './double-signal.ts';

const gone: RowOf = {
  context: 4,
  seqno: 2,
  generation: 0,
  driver: 'amdgpu',
  timeline: 'gfx',
  owner_tid: 50,
  owner_process_id: 1,
  first_ts: ms(10),
  init_ts: ms(10),
  init_event: 1,
  signaled_ts: ms(20),
  signaled_event: 3,
  signaled_tid: 0,
  signal_calls: 1,
  destroy_ts: ms(21),
  destroy_event: 4,
  destroy_tid: 50,
  lossy: 0,
};
/** Somebody still uses it: to us a new one without a birth. */
const again: RowOf = {
  context: 4,
  seqno: 2,
  generation: 1,
  driver: 'amdgpu',
  timeline: 'gfx',
  first_ts: ms(50),
  first_event: 9,
  lossy: 0,
};
const judge = (fences: readonly RowOf[], more: object = {}) =>
  run(doubleSignal, {
    rows: { process: [{ pid: 50, comm: 'game' }], fence: fences },
    ...more,
  });

it('finds the use of a fence after its last reference was dropped', () => {
  expect(judge([gone, again]).findings).toMatchObject([
    {
      severity: 'error',
      confidence: 'likely',
      summary:
        'Fence 4:2 (amdgpu gfx) of game (pid 50) was used 29.0 ms after its last reference was dropped.',
      evidence: [4, 9],
      key: { fence: '4:2', pid: 50 },
    },
  ]);
});

it('finds a signal after the destroy that is not the kernel’s own', () => {
  const late = { ...gone, signaled_ts: ms(30) };
  expect(judge([late]).findings).toMatchObject([{ severity: 'error' }]);
  expect(judge([{ ...late, signaled_tid: 50 }]).findings).toEqual([]);
  expect(judge([{ ...late, signaled_tid: 50, signaled_ts: ms(200) }]).findings).toHaveLength(1);
});

it.each([
  ['it was created anew', [gone, { ...again, init_ts: ms(50) }]],
  ['the other was never seen destroyed', [{ ...gone, destroy_ts: null }, again]],
  ['events were lost over one of them', [{ ...gone, lossy: 1 }, again]],
  [
    'all share the number',
    [
      { ...gone, context: 0 },
      { ...again, context: 0 },
    ],
  ],
  ['it is a container', [{ ...gone, container: 1 }, again]],
  ['a release path signals it again: the call finds it signalled', [gone]],
])('is silent when %s', (_, fences) => {
  expect(judge(fences).findings).toEqual([]);
});

it('is silent when events were lost between the two', () => {
  const losses = [{ buffer: 0, cpu: 0, from: 0, to: null, events: 1, kind: 'dropped' as const }];
  expect(judge([gone, again], { losses }).findings).toEqual([]);
});

it('suspects a fence that was signalled twice while it was pending', () => {
  expect(judge([{ ...gone, signal_calls: 2 }]).findings).toMatchObject([
    { severity: 'warn', confidence: 'suspect' },
  ]);
  expect(judge([{ ...gone, signal_calls: 2, lossy: 1 }]).findings).toEqual([]);
});

it('finds two alive with one number where numbers are an order', () => {
  const both = [
    { ...gone, ambiguous: 1 },
    { ...again, ambiguous: 1, init_ts: ms(15), init_event: 2 },
  ];
  expect(judge(both).findings).toMatchObject([
    { severity: 'warn', confidence: 'likely', evidence: [1, 2] },
  ]);
  const shared = both.map((one) => ({ ...one, driver: 'vma unbind fence' }));
  expect(judge(shared).findings).toEqual([]);
});

it('cannot decide without births', () => {
  const { outcome } = judge([gone, again], { observed: ['fence.signaled'] });
  expect(outcome.outcome).toBe('not-observable');
});

it('judges by the limits it is given', () => {
  const forced = { ...gone, signaled_ts: ms(30), signaled_tid: 50 };
  const limits = limitsOf({ 'double-signal': { 'forced-signal': '5 ms' } }, [doubleSignal.meta]);
  expect(judge([forced], { limits }).findings).toHaveLength(1);
});
