import { evidence } from '../detectors/shared/details.ts';
import { actor } from '../detectors/shared/wording.ts';
import { doingAt, insideOf } from './inside.ts';
import { endsHere, type Here, type StepRule } from './step.ts';

interface TaskRow {
  readonly tid: number;
  readonly process_id: number | null;
  readonly end_ts: number | null;
  readonly end_event: number | null;
}

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
  const inside = insideOf(view, task.tid, at);
  if (inside !== undefined) return { here, next: inside };
  const {
    state = 'was inside nothing that was recorded',
    since,
    evidence: seen,
    end,
  } = doingAt(view, task.tid, at);
  return { here: { ...here, state, since, evidence: seen }, next: end };
};
