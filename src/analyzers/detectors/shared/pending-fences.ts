/** Fences that were not seen to signal, with their owner and job, and how long fences of a driver take. */
import type { View } from '../../detector.ts';
import { DEATH_IS_SURE } from './death.ts';
import { IS_SCHEDULED_FENCE } from './scheduled-fence.ts';
import type { FenceName } from './wording.ts';

export interface PendingFence extends FenceName {
  readonly owner_tid: number | null;
  readonly owner_process_id: number | null;
  readonly owner_end_ts: number | null;
  readonly owner_end_event: number | null;
  readonly death_is_sure: number;
  readonly files_closed_ts: number | null;
  readonly files_closed_event: number | null;
  readonly first_ts: number;
  readonly first_event: number | null;
  readonly init_ts: number | null;
  readonly init_event: number | null;
  readonly emit_event: number | null;
  readonly enable_event: number | null;
  readonly signaled_event: number | null;
  readonly destroy_ts: number | null;
  readonly destroy_event: number | null;
  readonly dropped: number | null;
  readonly lossy: number | null;
  readonly job_ring: string | null;
  readonly job_run_ts: number | null;
  readonly job_queue_event: number | null;
  readonly job_run_event: number | null;
}

/** Fences that stay unsignalled in normal life: KFD eviction fences and xe preempt fences. */
export const LONG_LIVED: string = `(f.driver LIKE 'amdgpu_amdkfd_fence%' OR (f.driver = 'xe' AND f.timeline = 'preempt'))`;

/** Ring of its job; of i915 only where any request was seen to run: most kernels have no event for it. */
const RING = `CASE WHEN j.run_ts IS NULL AND j.source = 'i915'
  AND NOT EXISTS (SELECT 1 FROM job r WHERE r.source = 'i915' AND r.run_ts IS NOT NULL)
  THEN NULL ELSE j.ring END`;

/** Containers signal through others; ambiguous ones cannot be told apart. */
export function pendingFences(view: View): PendingFence[] {
  return view.all<PendingFence>(
    `SELECT f.id AS fence_id, f.context, f.seqno, f.driver, f.timeline, f.owner_tid,
            coalesce(p.merged_into, f.owner_process_id) AS owner_process_id, p.end_ts AS owner_end_ts, p.end_event AS owner_end_event,
            p.files_closed_ts, p.files_closed_event, ${DEATH_IS_SURE} AS death_is_sure, f.first_ts, f.first_event, f.init_ts,
            f.init_event, f.emit_event, f.enable_event, f.signaled_event, f.destroy_ts,
            f.destroy_event, f.dropped, f.lossy, ${RING} AS job_ring, j.run_ts AS job_run_ts,
            j.queue_event AS job_queue_event, j.run_event AS job_run_event
       FROM fence f
       LEFT JOIN process p ON p.id = f.owner_process_id
       LEFT JOIN job j ON j.id = f.job_id
      WHERE (f.signaled_ts IS NULL
          OR (f.dropped = 1 AND coalesce(f.signaled_ts >= f.destroy_ts, 1)))
        AND coalesce(f.container, 0) = 0 AND coalesce(f.ambiguous, 0) = 0
        AND NOT coalesce(${LONG_LIVED}, 0) AND NOT coalesce(${IS_SCHEDULED_FENCE}, 0)
      ORDER BY f.first_ts`,
  );
}

/** Creation to signal of the fences of one driver that did signal, in ns; 0 = none did. */
export interface Latencies {
  readonly slowest: number;
  readonly p99: number;
}

export type LatencyOf = (driver: string | null) => Latencies;

/** Looked up once per driver: a capture may hold millions of fences and thousands of pending ones. */
export function latenciesByDriver(view: View): LatencyOf {
  const known = new Map<string | null, Latencies>();
  return (driver) => {
    const latencies = known.get(driver) ?? latenciesOf(view, driver);
    known.set(driver, latencies);
    return latencies;
  };
}

function latenciesOf(view: View, driver: string | null): Latencies {
  const signalled = `FROM fence WHERE driver IS ? AND init_ts IS NOT NULL AND signaled_ts IS NOT NULL`;
  const [all] = view.all<{ fences: number; slowest: number | null }>(
    `SELECT count(*) AS fences, max(signaled_ts - init_ts) AS slowest ${signalled}`,
    driver,
  );
  const [p99] = view.all<{ ns: number }>(
    `SELECT signaled_ts - init_ts AS ns ${signalled} ORDER BY ns LIMIT 1 OFFSET ?`,
    driver,
    Math.floor((all?.fences ?? 0) * 0.99),
  );
  return { slowest: all?.slowest ?? 0, p99: p99?.ns ?? 0 };
}
