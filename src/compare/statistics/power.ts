/** How many runs a side it takes to see a change. */
import type { VariancePrior } from './moderated-t.ts';
import { criticalT, cumulativeT } from './student-t.ts';

const POWER = 0.8;
/** Nobody records more; the answer is then "more than that". */
export const MOST_RUNS = 200;

export interface Noise {
  /** Of the run summaries (log). */
  readonly variance: number;
  readonly prior: VariancePrior | undefined;
  /** Pairs of which only the differences count. */
  readonly differences: boolean;
}

/**
 * Runs a side with which a change of `effect` (log) is found at level `alpha` in four of five
 * comparisons; undefined = more than {@link MOST_RUNS}.
 */
export function runsNeeded(effect: number, noise: Noise, alpha: number): number | undefined {
  for (let runs = 3; runs <= MOST_RUNS; runs += 1) {
    if (power(effect, noise, alpha, runs) >= POWER) return runs;
  }
  return undefined;
}

/** The noncentral t, approximated by the shifted central one. */
function power(effect: number, noise: Noise, alpha: number, runs: number): number {
  const { variance, prior, differences } = noise;
  const own = differences ? runs - 1 : 2 * runs - 2;
  const df = prior ? Math.min(own + prior.df, prior.pooledDf) : own;
  const shift = Math.abs(effect) / Math.sqrt((2 * variance) / runs);
  return cumulativeT(shift - criticalT(alpha, df), df);
}
