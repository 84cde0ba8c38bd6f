/** One figure with its samples of both sides, and what they are worth before they are tested. */
import type { MetricRow } from '../analyzers/metrics/measure.ts';
import { LEAST_RUNS } from './comparability.ts';
import type { FigureComparison, FigureSide } from './comparison.ts';
import { type Figure, type Sample, sampleOf } from './figures.ts';
import type { Pair } from './pairs.ts';
import { mean, median } from './statistics/sample.ts';

/** Fewer events on both sides together say only whether there are any. */
const LEAST_EVENTS = 10;
const ABSENT = 'not recorded, or nothing of the kind';

/** undefined = the run does not have it. */
export interface Case {
  readonly figure: Figure;
  readonly base: readonly (Sample | undefined)[];
  readonly next: readonly (Sample | undefined)[];
}

/** The samples that are tested; of pairs, the nth of both belong together. */
export interface Sides {
  readonly before: readonly Sample[];
  readonly after: readonly Sample[];
}

/** A case that can be tested. */
export interface Testable extends Case, Sides {}

export function caseOf(
  figure: Figure,
  base: readonly ReadonlyMap<string, MetricRow>[],
  next: readonly ReadonlyMap<string, MetricRow>[],
): Case {
  return {
    figure,
    base: base.map((run) => sampleOf(figure, run)),
    next: next.map((run) => sampleOf(figure, run)),
  };
}

/** The runs that have the figure, or the pairs of which both have. */
export function sidesOf({ base, next }: Case, pairs: readonly Pair[] | null): Sides {
  if (pairs === null) return { before: present(base), after: present(next) };
  const whole = pairs.filter(([a, b]) => base[a] && next[b]);
  return {
    before: present(whole.map(([a]) => base[a])),
    after: present(whole.map(([, b]) => next[b])),
  };
}

function present(samples: readonly (Sample | undefined)[]): Sample[] {
  return samples.filter((sample) => sample !== undefined);
}

export function logsOf(samples: readonly Sample[]): number[] {
  return samples.map(({ log }) => log);
}

/** Why there is too little to test, if there is. */
export function shortage(
  { figure: { statistic }, base, next }: Case,
  { before, after }: Sides,
): string | undefined {
  const events = eventsOf(present([...base, ...next]));
  if (events === 0) return 'nothing of the kind happened on either side';
  if (present(base).length === 0) return `not in the base runs: ${ABSENT}`;
  if (present(next).length === 0) return `not in the new runs: ${ABSENT}`;
  if (Math.min(before.length, after.length) < LEAST_RUNS) {
    return `only ${before.length} of the base runs and ${after.length} of the new ones have it`;
  }
  if (statistic === 'rate' && events < LEAST_EVENTS) {
    return `only ${events === 1 ? 'one event' : `${events} events`} in all runs`;
  }
  return undefined;
}

/** Whether the difference is large enough to matter at all, whatever its ratio. */
export function exceedsFloor({ statistic, floor }: Figure, { before, after }: Sides): boolean {
  if (statistic !== 'rate') {
    const [a, b] = [before, after].map((side) => median(side.map(({ value }) => value)));
    return Math.abs((b ?? 0) - (a ?? 0)) >= floor;
  }
  const [a, b] = [before, after].map((side) => ({
    events: eventsOf(side),
    trials: side.reduce((sum, { denominator }) => sum + denominator, 0),
  }));
  if (!a || !b) return false;
  const trials = Math.min(a.trials, b.trials);
  return Math.abs(b.events / b.trials - a.events / a.trials) * trials >= floor;
}

function eventsOf(samples: readonly Sample[]): number {
  return samples.reduce((sum, { count }) => sum + count, 0);
}

/** The figure with its values, before anything is said about them. */
export function described({ figure, base, next }: Case): FigureComparison {
  const { metric, statistic, direction, unit, threshold } = figure;
  return {
    id: `${metric} ${statistic}`,
    metric,
    statistic,
    direction,
    unit,
    threshold,
    base: sideOf(base),
    new: sideOf(next),
    ratio: ratioOf(present(base), present(next)),
    ci95: null,
    ci90: null,
    p: null,
    q: null,
    pHistory: null,
    verdict: 'inconclusive',
    reason: null,
    runsNeeded: null,
  };
}

function ratioOf(base: readonly Sample[], next: readonly Sample[]): number | null {
  return base.length > 0 && next.length > 0
    ? Math.exp(mean(logsOf(next)) - mean(logsOf(base)))
    : null;
}

function sideOf(samples: readonly (Sample | undefined)[]): FigureSide {
  const known = present(samples);
  return {
    values: samples.map((sample) => sample?.value ?? null),
    logs: samples.map((sample) => sample?.log ?? null),
    median: known.length === 0 ? null : median(known.map(({ value }) => value)),
    count: eventsOf(known),
  };
}
