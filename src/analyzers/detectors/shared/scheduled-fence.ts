/**
 * SQL: whether fence `f` is the "scheduled" one of the two a drm_sched job has: the contexts follow each
 * other, the seqno is the same (drivers/gpu/drm/scheduler/sched_fence.c, drm_sched_fence_init). It says
 * nothing that the finished one does not. Where three contexts follow each other it is kept.
 */
export const IS_SCHEDULED_FENCE: string = `(f.driver IS 'drm_sched' AND EXISTS (${partner('context + 1', 'f.init_ts')})
  AND NOT EXISTS (${partner('context - 1', 'f.init_ts - 1000000')}))`;

function partner(context: string, from: string): string {
  return `SELECT 1 FROM fence o WHERE o.context = f.${context} AND o.seqno = f.seqno
    AND o.driver IS f.driver AND o.timeline IS f.timeline AND o.owner_tid IS f.owner_tid
    AND o.init_ts BETWEEN ${from} AND ${from} + 1000000`;
}
