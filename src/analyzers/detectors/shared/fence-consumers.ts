/** Who else uses a fence: other processes that wait for it, depend on it or hold it. */
import type { View } from '../../detector.ts';
import type { ObjectRef } from '../../finding.ts';
import { actor, isKernelThread } from './wording.ts';

/** The part of a fence row that tells of its users. */
export interface UsedFence {
  readonly fence_id: number;
  /** Resolved: of the process it really is. */
  readonly owner_process_id: number;
  readonly enable_tid: number | null;
  readonly enable_event: number | null;
  readonly enable_process_id: number | null;
  readonly signaled_tid: number | null;
  readonly destroy_event: number | null;
  readonly destroy_tid: number | null;
  readonly destroy_process_id: number | null;
}

export interface Consumer {
  readonly how: 'waits for it' | 'has a job that depends on it' | 'dropped its last reference';
  readonly label: string;
  readonly refs: readonly ObjectRef[];
  readonly event: number | null;
}

/** Other processes seen with the fence. Kernel threads and interrupts act for others and do not count. */
export function consumersOf(view: View, fence: UsedFence): Consumer[] {
  const consumers: Consumer[] = [];
  const add = (
    how: Consumer['how'],
    tid: number | null,
    processId: number | null,
    event: number | null,
  ): void => {
    if (tid === null || tid === 0 || processId === null) return;
    const { comm, label, refs, processId: user } = actor(view, tid, processId);
    if (user === fence.owner_process_id) return;
    if (isKernelThread(comm) || consumers.some((known) => known.label === label)) return;
    consumers.push({ how, label, refs, event });
  };
  add('waits for it', fence.enable_tid, fence.enable_process_id, fence.enable_event);
  for (const use of otherUses(view, fence)) add(use.how, use.tid, use.process_id, use.event);
  // The signaller drops its own reference in interrupt context, in whatever task that hit.
  if (fence.destroy_tid !== fence.signaled_tid) {
    const how = 'dropped its last reference';
    add(how, fence.destroy_tid, fence.destroy_process_id, fence.destroy_event);
  }
  return consumers;
}

function otherUses(
  view: View,
  fence: UsedFence,
): {
  readonly how: Consumer['how'];
  readonly tid: number | null;
  readonly process_id: number | null;
  readonly event: number | null;
}[] {
  return view.all(
    `SELECT 'waits for it' AS how, tid, process_id, min(start_event) AS event FROM fence_wait
      WHERE fence_id = ? GROUP BY process_id
     UNION ALL
     SELECT 'has a job that depends on it', owner_tid, owner_process_id, depends_event FROM job
      WHERE depends_fence_id = ? GROUP BY owner_process_id
     UNION ALL
     SELECT 'has a job that depends on it', j.owner_tid, j.owner_process_id, min(d.start_event)
       FROM job_dependency d JOIN job j ON j.id = d.job_id
      WHERE d.fence_id = ? GROUP BY j.owner_process_id`,
    fence.fence_id,
    fence.fence_id,
    fence.fence_id,
  );
}
