/** Reads the metrics of a capture from its objects: numbers only, in one pass per table. */
import type { OccurrenceKind } from '../../kernel/occurrence.ts';
import type { StoreReader } from '../../store/reader.ts';
import type { DetectorRun } from '../detector.ts';
import type { Finding } from '../finding.ts';
import { metrics } from './index.ts';
import type { DurationMetric, Metric, RateMetric } from './metric.ts';

/** Fine enough to draw the distribution, and to compare both of its ends. */
export const QUANTILE_GRID: readonly number[] = [
  0,
  0.01,
  0.02,
  ...Array.from({ length: 19 }, (_, n) => Number(((n + 1) * 0.05).toFixed(2))),
  0.98,
  0.99,
  0.995,
  0.999,
  1,
];

export interface Quantile {
  readonly q: number;
  readonly value: number;
}

/** A row of the table `metric`. */
export interface MetricRow {
  readonly name: string;
  readonly kind: Metric['kind'];
  /** Of sum and quantiles, or of what a rate is counted against. */
  readonly unit: string;
  /** Values of a distribution, or events of a rate. */
  readonly count: number;
  /** Of a distribution; null = a rate. */
  readonly sum: number | null;
  /** Of a distribution; null = a rate. */
  readonly quantiles: readonly Quantile[] | null;
  /** What the events of a rate are counted against; null = a distribution. */
  readonly denominator: number | null;
  readonly duration_ns: number;
}

/** Findings of a detector are a metric of this name. */
export const FINDINGS_PREFIX = 'findings/';

/**
 * The metrics a capture has: what it did not record is left out, what did not happen is zero.
 * `known` are the metrics to read.
 */
export function measureMetrics(
  store: StoreReader,
  known: readonly Metric[] = metrics,
): MetricRow[] {
  const [capture] = store.allNumbers<{ duration_ns: number; clock_unit: string }>(
    'SELECT end_ns - start_ns AS duration_ns, clock_unit FROM capture',
  );
  if (!capture) return [];
  const observable = new Set(
    store
      .allNumbers<{ kind: OccurrenceKind }>('SELECT kind FROM occurrence WHERE observable = 1')
      .map(({ kind }) => kind),
  );
  const measured = known.filter(({ needs }) =>
    needs.every((oneOf) => oneOf.some((kind) => observable.has(kind))),
  );
  const counts = countEvents(store, measured);
  return measured.flatMap((metric): MetricRow[] => {
    const { name, kind } = metric;
    if (metric.kind === 'duration') {
      const unit = capture.clock_unit;
      return [
        { name, kind, unit, ...distribution(store, metric), ...NO_RATE, ...lengthOf(capture) },
      ];
    }
    const { events, per } = counts.get(name) ?? { events: 0, per: 0 };
    if (metric.per === 'second' && capture.clock_unit !== 'ns') return [];
    const denominator = metric.per === 'second' ? capture.duration_ns / 1e9 : per;
    return [
      {
        name,
        kind,
        unit: metric.unit,
        count: events,
        ...NO_VALUES,
        denominator,
        ...lengthOf(capture),
      },
    ];
  });
}

const NO_RATE = { denominator: null } as const;
const NO_VALUES = { sum: null, quantiles: null } as const;

function lengthOf({ duration_ns }: { duration_ns: number }): Pick<MetricRow, 'duration_ns'> {
  return { duration_ns };
}

/**
 * How many findings each detector that could look has, as a rate per second. Mere information is
 * left out: it is no failure.
 */
export function countFindings(
  store: StoreReader,
  runs: readonly DetectorRun[],
  findings: readonly Finding[],
): MetricRow[] {
  const [capture] = store.allNumbers<{ duration_ns: number; clock_unit: string }>(
    'SELECT end_ns - start_ns AS duration_ns, clock_unit FROM capture',
  );
  if (capture?.clock_unit !== 'ns') return [];
  return runs
    .filter(({ outcome }) => outcome === 'findings' || outcome === 'clean')
    .map(({ detector }) => ({
      name: `${FINDINGS_PREFIX}${detector}`,
      kind: 'rate',
      unit: 's',
      count: findings.filter(
        (finding) => finding.detector === detector && finding.severity !== 'info',
      ).length,
      ...NO_VALUES,
      denominator: capture.duration_ns / 1e9,
      duration_ns: capture.duration_ns,
    }));
}

function distribution(
  store: StoreReader,
  { from, value, where }: DurationMetric,
): Pick<MetricRow, 'count' | 'sum' | 'quantiles'> {
  const values = store.column(`SELECT ${value} FROM ${from} WHERE ${where}`).sort();
  const sum = values.reduce((total, next) => total + next, 0);
  return { count: values.length, sum, quantiles: quantilesOf(values) };
}

/** By nearest rank, of ascending values; none of nothing. */
export function quantilesOf(sorted: ArrayLike<number>): Quantile[] {
  const { length } = sorted;
  if (length === 0) return [];
  return QUANTILE_GRID.map((q) => ({
    q,
    value: sorted[Math.max(1, Math.ceil(q * length)) - 1] ?? 0,
  }));
}

interface Counted {
  readonly events: number;
  readonly per: number;
}

/** Every table is read once, whatever the number of its rates. */
function countEvents(store: StoreReader, measured: readonly Metric[]): Map<string, Counted> {
  const rates = measured.filter((metric): metric is RateMetric => metric.kind === 'rate');
  const counted = new Map<string, Counted>();
  for (const from of new Set(rates.map((rate) => rate.from))) {
    const ofTable = rates.filter((rate) => rate.from === from);
    const sums = ofTable.flatMap(({ events, per }) => [events, per === 'second' ? '0' : per]);
    const [row] = store.allNumbers<Record<string, number | null>>(
      `SELECT ${sums.map((sum, n) => `${sum} AS c${n}`).join(', ')} FROM ${from}`,
    );
    ofTable.forEach(({ name }, n) => {
      counted.set(name, { events: row?.[`c${2 * n}`] ?? 0, per: row?.[`c${2 * n + 1}`] ?? 0 });
    });
  }
  return counted;
}
