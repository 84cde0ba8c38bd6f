/** Memory that its own process takes away, as invalidations show it. */
import { BY_OWNER, touchesBound } from './bound-ranges.ts';

/** enum mmu_notifier_event 0 and, of 1, what madvise does (include/uapi/asm-generic/mman-common.h). */
const TAKES_AWAY = `(i.reason = 0 OR (i.reason = 1
  AND (s.name = 'madvise' AND s.arg2 IN (4, 8, 9, 24) OR s.name = 'process_madvise')))`;

/** SQL: invalidation `i` takes bound memory from its own process, which lives on. */
export function isUnmap(wideBytes: number): string {
  return `${TAKES_AWAY} AND i.sane = 1 AND i.source <> 'release' AND i.range_end > 0
  AND coalesce(i.end_ts, i.return_ts) IS NOT NULL AND ${BY_OWNER}
  AND NOT EXISTS (SELECT 1 FROM address_space d WHERE d.id = i.address_space_id
    AND coalesce(d.release_ts, d.end_ts) <= i.start_ts)
  AND ${touchesBound(wideBytes)}`;
}

/** SQL: fence `f` is a job of the process that runs invalidation `i`. */
export const IS_OWN_JOB: string = `(SELECT coalesce(o.merged_into, o.id) FROM process o WHERE o.id = f.owner_process_id)
  = (SELECT coalesce(u.merged_into, u.id) FROM process u WHERE u.id = i.process_id)`;
