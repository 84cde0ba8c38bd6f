/** Fences of a process that were pending at one instant: the jobs its device was still running. */
import type { View } from '../../detector.ts';
import { LONG_LIVED } from './pending-fences.ts';
import { IS_SCHEDULED_FENCE } from './scheduled-fence.ts';
import type { FenceName } from './wording.ts';

export interface BusyFence extends FenceName {
  readonly owner_tid: number | null;
  readonly init_ts: number | null;
  readonly init_event: number | null;
  readonly first_event: number | null;
  readonly enable_ts: number | null;
  readonly signaled_ts: number | null;
  readonly signaled_event: number | null;
  readonly signal_calls: number | null;
  readonly lossy: number | null;
  readonly job_ring: string | null;
}

/** No threshold: many more pending at once are a queue, and the oldest tell as much. */
const MOST_FENCES = 64;

/**
 * Born before the instant and signalled after it, or never. A fence from before the capture that
 * never signals in it may have signalled earlier, so it is left out.
 */
export function fencesBusyAt(view: View, processId: number | null, ts: number): BusyFence[] {
  if (processId === null) return [];
  return view.all<BusyFence>(
    `SELECT f.id AS fence_id, f.context, f.seqno, f.driver, f.timeline, f.owner_tid, f.init_ts,
            f.init_event, f.first_event, f.enable_ts, f.signaled_ts, f.signaled_event,
            f.signal_calls, f.lossy, j.ring AS job_ring
       FROM fence f LEFT JOIN job j ON j.id = f.job_id
      WHERE f.owner_process_id IN (SELECT q.id FROM process q JOIN process p ON p.id = ?
              WHERE coalesce(q.merged_into, q.id) = coalesce(p.merged_into, p.id))
        AND (f.init_ts <= ? OR (f.init_ts IS NULL AND f.signaled_ts IS NOT NULL))
        AND (f.signaled_ts IS NULL OR f.signaled_ts > ?)
        AND (f.destroy_ts IS NULL OR f.destroy_ts > ?)
        AND coalesce(f.container, 0) = 0 AND coalesce(f.ambiguous, 0) = 0
        AND NOT coalesce(${LONG_LIVED}, 0) AND NOT coalesce(${IS_SCHEDULED_FENCE}, 0)
      ORDER BY f.first_ts LIMIT ${MOST_FENCES}`,
    processId,
    ts,
    ts,
    ts,
  );
}
