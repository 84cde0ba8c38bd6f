/** By how much each part of a distribution moved: the fast ones, the typical ones, the tail. */
import type { Quantile } from '../analyzers/metrics/measure.ts';
import type { Run } from './run.ts';
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

/** The extremes are left out: they are single values, not quantiles of a distribution. */
export function quantileShift(base: readonly Curve[], next: readonly Curve[]): Shift[] {
  if (base.length < 2 || next.length < 2) return [];
  const grid = base[0]?.quantiles ?? [];
  return grid.flatMap(({ q }, n): Shift[] => {
    if (q <= 0 || q >= 1) return [];
    const [before, after] = [logsAt(base, n), logsAt(next, n)];
    const effect = mean(after) - mean(before);
    const { variance, df } = pooled({ before, after });
    const half = criticalT(0.05, df) * Math.sqrt(variance * (1 / before.length + 1 / after.length));
    return [
      { q, ratio: Math.exp(effect), low: Math.exp(effect - half), high: Math.exp(effect + half) },
    ];
  });
}

function logsAt(curves: readonly Curve[], n: number): number[] {
  return curves.map(({ quantiles }) => Math.log(Math.max(1, quantiles[n]?.value ?? 1)));
}
