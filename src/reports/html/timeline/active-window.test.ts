import { describe, expect, it } from 'vitest';
import { sampleResult } from '../../../../test/sample-result.ts';
import type { TimelineItem } from '../../../analyzers/result.ts';
import { activeWindow } from './active-window.ts';

const empty = { timeline: [], timelineLanesOmitted: 0, losses: [], distributions: [] };
const { capture } = sampleResult();

function withItem(from: number | null, to: number | null): Parameters<typeof sampleResult>[0] {
  const item: TimelineItem = { from, to, label: 'x', kind: 'fence' };
  return { ...empty, timeline: [{ label: 'lane', items: [item] }] };
}

describe('activeWindow', () => {
  const whole = { from: 0, to: capture.durationNs };

  it('is the whole capture when that is busy, empty, or not drawn in full', () => {
    expect(activeWindow(sampleResult())).toEqual(whole);
    expect(activeWindow(sampleResult(empty))).toEqual(whole);
    expect(
      activeWindow(sampleResult({ ...withItem(1e9, 1.1e9), timelineLanesOmitted: 1 })),
    ).toEqual(whole);
  });

  it('is the busy part, with a margin, when the rest is empty', () => {
    expect(activeWindow(sampleResult(withItem(1e9, 2e9)))).toEqual({ from: 0.95e9, to: 2.05e9 });
    expect(activeWindow(sampleResult(withItem(null, 1e9)))).toEqual({ from: 1e9 - 1, to: 1e9 + 1 });
  });

  it('does not hide a loss of events', () => {
    const loss = {
      buffer: '',
      cpu: 0,
      from: 4e9,
      to: 4.8e9,
      events: null,
      kind: 'dropped',
    } as const;
    expect(activeWindow(sampleResult({ ...withItem(1e9, 2e9), losses: [loss] }))).toEqual(whole);
  });
});
