/**
 * Memory a device is bound to, as far as a capture tells: the ranges of registered interval notifiers.
 * One that watches far more than a device maps (a whole mm) says nothing by itself: there only what
 * was really faulted through it counts.
 */

import type { Threshold } from '../../threshold.ts';

/** Each detector has one of its own. */
export const WIDE_NOTIFIER: Threshold = {
  name: 'wide',
  unit: 'bytes',
  default: 2 ** 30,
  doc: 'A notifier at least this wide is not one of a buffer: only what was faulted through it is bound.',
};

/** SQL: the notifier `n` is wide. Its last byte is negative where it is above 2^63. */
export function isWide(bytes: number): string {
  return `(n.range_last < 0 OR n.range_last - n.range_start >= ${bytes})`;
}

/** SQL: a range fault went through notifier `n` and touched the range of invalidation `i`. */
const FAULTED = `EXISTS (SELECT 1 FROM range_fault r WHERE r.mni = n.mni
  AND r.start_ts < i.start_ts AND (n.start_ts IS NULL OR r.start_ts >= n.start_ts)
  AND r.range_start < i.range_end AND r.range_end > i.range_start)`;

/** SQL: invalidation `i` touches memory that a device was bound to when it began. */
export function touchesBound(wideBytes: number): string {
  return `EXISTS (SELECT 1 FROM notifier n
  WHERE n.mm = i.mm AND (n.start_ts IS NULL OR n.start_ts < i.start_ts)
    AND (n.end_ts IS NULL OR n.end_ts > i.start_ts) AND coalesce(n.insert_ret, 0) = 0
    AND n.range_start < i.range_end AND (n.range_last < 0 OR n.range_last >= i.range_start)
    AND (NOT ${isWide(wideBytes)} OR ${FAULTED}))`;
}

/** SQL: invalidation `i` is made by a thread of the process that owns the memory. */
export const BY_OWNER: string = `(SELECT coalesce(a.merged_into, a.id) FROM process a WHERE a.id = i.process_id)
  = (SELECT coalesce(v.merged_into, v.id) FROM process v WHERE v.id = i.victim_process_id)`;
