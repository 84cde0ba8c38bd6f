import type { Word } from '../../kernel/occurrence.ts';
import type { View } from '../detector.ts';
import { evidence } from '../detectors/shared/details.ts';
import { actor, range } from '../detectors/shared/wording.ts';
import { openLockWait } from './lock-wait-step.ts';
import { endsHere, type Here, NEVER, type StepRule, waitsFor } from './step.ts';

interface InvalidationRow {
  readonly id: number;
  readonly tid: number;
  readonly process_id: number | null;
  readonly range_start: Word | null;
  readonly range_end: Word | null;
  readonly sane: number | null;
  readonly source: string;
  readonly start_ts: number | null;
  readonly start_event: number | null;
  readonly return_ts: number | null;
  readonly return_event: number | null;
  readonly end_ts: number | null;
  readonly syscall: string | null;
}

/** An invalidation waits for what its thread waits for inside of it. */
export const invalidationStep: StepRule = (view, id, at) => {
  const [row] = view.all<InvalidationRow>(
    `SELECT i.*, s.name AS syscall FROM invalidation i LEFT JOIN syscall s ON s.id = i.syscall_id
      WHERE i.id = ?`,
    id,
  );
  if (row === undefined) return undefined;
  const here = shown(view, row);
  const over = row.return_ts ?? row.end_ts;
  if (over !== null && over <= at) {
    const seen = evidence(row.start_event, row.return_event);
    return endsHere({ ...here, evidence: seen }, 'moving', 'it had returned by then');
  }
  const wait = openInside<{ fence_id: number | null; start_event: number | null }>(
    view,
    'fence_wait',
    id,
    at,
  );
  if (wait !== undefined && wait.fence_id !== null) {
    const fence = { kind: 'fence', id: wait.fence_id } as const;
    return waitsFor(here, fence, 'waits for', 'recorded', evidence(wait.start_event));
  }
  const lock = openLockWait(view, row.tid, row.start_ts ?? 0, at);
  if (lock !== undefined) {
    const place = { kind: 'lock_wait', id: lock.id } as const;
    return waitsFor(here, place, 'waits for', 'recorded', evidence(lock.start_event));
  }
  const callback = openInside<{ function: string; start_event: number | null }>(
    view,
    'invalidation_callback',
    id,
    at,
  );
  if (callback === undefined) {
    return endsHere(here, 'lost', 'what it waited for inside was not recorded', [
      'dma_fence:dma_fence_wait_start',
      'dma_fence:dma_fence_wait_end',
      'sched:sched_switch',
    ]);
  }
  return endsHere(
    { ...here, evidence: evidence(row.start_event, callback.start_event) },
    'lost',
    `it was in the driver callback ${callback.function}; what that waited for was not recorded`,
    ['dma_fence:dma_fence_wait_start', 'sched:sched_switch'],
  );
};

function shown(view: View, row: InvalidationRow): Here {
  const who = actor(view, row.tid, row.process_id);
  const sane = row.sane !== 0 && view.saneProbes;
  const where =
    sane && row.range_start !== null && row.range_end !== null
      ? ` of ${range(row.range_start, row.range_end)}`
      : '';
  return {
    object: {
      kind: 'invalidation',
      id: row.id,
      label: `${row.syscall ?? 'the invalidation'}${where} by ${who.label}`,
    },
    state: row.source === 'syscall' ? 'had not returned' : 'stood in invalidate_range_start',
    since: row.start_ts,
    evidence: evidence(row.start_event),
  };
}

/** The innermost wait or callback of an invalidation at an instant. */
function openInside<Row>(
  view: View,
  table: 'fence_wait' | 'invalidation_callback',
  invalidation: number,
  at: number,
): Row | undefined {
  const [row] = view.all<Row>(
    `SELECT * FROM ${table} WHERE invalidation_id = ? AND start_ts <= ? AND coalesce(end_ts, ?) > ?
      ORDER BY start_ts DESC LIMIT 1`,
    invalidation,
    at,
    NEVER,
    at,
  );
  return row;
}
