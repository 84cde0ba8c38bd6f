/** Jobs that ran into their time limit, as events show it. */
import type { View } from '../../detector.ts';
import type { FindingDraft, ObjectRef } from '../../finding.ts';
import type { Threshold } from '../../threshold.ts';
import { detail, evidence, known } from './details.ts';
import { mayBeMissing } from './incomplete.ts';
import { type Actor, actor, duration, errno, type FenceName, fenceRef, ticks } from './wording.ts';

/** -ETIME: drm_sched and drivers that end a job for its time limit. */
const ETIME = -62;
/** -ECANCELED: what drm_sched_start puts on the fence of a job whose hardware fence has an error. */
const ECANCELED = -125;
export const ONE_GO: Threshold = {
  name: 'one-go',
  unit: 'ns',
  default: 10e6,
  doc: 'The timeout handler signals the hardware fence, and with it the finished one, within this.',
};

export interface TimedOutJob {
  readonly job_id: number;
  readonly fence_id: number | null;
  readonly ring: string | null;
  readonly context: number | null;
  readonly seqno: number | null;
  readonly owner_tid: number | null;
  readonly owner_process_id: number | null;
  readonly run_ts: number | null;
  readonly run_event: number | null;
  readonly queue_event: number | null;
  readonly error: number | null;
  readonly timeout_event: number | null;
  readonly error_event: number | null;
  readonly signaled_event: number | null;
  readonly signaled_ts: number | null;
  readonly signaled_tid: number | null;
  readonly worker: string | null;
  readonly lossy: number | null;
  /** When it was known to have timed out. */
  readonly to: number;
}

const COLUMNS = `j.id AS job_id, f.id AS fence_id, j.ring, f.context, f.seqno, j.owner_tid,
  j.owner_process_id, j.run_ts, j.run_event, j.queue_event, coalesce(f.error, j.error) AS error,
  j.timeout_event, f.error_event, f.signaled_event, f.signaled_ts,
  f.signaled_tid, max(j.lossy, coalesce(f.lossy, 0)) AS lossy`;

export function timedOutJobs(view: View): TimedOutJob[] {
  const stated = view.all<TimedOutJob>(
    `SELECT ${COLUMNS}, j.timeout_ts AS "to", NULL AS worker
       FROM job j LEFT JOIN fence f ON f.id = j.fence_id
      WHERE j.timeout_ts IS NOT NULL ORDER BY j.timeout_ts`,
  );
  const known = new Set(stated.map((job) => job.job_id));
  const inferred = endedByWorkers(view).filter((job) => !known.has(job.job_id));
  return [...stated, ...inferred];
}

/**
 * Kernel threads that only signal have no name here; a job's normal end comes in an interrupt. It ran, and its end came from a worker with -ETIME on the finished fence, or on a hardware fence that
 * the same worker signalled in the same go: of several jobs cancelled then, the first is the one.
 */
function endedByWorkers(view: View): TimedOutJob[] {
  const oneGo = view.limit(ONE_GO);
  return view.all<TimedOutJob>(
    `SELECT ${COLUMNS}, f.signaled_ts AS "to", coalesce(worker.comm, 'a kernel thread') AS worker
       FROM fence f JOIN job j ON j.fence_id = f.id
       LEFT JOIN task worker ON worker.tid = f.signaled_tid
      WHERE f.signaled_tid > 0 AND (worker.id IS NULL OR worker.comm LIKE 'kworker/%')
        AND j.run_ts IS NOT NULL AND f.signaled_ts IS NOT NULL AND coalesce(f.ambiguous, 0) = 0
        AND (j.done_ts IS NULL OR f.signaled_ts - j.done_ts < ${oneGo})
        AND (f.error = ${ETIME} OR (f.error = ${ECANCELED} AND f.id = (
          SELECT c.id FROM fence c JOIN job cj ON cj.fence_id = c.id,
                 fence h
           WHERE h.error = ${ETIME} AND h.id <> f.id AND h.signaled_tid = f.signaled_tid
             AND h.signaled_ts BETWEEN f.signaled_ts - ${oneGo} AND f.signaled_ts
             AND c.error = ${ECANCELED} AND c.signaled_tid = h.signaled_tid
             AND c.signaled_ts BETWEEN h.signaled_ts AND h.signaled_ts + ${oneGo}
           ORDER BY c.signaled_ts LIMIT 1)))
      GROUP BY j.id ORDER BY f.signaled_ts`,
  );
}

interface HardwareFence extends FenceName {
  readonly error_event: number | null;
}

/** What the driver promised for the job on the ring: the timeout handler ends it together with the job. */
function hardwareFences(view: View, job: TimedOutJob): HardwareFence[] {
  if (job.signaled_ts === null || job.signaled_tid === null) return [];
  return view.all<HardwareFence>(
    `SELECT h.id AS fence_id, h.context, h.seqno, h.driver, h.timeline, h.error_event FROM fence h
      WHERE h.error = ${ETIME} AND h.signaled_tid = ? AND h.signaled_ts BETWEEN ? AND ?
        AND NOT EXISTS (SELECT 1 FROM job j WHERE j.fence_id = h.id)
      ORDER BY h.signaled_ts DESC LIMIT 1`,
    job.signaled_tid,
    job.signaled_ts - view.limit(ONE_GO),
    job.signaled_ts,
  );
}

/** A reset that began right after the timeout. */
interface FollowingReset {
  readonly id: number;
  readonly driver: string;
  readonly start_ts: number;
  readonly start_event: number;
}

export function timeoutFinding(
  view: View,
  job: TimedOutJob,
  reset: FollowingReset | undefined,
): FindingDraft {
  const ring = job.ring ?? 'unknown ring';
  const owner =
    job.owner_tid === null ? undefined : actor(view, job.owner_tid, job.owner_process_id);
  const fence = job.context === null ? undefined : `${job.context}:${job.seqno}`;
  const stated = job.timeout_event !== null;
  const hardware = hardwareFences(view, job);
  return {
    severity: 'error',
    confidence: mayBeMissing(view, job.lossy) ? 'suspect' : stated ? 'proven' : 'likely',
    summary: `A job on ${ring}${fence === undefined ? '' : ` (fence ${fence})`}${ofText(owner)} timed out${afterText(view, job)}${endText(job)}; ${resetText(view, job, reset)}.`,
    from: job.run_ts ?? job.to,
    to: job.to,
    objects: [...objectsOf(job, owner?.refs ?? []), ...hardware.map(fenceRef), ...resetRefs(reset)],
    details: known([
      detail.text('ring', ring),
      job.error === null ? undefined : detail.errno('error of the fence', job.error),
      job.worker === null ? undefined : detail.text('ended by', job.worker),
      ...hardware.map((one) => detail.object('ended with it', fenceRef(one))),
    ]),
    evidence: evidence(
      job.queue_event,
      job.run_event,
      job.timeout_event,
      job.error_event,
      ...hardware.map((one) => one.error_event),
      job.signaled_event,
      reset?.start_event,
    ),
    next: [
      'Look in the kernel log at that time for the timeout and for a reset (give svm-trace the log beside the recording).',
      'See what the job waited for: memory that was unmapped or evicted, a queue preempted, or simply more work than the limit allows.',
    ],
    identity: [ring.replaceAll(/\d+/g, 'N'), stated ? 'event' : 'fence'],
    key: {
      ring,
      ...(fence === undefined ? {} : { fence }),
      ...(owner === undefined ? {} : { pid: owner.pid, tid: job.owner_tid ?? owner.pid }),
    },
  };
}

function objectsOf(job: TimedOutJob, owner: readonly ObjectRef[]): ObjectRef[] {
  const refs: ObjectRef[] = [{ kind: 'job', id: job.job_id, label: `job on ${job.ring}` }];
  if (job.fence_id !== null) {
    const label = `fence ${job.context}:${job.seqno}`;
    refs.push({ kind: 'fence', id: job.fence_id, label });
  }
  return [...refs, ...owner];
}

function resetRefs(reset: FollowingReset | undefined): ObjectRef[] {
  if (reset === undefined) return [];
  return [{ kind: 'device_reset', id: reset.id, label: `reset of ${reset.driver}` }];
}

function resetText(view: View, job: TimedOutJob, reset: FollowingReset | undefined): string {
  if (reset === undefined) return 'whether the device was reset is not in this recording';
  const after = Math.max(0, reset.start_ts - job.to);
  return `${reset.driver} told of a reset ${view.clock.unit === 'ns' ? `${duration(after)} later` : 'after it'}`;
}

function ofText(owner: Actor | undefined): string {
  return owner === undefined ? '' : ` of ${owner.label}`;
}

function afterText(view: View, { run_ts, to }: TimedOutJob): string {
  if (run_ts === null) return '';
  const time = view.clock.unit === 'ns' ? duration(to - run_ts) : ticks(to - run_ts);
  return ` ${time} after it was given to the hardware`;
}

function endText({ error, worker }: TimedOutJob): string {
  if (error === null) return '';
  return worker === null
    ? `, its fence signalled with ${errno(error)}`
    : `: ${worker} ended it with ${errno(error)}, the hardware never reported it done`;
}
