/** The JSON of a comparison holds what it takes to check it: here it is, by the textbook. */
import jStat from 'jstat';
import { describe, expect, it } from 'vitest';
import { recordedBuild, scaled, sideOf } from '../../test/regression-runs.ts';
import { compareRuns } from './compare.ts';
import type { Comparison, FigureComparison } from './comparison.ts';

/** What another program would read. */
function written(comparison: Comparison): Comparison {
  return JSON.parse(JSON.stringify(comparison)) as Comparison;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value / values.length, 0);

const squares = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0);

interface Estimate {
  readonly effect: number;
  readonly variance: number;
  readonly df: number;
  readonly weight: number;
}

/** By the logs of a figure alone. */
function estimate({ base, new: next }: FigureComparison, comparison: Comparison): Estimate {
  const { pairs, correlation } = comparison;
  const known = (logs: FigureComparison['base']['logs']): number[] =>
    logs.filter((log) => log !== null);
  if (pairs === null) {
    const [a, b] = [known(base.logs), known(next.logs)];
    const df = a.length + b.length - 2;
    const weight = 1 / a.length + 1 / b.length;
    return { effect: mean(b) - mean(a), variance: (squares(a) + squares(b)) / df, df, weight };
  }
  const both = pairs.map(([a, b]): [number, number] => [base.logs[a] ?? 0, next.logs[b] ?? 0]);
  const differences = both.map(([a, b]) => b - a);
  const sums = both.map(([a, b]) => a + b);
  const rho = correlation ?? 0;
  const df = 2 * both.length - 2;
  // generalised least squares with blocks of two
  const own = (squares(differences) / (2 * (1 - rho)) + squares(sums) / (2 * (1 + rho))) / df;
  return { effect: mean(differences), variance: own * (1 - rho), df, weight: 2 / both.length };
}

const CASES = [
  ['pairs', compareRuns(recordedBuild('la'), recordedBuild('lb'))],
  ['separate runs', compareRuns(recordedBuild('k0'), recordedBuild('k1'), { pairs: 'none' })],
] as const;

describe.each(CASES)('%s, recomputed from the JSON', (_, comparison) => {
  const read = written(comparison);
  const tested = read.figures.filter(({ p }) => p !== null);
  const estimates = tested.map((figure) => estimate(figure, read));
  const { prior } = read;
  const pooledDf = estimates.reduce((sum, { df }) => sum + df, 0);

  it('p, effect and intervals', () => {
    expect(tested.length).toBeGreaterThan(10);
    tested.forEach((figure, n) => {
      const { effect, variance, df, weight } = estimates[n] as Estimate;
      const d0 = prior?.df ?? 0;
      const spread = (d0 * (prior?.variance ?? 0) + df * variance) / (d0 + df);
      const total = Math.min(d0 + df, pooledDf);
      const error = Math.sqrt(spread * weight);
      expect(Math.log(figure.ratio ?? 0)).toBeCloseTo(effect, 9);
      const tail = jStat.ibeta(total / (total + (effect / error) ** 2), total / 2, 0.5);
      expect((figure.p ?? 0) / tail).toBeCloseTo(1, 6);
      const half = jStat.studentt.inv(0.95, total) * error;
      expect(Math.log(figure.ci90?.[1] ?? 0)).toBeCloseTo(effect + half, 6);
    });
  });

  it('q: the smallest rate at which it would be found', () => {
    const ps = tested.map(({ p }) => p ?? 1);
    for (const { p, q } of tested) {
      const larger = ps.filter((other) => other >= (p ?? 1));
      const rates = larger.map(
        (other) => (other * ps.length) / ps.filter((one) => one <= other).length,
      );
      expect(q).toBeCloseTo(Math.min(1, ...rates), 9);
    }
  });
});

it('all of it, findings and the scatter of earlier builds included', () => {
  const history = Array.from({ length: 9 }, (_, n) =>
    sideOf(
      `build ${n}`,
      recordedBuild('la2').runs.map((run) => scaled(run, 'all', 1 + 0.05 * Math.sin(3 * n))),
    ),
  );
  const settings = { thresholds: { 'fence-latency': 0.2 }, q: 0.1 };
  const read = written(compareRuns(recordedBuild('la'), recordedBuild('lb'), settings, history));
  const again = compareRuns(read.base, read.new, read.settings, read.history);
  expect(written(again)).toEqual(read);
  expect(read.figures.some(({ pHistory }) => pHistory !== null)).toBe(true);
});
