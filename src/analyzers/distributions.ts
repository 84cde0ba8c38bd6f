import type { StoreReader } from '../store/reader.ts';
import { RANGE_FAULT_END } from './lifetimes/range-fault-tables.ts';
import type { Distribution } from './result.ts';

const MAX_POINTS = 2_000;

/** Quantiles by nearest rank; both tails are fine enough to compare two builds. */
const QUANTILES = [0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1] as const;

interface Measure {
  readonly name: string;
  /** The question a figure of it answers. */
  readonly title: string;
  /** Gives ts (relative ns of the start), value (ns) and series. */
  readonly sql: string;
}

/** What is measured over all objects of a kind that began and ended inside the capture. */
const measures: readonly Measure[] = [
  {
    name: 'range-fault-duration',
    title:
      'How long do range faults take, from the first attempt to the end of the last, by outcome?',
    sql: `SELECT start_ts AS ts, end_ts - start_ts AS value, ${RANGE_FAULT_END} AS series FROM range_fault
          WHERE start_ts IS NOT NULL AND end_ts IS NOT NULL`,
  },
  {
    name: 'range-fault-attempt-duration',
    title: 'How long does one attempt of a range fault take, by return value?',
    sql: `SELECT start_ts AS ts, end_ts - start_ts AS value, coalesce('ret ' || ret, 'ret unknown') AS series
          FROM range_fault_attempt WHERE start_ts IS NOT NULL AND end_ts IS NOT NULL`,
  },
  {
    name: 'invalidation-duration',
    title: 'How long does invalidate_range_start hold its caller up, by reason?',
    sql: `SELECT start_ts AS ts, return_ts - start_ts AS value,
            CASE WHEN sane = 0 THEN 'unknown' ELSE
              CASE reason WHEN 0 THEN 'UNMAP' WHEN 1 THEN 'CLEAR' WHEN 2 THEN 'PROTECTION_VMA'
                WHEN 3 THEN 'PROTECTION_PAGE' WHEN 4 THEN 'SOFT_DIRTY' WHEN 5 THEN 'RELEASE'
                WHEN 6 THEN 'MIGRATE' WHEN 7 THEN 'EXCLUSIVE' ELSE 'unknown' END END AS series
          FROM invalidation WHERE start_ts IS NOT NULL AND return_ts IS NOT NULL`,
  },
  {
    name: 'fence-latency',
    title: 'How long do fences take from creation to signal, by timeline?',
    sql: `SELECT coalesce(init_ts, emit_ts) AS ts, signaled_ts - coalesce(init_ts, emit_ts) AS value,
            coalesce(timeline, 'unknown') AS series
          FROM fence WHERE signaled_ts >= coalesce(init_ts, emit_ts) AND coalesce(container, 0) = 0`,
  },
  {
    name: 'fence-wait-duration',
    title: 'How long are fences waited for, by how the wait ended?',
    sql: `SELECT start_ts AS ts, end_ts - start_ts AS value,
            CASE gave_up WHEN 1 THEN 'gave up' ELSE 'signalled' END AS series
          FROM fence_wait WHERE start_ts IS NOT NULL AND end_ts IS NOT NULL`,
  },
  {
    name: 'job-queue-to-run',
    title: 'How long do jobs wait before the hardware gets them, by ring?',
    sql: `SELECT queue_ts AS ts, run_ts - queue_ts AS value, coalesce(ring, 'unknown') AS series
          FROM job WHERE queue_ts IS NOT NULL AND run_ts IS NOT NULL`,
  },
];

interface Point {
  readonly ts: number;
  readonly value: number;
  readonly series: string;
}

/** What one measure gives over all objects, however many there are. */
export interface Measured {
  readonly measure: Measure;
  readonly count: number;
  readonly sum: number;
  readonly quantiles: Distribution['quantiles'];
  /** Ascending by value. */
  readonly points: readonly Point[];
}

/** What the objects of a store measure; kinds of which there are none are left out. */
export function measureObjects(store: StoreReader): Measured[] {
  return measures.flatMap((measure) => {
    const [total] = store.allNumbers<{ count: number; sum: number }>(
      `SELECT count(*) AS count, sum(value) AS sum FROM (${measure.sql})`,
    );
    if (!total || total.count === 0) return [];
    const { count, sum } = total;
    const ranked = pointsByRank(store, measure, [...quantileRanks(count), ...sampleRanks(count)]);
    const at = (rank: number): Point[] => {
      const point = ranked.get(rank);
      return point ? [point] : [];
    };
    return {
      measure,
      count,
      sum,
      quantiles: QUANTILES.map((q) => ({ q, value: at(quantileRank(q, count))[0]?.value ?? 0 })),
      points: sampleRanks(count).flatMap(at),
    };
  });
}

export function buildDistributions(measured: readonly Measured[]): Distribution[] {
  return measured.map(({ measure, count, quantiles, points }) => ({
    name: measure.name,
    title: measure.title,
    unit: 'ns',
    count,
    quantiles,
    points,
  }));
}

/** A row of the table `metric`. */
export interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly count: number;
  readonly sum: number;
  readonly quantiles: Distribution['quantiles'];
  readonly duration_ns: number;
}

export function buildMetrics(store: StoreReader, measured: readonly Measured[]): Metric[] {
  const [capture] = store.allNumbers<{ duration_ns: number; clock_unit: string }>(
    'SELECT duration_ns, clock_unit FROM capture',
  );
  return measured.map(({ measure, count, sum, quantiles }) => ({
    name: measure.name,
    unit: capture?.clock_unit ?? 'ns',
    count,
    sum,
    quantiles,
    duration_ns: capture?.duration_ns ?? 0,
  }));
}

/** Only the points asked for leave SQLite: a capture may have millions. Ranks count from 1. */
function pointsByRank(
  store: StoreReader,
  measure: Measure,
  ranks: readonly number[],
): Map<number, Point> {
  const rows = store.allNumbers<Point & { rank: number }>(
    `SELECT * FROM (
       SELECT *, row_number() OVER (ORDER BY value, ts) AS rank FROM (${measure.sql})
     ) WHERE rank IN (SELECT value FROM json_each(?))`,
    JSON.stringify([...new Set(ranks)]),
  );
  return new Map(rows.map(({ rank, ...point }) => [rank, point]));
}

function quantileRank(q: number, count: number): number {
  return Math.max(1, Math.ceil(q * count));
}

function quantileRanks(count: number): number[] {
  return QUANTILES.map((q) => quantileRank(q, count));
}

/** All of few, an even sample of many; the smallest and the largest are always there. */
function sampleRanks(count: number): number[] {
  if (count <= MAX_POINTS) return Array.from({ length: count }, (_, n) => n + 1);
  const step = (count - 1) / (MAX_POINTS - 1);
  return Array.from({ length: MAX_POINTS }, (_, n) => 1 + Math.round(n * step));
}
