import { MMU_NOTIFY_NAMES, type OccurrenceKind } from '../kernel/occurrence.ts';
import type { StoreReader } from '../store/reader.ts';
import type { Finding } from './finding.ts';
import { RANGE_FAULT_END } from './lifetimes/range-fault-tables.ts';
import { idsInFindings } from './object-tables.ts';
import type { TimelineItem, TimelineLane } from './result.ts';

const RELEASE = MMU_NOTIFY_NAMES.indexOf('RELEASE');
const MAX_LANES = 60;
/** Objects of a lane with a bar of their own: many in few lanes, few in many. */
const MAX_ITEMS_PER_LANE = 300;
const MAX_ITEMS = 6_000;
/** Parts of the capture in which the others are drawn together: one or two pixels each. */
const MAX_SLICES_PER_LANE = 500;
const MAX_SLICES = 9_000;

interface LaneQuery {
  readonly kind: string;
  /** The table is called `o` in every expression. */
  readonly from: string;
  readonly where?: string;
  /** Its lanes are threads: `key` is the tid. */
  readonly thread?: true;
  /** What tells lanes of this kind apart, cheap to compute: it is asked of every object. */
  readonly key: string;
  /** The lane's label. */
  readonly lane: string;
  readonly label: string;
  readonly start: string;
  readonly end: string;
}

/** Threads are named by tid and comm: the latest task of that tid which began before. */
const THREAD = `(SELECT coalesce(comm || '-', '') FROM task WHERE task.tid = o.tid ORDER BY task.id DESC LIMIT 1)`;

/** enum mmu_notifier_event by name. */
const REASON = `CASE o.reason ${MMU_NOTIFY_NAMES.map((name, value) => `WHEN ${value} THEN '${name}'`).join(' ')} ELSE 'invalidation' END`;

/** Whether one of these was seen, or surely would have been. */
function recorded(kinds: readonly OccurrenceKind[]): string {
  const listed = kinds.map((kind) => `'${kind}'`).join(', ');
  return `EXISTS (SELECT 1 FROM occurrence WHERE observable = 1 AND kind IN (${listed}))`;
}

/** Where nothing records how these end, an object that did not end is drawn as far as it was seen. */
function ended(known: string, kinds: readonly OccurrenceKind[], seen: string): string {
  return `coalesce(${known}, CASE WHEN NOT ${recorded(kinds)} THEN coalesce(${seen}, NULL) END)`;
}

/**
 * From who acts (processes, their memory) over what their threads do to what the device does. A
 * thread's lanes stand together, the outer doing above the inner.
 */
const laneQueries: readonly LaneQuery[] = [
  {
    kind: 'process',
    from: 'process o',
    where: `EXISTS (SELECT 1 FROM fence WHERE fence.owner_process_id = o.id)
      OR EXISTS (SELECT 1 FROM range_fault WHERE range_fault.process_id = o.id)
      OR EXISTS (SELECT 1 FROM job WHERE job.owner_process_id = o.id)
      OR EXISTS (SELECT 1 FROM notifier WHERE notifier.process_id = o.id)`,
    key: `''`,
    lane: `'processes'`,
    label: `coalesce(o.comm || '-', '') || o.pid`,
    start: 'o.start_ts',
    end: 'o.end_ts',
  },
  {
    kind: 'address_space',
    from: 'address_space o',
    where: `EXISTS (SELECT 1 FROM notifier WHERE notifier.address_space_id = o.id)
      OR EXISTS (SELECT 1 FROM invalidation WHERE invalidation.address_space_id = o.id)`,
    key: `''`,
    lane: `'address spaces'`,
    label: `coalesce('mm of ' || o.pid, 'mm')`,
    start: 'o.start_ts',
    end: 'coalesce(o.release_ts, o.end_ts)',
  },
  {
    kind: 'notifier',
    from: 'notifier o',
    key: `''`,
    lane: `'interval notifiers'`,
    label: `format('notifier 0x%x', o.mni)`,
    start: 'o.start_ts',
    end: 'o.end_ts',
  },
  {
    kind: 'range_fault',
    from: 'range_fault o',
    thread: true,
    key: 'o.tid',
    lane: `'range faults of ' || coalesce(${THREAD}, '') || o.tid`,
    label: `o.attempts || CASE o.attempts WHEN 1 THEN ' attempt' ELSE ' attempts' END ||
      CASE WHEN ${recorded(['hmm.range_fault_return'])} THEN ', ' || coalesce(${RANGE_FAULT_END}, 'open') ELSE '' END`,
    start: 'o.start_ts',
    end: ended('o.end_ts', ['hmm.range_fault_return'], 'o.start_ts'),
  },
  {
    kind: 'range_fault_attempt',
    from: `(SELECT a.*, f.tid FROM range_fault_attempt a JOIN range_fault f ON f.id = a.range_fault_id) o`,
    thread: true,
    key: 'o.tid',
    lane: `'attempts of ' || coalesce(${THREAD}, '') || o.tid`,
    label: `'attempt ' || o.n || coalesce(' = ' || o.ret, '')`,
    start: 'o.start_ts',
    end: ended('o.end_ts', ['hmm.range_fault_return'], 'o.start_ts'),
  },
  {
    kind: 'invalidation',
    from: 'invalidation o',
    thread: true,
    key: 'o.tid',
    lane: `'invalidations by ' || coalesce(${THREAD}, '') || o.tid`,
    label: `CASE WHEN o.sane = 0 THEN 'invalidation'
      WHEN o.reason = ${RELEASE} OR o.range_start IS NULL THEN ${REASON}
      ELSE format('%s 0x%x-0x%x', ${REASON}, o.range_start, o.range_end) END`,
    start: 'o.start_ts',
    // the release of an mm has callbacks but no invalidate_range_start that could return
    end: `CASE WHEN o.refused = 1 THEN o.return_ts
      WHEN o.reason = ${RELEASE} AND o.sane IS NOT 0 THEN coalesce(o.end_ts, o.return_ts,
        (SELECT max(end_ts) FROM invalidation_callback WHERE invalidation_id = o.id), o.start_ts)
      ELSE ${ended('o.end_ts, o.return_ts', ['invalidation.begin_return', 'invalidation.end'], 'o.start_ts')} END`,
  },
  {
    kind: 'invalidation_callback',
    from: 'invalidation_callback o',
    thread: true,
    key: 'o.tid',
    lane: `'callbacks in ' || coalesce(${THREAD}, '') || o.tid`,
    label: `coalesce(o.function, 'callback') || coalesce(' = ' || o.ret, '')`,
    start: 'o.start_ts',
    end: ended('o.end_ts', ['probe.return'], 'o.start_ts'),
  },
  {
    kind: 'fence_wait',
    from: 'fence_wait o',
    thread: true,
    key: 'o.tid',
    lane: `'fence waits of ' || coalesce(${THREAD}, '') || o.tid`,
    label: `coalesce((SELECT 'wait for ' || context || ':' || seqno FROM fence WHERE fence.id = o.fence_id), 'wait')`,
    start: 'o.start_ts',
    end: 'o.end_ts',
  },
  {
    kind: 'fence',
    from: 'fence o',
    where: 'coalesce(o.container, 0) = 0',
    // not by context: schedulers open two for every client
    key: `coalesce(o.driver, '') || ' ' || coalesce(o.timeline, '')`,
    lane: `'fences of ' || coalesce(o.driver || ' ', '') || coalesce(o.timeline, 'unknown timeline')`,
    label: `'fence ' || o.context || ':' || o.seqno`,
    // born before the capture, or where births are not recorded: then from the first sight of it
    start: `coalesce(o.init_ts, o.emit_ts, CASE WHEN NOT ${recorded(['fence.init'])} THEN o.first_ts END)`,
    end: ended(
      'o.signaled_ts, o.destroy_ts',
      ['fence.signaled'],
      'o.enable_ts, o.emit_ts, o.init_ts, o.first_ts',
    ),
  },
  {
    kind: 'job',
    from: 'job o',
    key: `coalesce(o.ring, '')`,
    lane: `'jobs on ' || coalesce(o.ring, 'unknown ring')`,
    label: `'job ' || coalesce(o.context || ':' || o.seqno, o.job_number, o.id)`,
    start: 'coalesce(o.queue_ts, o.run_ts)',
    end: `CASE WHEN ${recorded(['job.done'])} THEN o.done_ts
      ELSE coalesce(o.run_ts, o.queue_ts) END`,
  },
  {
    kind: 'device_fault',
    from: 'device_fault o',
    key: `coalesce(o.pasid, '')`,
    lane: `'device faults' || coalesce(' of PASID ' || o.pasid, '')`,
    label: `coalesce(o.function, 'fault') || coalesce(' = ' || o.ret, '')`,
    start: 'o.start_ts',
    end: 'coalesce(o.end_ts, o.start_ts)',
  },
];

/** What is known of a lane before its objects are asked for. */
interface LaneSize {
  readonly query: LaneQuery;
  readonly key: string | number;
  readonly total: number;
  /** Objects that findings are about. */
  readonly flagged: number;
}

type InFindings = ReturnType<typeof idsInFindings>;

interface LaneLimits {
  readonly items: number;
  readonly slices: number;
}

interface ItemRow {
  readonly key: string | number;
  readonly lane: string;
  /** NULL for objects drawn together. */
  readonly id: number | null;
  readonly label: string;
  readonly from_ts: number | null;
  readonly to_ts: number | null;
  readonly number: number;
}

export interface Timeline {
  readonly lanes: readonly TimelineLane[];
  readonly omitted: number;
}

/** Of too many lanes those with findings, then the fullest; only their objects are read. */
export function buildTimeline(store: StoreReader, findings: readonly Finding[]): Timeline {
  const all = laneQueries.flatMap((query) =>
    laneSizes(store, query, idsInFindings(findings, query.kind)),
  );
  const kept = all.sort((a, b) => b.flagged - a.flagged || b.total - a.total).slice(0, MAX_LANES);
  const limits = {
    items: Math.min(MAX_ITEMS_PER_LANE, Math.floor(MAX_ITEMS / kept.length)),
    slices: Math.min(MAX_SLICES_PER_LANE, Math.floor(MAX_SLICES / kept.length)),
  };
  const lanes = laneQueries.flatMap((query) => {
    const keys = kept.filter((lane) => lane.query === query).map(({ key }) => key);
    if (keys.length === 0) return [];
    return lanesOf(store, query, keys, idsInFindings(findings, query.kind), limits);
  });
  return { lanes: threadsTogether(lanes), omitted: all.length - kept.length };
}

/** The lanes of threads by tid where the first of them stands; all others as they were. */
function threadsTogether(lanes: readonly TimelineLane[]): TimelineLane[] {
  const first = lanes.findIndex((lane) => lane.tid !== undefined);
  if (first === -1) return [...lanes];
  const threads = lanes.filter((lane) => lane.tid !== undefined);
  return [
    ...lanes.slice(0, first),
    ...threads.sort((a, b) => (a.tid ?? 0) - (b.tid ?? 0)),
    ...lanes.slice(first).filter((lane) => lane.tid === undefined),
  ];
}

function laneSizes(store: StoreReader, query: LaneQuery, inFindings: InFindings): LaneSize[] {
  const rows = store.allNumbers<Omit<LaneSize, 'query'>>(
    `SELECT ${query.key} AS key, count(*) AS total,
       sum(o.id IN (SELECT value FROM json_each(?))) AS flagged
     FROM ${query.from} WHERE (${query.where ?? 'TRUE'}) AND ${query.key} IS NOT NULL GROUP BY 1`,
    JSON.stringify([...inFindings.keys()]),
  );
  return rows.map((row) => ({ query, key: row.key, total: row.total, flagged: row.flagged }));
}

/**
 * Some lanes of one kind. In a full lane objects of findings and the longest have a bar each; the
 * others are drawn together by slices of the capture, so that no part looks idle that was not.
 */
function lanesOf(
  store: StoreReader,
  query: LaneQuery,
  keys: readonly (string | number)[],
  inFindings: InFindings,
  limits: LaneLimits,
): TimelineLane[] {
  const apart = `(total <= ${limits.items} OR flag
    OR (place <= ${limits.items} AND coalesce(to_ts, 1e18) - coalesce(from_ts, 0) >= width))`;
  const rows = store.allNumbers<ItemRow>(
    `WITH item AS MATERIALIZED (
       SELECT *, count(*) OVER (PARTITION BY key) AS total, row_number() OVER (PARTITION BY key ORDER BY flag DESC, coalesce(to_ts, 1e18) - coalesce(from_ts, 0) DESC, id) AS place
       FROM (SELECT o.id AS id, o.id IN (SELECT value FROM json_each(?)) AS flag, ${query.key} AS key,
           ${query.lane} AS lane, ${query.label} AS label, ${query.start} AS from_ts, ${query.end} AS to_ts
         FROM ${query.from} WHERE (${query.where ?? 'TRUE'}) AND ${query.key} IN (SELECT value FROM json_each(?)))
     ), slice AS (SELECT max(duration_ns, 1) / ${limits.slices}.0 AS width FROM capture)
     SELECT key, lane, id, label, from_ts, to_ts, 1 AS number FROM item, slice WHERE ${apart}
     UNION ALL
     SELECT key, lane, NULL, count(*) || ' shorter ones', min(from_ts),
       CASE WHEN count(to_ts) = count(*) THEN max(to_ts) END, count(*)
       FROM item, slice WHERE NOT ${apart}
       GROUP BY key, CAST(coalesce(from_ts, 0) / width AS INTEGER)
     ORDER BY lane, from_ts, id`,
    JSON.stringify([...inFindings.keys()]),
    JSON.stringify(keys),
  );
  const lanes = new Map<string, { label: string; tid?: number; items: TimelineItem[] }>();
  for (const row of rows) {
    const thread = query.thread ? { tid: Number(row.key) } : {};
    const lane = lanes.get(row.lane) ?? { label: row.lane, ...thread, items: [] };
    lanes.set(row.lane, lane);
    lane.items.push(itemOf(row, query.kind, inFindings));
  }
  return [...lanes.values()];
}

function itemOf(
  { id, label, from_ts, to_ts, number }: ItemRow,
  kind: string,
  inFindings: InFindings,
): TimelineItem {
  const findings = id === null ? undefined : inFindings.get(id);
  return {
    from: from_ts,
    to: to_ts,
    label,
    kind,
    ...(findings === undefined ? {} : { findings }),
    ...(id === null ? { count: number } : { id }),
  };
}
