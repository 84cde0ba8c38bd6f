/**
 * The noise that no two builds can show: each build is booted once, and boots differ. Measured by
 * the scatter of the means of earlier builds.
 */

import type { MetricRow } from '../analyzers/metrics/measure.ts';
import type { Side } from './comparison.ts';
import { type Figure, rowsByName, sampleOf } from './figures.ts';
import { mean, standardDeviation } from './statistics/sample.ts';
import { twoSidedP } from './statistics/student-t.ts';

/** Fewer earlier builds do not say how much builds differ. */
export const LEAST_BUILDS = 8;

/** Per earlier build, the metrics of its runs. */
export type History = readonly (readonly ReadonlyMap<string, MetricRow>[])[];

export function historyOf(builds: readonly Side[]): History {
  return builds.map(({ runs }) => runs.map(rowsByName));
}

/** How unusual a difference of two builds is among the earlier ones; null = too few of them. */
export function pAgainstHistory(figure: Figure, effect: number, history: History): number | null {
  const means = history.flatMap((build) => {
    const logs = build.flatMap((run) => sampleOf(figure, run)?.log ?? []);
    return logs.length === 0 ? [] : [mean(logs)];
  });
  if (means.length < LEAST_BUILDS) return null;
  const deviation = standardDeviation(means);
  if (deviation === 0) return effect === 0 ? 1 : 0;
  // the difference of two builds scatters √2 times as much as one
  return twoSidedP(effect / (deviation * Math.SQRT2), means.length - 1);
}
