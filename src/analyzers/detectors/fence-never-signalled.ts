/**
 * Fences nobody signals. Waiters, and jobs that depend on them, hang until somebody gives up; the
 * kernel demands that every fence signals in reasonable time (Documentation/driver-api/dma-buf.rst,
 * "Indefinite DMA Fences").
 *
 * "Never" cannot be seen in a window that ends: a fence counts by its situation, not by its age alone.
 */
import type { Detector, View } from '../detector.ts';
import type { FindingDraft } from '../finding.ts';
import { detail, evidence, known } from './shared/details.ts';
import {
  AFTER_DEATH,
  ageOf,
  OLD,
  P99_FACTOR,
  type Situation,
  SLOWEST_FACTOR,
  situationOf,
  VAIN_WAIT,
} from './shared/fence-situation.ts';
import { chainOf } from './shared/job-chain.ts';
import {
  exits,
  fenceBirths,
  fenceErrors,
  fenceSignals,
  fenceWaits,
  jobDependencies,
} from './shared/needs.ts';
import { latenciesByDriver, type PendingFence, pendingFences } from './shared/pending-fences.ts';
import {
  actor,
  capital,
  fenceKey,
  fenceLabel,
  fenceRef,
  stableTimeline,
} from './shared/wording.ts';

const FINDINGS_PER_OWNER = 16;
const SUSPECTS_SHOWN = 3;

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
    thresholds: [VAIN_WAIT, AFTER_DEATH, SLOWEST_FACTOR, OLD, P99_FACTOR],
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

function limitOf(finding: FindingDraft): number {
  return finding.confidence === 'suspect' ? SUSPECTS_SHOWN : FINDINGS_PER_OWNER;
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
