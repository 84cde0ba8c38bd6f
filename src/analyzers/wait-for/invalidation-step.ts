import type { Word } from '../../kernel/occurrence.ts';
import type { View } from '../detector.ts';
import { evidence } from '../detectors/shared/details.ts';
import { actor, range } from '../detectors/shared/wording.ts';
import { doingAt, insideOf } from './inside.ts';
import { endsHere, type Here, NEVER, type Step, type StepRule, waitsFor } from './step.ts';

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
  const outer = { place: { kind: 'invalidation', id }, since: row.start_ts } as const;
  const inside = insideOf(view, row.tid, at, outer);
  if (inside !== undefined) return { here, next: inside };
  return lostInside(view, row, here, at);
};

/** What the scheduler, or the driver callback it was in, still tells. */
function lostInside(view: View, row: InvalidationRow, here: Here, at: number): Step {
  const callback = openInside<{ function: string; start_event: number | null }>(
    view,
    'invalidation_callback',
    row.id,
    at,
  );
  const doing = doingAt(view, row.tid, at);
  const seen = evidence(row.start_event, callback?.start_event, ...doing.evidence);
  const where = callback === undefined ? '' : `it was in the driver callback ${callback.function}`;
  if (doing.state !== undefined) {
    const text = `${where === '' ? 'its thread' : `${where} and`} ${doing.state}: ${doing.end.text}`;
    return { here: { ...here, evidence: seen }, next: { ...doing.end, text } };
  }
  const text =
    callback === undefined
      ? 'what it waited for inside was not recorded'
      : `${where}; what that waited for was not recorded`;
  return endsHere({ ...here, evidence: seen }, 'lost', text, [
    ...(view.observed('fence.wait_start')
      ? []
      : ['dma_fence:dma_fence_wait_start', 'dma_fence:dma_fence_wait_end']),
    ...doing.end.enable,
  ]);
}

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
