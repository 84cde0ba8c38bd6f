/**
 * Fences nobody signals. Waiters, and jobs that depend on them, hang until somebody gives up; the
 * kernel demands that every fence signals in reasonable time (Documentation/driver-api/dma-buf.rst,
 * "Indefinite DMA Fences").
 *
 * "Never" cannot be seen in a window that ends: a fence counts by its situation, not by its age alone.
 */
import type { Detector, View } from '../detector.ts';
import type { Confidence, Detail, FindingDraft, Severity } from '../finding.ts';
import { detail, evidence, known } from './shared/details.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import { chainOf } from './shared/job-chain.ts';
import {
  exits,
  fenceBirths,
  fenceErrors,
  fenceSignals,
  fenceWaits,
  jobDependencies,
} from './shared/needs.ts';
import {
  type LatencyOf,
  latenciesByDriver,
  type PendingFence,
  pendingFences,
} from './shared/pending-fences.ts';
import {
  actor,
  capital,
  duration,
  fenceKey,
  fenceLabel,
  fenceRef,
  stableTimeline,
} from './shared/wording.ts';

/** A wait given up after this long was meant to succeed; shorter ones are polls and tests. */
const VAIN_WAIT_NS = 1e9;
/** Closing its files after death signals a client's fences within a few milliseconds. */
const AFTER_DEATH_NS = 100e6;
const SLOWEST_FACTOR = 3;
/** Age of a pending fence whose owner lives; also 20 times the 99th percentile of its driver. */
const OLD_NS = 10e9;
const P99_FACTOR = 20;
const FINDINGS_PER_OWNER = 16;
const SUSPECTS_PER_OWNER = 3;

export const fenceNeverSignalled: Detector = {
  meta: {
    id: 'fence-never-signalled',
    number: 'D13',
    title: 'Fence that nobody signals',
    description:
      'A dma_fence was still pending when its owner was dead and its files closed, or after a wait for it was given up, or far beyond the age its driver needs, or it was released unsignalled. Whatever waits for it, another process or a notifier callback, waits in vain.',
    severity: 'error',
    needs: [fenceBirths, fenceSignals],
    uses: [fenceWaits, exits, fenceErrors, jobDependencies],
    traps: [
      'The recording ends: a fence that is pending then may signal a moment later.',
      'Closing the device file signals what a dead client left behind a few milliseconds after its exit.',
      'A job whose dependency never signals has no time limit: the timer starts when it runs.',
      'A fence without callbacks may legally be destroyed unsignalled.',
      'With only one task recorded the signal, from an interrupt or a kworker, is not in the recording.',
    ],
    references: [
      'drivers/dma-buf/dma-fence.c: dma_fence_release ("released with pending signals")',
      'https://docs.kernel.org/driver-api/dma-buf.html#indefinite-dma-fences',
      'https://github.com/NVIDIA/open-gpu-kernel-modules/issues/1290',
    ],
  },

  *detect(view) {
    const perOwner = new Map<string, FindingDraft[]>();
    const latencies = latenciesByDriver(view);
    for (const fence of pendingFences(view)) {
      const situation = situationOf(view, fence, latencies);
      if (situation === undefined) continue;
      const finding = fenceFinding(view, fence, situation);
      const owner = `${fence.owner_process_id}|${fence.driver}|${situation.kind}`;
      const findings = perOwner.get(owner) ?? [];
      perOwner.set(owner, findings);
      findings.push(finding);
      if (findings.length <= limitOf(finding)) yield finding;
    }
    for (const findings of perOwner.values()) {
      const [first] = findings;
      if (first !== undefined) yield* theRest(findings.slice(limitOf(first)));
    }
  },
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

interface Situation {
  readonly kind: 'dropped' | 'waited in vain' | 'owner dead' | 'old';
  readonly text: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly details: readonly Detail[];
  readonly evidence: readonly number[];
}

function limitOf(finding: FindingDraft): number {
  return finding.confidence === 'suspect' ? SUSPECTS_PER_OWNER : FINDINGS_PER_OWNER;
}

/** The strongest of what makes a pending fence a failure; undefined when it may still signal. */
function situationOf(view: View, fence: PendingFence, latencies: LatencyOf): Situation | undefined {
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
      gave_up === 1 && end_ts !== null && end_ts - start_ts >= VAIN_WAIT_NS,
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
  if (since < AFTER_DEATH_NS) return undefined;
  if (ageOf(view, fence) < SLOWEST_FACTOR * latencies(fence.driver).slowest) return undefined;
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
  if (age < OLD_NS || age < P99_FACTOR * latencies(fence.driver).p99) return undefined;
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

function ageOf(view: View, fence: PendingFence): number {
  return (fence.destroy_ts ?? view.end) - (fence.init_ts ?? fence.first_ts);
}

function fenceFinding(view: View, fence: PendingFence, situation: Situation): FindingDraft {
  const timed = view.clock.unit === 'ns';
  const owner =
    fence.owner_tid === null ? undefined : actor(view, fence.owner_tid, fence.owner_process_id);
  const age = ageOf(view, fence);
  const chain = chainOf(view, fence.fence_id);
  return {
    severity: situation.severity,
    confidence: situation.confidence,
    summary: `${capital(fenceLabel(fence))}${owner === undefined ? '' : ` of ${owner.label}`} ${situation.text}${chain.text}.`,
    from: fence.init_ts ?? fence.first_ts,
    to: fence.destroy_ts ?? view.end,
    objects: [fenceRef(fence), ...(owner?.refs ?? [])],
    details: known([
      timed ? detail.duration('age', age) : undefined,
      fence.job_ring === null ? undefined : detail.text('job', jobState(fence)),
      ...chain.details,
      ...situation.details,
    ]),
    evidence: evidence(
      fence.init_event ?? fence.first_event,
      fence.emit_event,
      fence.job_queue_event,
      fence.job_run_event,
      fence.enable_event,
      ...chain.evidence,
      ...situation.evidence,
      fence.destroy_event,
    ),
    next: nextSteps(fence, situation),
    identity: [fence.driver ?? '', stableTimeline(fence.timeline), situation.kind],
    key: {
      fence: fenceKey(fence),
      ...(owner === undefined ? {} : { pid: owner.pid, tid: fence.owner_tid ?? owner.pid }),
    },
  };
}

function jobState(fence: PendingFence): string {
  return fence.job_run_ts === null
    ? `queued on ${fence.job_ring}, never run`
    : `run on ${fence.job_ring}, not done`;
}

function nextSteps(fence: PendingFence, situation: Situation): readonly string[] {
  if (situation.kind === 'dropped') {
    return [
      'Look for "released with pending signals" in the kernel log: the driver dropped the last reference of a fence it had promised to signal.',
      `See who put fence ${fenceKey(fence)} (stack of dma_fence_destroy) and on which path its signal was forgotten.`,
    ];
  }
  const job =
    fence.job_ring !== null && fence.job_run_ts === null
      ? 'The job was never run: see which dependency or paused scheduler it waits for.'
      : 'See whether the device still works on it (ring state, reset lines in the kernel log) or the signalling interrupt was lost.';
  return [
    job,
    situation.kind === 'owner dead'
      ? 'See what the driver does with the pending fences of a client that dies: it must signal them with an error when the file is closed.'
      : 'See whether the ring goes on with other jobs: a job timeout, which would signal it with an error, is missing or too long.',
    'See who else holds it: a sync_file, a dma_resv or a job of another process waits for ever.',
  ];
}

function* theRest(findings: readonly FindingDraft[]): Iterable<FindingDraft> {
  const [first] = findings;
  if (first === undefined) return;
  yield {
    ...first,
    summary: `${findings.length} more fences of the same owner and driver, the first of them: ${first.summary}`,
    objects: findings.flatMap((finding) => finding.objects.slice(0, 1)),
    details: [detail.count('fences', findings.length)],
    evidence: findings.flatMap((finding) => finding.evidence),
    key: {
      and_more: findings.length,
      ...(first.key.pid === undefined ? {} : { pid: first.key.pid }),
    },
  };
}
