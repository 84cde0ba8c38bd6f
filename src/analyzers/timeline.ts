import { MMU_NOTIFY_NAMES } from '../kernel/occurrence.ts';
import type { StoreReader } from '../store/reader.ts';
import type { Finding } from './finding.ts';
import { idsInFindings } from './object-tables.ts';
import type { TimelineItem, TimelineLane } from './result.ts';

const RELEASE = MMU_NOTIFY_NAMES.indexOf('RELEASE');
const MAX_LANES = 60;
/** Objects with a bar of their own. */
const MAX_ITEMS_PER_LANE = 300;
/** Parts of the capture in which the others are drawn together: one or two pixels each. */
const SLICES = 500;

interface LaneQuery {
  readonly kind: string;
  /** Gives id, lane, label, from_ts, to_ts. */
  readonly sql: string;
}

/** Threads are named by tid and comm: the latest task of that tid which began before. */
const THREAD = `(SELECT comm FROM task WHERE task.tid = o.tid ORDER BY task.id DESC LIMIT 1)`;

/** enum mmu_notifier_event by name. */
const REASON = `CASE o.reason ${MMU_NOTIFY_NAMES.map((name, value) => `WHEN ${value} THEN '${name}'`).join(' ')} ELSE 'invalidation' END`;

/** From who acts (processes, their memory) over what happens to it to what the device does. */
const laneQueries: readonly LaneQuery[] = [
  {
    kind: 'process',
    sql: `SELECT id, 'processes' AS lane, coalesce(comm || '-', '') || pid AS label,
            start_ts AS from_ts, end_ts AS to_ts FROM process o
          WHERE EXISTS (SELECT 1 FROM fence WHERE fence.owner_process_id = o.id)
             OR EXISTS (SELECT 1 FROM range_fault WHERE range_fault.process_id = o.id)
             OR EXISTS (SELECT 1 FROM job WHERE job.owner_process_id = o.id)
             OR EXISTS (SELECT 1 FROM notifier WHERE notifier.process_id = o.id)`,
  },
  {
    kind: 'address_space',
    sql: `SELECT id, 'address spaces' AS lane, coalesce('mm of ' || pid, 'mm') AS label,
            start_ts AS from_ts, coalesce(release_ts, end_ts) AS to_ts FROM address_space o
          WHERE EXISTS (SELECT 1 FROM notifier WHERE notifier.mm = o.mm)
             OR EXISTS (SELECT 1 FROM invalidation WHERE invalidation.address_space_id = o.id)`,
  },
  {
    kind: 'notifier',
    sql: `SELECT id, 'interval notifiers' AS lane, format('notifier 0x%x', mni) AS label,
            start_ts AS from_ts, end_ts AS to_ts FROM notifier o`,
  },
  {
    kind: 'range_fault',
    sql: `SELECT id, 'range faults of ' || coalesce(${THREAD} || '-', '') || tid AS lane,
            attempts || CASE attempts WHEN 1 THEN ' attempt, ' ELSE ' attempts, ' END || coalesce(outcome, 'open') AS label,
            start_ts AS from_ts, end_ts AS to_ts FROM range_fault o`,
  },
  {
    kind: 'range_fault_attempt',
    sql: `SELECT a.id, 'attempts of ' || coalesce(${THREAD} || '-', '') || o.tid AS lane,
            'attempt ' || a.n || coalesce(' = ' || a.ret, '') AS label,
            a.start_ts AS from_ts, a.end_ts AS to_ts
          FROM range_fault_attempt a JOIN range_fault o ON o.id = a.range_fault_id`,
  },
  {
    kind: 'invalidation',
    // the release of an mm has callbacks but no invalidate_range_start that could return
    sql: `SELECT id, 'invalidations by ' || coalesce(${THREAD} || '-', '') || tid AS lane,
            CASE WHEN sane = 0 THEN 'invalidation' WHEN o.reason = ${RELEASE} OR range_start IS NULL THEN ${REASON}
              ELSE format('%s 0x%x-0x%x', ${REASON}, range_start, range_end) END AS label,
            start_ts AS from_ts,
            CASE WHEN refused = 1 THEN return_ts
              WHEN o.reason = ${RELEASE} AND sane IS NOT 0 THEN coalesce(end_ts, return_ts,
                (SELECT max(end_ts) FROM invalidation_callback WHERE invalidation_id = o.id), start_ts)
              ELSE coalesce(end_ts, return_ts) END AS to_ts
          FROM invalidation o`,
  },
  {
    kind: 'invalidation_callback',
    sql: `SELECT id, 'callbacks in ' || coalesce(${THREAD} || '-', '') || tid AS lane,
            coalesce(function, 'callback') || coalesce(' = ' || ret, '') AS label,
            start_ts AS from_ts, end_ts AS to_ts FROM invalidation_callback o`,
  },
  {
    kind: 'fence_wait',
    sql: `SELECT o.id, 'fence waits of ' || coalesce(${THREAD} || '-', '') || o.tid AS lane,
            CASE WHEN fence.id IS NULL THEN 'wait' ELSE 'wait for ' || fence.context || ':' || fence.seqno END AS label,
            o.start_ts AS from_ts, o.end_ts AS to_ts
          FROM fence_wait o LEFT JOIN fence ON fence.id = o.fence_id`,
  },
  {
    kind: 'fence',
    sql: `SELECT id, 'fences of ' || coalesce(timeline, 'unknown timeline') || ' (context ' || context || ')' AS lane,
            'fence ' || context || ':' || seqno AS label,
            coalesce(init_ts, emit_ts) AS from_ts, coalesce(signaled_ts, destroy_ts) AS to_ts
          FROM fence o WHERE coalesce(container, 0) = 0`,
  },
  {
    kind: 'job',
    sql: `SELECT id, 'jobs on ' || coalesce(ring, 'unknown ring') AS lane,
            'job ' || coalesce(job_number, context || ':' || seqno, id) AS label,
            coalesce(queue_ts, run_ts) AS from_ts, done_ts AS to_ts FROM job o`,
  },
  {
    kind: 'device_fault',
    sql: `SELECT id, 'device faults' || coalesce(' of PASID ' || pasid, '') AS lane,
            coalesce(function, 'fault') || coalesce(' = ' || ret, '') AS label,
            start_ts AS from_ts, coalesce(end_ts, start_ts) AS to_ts FROM device_fault o`,
  },
];

interface ItemRow {
  readonly lane: string;
  /** NULL for objects drawn together. */
  readonly id: number | null;
  readonly label: string;
  readonly from_ts: number | null;
  readonly to_ts: number | null;
  readonly number: number;
  readonly flagged: number;
}

interface Lane {
  readonly lane: TimelineLane;
  readonly findings: number;
}

export interface Timeline {
  readonly lanes: readonly TimelineLane[];
  readonly omitted: number;
}

/** Of too many lanes those with findings, then the fullest. */
export function buildTimeline(store: StoreReader, findings: readonly Finding[]): Timeline {
  const lanes = laneQueries.flatMap((query) => lanesOf(store, query, findings));
  const kept = new Set(
    [...lanes]
      .sort((a, b) => b.findings - a.findings || b.lane.items.length - a.lane.items.length)
      .slice(0, MAX_LANES),
  );
  return {
    lanes: lanes.filter((lane) => kept.has(lane)).map(({ lane }) => lane),
    omitted: lanes.length - kept.size,
  };
}

/**
 * The lanes of one kind. Objects of findings and the longest have a bar each; the others are drawn
 * together by slices of the capture, so that no part of a lane looks idle that was not.
 */
function lanesOf(store: StoreReader, query: LaneQuery, findings: readonly Finding[]): Lane[] {
  const inFindings = idsInFindings(findings, query.kind);
  const rows = store.all<ItemRow>(
    `WITH item AS MATERIALIZED (
       SELECT *, sum(flag) OVER (PARTITION BY lane) AS flagged,
         row_number() OVER (PARTITION BY lane ORDER BY flag DESC, coalesce(to_ts, 1e18) - coalesce(from_ts, 0) DESC, id) AS place
       FROM (SELECT *, id IN (SELECT value FROM json_each(?)) AS flag FROM (${query.sql}) WHERE lane IS NOT NULL)
     ), slice AS (SELECT max(duration_ns, 1) / ${SLICES}.0 AS width FROM capture)
     SELECT lane, id, label, from_ts, to_ts, 1 AS number, flagged FROM item WHERE place <= ${MAX_ITEMS_PER_LANE}
     UNION ALL
     SELECT lane, NULL, count(*) || ' shorter ones', min(from_ts),
       CASE WHEN count(to_ts) = count(*) THEN max(to_ts) END, count(*), max(flagged)
       FROM item, slice WHERE place > ${MAX_ITEMS_PER_LANE}
       GROUP BY lane, CAST(coalesce(from_ts, 0) / width AS INTEGER)
     ORDER BY lane, from_ts, id`,
    JSON.stringify([...inFindings.keys()]),
  );
  const lanes = new Map<string, { items: TimelineItem[]; flagged: number }>();
  for (const row of rows) {
    const lane = lanes.get(row.lane) ?? { items: [], flagged: row.flagged };
    lanes.set(row.lane, lane);
    lane.items.push(itemOf(row, query.kind, inFindings));
  }
  return [...lanes].map(([label, { items, flagged }]) => ({
    lane: { label, items, omitted: 0 },
    findings: flagged,
  }));
}

function itemOf(
  { id, label, from_ts, to_ts, number }: ItemRow,
  kind: string,
  inFindings: ReadonlyMap<number, string>,
): TimelineItem {
  const finding = id === null ? undefined : inFindings.get(id);
  return {
    from: from_ts,
    to: to_ts,
    label,
    kind,
    ...(finding === undefined ? {} : { finding }),
    ...(id === null ? { count: number } : {}),
  };
}
