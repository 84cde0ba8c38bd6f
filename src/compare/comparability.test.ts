import { describe, expect, it } from 'vitest';
import { figureOf, having, outcomeOf } from '../../test/comparisons.ts';
import { recordedBuild, scaled, sideOf } from '../../test/regression-runs.ts';
import { compareRuns } from './compare.ts';
import type { Side } from './comparison.ts';
import { gate } from './gate.ts';
import type { Run } from './run.ts';

const [la, la2, lb, k0, k1] = [
  recordedBuild('la'),
  recordedBuild('la2'),
  recordedBuild('lb'),
  recordedBuild('k0'),
  recordedBuild('k1'),
];

describe('what stands in the way', () => {
  const changed = (side: Side, change: (run: Run) => Partial<Run>): Side =>
    sideOf(
      'changed',
      side.runs.map((run) => ({ ...run, ...change(run) })),
    );

  it.each([
    ['fewer than three runs', sideOf('two', la2.runs.slice(0, 2)), /two has 2 runs: 3 are needed/],
    [
      'lost events',
      changed(la2, ({ events }) => ({ lost: events / 20 })),
      /4\.8 % .* were lost; --allow loss/,
    ],
    ['losses nobody counted', changed(la2, () => ({ lost: null })), /nobody counted/],
    [
      'another load',
      changed(la2, () => ({ programs: ['glmark'] })),
      /another load ran: svmloadN in c612-la, glmark in changed/,
    ],
    [
      'another class of host',
      changed(la2, ({ host }) => ({ host: { ...host, cpus: 64 } })),
      /another class of host/,
    ],
    [
      'much longer runs',
      changed(la2, ({ durationNs }) => ({ durationNs: durationNs * 30 })),
      /2\d times as long/,
    ],
  ] as [string, Side, RegExp][])('%s', (_, next, reason) => {
    const comparison = compareRuns(la, next);
    expect(comparison.obstacles.join('\n')).toMatch(reason);
    expect(new Set(comparison.figures.map(({ verdict }) => verdict))).toEqual(
      new Set(['not comparable']),
    );
    expect(outcomeOf(comparison)).toBe('undecided');
  });

  it('what the user allows is only noted', () => {
    const next = changed(la2, () => ({ programs: ['glmark'] }));
    const comparison = compareRuns(la, next, { allow: ['workload'] });
    expect(comparison.obstacles).toEqual([]);
    expect(comparison.notes.join()).toMatch(/another load ran.*allowed/);
    expect(outcomeOf(comparison)).toBe('pass');
  });

  it('another clock takes the times away and leaves the rates per object', () => {
    const next = changed(k1, () => ({ clock: { name: 'local', unit: 'ns' } }));
    const comparison = compareRuns(k0, next);
    expect(figureOf(comparison, 'invalidation-duration p50')).toMatchObject({
      verdict: 'not comparable',
      reason: 'other trace clocks (local, mono)',
    });
    expect(figureOf(comparison, 'invalidation-rate rate').verdict).toBe('not comparable');
    expect(figureOf(comparison, 'range-fault-retries rate').verdict).toBe('regressed');
  });

  it('a metric one side did not record is not comparable, and nothing else suffers', () => {
    const next = changed(la2, ({ metrics }) => ({
      metrics: metrics.filter(({ name }) => name !== 'fence-latency'),
    }));
    const comparison = compareRuns(la, next);
    expect(figureOf(comparison, 'fence-latency p50').reason).toMatch(/^not in the new runs/);
    expect(figureOf(comparison, 'fence-execution p50').verdict).not.toBe('not comparable');
  });

  it('three or four runs only raise suspicion, however large the change', () => {
    const comparison = compareRuns(
      sideOf('k0', k0.runs.slice(0, 4)),
      sideOf('k1', k1.runs.slice(0, 4)),
    );
    expect(figureOf(comparison, 'range-fault-retries rate').verdict).toBe('suspect');
    expect(having(comparison, 'regressed')).toEqual([]);
    expect(gate(comparison, 'regressed', false).outcome).toBe('pass');
    expect(gate(comparison, 'suspect', false).outcome).toBe('fail');
    expect(gate(comparison, 'regressed', true).outcome).toBe('undecided');
  });

  it('runs in two groups are a suspicion, not a verdict', () => {
    const split = sideOf(
      'split',
      lb.runs.map((run, n) => scaled(run, ['invalidation-duration'], n < 3 ? 1 : 4)),
    );
    const both = figureOf(compareRuns(la, split), 'invalidation-duration p50');
    expect(both.reason).toMatch(/two groups/);
    expect(both.verdict).not.toBe('regressed');
  });

  it('a capture on both sides is told', () => {
    const comparison = compareRuns(
      la,
      sideOf('mixed', [...la.runs.slice(0, 2), ...la2.runs.slice(2)]),
    );
    expect(comparison.notes.join()).toMatch(/2 of the captures are on both sides/);
  });

  it('pairs need partners', () => {
    expect(() => compareRuns(la, sideOf('fewer', lb.runs.slice(1)), { pairs: 'given' })).toThrow(
      /as many runs/,
    );
  });

  it('a threshold of the user replaces that of the metric', () => {
    const comparison = compareRuns(la, lb, { thresholds: { 'invalidation-duration': 0.6 } });
    expect(figureOf(comparison, 'invalidation-duration p50').verdict).toBe('same');
  });
});
