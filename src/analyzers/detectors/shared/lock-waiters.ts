/** Who stood behind the locks a thread held for some time. */
import type { View } from '../../detector.ts';
import type { Detail } from '../../finding.ts';
import { detail, evidence } from './details.ts';
import { actor, duration } from './wording.ts';

interface Waiter {
  readonly tid: number;
  readonly process_id: number | null;
  readonly start_ts: number;
  readonly start_event: number;
  readonly waited: number;
}

const NAMES_SHOWN = 4;

/** The threads that waited meanwhile for an mmap_lock this thread held, the longest wait first. */
export function lockWaiters(
  view: View,
  tid: number,
  from: number,
  to: number,
): { readonly details: readonly Detail[]; readonly evidence: readonly number[] } {
  if (!view.observed('mmap_lock.wait') || view.clock.unit !== 'ns') return NONE;
  const waiters = view.all<Waiter>(
    `WITH stall AS (SELECT ? AS tid, ? AS from_ts, ? AS to_ts)
     SELECT w.tid, w.process_id, w.start_ts, w.start_event,
            min(coalesce(w.end_ts, s.to_ts), s.to_ts) - max(w.start_ts, s.from_ts) AS waited
       FROM stall s JOIN lock_hold h ON h.tid = s.tid JOIN lock_wait w ON w.lock = h.lock AND w.tid <> h.tid
      WHERE h.start_ts < s.to_ts AND coalesce(h.end_ts, s.to_ts) > s.from_ts
        AND w.start_ts < s.to_ts AND coalesce(w.end_ts, s.to_ts) > max(h.start_ts, s.from_ts)
      GROUP BY w.id ORDER BY waited DESC, w.id`,
    tid,
    from,
    to,
  );
  const names = waiters
    .slice(0, NAMES_SHOWN)
    .map((one) => `${actor(view, one.tid, one.process_id).label} ${duration(one.waited)}`);
  const more = waiters.length - names.length;
  return {
    details: [
      detail.count('threads behind its mmap_lock meanwhile', waiters.length),
      ...(names.length === 0
        ? []
        : [
            detail.text('they waited', `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`),
          ]),
    ],
    evidence: evidence(...waiters.slice(0, NAMES_SHOWN).map((one) => one.start_event)),
  };
}

const NONE = { details: [], evidence: [] } as const;
