/** By how much each part of a distribution moved: the fast ones, the typical ones, the tail. */
import type { Quantile } from '../analyzers/metrics/measure.ts';
import type { Comparison } from './comparison.ts';
import type { Run } from './run.ts';
import { varianceInPairs } from './statistics/blocks.ts';
import { pooled } from './statistics/moderated-t.ts';
import { mean } from './statistics/sample.ts';
import { criticalT } from './statistics/student-t.ts';

export interface Shift {
  readonly q: number;
  /** new / base at this quantile. */
  readonly ratio: number;
  /** 95 % by the scatter of the runs. */
  readonly low: number;
  readonly high: number;
}

export interface Curve {
  readonly run: number;
  readonly quantiles: readonly Quantile[];
}

/** The distributions of a metric, one per run that has it. */
export function curvesOf(runs: readonly Run[], metric: string): Curve[] {
  return runs.flatMap(({ metrics }, run) => {
    const quantiles = metrics.find(({ name }) => name === metric)?.quantiles ?? [];
    return quantiles.length === 0 ? [] : [{ run, quantiles }];
  });
}

/** Quantile by quantile the geometric mean over the runs. */
export function typicalCurve(curves: readonly Curve[]): Quantile[] {
  const [first] = curves;
  return (first?.quantiles ?? []).map(({ q }, n) => ({
    q,
    value: Math.exp(mean(logsAt(curves, n))),
  }));
}

type Design = Pick<Comparison, 'pairs' | 'correlation'>;

/** The extremes are left out: they are single values, not quantiles of a distribution. */
export function quantileShift(
  base: readonly Curve[],
  next: readonly Curve[],
  { pairs, correlation }: Design,
): Shift[] {
  const partners = pairs?.flatMap(([a, b]): [Curve, Curve][] => {
    const [first, second] = [base.find(({ run }) => run === a), next.find(({ run }) => run === b)];
    return first && second ? [[first, second]] : [];
  });
  const before = partners?.map(([first]) => first) ?? base;
  const after = partners?.map(([, second]) => second) ?? next;
  if (before.length < 2 || after.length < 2) return [];
  const grid = before[0]?.quantiles ?? [];
  return grid.flatMap(({ q }, n): Shift[] => {
    if (q <= 0 || q >= 1) return [];
    const logs = { before: logsAt(before, n), after: logsAt(after, n) };
    const effect = mean(logs.after) - mean(logs.before);
    const { variance, df } = partners
      ? varianceInPairs(logs, correlation ?? undefined)
      : pooled(logs);
    const half = criticalT(0.05, df) * Math.sqrt(variance * (1 / before.length + 1 / after.length));
    return [
      { q, ratio: Math.exp(effect), low: Math.exp(effect - half), high: Math.exp(effect + half) },
    ];
  });
}

function logsAt(curves: readonly Curve[], n: number): number[] {
  return curves.map(({ quantiles }) => Math.log(Math.max(1, quantiles[n]?.value ?? 1)));
}
