import { expect, it } from 'vitest';
import { type RowOf, run, type Situation } from '../../../test/detector-view.ts';
import { toolBlind } from './tool-blind.ts';

const whats = (situation: Situation): (string | number | undefined)[] =>
  run(toolBlind, situation).findings.map(({ key }) => key.what);

it('has nothing to say of a recording that shows everything', () => {
  expect(whats({})).toEqual([]);
});

it('names every weakness of a recording, as information', () => {
  const invalidation: RowOf = { sane: 0, source: 'function', start_event: 15 };
  const situation: Situation = {
    observed: [],
    saneProbes: false,
    perTask: true,
    clock: 'ticks',
    losses: [{ buffer: 0, cpu: 2, from: 5, to: 9, events: 92, kind: 'dropped' }],
    rows: {
      invalidation: [invalidation],
      problem: [{ code: 'cut', severity: 'data-loss', message: 'the file ends early', count: 1 }],
    },
  };
  expect(whats(situation)).toEqual([
    'lost',
    'damaged file',
    'probe offsets',
    'clock unit',
    'one task recorded',
    'function tracer',
    'probes',
  ]);
  for (const finding of run(toolBlind, situation).findings) expect(finding.severity).toBe('info');
});

it('sums what was lost and says so when some of it was not counted', () => {
  const loss = { buffer: 0, cpu: 1, from: 1, to: 2, kind: 'dropped' } as const;
  const losses = [
    { ...loss, events: 92 },
    { ...loss, cpu: 2, events: null },
  ];
  const [finding] = run(toolBlind, { losses }).findings;
  expect(finding?.summary).toContain('more than 92 events in 2 places on 2 CPUs');
});

it('gives the exact probe for what a recording does not show', () => {
  const [finding] = run(toolBlind, {
    observed: ['fence.init', 'fence.signaled', 'fence.wait_start'],
    runs: [{ detector: 'invalidate-stall', outcome: 'not-observable', findings: 0, reason: 'x' }],
  }).findings;
  expect(finding?.summary).toContain('1 detector could not look (invalidate-stall)');
  expect(finding?.next.join('\n')).toContain(
    'p:svm/fence_signal dma_fence_signal_timestamp_locked',
  );
  expect(finding?.next.join('\n')).not.toContain('dma_fence_signaled');
});
