import type { View } from '../detector.ts';
import { evidence } from '../detectors/shared/details.ts';
import { actor, duration } from '../detectors/shared/wording.ts';
import { openFaultOf } from './range-fault-step.ts';
import { endsHere, type Here, type Step, type StepRule, waitsFor } from './step.ts';

interface JobRow {
  readonly id: number;
  readonly ring: string | null;
  readonly job_number: number | null;
  readonly context: number | null;
  readonly seqno: number | null;
  readonly owner_tid: number | null;
  readonly owner_process_id: number | null;
  readonly queue_ts: number | null;
  readonly queue_event: number | null;
  readonly run_ts: number | null;
  readonly run_event: number | null;
  readonly done_ts: number | null;
  readonly done_event: number | null;
  readonly depends_event: number | null;
  readonly depends_fence_id: number | null;
}

/** A job waits for its dependency, then for its turn, then for the hardware. */
export const jobStep: StepRule = (view, id, at) => {
  const [job] = view.all<JobRow>('SELECT * FROM job WHERE id = ?', id);
  if (job === undefined) return undefined;
  const object = { kind: 'job', id, label: jobLabel(view, job) };
  if (job.done_ts !== null && job.done_ts <= at) {
    const seen = evidence(job.queue_event, job.run_event, job.done_event);
    const here: Here = { object, state: 'was done', since: job.done_ts, evidence: seen };
    return endsHere(
      here,
      // a timeout ends a job this way as well: that the hardware finished it is not known
      'moving',
      'its hardware fence had signalled, and its own was about to',
    );
  }
  if (job.run_ts !== null && job.run_ts <= at) {
    const seen = evidence(job.queue_event, job.run_event);
    return running(
      view,
      job,
      { object, state: 'was on the hardware', since: job.run_ts, evidence: seen },
      at,
    );
  }
  const seen = evidence(job.queue_event);
  return queued(
    view,
    job,
    { object, state: 'was queued', since: job.queue_ts, evidence: seen },
    at,
  );
};

function queued(view: View, job: JobRow, here: Here, at: number): Step {
  const dependency = pendingDependency(view, job, at);
  if (dependency !== undefined) {
    const fence = { kind: 'fence', id: dependency } as const;
    return waitsFor(here, fence, 'may not run before', 'recorded', evidence(job.depends_event));
  }
  const ahead = occupant(view, job, at + 1, at);
  if (ahead !== undefined) {
    return waitsFor(here, { kind: 'job', id: ahead }, 'is queued behind', 'inferred');
  }
  return endsHere(
    here,
    'stuck',
    'its scheduler did not run it, though no dependency and no job before it is known to be unfinished (stopped for a reset, entity killed, or out of credits)',
  );
}

function running(view: View, job: JobRow, here: Here, at: number): Step {
  const ahead = occupant(view, job, job.run_ts ?? at, at);
  if (ahead !== undefined) {
    return waitsFor(here, { kind: 'job', id: ahead }, 'is on the ring behind', 'inferred');
  }
  const fault = openFaultOf(view, job.owner_process_id, at, 'stuck');
  if (fault !== undefined) {
    return waitsFor(here, { kind: 'range_fault', id: fault }, 'may stand in', 'inferred');
  }
  if (!view.observed('job.done')) {
    return endsHere(here, 'lost', 'whether the hardware finished it was not recorded', [
      'gpu_scheduler:*',
    ]);
  }
  const long = duration(at - (job.run_ts ?? at));
  return endsHere(here, 'stuck', `the hardware had not finished it ${long} after it was given it`);
}

function pendingDependency(view: View, job: JobRow, at: number): number | undefined {
  if (job.depends_fence_id === null) return undefined;
  const [fence] = view.all<{ id: number }>(
    'SELECT id FROM fence WHERE id = ? AND (signaled_ts IS NULL OR signaled_ts > ?)',
    job.depends_fence_id,
    at,
  );
  return fence?.id;
}

/** The job longest on the hardware of the ring, of those given to it before `before`: rings work in order. */
function occupant(view: View, job: JobRow, before: number, at: number): number | undefined {
  if (job.ring === null || !view.observed('job.done')) return undefined;
  const [other] = view.all<{ id: number }>(
    `SELECT id FROM job WHERE ring = ? AND id <> ? AND run_ts < ? AND (done_ts IS NULL OR done_ts > ?)
      ORDER BY run_ts LIMIT 1`,
    job.ring,
    job.id,
    before,
    at,
  );
  return other?.id;
}

function jobLabel(view: View, job: JobRow): string {
  const name =
    job.context !== null && job.seqno !== null
      ? `${job.context}:${job.seqno}`
      : (job.job_number ?? `#${job.id}`);
  const owner =
    job.owner_tid === null ? '' : ` of ${actor(view, job.owner_tid, job.owner_process_id).label}`;
  return `job ${name}${job.ring === null ? '' : ` on ${job.ring}`}${owner}`;
}
