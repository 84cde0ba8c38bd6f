import type { StoreReader } from '../store/reader.ts';
import { drawnMetrics } from './metrics/index.ts';
import type { DurationMetric } from './metrics/metric.ts';
import type { Distribution } from './result.ts';

const MAX_POINTS = 2_000;

/** Quantiles by nearest rank; both tails are fine enough to compare two builds. */
const QUANTILES = [0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1] as const;

interface Point {
  readonly ts: number;
  readonly value: number;
  readonly series: string;
}

/** What the objects of a store took, for figures; kinds of which there are none are left out. */
export function buildDistributions(store: StoreReader): Distribution[] {
  return drawnMetrics.flatMap((metric) => {
    const sql = pointsSql(metric);
    const [total] = store.allNumbers<{ count: number }>(`SELECT count(*) AS count FROM (${sql})`);
    if (!total || total.count === 0) return [];
    const { count } = total;
    const ranked = pointsByRank(store, sql, [...quantileRanks(count), ...sampleRanks(count)]);
    const at = (rank: number): Point[] => {
      const point = ranked.get(rank);
      return point ? [point] : [];
    };
    return {
      name: metric.name,
      title: metric.title,
      unit: 'ns',
      count,
      unended: unended(store, metric),
      quantiles: QUANTILES.map((q) => ({ q, value: at(quantileRank(q, count))[0]?.value ?? 0 })),
      points: sampleRanks(count).flatMap(at),
    };
  });
}

/** Those are the longest of all, and no value shows them. */
function unended(store: StoreReader, { from, figure }: DurationMetric): number {
  if (figure?.unended === undefined) return 0;
  const [row] = store.allNumbers<{ count: number }>(
    `SELECT count(*) AS count FROM ${from} WHERE ${figure.unended}`,
  );
  return row?.count ?? 0;
}

function pointsSql({ figure, from, value, where }: DurationMetric): string {
  return `SELECT ${figure?.ts} AS ts, ${value} AS value, ${figure?.series} AS series FROM ${from} WHERE ${where}`;
}

/** Only the points asked for leave SQLite: a capture may have millions. Ranks count from 1. */
function pointsByRank(
  store: StoreReader,
  sql: string,
  ranks: readonly number[],
): Map<number, Point> {
  const rows = store.allNumbers<Point & { rank: number }>(
    `SELECT * FROM (
       SELECT *, row_number() OVER (ORDER BY value, ts) AS rank FROM (${sql})
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
