/** The contract between the walk and what each kind of object waits for. */
import type { View } from '../detector.ts';
import type { ChainEnd, Hop } from './chain.ts';

/** A place in the graph: a row of an object table. */
export interface Place {
  readonly kind:
    | 'task'
    | 'invalidation'
    | 'range_fault'
    | 'fence'
    | 'fence_wait'
    | 'job'
    | 'lock_wait'
    | 'device_fault'
    | 'page_request'
    | 'migration'
    | 'reclaim';
  readonly id: number;
}

/** How a place is shown. */
export type Here = Pick<Hop, 'object' | 'state' | 'since' | 'evidence'>;

export interface Link {
  readonly place: Place;
  readonly relation: string;
  readonly certainty: Hop['certainty'];
  /** Events that show the link itself, such as the start of the wait. */
  readonly evidence: readonly number[];
}

/** What one place waits for at an instant, or why the chain ends there. */
export interface Step {
  readonly here: Here;
  readonly next: Link | ChainEnd;
}

/** Undefined when there is no such object. */
export type StepRule = (view: View, id: number, at: number) => Step | undefined;

export function waitsFor(
  here: Here,
  place: Place,
  relation: string,
  certainty: Hop['certainty'],
  evidence: readonly number[] = [],
): Step {
  return { here, next: { place, relation, certainty, evidence } };
}

export function endsHere(
  here: Here,
  kind: ChainEnd['kind'],
  text: string,
  enable: readonly string[] = [],
): Step {
  return { here, next: { kind, text, enable } };
}

/** Stands for "not over" where SQL compares the end of an object with an instant. */
export const NEVER: number = Number.MAX_SAFE_INTEGER;

/** task.id of the thread that has this tid at an instant. */
export function taskAt(view: View, tid: number, at: number): number | undefined {
  const [task] = view.all<{ id: number }>(
    `SELECT id FROM task WHERE tid = ? AND coalesce(start_ts, 0) <= ? ORDER BY generation DESC LIMIT 1`,
    tid,
    at,
  );
  return task?.id;
}
