import type { View } from '../detector.ts';
import { evidence } from '../detectors/shared/details.ts';
import { actor, type FenceName, fenceRef } from '../detectors/shared/wording.ts';
import { openFaultOf } from './range-fault-step.ts';
import { endsHere, type Here, type Step, type StepRule, waitsFor } from './step.ts';

interface FenceRow extends FenceName {
  readonly owner_tid: number | null;
  readonly owner_process_id: number | null;
  readonly first_ts: number;
  readonly first_event: number | null;
  readonly init_ts: number | null;
  readonly init_event: number | null;
  readonly enable_event: number | null;
  readonly signaled_ts: number | null;
  readonly signaled_event: number | null;
  readonly job_id: number | null;
  readonly ambiguous: number | null;
  readonly container: number | null;
  readonly owner_end_ts: number | null;
  readonly owner_end_event: number | null;
}

/** A fence waits for its job; without one, for the fences before it on its timeline, or for its owner. */
export const fenceStep: StepRule = (view, id, at) => {
  const [fence] = view.all<FenceRow>(
    `SELECT f.*, f.id AS fence_id, coalesce(f.job_id, (SELECT j.id FROM job j WHERE j.fence_id = f.id)) AS job_id,
            coalesce(p.merged_into, f.owner_process_id) AS owner_process_id,
            p.end_ts AS owner_end_ts, p.end_event AS owner_end_event
       FROM fence f LEFT JOIN process p ON p.id = f.owner_process_id WHERE f.id = ?`,
    id,
  );
  if (fence === undefined) return undefined;
  const here: Here = {
    object: fenceRef(fence),
    state: 'was unsignalled',
    since: fence.init_ts,
    evidence: evidence(fence.init_event ?? fence.first_event),
  };
  if (fence.signaled_ts !== null && fence.signaled_ts <= at) {
    const signalled: Here = {
      ...here,
      state: 'had signalled',
      since: fence.signaled_ts,
      evidence: evidence(fence.signaled_event),
    };
    return endsHere(signalled, 'moving', 'whoever waited for it was about to go on');
  }
  if (fence.ambiguous === 1) {
    return endsHere(
      here,
      'lost',
      'several live fences bear this number: which is which cannot be told',
    );
  }
  if (fence.container === 1) {
    return endsHere(here, 'lost', 'it stands for other fences, and no event says which');
  }
  if (fence.job_id !== null) {
    return waitsFor(here, { kind: 'job', id: fence.job_id }, 'is signalled by', 'recorded');
  }
  const other = waitedFor(view, id, at);
  if (other !== undefined) {
    const place = { kind: 'fence', id: other.id } as const;
    return waitsFor(here, place, 'will not signal before', 'recorded', evidence(other.event));
  }
  const before = fenceBefore(view, fence, at);
  if (before !== undefined) {
    const relation = 'is on the same timeline behind';
    return waitsFor(here, { kind: 'fence', id: before }, relation, 'inferred');
  }
  const fault = openFaultOf(view, fence.owner_process_id, at, 'asleep');
  if (fault !== undefined) {
    return waitsFor(here, { kind: 'range_fault', id: fault }, 'may stand in', 'inferred');
  }
  return ownerEnd(view, fence, here, at);
};

/** The fence its driver said it waits for, if that is still pending. */
function waitedFor(view: View, id: number, at: number): { id: number; event: number } | undefined {
  const [other] = view.all<{ id: number; event: number }>(
    `SELECT f.id, d.start_event AS event FROM fence_dependency d JOIN fence f ON f.id = d.on_fence_id
      WHERE d.fence_id = ? AND d.start_ts <= ? AND (f.signaled_ts IS NULL OR f.signaled_ts > ?)
      ORDER BY d.start_ts LIMIT 1`,
    id,
    at,
    at,
  );
  return other;
}

/** The oldest unsignalled fence of the context: timelines signal in order (include/linux/dma-fence.h). */
function fenceBefore(view: View, fence: FenceRow, at: number): number | undefined {
  if (fence.init_ts === null || fence.context === 0) return undefined;
  const [before] = view.all<{ id: number }>(
    `SELECT id FROM fence
      WHERE context = ? AND id <> ? AND init_ts < ? AND seqno < ?
        AND (signaled_ts IS NULL OR signaled_ts > ?) AND (destroy_ts IS NULL OR destroy_ts > ?)
        AND coalesce(container, 0) = 0 AND coalesce(ambiguous, 0) = 0
      ORDER BY init_ts LIMIT 1`,
    fence.context,
    fence.fence_id,
    fence.init_ts,
    fence.seqno,
    at,
    at,
  );
  return before?.id;
}

function ownerEnd(view: View, fence: FenceRow, here: Here, at: number): Step {
  const jobsSeen = view.observed('job.queue') || view.observed('job.run');
  const enable = [
    ...(jobsSeen ? [] : ['gpu_scheduler:*']),
    ...(view.observed('task.exit') ? [] : ['sched:sched_process_exit']),
  ];
  const unknown = jobsSeen
    ? 'no job event names it'
    : 'which job should signal it was not recorded';
  if (fence.owner_tid === null) {
    return endsHere(here, 'lost', `${unknown}, nor who made it`, enable);
  }
  const owner = actor(view, fence.owner_tid, fence.owner_process_id);
  if (fence.owner_end_ts !== null && fence.owner_end_ts <= at) {
    const seen = evidence(...here.evidence, fence.owner_end_event);
    const text = `its owner ${owner.label} had exited; ${unknown}`;
    return endsHere({ ...here, evidence: seen }, 'stuck', text, enable);
  }
  const text = `${owner.label} made it; ${unknown}`;
  return endsHere(here, jobsSeen ? 'stuck' : 'lost', text, enable);
}
