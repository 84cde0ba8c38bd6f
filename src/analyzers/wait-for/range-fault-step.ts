import type { Word } from '../../kernel/occurrence.ts';
import type { View } from '../detector.ts';
import { evidence } from '../detectors/shared/details.ts';
import { actor, range, reasonName } from '../detectors/shared/wording.ts';
import { insideOf } from './inside.ts';
import { endsHere, type Here, NEVER, type Step, type StepRule, waitsFor } from './step.ts';

interface RangeFaultRow {
  readonly id: number;
  readonly tid: number;
  readonly mm: Word | null;
  readonly range_start: Word | null;
  readonly range_end: Word | null;
  readonly attempts: number;
  readonly stale: number | null;
  readonly colliding: number | null;
  readonly top_actor_tid: number | null;
  readonly top_actor_reason: number | null;
  readonly first_colliding_event: number | null;
  readonly start_ts: number | null;
  readonly start_event: number | null;
  readonly end_ts: number | null;
  readonly blocked_ts: number | null;
  readonly blocked_event: number | null;
}

interface Invalidation {
  readonly id: number;
  readonly start_ts: number;
  readonly start_event: number | null;
  readonly until_ts: number;
}

/**
 * A range fault waits for the invalidation of its range: mmu_interval_read_begin sleeps until its
 * end, and mmu_interval_read_retry fails meanwhile (mm/mmu_notifier.c).
 */
export const rangeFaultStep: StepRule = (view, id, at) => {
  const [row] = view.all<RangeFaultRow>('SELECT * FROM range_fault WHERE id = ?', id);
  if (row === undefined) return undefined;
  const where =
    row.range_start === null || row.range_end === null
      ? ''
      : ` of ${range(row.range_start, row.range_end)}`;
  const label = `the range fault${where} by ${actor(view, row.tid, null).label}`;
  const here: Here = {
    object: { kind: 'range_fault', id, label },
    state: isBlocked(row, at)
      ? 'was asleep in mmu_interval_read_begin'
      : `was being retried (${row.attempts} attempts in all)`,
    since: isBlocked(row, at) ? row.blocked_ts : row.start_ts,
    evidence: evidence(row.start_event, row.blocked_event),
  };
  if (row.end_ts !== null && row.end_ts <= at) {
    return endsHere(here, 'moving', 'it was over by then');
  }
  const inside = insideOf(view, row.tid, at, {
    place: { kind: 'range_fault', id },
    since: row.start_ts,
  });
  if (inside !== undefined) return { here, next: inside };
  const invalidation = openInvalidation(view, row, at);
  if (invalidation !== undefined && !isOneOfMany(row, invalidation, at)) {
    return waitsFor(
      here,
      { kind: 'invalidation', id: invalidation.id },
      'cannot win before the end of',
      'recorded',
      evidence(invalidation.start_event),
    );
  }
  const migration = openMigration(view, row, at);
  if (migration !== undefined) {
    const place = { kind: 'migration', id: migration.id } as const;
    const seen = evidence(migration.start_event);
    return waitsFor(here, place, 'may meet pages of', 'inferred', seen);
  }
  return aggressorEnd(view, row, here);
};

/**
 * A device that faults in the memory of a process: a job of the process may be what faults. Only one
 * that is stuck counts: asleep for good, or retried.
 */
export function openFaultOf(
  view: View,
  processId: number | null,
  at: number,
  which: 'asleep' | 'stuck',
): number | undefined {
  if (processId === null) return undefined;
  const [fault] = view.all<{ id: number }>(
    `SELECT r.id FROM range_fault r LEFT JOIN process p ON p.id = r.process_id
      WHERE coalesce(p.merged_into, p.id) = (SELECT coalesce(merged_into, id) FROM process WHERE id = ?)
        AND r.start_ts <= ? AND coalesce(r.end_ts, ?) > ?
        AND (r.blocked_ts <= ? OR (r.attempts > 1 AND ?))
      ORDER BY r.start_ts LIMIT 1`,
    processId,
    at,
    NEVER,
    at,
    at,
    which === 'stuck' ? 1 : 0,
  );
  return fault?.id;
}

function isBlocked(row: RangeFaultRow, at: number): boolean {
  return row.blocked_ts !== null && row.blocked_ts <= at;
}

/** Of a storm each invalidation is short: what keeps the fault from winning is that they do not end. */
function isOneOfMany(
  row: RangeFaultRow,
  { start_ts, until_ts }: Invalidation,
  at: number,
): boolean {
  if (isBlocked(row, at) || row.start_ts === null || (row.colliding ?? 0) <= 1) return false;
  return 2 * (until_ts - start_ts) < at - row.start_ts;
}

/** The oldest invalidation of another thread under way in the range. */
function openInvalidation(view: View, row: RangeFaultRow, at: number): Invalidation | undefined {
  if (row.mm === null || row.range_start === null || row.range_end === null) return undefined;
  const [invalidation] = view.all<Invalidation>(
    `SELECT id, start_ts, start_event, coalesce(end_ts, return_ts, ?) AS until_ts FROM invalidation
      WHERE mm = ? AND sane = 1 AND range_start < ? AND range_end > ?
        AND start_ts <= ? AND coalesce(end_ts, return_ts, ?) > ? AND tid <> ?
      ORDER BY start_ts LIMIT 1`,
    NEVER,
    row.mm,
    row.range_end,
    row.range_start,
    at,
    NEVER,
    at,
    row.tid,
  );
  return invalidation;
}

/** The oldest migration of pages in the range, by another thread: whoever meets one of them waits for it. */
function openMigration(view: View, row: RangeFaultRow, at: number): Invalidation | undefined {
  if (row.mm === null || row.range_start === null || row.range_end === null) return undefined;
  const [migration] = view.all<Invalidation>(
    `SELECT id, start_event FROM migration
      WHERE mm = ? AND range_start < ? AND range_end > ? AND start_ts <= ? AND end_ts > ? AND tid <> ?
      ORDER BY start_ts LIMIT 1`,
    row.mm,
    row.range_end,
    row.range_start,
    at,
    at,
    row.tid,
  );
  return migration;
}

function aggressorEnd(view: View, row: RangeFaultRow, here: Here): Step {
  const { top_actor_tid, colliding, stale } = row;
  if (stale !== null && 2 * stale > row.attempts) {
    const text = `${stale} of its attempts went on with the sequence number that had been refused: none of them could win, whoever invalidates`;
    return endsHere(here, 'stuck', text);
  }
  if (top_actor_tid !== null && colliding !== null && colliding > 0) {
    const aggressor = actor(view, top_actor_tid, null).label;
    const seen = evidence(row.start_event, row.first_colliding_event);
    const many = `${colliding} invalidations, mostly ${reasonName(row.top_actor_reason)}`;
    return endsHere(
      { ...here, evidence: seen },
      'stuck',
      `${aggressor} invalidated its range again and again (${many})`,
    );
  }
  if (view.observed('invalidation.begin')) {
    return endsHere(here, 'lost', 'no invalidation of its range was seen');
  }
  return endsHere(here, 'lost', 'who invalidated its range was not recorded', [
    'p:svm/inval_start __mmu_notifier_invalidate_range_start',
  ]);
}
