/**
 * Fences that signalled with an error: the job failed, was cancelled or timed out. dma_fence_signaled
 * does not carry it, only a probe on dma_fence_signal_timestamp_locked shows it.
 */
import type { Detector, View } from '../detector.ts';
import type { FindingDraft } from '../finding.ts';
import { atMost, detail, evidence, known } from './shared/details.ts';
import { fenceBirths, fenceErrors } from './shared/needs.ts';
import {
  actor,
  capital,
  errno,
  type FenceName,
  fenceKey,
  fenceLabel,
  fenceRef,
  stableTimeline,
} from './shared/wording.ts';

const FINDINGS_PER_CAUSE = 16;

/** Who sets which error: drivers/gpu/drm/scheduler, amdgpu, i915, xe, sw_sync, dma-fence.c. */
const MEANINGS: Readonly<Record<number, string>> = {
  [-2]: 'its timeline was closed before the fence was due (sw_sync)',
  [-3]: 'its entity was killed before the job could run (drm_sched)',
  [-5]: 'the job failed, or its context is guilty of a hang',
  [-11]: 'an innocent job was lost in a reset',
  [-62]: 'the job timed out',
  [-110]: 'the wait behind it timed out',
  [-125]:
    'the job was cancelled: its entity was killed, or it was on the ring when another one timed out',
  [-133]: 'the device lost its memory',
};

export const fenceError: Detector = {
  meta: {
    id: 'fence-error',
    number: 'D14',
    title: 'Fence signalled with an error',
    description:
      'A dma_fence was signalled with a negative error. Waiters see a signalled fence all the same, and the GPU scheduler runs the jobs that depend on it: whoever does not ask for the error takes a failed result for a good one.',
    severity: 'warn',
    needs: [fenceErrors],
    uses: [fenceBirths],
    traps: [
      'A second call on a fence that has signalled changes nothing: its error is none.',
      'A probe can miss a hit: without a finding a fence may still have failed.',
      'A timed-out job has two: -ETIME on the hardware fence, -ECANCELED on the finished one.',
    ],
    references: [
      'drivers/dma-buf/dma-fence.c: dma_fence_set_error, dma_fence_signal_timestamp_locked',
      'drivers/gpu/drm/scheduler/sched_main.c: drm_sched_start (-ECANCELED)',
      'drivers/gpu/drm/scheduler/sched_entity.c: drm_sched_entity_kill_jobs_work (-ESRCH)',
    ],
  },

  *detect(view) {
    const findings = failedFences(view).map((fence) => errorFinding(view, fence));
    yield* atMost(FINDINGS_PER_CAUSE, findings);
  },
};

interface FailedFence extends FenceName {
  readonly error: number;
  readonly error_event: number | null;
  readonly owner_tid: number | null;
  readonly owner_process_id: number | null;
  readonly init_event: number | null;
  readonly signaled_ts: number;
  readonly signaled_event: number | null;
  readonly lossy: number | null;
  readonly job_ring: string | null;
  readonly dependants: number;
}

/** One released unsignalled (-EDEADLK) is told by fence-never-signalled. */
function failedFences(view: View): FailedFence[] {
  return view.all<FailedFence>(
    `SELECT f.id AS fence_id, f.context, f.seqno, f.driver, f.timeline, f.error, f.error_event,
            f.owner_tid, f.owner_process_id, f.init_event, f.signaled_ts, f.signaled_event, f.lossy,
            j.ring AS job_ring,
            (SELECT count(*) FROM job d WHERE d.depends_fence_id = f.id AND d.run_ts IS NOT NULL)
              AS dependants
       FROM fence f LEFT JOIN job j ON j.id = f.job_id
      WHERE f.error < 0 AND f.signaled_ts IS NOT NULL
        AND coalesce(f.dropped, 0) = 0 AND coalesce(f.ambiguous, 0) = 0
      ORDER BY f.signaled_ts`,
  );
}

function errorFinding(view: View, fence: FailedFence): FindingDraft {
  const owner =
    fence.owner_tid === null ? undefined : actor(view, fence.owner_tid, fence.owner_process_id);
  const meaning = MEANINGS[fence.error];
  return {
    severity: 'warn',
    confidence: fence.lossy === 1 ? 'likely' : 'proven',
    summary: `${capital(fenceLabel(fence))}${owner === undefined ? '' : ` of ${owner.label}`} signalled with ${errno(fence.error)}${meaning === undefined ? '' : `: ${meaning}`}${dependantsText(fence)}.`,
    from: fence.signaled_ts,
    to: fence.signaled_ts,
    objects: [fenceRef(fence), ...(owner?.refs ?? [])],
    details: known([
      detail.errno('error of the fence', fence.error),
      fence.job_ring === null ? undefined : detail.text('ring of its job', fence.job_ring),
      detail.count('jobs that depended on it and ran', fence.dependants),
    ]),
    evidence: evidence(fence.init_event, fence.error_event, fence.signaled_event),
    next: [
      'Look in the kernel log around that time for a timeout, a reset or a killed client.',
      'See whether waiters ask for the error (sync_file info, dma_fence_get_status): the signal alone does not say it.',
    ],
    identity: [fence.driver ?? '', stableTimeline(fence.timeline), String(fence.error)],
    key: {
      fence: fenceKey(fence),
      ...(owner === undefined ? {} : { pid: owner.pid, tid: fence.owner_tid ?? owner.pid }),
    },
  };
}

function dependantsText({ dependants }: FailedFence): string {
  if (dependants === 0) return '';
  return dependants === 1
    ? '; a job that depended on it ran all the same'
    : `; ${dependants} jobs that depended on it ran all the same`;
}
