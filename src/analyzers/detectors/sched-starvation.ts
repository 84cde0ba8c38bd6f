/**
 * Jobs that are ready and do not run because their ring serves others. What a job waits for by right,
 * a dependency or an earlier job of its own entity, is taken off.
 */
import type { Detector, View } from '../detector.ts';
import type { FindingDraft } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { atMost, detail, evidence } from './shared/details.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import { jobDependencies, jobQueues, jobRuns } from './shared/needs.ts';
import { type Actor, actor, duration } from './shared/wording.ts';

/** A frame at 20 Hz: whoever waits longer for its turn is seen to stutter. */
const STARVED: Threshold = {
  name: 'starved',
  unit: 'ns',
  default: 50e6,
  doc: 'A job that is ready and waits so long is looked at.',
};
const OTHER_JOBS: Threshold = {
  name: 'other-jobs',
  unit: 'count',
  default: 10,
  doc: 'So many jobs of others must have run meanwhile, or the ring was slow and not unfair.',
};
/** No threshold: of more waits than can be shown the longest are looked at. */
const CANDIDATES = 500;
const FINDINGS_PER_RING = 8;

export const schedStarvation: Detector = {
  meta: {
    id: 'sched-starvation',
    number: 'D25',
    title: 'GPU job starved by other clients of its ring',
    description:
      'A job was ready to run and waited while its ring ran jobs of other clients: one client floods the ring, or the scheduler picks unfairly. To the client it looks like a GPU that hangs now and then.',
    severity: 'warn',
    needs: [jobQueues, jobRuns],
    uses: [jobDependencies],
    thresholds: [STARVED, OTHER_JOBS],
    traps: [
      'A job behind earlier jobs of its own entity waits for itself.',
      'A job whose dependency is pending is not ready; a kernel may wait for fences that no event names.',
      'A ring that runs nothing meanwhile hangs, or is paused for a reset.',
    ],
    references: [
      'drivers/gpu/drm/scheduler/sched_main.c: drm_sched_select_entity, drm_sched_rq_select_entity_fifo',
      'drivers/gpu/drm/scheduler/gpu_scheduler_trace.h',
    ],
  },

  cannotDecide(view) {
    return view.clock.unit === 'ns' ? undefined : 'the clock counts no time';
  },

  *detect(view) {
    const findings = waitingJobs(view).map((job) => starvationFinding(view, job));
    yield* atMost(
      FINDINGS_PER_RING,
      findings.filter((finding) => finding !== undefined),
    );
  },
};

interface WaitingJob {
  readonly id: number;
  readonly ring: string | null;
  readonly dev: string | null;
  readonly job_number: number | bigint | null;
  readonly context: number | bigint | null;
  readonly seqno: number | bigint | null;
  readonly client: number | bigint;
  readonly owner_tid: number | null;
  readonly owner_process_id: number | null;
  readonly queue_event: number | null;
  readonly run_event: number | null;
  /** When nothing of its own held it back any longer. */
  readonly ready_ts: number;
  readonly end_ts: number;
  readonly ran: number;
  readonly lossy: number | null;
}

/** What tells the clients of a ring apart: entity, or the context its fences have. */
const CLIENT = 'coalesce(j.entity, j.context, j.owner_process_id)';

/**
 * A job whose predecessor or dependency is pending is not ready; one signalled without a run was killed;
 * one after which others of its client ran did run, unseen: each CPU's recording begins at its own time.
 */
function waitingJobs(view: View): WaitingJob[] {
  return view.all<WaitingJob>(
    `WITH queued AS (
       SELECT j.id, ${CLIENT} AS client, lag(j.id) OVER own AS previous, lag(j.run_ts) OVER own AS previous_run,
              max(j.run_ts) OVER (own ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS later_run,
              (SELECT count(*) FROM job_dependency d JOIN fence f ON f.id = d.fence_id
                WHERE d.job_id = j.id AND f.signaled_ts IS NULL) AS pending,
              (SELECT max(f.signaled_ts) FROM job_dependency d JOIN fence f ON f.id = d.fence_id
                WHERE d.job_id = j.id) AS dependencies_done
         FROM job j
        WHERE j.queue_ts IS NOT NULL
       WINDOW own AS (PARTITION BY j.ring, j.dev, ${CLIENT} ORDER BY j.queue_ts, j.id)),
     ready AS (
       SELECT q.client, j.id, coalesce(j.run_ts, ?) AS until,
              max(j.queue_ts, coalesce(q.previous_run, 0), coalesce(q.dependencies_done, 0)) AS since
         FROM queued q JOIN job j ON j.id = q.id LEFT JOIN fence f ON f.id = j.fence_id
        WHERE q.client IS NOT NULL AND (q.previous IS NULL OR q.previous_run IS NOT NULL) AND q.pending = 0
          AND (j.depends_event IS NULL OR j.depends_fence_id IS NOT NULL)
          AND (j.run_ts IS NOT NULL
            OR (f.signaled_ts IS NULL AND j.done_ts IS NULL AND q.later_run IS NULL)))
     SELECT j.id, j.ring, j.dev, j.job_number, j.context, j.seqno, r.client, j.owner_tid, j.owner_process_id,
            j.queue_event, j.run_event, r.since AS ready_ts, r.until AS end_ts,
            j.run_ts IS NOT NULL AS ran, j.lossy
       FROM ready r JOIN job j ON j.id = r.id
      WHERE r.until - r.since >= ?
      ORDER BY r.until - r.since DESC LIMIT ${CANDIDATES}`,
    view.end,
    view.limit(STARVED),
  );
}

interface Rivals {
  readonly jobs: number;
  readonly owner_tid: number | null;
  readonly owner_process_id: number | null;
  readonly first_event: number | null;
  readonly last_event: number | null;
}

/** The other clients whose jobs the ring ran meanwhile, the one with the most jobs first. */
function rivalsOf(view: View, job: WaitingJob): Rivals[] {
  return view.all<Rivals>(
    `SELECT count(*) AS jobs, min(j.owner_tid) AS owner_tid, min(j.owner_process_id) AS owner_process_id,
            min(j.run_event) AS first_event, max(j.run_event) AS last_event
       FROM job j
      WHERE j.ring IS ? AND j.dev IS ? AND j.run_ts BETWEEN ? AND ? AND ${CLIENT} IS NOT ?
      GROUP BY ${CLIENT} ORDER BY jobs DESC, owner_tid`,
    job.ring,
    job.dev,
    job.ready_ts,
    job.end_ts,
    job.client,
  );
}

function starvationFinding(view: View, job: WaitingJob): FindingDraft | undefined {
  const rivals = rivalsOf(view, job);
  const [most] = rivals;
  const others = rivals.reduce((sum, { jobs }) => sum + jobs, 0);
  if (most === undefined || others < view.limit(OTHER_JOBS)) return undefined;
  const owner = ownerOf(view, job);
  const rival = ownerOf(view, most);
  const waited = job.end_ts - job.ready_ts;
  const name = jobName(job);
  return {
    severity: 'warn',
    confidence: mayBeMissing(view, job.lossy) || job.ran === 0 ? 'suspect' : 'likely',
    summary: `${name} of ${owner.label} ${job.ran === 1 ? 'waited' : 'has been waiting'} ${duration(waited)} for its turn while the ring ran ${others} jobs of ${rivals.length === 1 ? rival.label : `others, ${most.jobs} of them of ${rival.label}`}.`,
    from: job.ready_ts,
    to: job.end_ts,
    objects: [{ kind: 'job', id: job.id, label: name }, ...owner.refs, ...rival.refs],
    details: [
      detail.duration('waited', waited),
      detail.text('ring', ringName(job)),
      detail.count('jobs of others meanwhile', others),
      detail.count('other clients', rivals.length),
      detail.text('most of them of', rival.label),
    ],
    evidence: evidence(job.queue_event, most.first_event, most.last_event, job.run_event),
    next: [
      `See why ${rival.label} keeps the ring busy: fewer jobs in flight, or a ring and priority of its own, let others in.`,
      'See the policy of the scheduler (/sys/module/gpu_sched/parameters/sched_policy): with FIFO a job waits for all that were pushed before it.',
    ],
    identity: [job.ring ?? '', owner.comm, rival.comm],
    key: {
      ring: job.ring ?? '',
      ...(job.job_number === null ? {} : { id: String(job.job_number) }),
      ...(job.context === null ? {} : { fence: `${job.context}:${job.seqno}` }),
      pid: owner.pid,
    },
  };
}

function ownerOf(
  view: View,
  { owner_tid, owner_process_id }: Pick<Rivals, 'owner_tid' | 'owner_process_id'>,
): Pick<Actor, 'label' | 'comm' | 'pid' | 'refs'> {
  return owner_tid === null
    ? { label: 'an unknown client', comm: '', pid: 0, refs: [] }
    : actor(view, owner_tid, owner_process_id);
}

function ringName({ ring, dev }: WaitingJob): string {
  return dev === null || dev === '' ? (ring ?? '') : `${ring} of ${dev}`;
}

function jobName(job: WaitingJob): string {
  const name = job.context === null ? `${job.job_number}` : `${job.context}:${job.seqno}`;
  return `Job ${name} on ${ringName(job)}`;
}
