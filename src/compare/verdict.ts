/** The rules that turn numbers into words. */
import type { Direction } from '../analyzers/metrics/metric.ts';
import type { Verdict } from './comparison.ts';

/** Runs a side from which on a verdict may fail a build; with fewer it is a suspicion. */
export const GATING_RUNS = 5;
const ALPHA = 0.05;

/** What is known of one figure; logs are of new / base. */
export interface Measured {
  readonly effect: number;
  readonly p: number;
  readonly q: number;
  readonly ci90: readonly [number, number];
  /** log(1 + threshold). */
  readonly threshold: number;
  readonly aboveFloor: boolean;
  /** Of the smaller side. */
  readonly runs: number;
  readonly bimodal: boolean;
  readonly direction: Direction;
}

export function judge(measured: Measured, level: number): Verdict {
  const { effect, p, q, ci90, threshold, aboveFloor, runs, bimodal, direction } = measured;
  const matters = Math.abs(effect) >= threshold && aboveFloor;
  if (matters && q <= level && runs >= GATING_RUNS && !bimodal) {
    if (direction === 'neutral') return 'changed';
    return effect > 0 ? 'regressed' : 'improved';
  }
  if (matters && p <= ALPHA) return 'suspect';
  if (ci90[0] > -threshold && ci90[1] < threshold) return 'same';
  return 'inconclusive';
}
