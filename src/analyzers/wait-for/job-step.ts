import type { View } from '../detector.ts';
import { evidence } from '../detectors/shared/details.ts';
import { actor, duration } from '../detectors/shared/wording.ts';
import { openFaultOf } from './range-fault-step.ts';
import {
  endsHere,
  type Here,
  NEVER,
  type Place,
  type Step,
  type StepRule,
  waitsFor,
} from './step.ts';

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
    const fence = { kind: 'fence', id: dependency.id } as const;
    return waitsFor(here, fence, 'may not run before', 'recorded', evidence(dependency.event));
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
  const served = unserved(view, job, at);
  if (served !== undefined) return waitsFor(here, served, 'may stand in', 'inferred');
  if (!view.observed('job.done')) {
    return endsHere(here, 'lost', 'whether the hardware finished it was not recorded', [
      'gpu_scheduler:*',
    ]);
  }
  const long = duration(at - (job.run_ts ?? at));
  return endsHere(here, 'stuck', `the hardware had not finished it ${long} after it was given it`);
}

/** A fault or page request of the owner that came since it ran and is still there: it may be the job's. */
function unserved(view: View, job: JobRow, at: number): Place | undefined {
  if (job.owner_process_id === null || job.run_ts === null) return undefined;
  const [place] = view.all<Place>(
    `WITH owner AS (SELECT id FROM process
                     WHERE coalesce(merged_into, id) = (SELECT coalesce(merged_into, id) FROM process WHERE id = ?))
     SELECT 'device_fault' AS kind, id, start_ts FROM device_fault
      WHERE source = 'probe' AND process_id IN owner AND start_ts BETWEEN ? AND ? AND coalesce(end_ts, ?) > ?
     UNION ALL
     SELECT 'page_request', id, start_ts FROM page_request
      WHERE process_id IN owner AND start_ts BETWEEN ? AND ? AND coalesce(end_ts, ?) > ?
        AND coalesce(superseded, 0) = 0
      ORDER BY start_ts, kind DESC LIMIT 1`,
    job.owner_process_id,
    ...[job.run_ts, at, NEVER, at],
    ...[job.run_ts, at, NEVER, at],
  );
  return place === undefined ? undefined : { kind: place.kind, id: place.id };
}

/** Of several dependencies the one the scheduler named first, if it is still pending. */
function pendingDependency(view: View, job: JobRow, at: number): Dependency | undefined {
  const [fence] = view.all<Dependency>(
    `SELECT f.id, d.event FROM (
       SELECT depends_fence_id AS fence_id, depends_event AS event, 0 AS rank FROM job WHERE id = ?
       UNION ALL
       SELECT fence_id, coalesce(blocked_event, start_event), 1 FROM job_dependency WHERE job_id = ?
     ) d JOIN fence f ON f.id = d.fence_id
      WHERE f.signaled_ts IS NULL OR f.signaled_ts > ? ORDER BY d.rank, d.event LIMIT 1`,
    job.id,
    job.id,
    at,
  );
  return fence;
}

interface Dependency {
  readonly id: number;
  readonly event: number | null;
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
