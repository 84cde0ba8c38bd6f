/** What a thread is inside of at an instant, and what it does when nothing of that was recorded. */
import type { View } from '../detector.ts';
import { evidence } from '../detectors/shared/details.ts';
import type { ChainEnd } from './chain.ts';
import { type Link, NEVER, type Place } from './step.ts';

interface Inside {
  readonly kind: Place['kind'];
  readonly relation: string;
  /** Where its row is, and when it is over. */
  readonly from: string;
  readonly end: string;
}

/** Where no end of its like was ever seen, ends were not recorded: nothing is inside of it for ever. */
function endsAreSeen(table: string, like: string): string {
  return `EXISTS (SELECT 1 FROM ${table} e WHERE e.${like} = o.${like} AND e.end_ts IS NOT NULL)`;
}

/** Of one kind the last that began counts: an older one may have ended unseen. */
const KINDS: readonly Inside[] = [
  {
    kind: 'invalidation',
    relation: 'is inside',
    from: 'invalidation o WHERE 1',
    end: 'coalesce(o.return_ts, o.end_ts)',
  },
  { kind: 'fence_wait', relation: 'waits in', from: 'fence_wait o WHERE 1', end: 'o.end_ts' },
  { kind: 'range_fault', relation: 'is inside', from: 'range_fault o WHERE 1', end: 'o.end_ts' },
  {
    kind: 'device_fault',
    relation: 'is inside',
    from: `device_fault o WHERE o.source = 'probe' AND ${endsAreSeen('device_fault', 'function')}`,
    end: 'o.end_ts',
  },
  {
    kind: 'migration',
    relation: 'is inside',
    from: `migration o WHERE o.source IN ('migrate_vma', 'migrate_pages') AND ${endsAreSeen('migration', 'source')}`,
    end: 'o.end_ts',
  },
  { kind: 'reclaim', relation: 'is inside', from: 'reclaim o WHERE 1', end: 'o.end_ts' },
  { kind: 'lock_wait', relation: 'waits for', from: 'lock_wait o WHERE 1', end: 'o.end_ts' },
];

interface Found {
  readonly id: number;
  readonly fence_id: number | null;
  readonly start_ts: number;
  readonly start_event: number | null;
}

/**
 * The outermost thing the thread is inside of, of those that began after `after` (relative ns; what it
 * is inside of itself is no answer): the walk goes on inwards from there.
 */
export function insideOf(
  view: View,
  tid: number,
  at: number,
  outer?: { readonly place: Place; readonly since: number | null },
): Link | undefined {
  const found = KINDS.flatMap((inside) => {
    if (inside.kind === outer?.place.kind) return [];
    const [row] = view.all<Found>(
      `SELECT o.id, o.start_ts, o.start_event, ${inside.kind === 'fence_wait' ? 'o.fence_id' : 'NULL AS fence_id'} FROM ${inside.from}
          AND o.tid = ? AND o.start_ts >= ? AND o.start_ts <= ? AND coalesce(${inside.end}, ?) > ?
        ORDER BY o.start_ts DESC, o.id DESC LIMIT 1`,
      tid,
      outer?.since ?? 0,
      at,
      NEVER,
      at,
    );
    return row === undefined ? [] : [{ ...inside, row }];
  }).toSorted((a, b) => a.row.start_ts - b.row.start_ts)[0];
  if (found === undefined) return undefined;
  const { row } = found;
  const isNamed = row.fence_id !== null;
  return {
    place: isNamed ? { kind: 'fence', id: row.fence_id } : { kind: found.kind, id: row.id },
    relation: isNamed ? 'waits for' : found.relation,
    certainty: 'recorded',
    evidence: evidence(row.start_event),
  };
}

interface Sleep {
  readonly state: 'S' | 'D' | 'R';
  readonly start_ts: number;
  readonly start_event: number | null;
  readonly end_event: number | null;
}

const STATES: Readonly<Record<Sleep['state'], string>> = {
  D: 'asleep, uninterruptibly (D)',
  S: 'asleep (S)',
  R: 'able to run (R), but without a CPU',
};

export interface Doing {
  readonly state: string | undefined;
  readonly since: number | null;
  readonly evidence: readonly number[];
  readonly end: ChainEnd;
}

/** What the scheduler says of a thread of which nothing else is known: the trail is lost there. */
export function doingAt(view: View, tid: number, at: number): Doing {
  const [sleep] = view.all<Sleep>(
    `SELECT state, start_ts, start_event, end_event FROM task_sleep
      WHERE tid = ? AND start_ts <= ? AND coalesce(end_ts, ?) > ? ORDER BY start_ts DESC LIMIT 1`,
    tid,
    at,
    NEVER,
    at,
  );
  if (sleep === undefined) return unknownDoing(view);
  const seen = evidence(sleep.start_event, sleep.end_event);
  const shown = { state: `was ${STATES[sleep.state]}`, since: sleep.start_ts, evidence: seen };
  if (sleep.state === 'R') {
    return { ...shown, end: { kind: 'stuck', text: 'it was given no CPU', enable: [] } };
  }
  const enable = [
    ...(view.observed('mmap_lock.acquired') ? [] : ['mmap_lock:*']),
    ...(view.observed('lock.contended') ? [] : ['lock:contention_begin', 'lock:contention_end']),
  ];
  return { ...shown, end: { kind: 'lost', text: 'what it slept for was not recorded', enable } };
}

function unknownDoing(view: View): Doing {
  const unseen = { state: undefined, since: null, evidence: [] };
  if (view.observed('task.off_cpu')) {
    const text = 'it ran, or slept too shortly to matter';
    return { ...unseen, end: { kind: 'lost', text, enable: [] } };
  }
  const enable = [
    'sched:sched_switch',
    ...(view.observed('mmap_lock.acquired') ? [] : ['mmap_lock:*']),
  ];
  const text = 'whether it ran, slept or waited for a lock was not recorded';
  return { ...unseen, end: { kind: 'lost', text, enable } };
}
