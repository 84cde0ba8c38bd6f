/**
 * Fences that take far longer than others of their timeline. The time behind earlier fences of the
 * context is taken off: it is that of a busy ring, not of a slow job.
 */
import type { Detector, View } from '../detector.ts';
import type { FindingDraft } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { detail, evidence, known } from './shared/details.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import { fenceBirths, fenceSignals, jobRuns } from './shared/needs.ts';
import { LONG_LIVED } from './shared/pending-fences.ts';
import { IS_SCHEDULED_FENCE } from './shared/scheduled-fence.ts';
import { HAS_EXACT_SIGNAL } from './shared/signal-order.ts';
import {
  actor,
  capital,
  duration,
  type FenceName,
  fenceKey,
  fenceLabel,
  fenceRef,
  stableTimeline,
} from './shared/wording.ts';

const SHORTEST: Threshold = {
  name: 'shortest',
  unit: 'ns',
  default: 1e6,
  doc: 'A fence that takes less is never called slow.',
};
const P99_FACTOR: Threshold = {
  name: 'p99-factor',
  unit: 'count',
  default: 3,
  doc: 'A fence that takes so many times the 99th percentile of its timeline is slow.',
};
const MEDIAN_FACTOR: Threshold = {
  name: 'median-factor',
  unit: 'count',
  default: 10,
  doc: 'The same for the median, where a timeline has fewer than `many` fences.',
};
const MANY: Threshold = {
  name: 'many',
  unit: 'count',
  default: 100,
  doc: 'From so many fences of a timeline on the 99th percentile means something; with fewer the median is taken.',
};
const FEW: Threshold = {
  name: 'few',
  unit: 'count',
  default: 5,
  doc: 'A timeline of fewer fences has no usual time.',
};
/**
 * No threshold: drivers/gpu/drm/vgem/vgem_fence.c, VGEM_FENCE_TIMEOUT: 10 s, then the fence signals
 * without an error.
 */
const VGEM_EXPIRY_NS = 10e9;
/** No threshold: a timer runs out a little late; it only changes what to do next. */
const EXPIRY_SLACK = 0.05;
const FINDINGS = 32;

export const fenceLatency: Detector = {
  meta: {
    id: 'fence-latency',
    number: 'D15',
    title: 'Fence far slower than others of its timeline',
    description:
      'A dma_fence took many times longer to signal than the fences of its timeline do. Whoever waits for such a fence stutters; a driver that gives up after a fixed time and signals without an error hides a lost job behind such a latency.',
    severity: 'info',
    needs: [fenceBirths, fenceSignals],
    uses: [jobRuns],
    thresholds: [SHORTEST, P99_FACTOR, MEDIAN_FACTOR, MANY, FEW],
    traps: [
      'A fence nobody enabled signalling on may be signalled by whoever polls it next: it is left out.',
      'Behind other jobs of its context a fence waits for them: that time is taken off.',
      'Jobs of one timeline may differ in size by design.',
      'A fence born before the recording has no latency.',
    ],
    references: [
      'drivers/dma-buf/dma-fence.c: dma_fence_init, dma_fence_signal_timestamp_locked',
      'drivers/gpu/drm/vgem/vgem_fence.c: vgem_fence_timeout',
    ],
  },

  cannotDecide(view) {
    return view.clock.unit === 'ns' ? undefined : 'the clock counts no time';
  },

  *detect(view) {
    for (const timeline of slowTimelines(view)) yield latencyFinding(view, timeline);
  },
};

interface SlowTimeline extends FenceName {
  readonly owner_tid: number | null;
  readonly owner_process_id: number | null;
  readonly init_ts: number;
  readonly init_event: number | null;
  readonly signaled_ts: number;
  readonly signaled_event: number | null;
  readonly error: number | null;
  readonly lossy: number | null;
  /** Of the slowest fence: without the time behind earlier ones. */
  readonly own_ns: number;
  readonly median_ns: number;
  readonly p99_ns: number;
  readonly fences: number;
  readonly outliers: number;
}

/** The slowest fence of each timeline that has outliers, and how many it has. */
function slowTimelines(view: View): SlowTimeline[] {
  const expired = `(k.driver IS 'vgem' AND k.own_ns >= ${VGEM_EXPIRY_NS})`;
  return view.all<SlowTimeline>(
    // ranking every fence of a long recording takes longer than all else: most have no slow one
    `WITH suspected AS (
       SELECT DISTINCT driver, coalesce(timeline, '') FROM fence WHERE signaled_ts - init_ts >= ?),
     looked_at AS (
       SELECT DISTINCT context, driver FROM fence
        WHERE (driver, coalesce(timeline, '')) IN suspected),
     timed AS (
       SELECT f.id, f.driver, f.timeline, f.signaled_ts - max(f.init_ts, coalesce(j.run_ts, 0),
                coalesce(max(f.signaled_ts) OVER before, 0)) AS own_ns
         FROM fence f LEFT JOIN job j ON j.id = f.job_id
        WHERE (f.context, f.driver) IN looked_at
          AND f.init_ts IS NOT NULL AND f.signaled_ts IS NOT NULL AND ${HAS_EXACT_SIGNAL}
          AND coalesce(f.container, 0) = 0 AND coalesce(f.ambiguous, 0) = 0
          AND coalesce(f.dropped, 0) = 0 AND f.driver IS NOT NULL
          AND NOT coalesce(${LONG_LIVED}, 0) AND NOT coalesce(${IS_SCHEDULED_FENCE}, 0)
       WINDOW before AS (PARTITION BY f.context, f.driver ORDER BY f.seqno64
         ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),
     ranked AS (
       SELECT *, row_number() OVER (PARTITION BY driver, timeline ORDER BY own_ns) AS n,
              count(*) OVER (PARTITION BY driver, timeline) AS fences
         FROM timed WHERE own_ns >= 0),
     known AS (
       SELECT *, max(own_ns) FILTER (WHERE n <= (fences + 1) / 2) OVER line AS median_ns,
              max(own_ns) FILTER (WHERE n <= fences * 99 / 100) OVER line AS p99_ns
         FROM ranked WINDOW line AS (PARTITION BY driver, timeline)),
     slow AS (
       SELECT *, count(*) OVER (PARTITION BY driver, timeline) AS outliers,
              row_number() OVER (PARTITION BY driver, timeline ORDER BY own_ns DESC) AS place
         FROM known k
        WHERE k.own_ns >= ? AND ((k.fences >= ? AND k.own_ns > ? * k.p99_ns)
           OR (k.fences >= ? AND k.fences < ? AND k.own_ns > ? * k.median_ns)
           OR ${expired}))
     SELECT f.id AS fence_id, f.context, f.seqno, f.driver, f.timeline, f.owner_tid, f.owner_process_id,
            f.init_ts, f.init_event, f.signaled_ts, f.signaled_event, f.error, f.lossy, s.own_ns,
            s.median_ns, s.p99_ns, s.fences, s.outliers
       FROM slow s JOIN fence f ON f.id = s.id
      WHERE s.place = 1
      ORDER BY s.own_ns DESC LIMIT ${FINDINGS}`,
    view.limit(SHORTEST),
    view.limit(SHORTEST),
    view.limit(MANY),
    view.limit(P99_FACTOR),
    view.limit(FEW),
    view.limit(MANY),
    view.limit(MEDIAN_FACTOR),
  );
}

function latencyFinding(view: View, slow: SlowTimeline): FindingDraft {
  const owner =
    slow.owner_tid === null ? undefined : actor(view, slow.owner_tid, slow.owner_process_id);
  const total = slow.signaled_ts - slow.init_ts;
  const expiry = isExpiry(slow);
  const usual =
    slow.fences < view.limit(FEW)
      ? 'as long as vgem lets a fence live'
      : `${slow.fences} fences of its timeline take ${duration(slow.median_ns)} (median)`;
  return {
    severity: 'info',
    confidence: mayBeMissing(view, slow.lossy) || view.perTask ? 'suspect' : 'likely',
    summary: `${capital(fenceLabel(slow))}${owner === undefined ? '' : ` of ${owner.label}`} took ${duration(slow.own_ns)} to signal: ${usual}${slow.outliers > 1 ? `, ${slow.outliers - 1} more are as slow` : ''}.`,
    from: slow.init_ts,
    to: slow.signaled_ts,
    objects: [fenceRef(slow), ...(owner?.refs ?? [])],
    details: known([
      detail.duration('its own time', slow.own_ns),
      detail.duration('from creation to signal', total),
      detail.count('fences of the timeline', slow.fences),
      detail.duration('median', slow.median_ns),
      slow.fences >= view.limit(MANY) ? detail.duration('99th percentile', slow.p99_ns) : undefined,
      detail.count('outliers', slow.outliers),
      slow.error === null ? undefined : detail.errno('error of the fence', slow.error),
    ]),
    evidence: evidence(slow.init_event, slow.signaled_event),
    next: expiry
      ? [
          'Nobody signalled it: the timer of vgem did, without an error. Look for the client that should have (DRM_IOCTL_VGEM_FENCE_SIGNAL).',
        ]
      : [
          `See what its job did: the submission of fence ${fenceKey(slow)}, the clock of the GPU, a lost interrupt that a timer made up for.`,
          'Record the events of the scheduler (gpu_scheduler) to tell waiting for the ring from running.',
        ],
    identity: [slow.driver ?? '', stableTimeline(slow.timeline)],
    key: { fence: fenceKey(slow), ...(owner === undefined ? {} : { pid: owner.pid }) },
  };
}

function isExpiry({ driver, own_ns }: SlowTimeline): boolean {
  return (
    driver === 'vgem' && own_ns >= VGEM_EXPIRY_NS && own_ns <= VGEM_EXPIRY_NS * (1 + EXPIRY_SLACK)
  );
}
