import { describe, expect, it } from 'vitest';
import { figureOf, having, outcomeOf } from '../../test/comparisons.ts';
import { recordedBuild, sideOf } from '../../test/regression-runs.ts';
import { compareRuns } from './compare.ts';
import type { Side } from './comparison.ts';

const [a, a2, b, la, la2, lb, k0, k1] = [
  recordedBuild('a'),
  recordedBuild('a2'),
  recordedBuild('b'),
  recordedBuild('la'),
  recordedBuild('la2'),
  recordedBuild('lb'),
  recordedBuild('k0'),
  recordedBuild('k1'),
];

describe('recorded builds', () => {
  const halves = ({ label, runs }: Side): [Side, Side] => [
    sideOf(
      `${label} odd`,
      runs.filter((_, n) => n % 2 === 0),
    ),
    sideOf(
      `${label} even`,
      runs.filter((_, n) => n % 2 === 1),
    ),
  ];

  it.each([
    ['a and a2', [a, a2]],
    ['la and la2', [la, la2]],
    ['halves of la', halves(la)],
    ['halves of la2', halves(la2)],
    ['halves of k0', halves(k0)],
    ['halves of both la', halves(sideOf('both', [...la.runs, ...la2.runs]))],
    ['halves of both a', halves(sideOf('both', [...a.runs, ...a2.runs]))],
  ] as [string, [Side, Side]][])('%s are the same build: nothing regressed', (_, [base, next]) => {
    const comparison = compareRuns(base, next);
    expect(having(comparison, 'regressed')).toEqual([]);
    expect(having(comparison, 'improved')).toEqual([]);
    expect(outcomeOf(comparison)).toBe('pass');
  });

  it('la to lb: invalidations that take longer, and that first of all', () => {
    const comparison = compareRuns(la, lb);
    expect(comparison.figures[0]).toMatchObject({
      id: 'invalidation-duration p50',
      verdict: 'regressed',
    });
    expect(comparison.figures[0]?.ratio).toBeGreaterThan(1.15);
    expect(comparison.figures[0]?.ratio).toBeLessThan(1.35);
    expect(outcomeOf(comparison)).toBe('fail');
  });

  it('k0 to k1: six times as many retries, while invalidations and jobs take as long', () => {
    const comparison = compareRuns(k0, k1);
    const retries = figureOf(comparison, 'range-fault-retries rate');
    expect(retries.verdict).toBe('regressed');
    expect(retries.ratio).toBeGreaterThan(5);
    for (const unchanged of ['invalidation-duration', 'fence-latency', 'fence-execution']) {
      expect(figureOf(comparison, `${unchanged} p50`).verdict, unchanged).toBe('same');
    }
    // a fault lasts as long as its retries
    expect(figureOf(comparison, 'range-fault-duration p50').verdict).toBe('regressed');
    // there are more of them: another load, neither better nor worse
    expect(figureOf(comparison, 'invalidation-rate rate').verdict).toBe('changed');
  });

  it('k0 to k1 without the pairs: six runs as noisy as these do not show that anything is the same', () => {
    const comparison = compareRuns(k0, k1, { pairs: 'none' });
    expect(figureOf(comparison, 'range-fault-retries rate').verdict).toBe('regressed');
    const invalidation = figureOf(comparison, 'invalidation-duration p50');
    expect(invalidation.verdict).toBe('inconclusive');
    expect(invalidation.runsNeeded).toBeGreaterThan(6);
    expect(invalidation.runsNeeded).toBeLessThan(30);
  });

  it('a to b: five noisy runs raise a suspicion, and say how many would settle it', () => {
    const longer = figureOf(compareRuns(a, b, { pairs: 'none' }), 'invalidation-duration p50');
    expect(longer.verdict).toBe('suspect');
    expect(longer.runsNeeded).toBeGreaterThan(5);
    expect(longer.runsNeeded).toBeLessThan(20);
  });

  it('a to b in pairs: half of the noise is that of the minute, and five runs are enough', () => {
    const comparison = compareRuns(a, b);
    expect(comparison.correlation).toBeCloseTo(0.5, 1);
    expect(having(comparison, 'regressed')).toEqual(['invalidation-duration p50']);
    expect(figureOf(comparison, 'range-fault-duration p50').runsNeeded).toBeGreaterThan(20);
  });
});
