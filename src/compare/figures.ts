/** What is tested of a run: the log of a median, of a 99th percentile, or of a rate. */
import { metrics } from '../analyzers/metrics/index.ts';
import { FINDINGS_PREFIX, type MetricRow } from '../analyzers/metrics/measure.ts';
import {
  type Direction,
  FLOOR_EVENTS,
  type Metric,
  RATE_THRESHOLD,
} from '../analyzers/metrics/metric.ts';
import type { FigureComparison } from './comparison.ts';
import type { Run } from './run.ts';

/** Fewer values have no 99th percentile worth comparing. */
const TAIL_FROM = 1000;

export interface Figure {
  readonly metric: string;
  readonly statistic: FigureComparison['statistic'];
  readonly direction: Direction;
  readonly unit: string;
  readonly threshold: number;
  /** Absolute difference below which nothing matters: ns, or events. */
  readonly floor: number;
  /** Events a rate is printed for. */
  readonly scale: number;
  /** A rate against time. */
  readonly perSecond: boolean;
}

/** One run’s number. */
export interface Sample {
  /** As it is printed. */
  readonly value: number;
  /** What is tested. */
  readonly log: number;
  /** Values, or events. */
  readonly count: number;
  /** Of a rate. */
  readonly denominator: number;
}

/** The figures of the metrics that any of the runs has, in the order of the metrics. */
export function figuresOf(
  runs: readonly Run[],
  thresholds: Readonly<Record<string, number>>,
): Figure[] {
  const named = new Set(runs.flatMap((run) => run.metrics.map(({ name }) => name)));
  const known = metrics.filter(({ name }) => named.has(name)).flatMap(figuresOfMetric);
  const findings = [...named].filter((name) => name.startsWith(FINDINGS_PREFIX)).sort();
  return [...known, ...findings.map(findingFigure)].map((figure) => {
    const threshold =
      thresholds[`${figure.metric} ${figure.statistic}`] ?? thresholds[figure.metric];
    return threshold === undefined ? figure : { ...figure, threshold };
  });
}

function figuresOfMetric(metric: Metric): Figure[] {
  const { name, direction, threshold } = metric;
  if (metric.kind === 'duration') {
    const both = {
      metric: name,
      direction,
      unit: 'ns',
      floor: metric.floorNs,
      scale: 1,
      perSecond: false,
    };
    return [
      { ...both, statistic: 'p50', threshold },
      { ...both, statistic: 'p99', threshold: metric.tailThreshold },
    ];
  }
  const perSecond = metric.per === 'second';
  const unit = perSecond ? 'per second' : `per ${metric.scale} ${metric.unit}`;
  const { floorEvents: floor, scale } = metric;
  return [{ metric: name, statistic: 'rate', direction, unit, threshold, floor, scale, perSecond }];
}

function findingFigure(metric: string): Figure {
  return {
    metric,
    statistic: 'rate',
    direction: 'lower',
    unit: 'per minute',
    threshold: RATE_THRESHOLD,
    floor: FLOOR_EVENTS,
    scale: 60,
    perSecond: true,
  };
}

/** The figure in one run; undefined where the run does not have it. */
export function sampleOf(figure: Figure, rows: ReadonlyMap<string, MetricRow>): Sample | undefined {
  const row = rows.get(figure.metric);
  if (row === undefined) return undefined;
  return figure.statistic === 'rate' ? rateSample(figure, row) : quantileSample(figure, row);
}

function rateSample({ scale }: Figure, row: MetricRow): Sample | undefined {
  const denominator = row.denominator ?? 0;
  if (denominator <= 0) return undefined;
  // no event is no log of nothing; seconds are no trials
  const log = Math.log((row.count + 0.5) / (row.unit === 's' ? denominator : denominator + 1));
  return { value: (scale * row.count) / denominator, log, count: row.count, denominator };
}

function quantileSample({ statistic }: Figure, row: MetricRow): Sample | undefined {
  if (row.count === 0 || (statistic === 'p99' && row.count < TAIL_FROM)) return undefined;
  const wanted = statistic === 'p50' ? 0.5 : 0.99;
  const value = row.quantiles?.find(({ q }) => q === wanted)?.value;
  if (value === undefined) return undefined;
  return { value, log: Math.log(Math.max(value, 1)), count: row.count, denominator: 0 };
}

export function rowsByName(run: Run): Map<string, MetricRow> {
  return new Map(run.metrics.map((row) => [row.name, row]));
}
