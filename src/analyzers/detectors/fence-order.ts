/**
 * Fences of one context that signal out of order. dma_fence_is_later() and dma_resv take a later fence
 * of a context for the end of all before it (drivers/dma-buf/dma-resv.c, dma_resv_add_fence replaces
 * the earlier one): whoever waits for the later one goes on while the earlier job still runs.
 */
import type { Detector, View } from '../detector.ts';
import type { Confidence, Detail, FindingDraft, Severity } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { atMost, detail, evidence, known } from './shared/details.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import { fenceBirths, fenceErrors, fenceSignals } from './shared/needs.ts';
import { LONG_LIVED } from './shared/pending-fences.ts';
import { IS_SCHEDULED_FENCE } from './shared/scheduled-fence.ts';
import { HAS_EXACT_SIGNAL, HAS_OWN_ORDER, IS_IN_ORDER } from './shared/signal-order.ts';
import {
  actor,
  capital,
  duration,
  errno,
  type FenceName,
  fenceKey,
  fenceLabel,
  fenceRef,
  stableTimeline,
} from './shared/wording.ts';

/** Timers of one tick expire last in first out, and one softirq signals a whole batch. */
const LATE: Threshold = {
  name: 'late',
  unit: 'ns',
  default: 10e6,
  doc: 'A fence that signals so much later than a later one of its context is out of order.',
};
const PENDING: Threshold = {
  name: 'pending',
  unit: 'ns',
  default: 100e6,
  doc: 'A fence still pending so long after a later one of its context is suspected.',
};
const FINDINGS_PER_TIMELINE = 16;

export const fenceOrder: Detector = {
  meta: {
    id: 'fence-order',
    number: 'D16',
    title: 'Fence signalled after a later one of its context',
    description:
      'A dma_fence signalled well after a fence with a higher number of the same context. Waiters take the later one for the end of all jobs before it, and dma_resv forgets the earlier fence: memory may be reused while its job still runs.',
    severity: 'error',
    needs: [fenceBirths, fenceSignals],
    uses: [fenceErrors],
    thresholds: [LATE, PENDING],
    traps: [
      'Timers that expire in one tick, and batches of one softirq, signal within 0.4 ms in any order: below 10 ms nothing is said.',
      'A fence nobody enabled signalling on may be signalled by whoever polls it next, long after its job.',
      'Chains, arrays, sw_sync and vgem have numbers that are no order.',
      'A reset may complete later jobs early, with an error: those do not count as later.',
      'A driver that nobody knows to keep its contexts in order may signal them so on purpose.',
    ],
    references: [
      'include/linux/dma-fence.h: dma_fence_is_later',
      'drivers/dma-buf/dma-resv.c: dma_resv_add_fence',
      'drivers/gpu/drm/scheduler/sched_main.c: drm_sched_job_done, drm_sched_job_timedout',
    ],
  },

  cannotDecide(view) {
    return view.clock.unit === 'ns' ? undefined : 'the clock counts no time';
  },

  *detect(view) {
    const findings = lateFences(view).map((fence) => orderFinding(view, fence));
    yield* atMost(
      FINDINGS_PER_TIMELINE,
      findings.filter((finding) => finding !== undefined),
    );
  },
};

interface LateFence extends FenceName {
  readonly seqno64: number | bigint;
  readonly owner_tid: number | null;
  readonly owner_process_id: number | null;
  readonly init_event: number | null;
  readonly signaled_ts: number | null;
  readonly signaled_event: number | null;
  readonly error: number | null;
  readonly in_order: number;
  readonly exact: number;
  readonly lossy: number | null;
  readonly job_ring: string | null;
}

/** Fences that a later one of their context overtook by `LATE`; those still pending included. */
function lateFences(view: View): LateFence[] {
  return view.all<LateFence>(
    // who was overtaken lived as long: most contexts have no such fence and need no order
    `WITH suspected AS (
       SELECT DISTINCT context FROM fence
        WHERE init_ts IS NULL OR coalesce(signaled_ts, ?) - init_ts >= ?),
     ordered AS (
       SELECT f.id, coalesce(f.signaled_ts, ?) AS done,
              min(f.signaled_ts) FILTER (WHERE coalesce(f.error, 0) = 0) OVER later AS overtaken
         FROM fence f
        WHERE f.context IN suspected AND ${HAS_OWN_ORDER} AND NOT coalesce(${LONG_LIVED}, 0)
       WINDOW later AS (PARTITION BY f.context, f.driver ORDER BY f.seqno64
         ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING))
     SELECT f.id AS fence_id, f.context, f.seqno, f.driver, f.timeline, f.seqno64, f.owner_tid,
            f.owner_process_id, f.init_event, f.signaled_ts, f.signaled_event, f.error, f.lossy,
            coalesce(${IS_IN_ORDER}, 0) AS in_order, coalesce(${HAS_EXACT_SIGNAL}, 0) AS exact, j.ring AS job_ring
       FROM ordered o JOIN fence f ON f.id = o.id LEFT JOIN job j ON j.id = f.job_id
      WHERE o.done - o.overtaken >= ?
        AND (f.signaled_ts IS NOT NULL OR f.destroy_ts IS NULL)
        AND NOT coalesce(${IS_SCHEDULED_FENCE}, 0)
      ORDER BY f.signaled_ts`,
    view.end,
    view.limit(LATE),
    view.end - view.limit(PENDING) + view.limit(LATE),
    view.limit(LATE),
  );
}

interface Overtaker extends FenceName {
  readonly init_event: number | null;
  readonly signaled_ts: number;
  readonly signaled_event: number | null;
}

/** The newest fence of the context that signalled so long before, and how many did. */
function overtakersOf(view: View, late: LateFence): readonly Overtaker[] {
  return view.all<Overtaker>(
    `SELECT f.id AS fence_id, f.context, f.seqno, f.driver, f.timeline, f.init_event, f.signaled_ts,
            f.signaled_event
       FROM fence f
      WHERE f.context = ? AND f.driver IS ? AND f.seqno64 > ? AND ${HAS_OWN_ORDER}
        AND coalesce(f.error, 0) = 0 AND f.signaled_ts <= ?
      ORDER BY f.seqno64 DESC`,
    late.context,
    late.driver,
    late.seqno64,
    (late.signaled_ts ?? view.end) - view.limit(late.signaled_ts === null ? PENDING : LATE),
  );
}

function orderFinding(view: View, late: LateFence): FindingDraft | undefined {
  const verdict = verdictOf(view, late);
  if (verdict === undefined) return undefined;
  const overtakers = overtakersOf(view, late);
  const [newest] = overtakers;
  if (newest === undefined) return undefined;
  const owner =
    late.owner_tid === null ? undefined : actor(view, late.owner_tid, late.owner_process_id);
  const label = `${fenceLabel(late)}${owner === undefined ? '' : ` of ${owner.label}`}`;
  const lateNs = (late.signaled_ts ?? view.end) - newest.signaled_ts;
  return {
    ...verdict,
    summary: `${capital(label)} ${endText(late)} ${duration(lateNs)} after the later fence ${fenceKey(newest)} of its context.`,
    from: newest.signaled_ts,
    to: late.signaled_ts ?? view.end,
    objects: [fenceRef(late), fenceRef(newest), ...(owner?.refs ?? [])],
    details: detailsOf(late, overtakers, lateNs),
    evidence: evidence(
      late.init_event,
      newest.init_event,
      newest.signaled_event,
      late.signaled_event,
    ),
    next: nextSteps(late),
    identity: [
      late.driver ?? '',
      stableTimeline(late.timeline),
      isFailed(late) ? 'failed' : 'signalled',
    ],
    key: {
      context: late.context,
      driver: late.driver ?? '',
      late: fenceKey(late),
      overtaken_by: fenceKey(newest),
      ...(owner === undefined ? {} : { pid: owner.pid }),
    },
  };
}

function detailsOf(late: LateFence, overtakers: readonly Overtaker[], lateNs: number): Detail[] {
  const [newest] = overtakers;
  return known([
    newest === undefined ? undefined : detail.object('overtaken by', fenceRef(newest)),
    detail.duration('late by', lateNs),
    detail.count('later fences that signalled before', overtakers.length),
    late.job_ring === null ? undefined : detail.text('ring of its job', late.job_ring),
    late.error === null ? undefined : detail.errno('error of the fence', late.error),
    detail.text('order within its contexts', late.in_order === 1 ? 'promised' : 'not known'),
  ]);
}

function isFailed({ error }: LateFence): boolean {
  return (error ?? 0) < 0;
}

function endText(late: LateFence): string {
  if (late.signaled_ts === null) return 'was still pending';
  return isFailed(late) ? `signalled with ${errno(late.error ?? 0)}` : 'signalled';
}

interface Verdict {
  readonly severity: Severity;
  readonly confidence: Confidence;
}

function verdictOf(view: View, late: LateFence): Verdict | undefined {
  const incomplete = mayBeMissing(view, late.lossy) || view.perTask;
  if (late.signaled_ts === null) {
    // one that never signals is told by fence-never-signalled, and only promised order makes it late
    if (late.in_order === 0 || incomplete) return undefined;
    return { severity: 'warn', confidence: 'suspect' };
  }
  if (late.exact === 0) return undefined;
  if (late.in_order === 0)
    return { severity: 'warn', confidence: incomplete ? 'suspect' : 'likely' };
  // what was lost cannot undo a signal that was seen before another
  return { severity: 'error', confidence: incomplete ? 'likely' : 'proven' };
}

function nextSteps(late: LateFence): readonly string[] {
  return [
    isFailed(late)
      ? 'Its job failed or timed out while later jobs of the context had gone on: see whether they used what it should have written.'
      : 'See on which path the driver signals it (stack of the signal): the jobs of a context must end in order, or need contexts of their own.',
    `See what waited for a later fence of context ${late.context} meanwhile and took the earlier job for done: dma_resv drops the earlier fence.`,
  ];
}
