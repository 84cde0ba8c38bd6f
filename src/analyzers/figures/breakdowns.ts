/** Durations side by side: whose are long, and what they consist of. */
import type { StoreReader } from '../../store/reader.ts';
import { CAUSE_SHARE } from '../detectors/shared/stall-cause.ts';
import { FENCE_CREATED, FENCE_STARTED, fenceMetrics } from '../metrics/fence.ts';
import { INVALIDATION_REASON, memoryMetrics } from '../metrics/memory.ts';
import type { DurationMetric, Metric } from '../metrics/metric.ts';
import type { Breakdown } from '../result.ts';

/** More rows than this nobody compares; those with the longest values are kept. */
const ROWS = 10;
/** Values drawn of each part of a row: the shape shows with these. */
const SAMPLE = 60;
const QUANTILES = [0.5, 0.9, 0.99, 1] as const;

type Part = Pick<DurationMetric, 'from' | 'value' | 'where' | 'needs'> & { readonly name: string };

export interface BreakdownSpec {
  readonly name: string;
  /** The question it answers. */
  readonly title: string;
  /** SQL text over the tables of its parts. */
  readonly row: string;
  readonly parts: readonly Part[];
}

const held = part(memoryMetrics, 'invalidation-duration', '');
const queueing = part(fenceMetrics, 'fence-queueing', 'until the hardware got its work');
const execution = part(fenceMetrics, 'fence-execution', 'on the hardware');
const latency = part(fenceMetrics, 'fence-latency', 'creation to signal, start unknown');
const queued = part(fenceMetrics, 'job-queue-to-run', '');

const COMM = `coalesce((SELECT comm FROM process WHERE process.id = invalidation.process_id),
  (SELECT comm FROM task WHERE task.tid = invalidation.tid ORDER BY generation DESC LIMIT 1),
  'unknown task')`;
const ENOUGH = `${CAUSE_SHARE.default} * (return_ts - start_ts)`;
const LOOKED = `EXISTS (SELECT 1 FROM occurrence WHERE observable = 1
  AND kind IN ('fence.wait_start', 'probe.return'))`;

export const breakdownSpecs: readonly BreakdownSpec[] = [
  {
    name: 'invalidation-actor',
    title: 'Whose invalidations take long?',
    row: `coalesce((SELECT name FROM syscall WHERE syscall.id = invalidation.syscall_id) || ' by ' || ${COMM},
      ${COMM} || ' (' || ${INVALIDATION_REASON} || ')')`,
    parts: [held],
  },
  {
    name: 'invalidation-cause',
    title: 'What do invalidations wait for?',
    row: `CASE
      WHEN longest_wait_ns >= ${ENOUGH} THEN 'a fence of ' || coalesce((SELECT timeline FROM fence
        JOIN fence_wait ON fence_wait.fence_id = fence.id WHERE fence_wait.id = longest_wait_id), 'unknown')
      WHEN wait_ns >= ${ENOUGH} THEN 'several fences'
      WHEN callback_ns >= ${ENOUGH} THEN 'the callback ' || coalesce(callback_function, 'of a driver')
      WHEN ${LOOKED} THEN 'neither fence nor callback'
      ELSE 'not recorded' END`,
    parts: [held],
  },
  {
    name: 'fence-split',
    title: 'Do fences wait for the hardware, or does the hardware take long?',
    row: `coalesce(timeline, 'unknown')`,
    parts: [
      queueing,
      execution,
      {
        ...latency,
        where: `${latency.where} AND ${FENCE_STARTED} IS NULL AND ${FENCE_CREATED} >= 0`,
      },
    ],
  },
  {
    name: 'job-queue',
    title: 'On which ring do jobs wait before the hardware gets them?',
    row: `coalesce(ring, 'unknown')`,
    parts: [queued],
  },
];

interface Value {
  readonly row: string;
  readonly part: number;
  readonly value: number;
  readonly rank: number;
  /** Of its part of its row. */
  readonly count: number;
  readonly all_values: number;
  readonly all_rows: number;
}

export function buildBreakdowns(store: StoreReader): Breakdown[] {
  return breakdownSpecs.flatMap((spec) => {
    const values = store.allNumbers<Value>(valuesSql(spec));
    const [first] = values;
    if (first === undefined) return [];
    const rows = rowsOf(spec, values);
    return {
      name: spec.name,
      title: spec.title,
      unit: 'ns',
      count: first.all_values,
      rows,
      rowsOmitted: first.all_rows - rows.length,
    };
  });
}

function unionSql({ row, parts }: BreakdownSpec): string {
  return parts
    .map(
      ({ from, value, where }, part) =>
        `SELECT ${row} AS row, ${part} AS part, ${value} AS value FROM ${from} WHERE ${where}`,
    )
    .join(' UNION ALL ');
}

/** The quantiles and an even sample of each part of the rows with the longest values. */
function valuesSql(spec: BreakdownSpec): string {
  const ranks = QUANTILES.map((q) => `CAST(ceil(${q} * count) AS INTEGER)`).join(', ');
  return `WITH v AS MATERIALIZED (${unionSql(spec)}),
      kept AS (SELECT row FROM v GROUP BY row ORDER BY max(value) DESC, row LIMIT ${ROWS}),
      ranked AS (SELECT *, row_number() OVER part AS rank, count(*) OVER (PARTITION BY row, part) AS count
        FROM v WHERE row IN kept WINDOW part AS (PARTITION BY row, part ORDER BY value))
    SELECT *, (SELECT count(*) FROM v) AS all_values, (SELECT count(DISTINCT row) FROM v) AS all_rows
      FROM ranked
     WHERE count <= ${SAMPLE} OR rank = 1 OR rank IN (${ranks})
        OR rank * ${SAMPLE} / count <> (rank - 1) * ${SAMPLE} / count
     ORDER BY row, part, rank`;
}

function rowsOf(spec: BreakdownSpec, values: readonly Value[]): Breakdown['rows'] {
  const rows = new Map<string, Map<number, Value[]>>();
  for (const value of values) {
    const parts = rows.get(value.row) ?? new Map<number, Value[]>();
    rows.set(value.row, parts);
    const part = parts.get(value.part) ?? [];
    parts.set(value.part, part);
    part.push(value);
  }
  const longest = (row: Breakdown['rows'][number]): number =>
    Math.max(...row.parts.flatMap(({ sample }) => sample.at(-1) ?? 0));
  return [...rows]
    .map(([name, parts]) => ({
      name,
      parts: [...parts].map(([part, own]) => partOf(spec.parts[part]?.name ?? '', own)),
    }))
    .sort((a, b) => longest(b) - longest(a));
}

function partOf(
  name: string,
  values: readonly Value[],
): Breakdown['rows'][number]['parts'][number] {
  const count = values[0]?.count ?? 0;
  const at = (q: number): number =>
    values.find(({ rank }) => rank >= Math.ceil(q * count))?.value ?? 0;
  return {
    name,
    count,
    quantiles: QUANTILES.map((q) => ({ q, value: at(q) })),
    sample: values.map(({ value }) => value),
  };
}

function part(metrics: readonly Metric[], metric: string, name: string): Part {
  const found = metrics.find((one) => one.name === metric);
  if (found?.kind !== 'duration') throw new Error(`no duration ${metric}`);
  return { name, from: found.from, value: found.value, where: found.where, needs: found.needs };
}
