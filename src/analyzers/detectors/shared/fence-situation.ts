/** What makes a pending fence a failure: "never" cannot be seen in a recording that ends. */
import type { View } from '../../detector.ts';
import type { Confidence, Detail, Severity } from '../../finding.ts';
import type { Threshold } from '../../threshold.ts';
import { detail, evidence, known } from './details.ts';
import { mayBeMissing } from './incomplete.ts';
import type { LatencyOf, PendingFence } from './pending-fences.ts';
import { actor, duration } from './wording.ts';

export const VAIN_WAIT: Threshold = {
  name: 'vain-wait',
  unit: 'ns',
  default: 1e9,
  doc: 'A wait given up after this long was meant to succeed; shorter ones are polls and tests.',
};
export const AFTER_DEATH: Threshold = {
  name: 'after-death',
  unit: 'ns',
  default: 100e6,
  doc: 'A fence pending this long after its owner died and its files were closed is not signalled by closing them.',
};
export const SLOWEST_FACTOR: Threshold = {
  name: 'slowest-factor',
  unit: 'count',
  default: 3,
  doc: 'It must also be so many times older than the slowest fence of its driver.',
};
export const OLD: Threshold = {
  name: 'old',
  unit: 'ns',
  default: 10e9,
  doc: 'A pending fence of this age is suspect though its owner lives.',
};
export const P99_FACTOR: Threshold = {
  name: 'p99-factor',
  unit: 'count',
  default: 20,
  doc: 'It must also be so many times older than the 99th percentile of its driver.',
};

interface Wait {
  readonly start_ts: number;
  readonly end_ts: number | null;
  readonly start_event: number | null;
  readonly end_event: number | null;
  readonly tid: number;
  readonly process_id: number | null;
  readonly gave_up: number | null;
}

export interface Situation {
  readonly kind: 'dropped' | 'waited in vain' | 'owner dead' | 'old';
  readonly text: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly details: readonly Detail[];
  readonly evidence: readonly number[];
}

/** The strongest of what makes a pending fence a failure; undefined when it may still signal. */
export function situationOf(
  view: View,
  fence: PendingFence,
  latencies: LatencyOf,
): Situation | undefined {
  if (fence.dropped === 1) return droppedSituation(view, fence);
  if (view.clock.unit !== 'ns') return undefined;
  const waits = view.all<Wait>(
    `SELECT start_ts, end_ts, start_event, end_event, tid, process_id, gave_up FROM fence_wait
      WHERE fence_id = ? ORDER BY coalesce(end_ts, ?) - start_ts DESC LIMIT 4`,
    fence.fence_id,
    view.end,
  );
  const situation =
    vainWait(view, fence, waits) ??
    ownerDead(view, fence, latencies) ??
    tooOld(view, fence, waits, latencies);
  if (situation === undefined) return undefined;
  if (mayBeMissing(view, fence.lossy)) {
    // Where events are missing so are signals: only a wait that was seen to end in vain is worth a warning.
    const severity = situation.kind === 'waited in vain' ? 'warn' : 'info';
    return { ...situation, severity, confidence: 'suspect' };
  }
  const unsure = view.perTask || fence.init_ts === null;
  return unsure ? { ...situation, severity: 'warn', confidence: 'suspect' } : situation;
}

function droppedSituation(view: View, fence: PendingFence): Situation {
  return {
    kind: 'dropped',
    text: 'was released while it was pending and then signalled with -EDEADLK by the kernel',
    severity: 'error',
    confidence: mayBeMissing(view, fence.lossy) ? 'likely' : 'proven',
    details: [],
    evidence: evidence(fence.signaled_event),
  };
}

function vainWait(view: View, fence: PendingFence, waits: readonly Wait[]): Situation | undefined {
  // A wait that ended and a fence destroyed after it: signalled, where the signal cannot be seen.
  if (view.perTask && fence.destroy_ts !== null) return undefined;
  const wait = waits.find(
    ({ gave_up, start_ts, end_ts }) =>
      gave_up === 1 && end_ts !== null && end_ts - start_ts >= view.limit(VAIN_WAIT),
  );
  if (wait === undefined) return undefined;
  const waiter = actor(view, wait.tid, wait.process_id);
  const waited = (wait.end_ts ?? view.end) - wait.start_ts;
  return {
    kind: 'waited in vain',
    text: `was waited for ${duration(waited)} in vain by ${waiter.label}`,
    severity: 'error',
    confidence: 'likely',
    details: [detail.duration('waited in vain', waited), detail.text('waiter', waiter.label)],
    evidence: evidence(wait.start_event, wait.end_event),
  };
}

function ownerDead(view: View, fence: PendingFence, latencies: LatencyOf): Situation | undefined {
  if (fence.owner_end_ts === null || fence.destroy_ts !== null) return undefined;
  const since = view.end - Math.max(fence.owner_end_ts, fence.files_closed_ts ?? 0);
  if (since < view.limit(AFTER_DEATH)) return undefined;
  if (ageOf(view, fence) < view.limit(SLOWEST_FACTOR) * latencies(fence.driver).slowest)
    return undefined;
  return {
    kind: 'owner dead',
    text: `is still pending ${duration(view.end - fence.owner_end_ts)} after its owner died`,
    severity: fence.death_is_sure === 1 ? 'error' : 'warn',
    confidence: fence.death_is_sure === 1 ? 'likely' : 'suspect',
    details: known([
      detail.duration('since the owner died', view.end - fence.owner_end_ts),
      fence.files_closed_ts === null
        ? undefined
        : detail.duration('since its files were closed', view.end - fence.files_closed_ts),
    ]),
    evidence: evidence(fence.owner_end_event, fence.files_closed_event),
  };
}

function tooOld(
  view: View,
  fence: PendingFence,
  waits: readonly Wait[],
  latencies: LatencyOf,
): Situation | undefined {
  if (fence.owner_end_ts !== null || fence.destroy_ts !== null) return undefined;
  const age = ageOf(view, fence);
  if (age < view.limit(OLD) || age < view.limit(P99_FACTOR) * latencies(fence.driver).p99)
    return undefined;
  const open = waits.find((wait) => wait.end_ts === null);
  return {
    kind: 'old',
    text: `is still pending ${duration(age)} after its creation${open === undefined ? '' : ', and a task is waiting for it'}`,
    severity: open === undefined ? 'warn' : 'error',
    confidence: 'suspect',
    details: [],
    evidence: evidence(open?.start_event),
  };
}

export function ageOf(view: View, fence: PendingFence): number {
  return (fence.destroy_ts ?? view.end) - (fence.init_ts ?? fence.first_ts);
}
