/**
 * Fences that signalled with an error: the job failed, was cancelled or timed out. dma_fence_signaled
 * does not carry it, only a probe on dma_fence_signal_timestamp_locked shows it.
 */
import type { Detector, View } from '../detector.ts';
import type { FindingDraft } from '../finding.ts';
import { atMost, detail, evidence, known } from './shared/details.ts';
import { fenceBirths, fenceErrors, jobDependencies, jobRuns } from './shared/needs.ts';
import {
  type Actor,
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
  [-35]: 'it was released before it was signalled, and the kernel did it then',
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
      'A dma_fence was signalled with a negative error. Waiters see a signalled fence all the same, and the GPU scheduler runs the jobs that depend on it: whoever does not ask for the error takes a failed result for a good one. A job that depended on it, ran and reported success is a finding of its own.',
    severity: 'error',
    needs: [fenceErrors],
    uses: [fenceBirths, jobDependencies, jobRuns],
    traps: [
      'A second call on a fence that has signalled changes nothing: its error is none.',
      'A job that depends on a failed one may not need its result, or check it by other means.',
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
    const failed = failedFences(view).map((fence) => errorFinding(view, fence));
    const consumed = consumedResults(view).map((result) => consumedFinding(view, result));
    yield* atMost(FINDINGS_PER_CAUSE, [...failed, ...consumed]);
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
            (SELECT count(*) FROM job d WHERE d.run_ts IS NOT NULL AND (d.depends_fence_id = f.id
              OR EXISTS (SELECT 1 FROM job_dependency n WHERE n.job_id = d.id AND n.fence_id = f.id)))
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

interface Consumed extends FenceName {
  readonly error: number;
  readonly signaled_ts: number;
  readonly signaled_event: number | null;
  readonly producer_tid: number | null;
  readonly producer_process_id: number | null;
  readonly job_id: number;
  readonly owner_tid: number | null;
  readonly owner_process_id: number | null;
  readonly depends_event: number | null;
  readonly run_ts: number;
  readonly run_event: number | null;
  readonly own_context: number | null;
  readonly own_seqno: number | null;
  /** Of the consumer's own fence; NULL = it was not seen. */
  readonly own_error: number | null;
  readonly own_end_event: number | null;
  readonly lossy: number | null;
}

/** Jobs that ran after a fence they depend on had failed, and did not fail themselves. */
function consumedResults(view: View): Consumed[] {
  return view.all<Consumed>(
    `SELECT f.id AS fence_id, f.context, f.seqno, f.driver, f.timeline, f.error, f.signaled_ts, f.signaled_event,
            f.owner_tid AS producer_tid, f.owner_process_id AS producer_process_id, j.id AS job_id,
            j.owner_tid, j.owner_process_id, coalesce(d.blocked_event, d.start_event) AS depends_event,
            j.run_ts, j.run_event, o.context AS own_context, o.seqno AS own_seqno, o.error AS own_error,
            o.signaled_event AS own_end_event, max(coalesce(f.lossy, 0), coalesce(j.lossy, 0)) AS lossy
       FROM job_dependency d JOIN fence f ON f.id = d.fence_id JOIN job j ON j.id = d.job_id
       LEFT JOIN fence o ON o.id = j.fence_id
      WHERE f.error < 0 AND coalesce(f.ambiguous, 0) = 0 AND j.run_ts >= f.signaled_ts
        AND coalesce(o.error, 0) = 0 AND o.signaled_ts IS NOT NULL
      ORDER BY j.run_ts`,
  );
}

function consumedFinding(view: View, result: Consumed): FindingDraft {
  const owner = ownerOf(view, result.owner_tid, result.owner_process_id);
  const producer = ownerOf(view, result.producer_tid, result.producer_process_id);
  const own = result.own_context === null ? '' : ` ${result.own_context}:${result.own_seqno}`;
  const isOther = owner?.processId !== producer?.processId;
  return {
    severity: isOther ? 'error' : 'warn',
    confidence: result.own_error === null || result.lossy === 1 ? 'likely' : 'proven',
    summary: `Job${own}${owner === undefined ? '' : ` of ${owner.label}`} ran and reported success although ${fenceLabel(result)}${producer === undefined ? '' : ` of ${producer.label}`}, which it depends on, had failed with ${errno(result.error)}.`,
    from: result.signaled_ts,
    to: result.run_ts,
    objects: [
      fenceRef(result),
      { kind: 'job', id: result.job_id, label: `job${own}` },
      ...(owner?.refs ?? []),
    ],
    details: known([
      detail.errno('error of the dependency', result.error),
      result.own_error === null
        ? detail.text('error of the job', 'not recorded')
        : detail.errno('error of the job', result.own_error),
    ]),
    evidence: evidence(
      result.depends_event,
      result.signaled_event,
      result.run_event,
      result.own_end_event,
    ),
    next: [
      'The scheduler waits for dependencies and ignores their errors: see whether the driver or the client checks them (dma_fence_get_status) before it uses the result.',
      'See what the failed job should have written: what this one made of it is not to be trusted.',
    ],
    identity: ['consumed', result.driver ?? '', stableTimeline(result.timeline)],
    key: {
      what: 'failed result consumed',
      fence: fenceKey(result),
      ...(own === '' ? {} : { job: own.trim() }),
      ...(owner === undefined ? {} : { pid: owner.pid }),
    },
  };
}

function ownerOf(view: View, tid: number | null, processId: number | null): Actor | undefined {
  return tid === null ? undefined : actor(view, tid, processId);
}
