/** Many builds in order: since which one a metric is worse. */
import type { MetricRow } from '../analyzers/metrics/measure.ts';
import { VERSION } from '../version.ts';
import { clockDifference, hostClass, isLossy } from './comparability.ts';
import { type CompareSettings, DEFAULT_SETTINGS, type Side } from './comparison.ts';
import { type Figure, figuresOf, rowsByName, sampleOf } from './figures.ts';
import { benjaminiHochberg } from './statistics/benjamini-hochberg.ts';
import {
  bestSplit,
  type ChangePoint,
  changePoints,
  SPLIT_ALPHA,
} from './statistics/change-points.ts';
import { randomFrom } from './statistics/random.ts';
import { mean, median } from './statistics/sample.ts';

export const TREND_VERSION = 1;
/** With fewer builds no order of them is unlikely enough. */
export const LEAST_BUILDS = 10;
const SEED = 1;

export interface Change {
  readonly verdict: 'regressed' | 'improved' | 'changed';
  /** First build of the new level. */
  readonly first: string;
  /** The one before it. */
  readonly last: string;
  /** It may as well be any build from here … */
  readonly from: string;
  /** … to here. */
  readonly to: string;
  readonly ratio: number;
  readonly p: number;
}

export interface FigureTrend {
  readonly id: string;
  readonly metric: string;
  readonly statistic: Figure['statistic'];
  readonly unit: string;
  readonly direction: Figure['direction'];
  readonly threshold: number;
  /** Per build its runs; null = the run has none. */
  readonly builds: readonly {
    readonly label: string;
    readonly values: readonly (number | null)[];
    /** Mean of the logs; null = no run has it. */
    readonly log: number | null;
    readonly median: number | null;
  }[];
  /** Of its best split; null = too few builds have it. */
  readonly p: number | null;
  readonly q: number | null;
  readonly changes: readonly Change[];
}

export interface Trend {
  readonly schema: 'svm-trace-trend';
  readonly version: typeof TREND_VERSION;
  readonly tool: { readonly name: 'svm-trace'; readonly version: string };
  readonly settings: CompareSettings;
  readonly builds: readonly Side[];
  readonly obstacles: readonly string[];
  readonly notes: readonly string[];
  /** What changed for the worse first. */
  readonly figures: readonly FigureTrend[];
}

export function findTrend(given: readonly Side[], settings: Partial<CompareSettings> = {}): Trend {
  const all: CompareSettings = { ...DEFAULT_SETTINGS, ...settings };
  const builds = given.filter((build) => build.runs.length > 0 && !isLossy(build));
  const runs = builds.flatMap((build) => build.runs);
  const clock = clockDifference(runs);
  const rows = builds.map((build) => build.runs.map(rowsByName));
  const figures = figuresOf(runs, all.thresholds)
    .filter(({ metric }) => all.metrics.length === 0 || all.metrics.includes(metric))
    .filter(({ statistic, perSecond }) => !clock || (statistic === 'rate' && !perSecond))
    .map((figure) => seriesOf(figure, builds, rows))
    .filter(({ known }) => known.length >= LEAST_BUILDS);
  const splits = figures.map(({ logs }) => bestSplit(logs, randomFrom(SEED)));
  const reach = reachOf(builds.length, figures.length, all.q);
  const qs = benjaminiHochberg(splits.map((split) => split?.p ?? 1));
  return {
    schema: 'svm-trace-trend',
    version: TREND_VERSION,
    tool: { name: 'svm-trace', version: VERSION },
    settings: all,
    builds,
    obstacles: reach.obstacles,
    notes: [...notesOn(builds, given.length - builds.length, clock), ...reach.notes],
    figures: figures
      .map((series, n) => trendOf(series, splits[n], qs[n] ?? 1, all.q))
      .sort(byWeight),
  };
}

interface Series {
  readonly figure: Figure;
  readonly builds: FigureTrend['builds'];
  /** Builds that have it, and their logs. */
  readonly known: readonly string[];
  readonly logs: readonly number[];
}

function seriesOf(
  figure: Figure,
  builds: readonly Side[],
  rows: readonly (readonly ReadonlyMap<string, MetricRow>[])[],
): Series {
  const series = builds.map(({ label }, n) => {
    const samples = (rows[n] ?? []).map((run) => sampleOf(figure, run));
    const present = samples.filter((sample) => sample !== undefined);
    return {
      label,
      values: samples.map((sample) => sample?.value ?? null),
      log: present.length === 0 ? null : mean(present.map(({ log }) => log)),
      median: present.length === 0 ? null : median(present.map(({ value }) => value)),
      count: present.reduce((sum, { count }) => sum + count, 0),
    };
  });
  // a rate of nothing at all has no trend
  const happened = series.some(({ count }) => count > 0);
  const known = happened ? series.filter(({ log }) => log !== null) : [];
  return {
    figure,
    builds: series.map(({ label, values, log, median: middle }) => ({
      label,
      values,
      log,
      median: middle,
    })),
    known: known.map(({ label }) => label),
    logs: known.flatMap(({ log }) => log ?? []),
  };
}

function trendOf(
  { figure, builds, known, logs }: Series,
  split: ChangePoint | undefined,
  q: number,
  level: number,
): FigureTrend {
  const { metric, statistic, unit, direction, threshold } = figure;
  const points = q <= level ? changePoints(logs, split, randomFrom(SEED)) : [];
  return {
    id: `${metric} ${statistic}`,
    metric,
    statistic,
    unit,
    direction,
    threshold,
    builds,
    p: split?.p ?? null,
    q,
    changes: points
      .filter(({ effect }) => Math.abs(effect) >= Math.log(1 + threshold))
      .map((point) => changeOf(point, known, direction)),
  };
}

function changeOf(
  { at, from, to, effect, p }: ChangePoint,
  known: readonly string[],
  direction: Figure['direction'],
): Change {
  const name = (n: number): string => known[n] ?? '';
  const worse = effect > 0 ? 'regressed' : 'improved';
  return {
    verdict: direction === 'neutral' ? 'changed' : worse,
    first: name(at),
    last: name(at - 1),
    from: name(from),
    to: name(to),
    ratio: Math.exp(effect),
    p,
  };
}

/**
 * How near to either end of the builds a change can be seen. Of all orders of `builds`, 2 in
 * binomial(builds, k) have the k of the new level together at an end; no step is less likely by
 * chance, and one among many metrics must be.
 */
function reachOf(
  builds: number,
  metrics: number,
  level: number,
): Pick<Trend, 'obstacles' | 'notes'> {
  if (builds < LEAST_BUILDS) {
    const needed = `${LEAST_BUILDS} are needed before a change of one metric stands out from their order`;
    return { obstacles: [`${builds} builds: ${needed}`], notes: [] };
  }
  const fewer = '--metric asks fewer questions';
  const half = Math.floor(builds / 2);
  for (let k = 2, orders = (builds * (builds - 1)) / 2; k <= half; k += 1) {
    const p = 2 / orders;
    if (p <= SPLIT_ALPHA && p * metrics <= level) {
      const shown = `a change of one metric stands out with ${k} builds or more on each side of it; ${fewer}`;
      return { obstacles: [], notes: k > 2 ? [shown] : [] };
    }
    orders *= (builds - k) / (k + 1);
  }
  const hidden = `a change of one metric does not stand out from the orders of ${builds} builds where ${metrics} are looked at; ${fewer}`;
  return { obstacles: [hidden], notes: [] };
}

function notesOn(builds: readonly Side[], leftOut: number, clock: string | undefined): string[] {
  const runs = builds.flatMap((build) => build.runs);
  const hosts = [...new Set(runs.map(hostClass))].sort();
  const few = builds.filter((build) => build.runs.length < 3).length;
  return [
    ...(hosts.length > 1 ? [`several classes of hosts: ${hosts.join(', ')}`] : []),
    ...(clock ? [`${clock}: no times are compared`] : []),
    ...(leftOut > 0
      ? [`builds left out, because too many of their events were lost: ${leftOut}`]
      : []),
    ...(few > 0 ? [`${few} of ${builds.length} builds have fewer than 3 runs`] : []),
  ];
}

function byWeight(a: FigureTrend, b: FigureTrend): number {
  const rank = ({ changes }: FigureTrend): number => {
    if (changes.some(({ verdict }) => verdict === 'regressed')) return 0;
    return changes.length > 0 ? 1 : 2;
  };
  const size = ({ changes }: FigureTrend): number =>
    Math.max(0, ...changes.map(({ ratio }) => Math.abs(Math.log(ratio))));
  return rank(a) - rank(b) || size(b) - size(a) || (a.id < b.id ? -1 : 1);
}
