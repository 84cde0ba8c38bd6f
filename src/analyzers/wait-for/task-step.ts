import { evidence } from '../detectors/shared/details.ts';
import { actor } from '../detectors/shared/wording.ts';
import { endsHere, type Here, NEVER, type Place, type StepRule, waitsFor } from './step.ts';

interface TaskRow {
  readonly tid: number;
  readonly process_id: number | null;
  readonly end_ts: number | null;
  readonly end_event: number | null;
}

interface Inside {
  readonly kind: Place['kind'];
  readonly relation: string;
  readonly sql: string;
}

/** What a thread can be inside of, the outermost first: the walk goes on inwards from there. */
const INSIDE: readonly Inside[] = [
  {
    kind: 'invalidation',
    relation: 'is inside',
    sql: 'SELECT id, start_event FROM invalidation WHERE tid = ? AND start_ts <= ? AND coalesce(return_ts, end_ts, ?) > ?',
  },
  {
    kind: 'fence',
    relation: 'waits for',
    sql: 'SELECT fence_id AS id, start_event FROM fence_wait WHERE tid = ? AND start_ts <= ? AND coalesce(end_ts, ?) > ? AND fence_id IS NOT NULL',
  },
  {
    kind: 'range_fault',
    relation: 'is inside',
    sql: 'SELECT id, start_event FROM range_fault WHERE tid = ? AND start_ts <= ? AND coalesce(end_ts, ?) > ?',
  },
  {
    kind: 'lock_wait',
    relation: 'waits for',
    sql: 'SELECT id, start_event FROM lock_wait WHERE tid = ? AND start_ts <= ? AND coalesce(end_ts, ?) > ?',
  },
];

/** A task waits for what it is inside of. */
export const taskStep: StepRule = (view, id, at) => {
  const [task] = view.all<TaskRow>(
    'SELECT tid, process_id, end_ts, end_event FROM task WHERE id = ?',
    id,
  );
  if (task === undefined) return undefined;
  const { label } = actor(view, task.tid, task.process_id);
  const here: Here = {
    object: { kind: 'task', id, label },
    state: 'was blocked',
    since: null,
    evidence: [],
  };
  if (task.end_ts !== null && task.end_ts <= at) {
    const seen = evidence(task.end_event);
    const dead: Here = { ...here, state: 'had exited', since: task.end_ts, evidence: seen };
    return endsHere(dead, 'stuck', 'a dead task does nothing more');
  }
  for (const { sql, kind, relation } of INSIDE) {
    const [inside] = view.all<{ id: number; start_event: number | null }>(
      `${sql} ORDER BY start_ts DESC LIMIT 1`,
      task.tid,
      at,
      NEVER,
      at,
    );
    if (inside === undefined) continue;
    const seen = evidence(inside.start_event);
    return waitsFor(here, { kind, id: inside.id }, relation, 'recorded', seen);
  }
  return endsHere(
    { ...here, state: 'was inside nothing that was recorded' },
    'lost',
    'whether it ran, slept or waited for a lock was not recorded',
    ['sched:sched_switch', 'mmap_lock:mmap_lock_start_locking'],
  );
};
