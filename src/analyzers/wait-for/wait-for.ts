/**
 * Follows the wait-for graph from one object: task → invalidation → fence → job → ring or
 * dependency → fence → …, task → lock → holder → … at one instant, over the object tables.
 */
import type { View } from '../detector.ts';
import type { ObjectRef } from '../finding.ts';
import type { Chain, ChainEnd, Hop } from './chain.ts';
import { fenceStep } from './fence-step.ts';
import { invalidationStep } from './invalidation-step.ts';
import { jobStep } from './job-step.ts';
import { lockWaitStep } from './lock-wait-step.ts';
import { rangeFaultStep } from './range-fault-step.ts';
import type { Place, StepRule } from './step.ts';
import { taskStep } from './task-step.ts';
import {
  deviceFaultStep,
  fenceWaitStep,
  migrationStep,
  pageRequestStep,
  reclaimStep,
} from './thread-steps.ts';

const steps: Readonly<Record<Place['kind'], StepRule>> = {
  task: taskStep,
  invalidation: invalidationStep,
  range_fault: rangeFaultStep,
  fence: fenceStep,
  job: jobStep,
  lock_wait: lockWaitStep,
  fence_wait: fenceWaitStep,
  device_fault: deviceFaultStep,
  page_request: pageRequestStep,
  migration: migrationStep,
  reclaim: reclaimStep,
};

/** Longer than any chain an engineer follows; queues of thousands of fences end here. */
const MOST_HOPS = 24;

/** Undefined where the object is not in the store. `at` is relative ns. */
export function waitChain(view: View, start: Place, at: number): Chain | undefined {
  const hops: Hop[] = [];
  const seen = new Set<string>();
  let place = start;
  let link: Pick<Hop, 'relation' | 'certainty' | 'evidence'> = {
    relation: '',
    certainty: 'recorded',
    evidence: [],
  };
  for (;;) {
    const step = steps[place.kind](view, place.id, at);
    if (step === undefined) return hops.length === 0 ? undefined : { at, hops, end: VANISHED };
    seen.add(`${place.kind} ${place.id}`);
    const evidence = [...new Set([...link.evidence, ...step.here.evidence])].sort((a, b) => a - b);
    hops.push({ ...step.here, relation: link.relation, certainty: link.certainty, evidence });
    const { next } = step;
    if (!('place' in next)) return { at, hops, end: next };
    if (seen.has(`${next.place.kind} ${next.place.id}`)) {
      return { at, hops, end: cycleEnd(hops, next.relation, next.place, next.certainty) };
    }
    if (hops.length >= MOST_HOPS) return { at, hops, end: TOO_LONG };
    place = next.place;
    link = next;
  }
}

/** The place an object is; undefined where chains do not lead through objects of its kind. */
export function placeOf({ kind, id }: Pick<ObjectRef, 'kind' | 'id'>): Place | undefined {
  return isKind(kind) ? { kind, id } : undefined;
}

function isKind(kind: string): kind is Place['kind'] {
  return Object.hasOwn(steps, kind);
}

const VANISHED: ChainEnd = {
  kind: 'lost',
  text: 'what it waits for is not in the recording',
  enable: [],
};

const TOO_LONG: ChainEnd = {
  kind: 'lost',
  text: `the chain is longer than ${MOST_HOPS} links`,
  enable: [],
};

function cycleEnd(
  hops: readonly Hop[],
  relation: string,
  back: Place,
  certainty: Hop['certainty'],
): ChainEnd {
  const first = hops.find(({ object }) => object.kind === back.kind && object.id === back.id);
  const proven = certainty === 'recorded' && hops.every((hop) => hop.certainty === 'recorded');
  const label = first?.object.label ?? 'an earlier link';
  return {
    kind: proven ? 'deadlock' : 'cycle',
    text: proven
      ? `deadlock: it ${relation} ${label}, where the chain began to close`
      : `perhaps a deadlock: it ${relation} ${label} again, but not every link was recorded`,
    enable: [],
  };
}
