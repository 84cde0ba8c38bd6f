/**
 * Fences whose owner died before they signalled and that another process uses: the consumer goes on
 * with an incomplete result of a dead client, or waits for ever (intel-gfx 2016-08-15: "the server
 * will itself proceed to present the incomplete result from the dead client").
 */
import type { Detector, View } from '../detector.ts';
import type { Confidence, Detail, FindingDraft, Severity } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { DEATH_IS_SURE, SAME_PROCESS } from './shared/death.ts';
import { atMost, detail, evidence, known } from './shared/details.ts';
import { type Consumer, consumersOf, type UsedFence } from './shared/fence-consumers.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import {
  exits,
  fenceBirths,
  fenceErrors,
  fenceSignals,
  fenceUse,
  notifierBirths,
} from './shared/needs.ts';
import { IS_SCHEDULED_FENCE } from './shared/scheduled-fence.ts';
import {
  actor,
  duration,
  errno,
  type FenceName,
  fenceKey,
  fenceLabel,
  fenceRef,
  stableTimeline,
  ticks,
} from './shared/wording.ts';

const NEVER: Threshold = {
  name: 'never',
  unit: 'ns',
  default: 100e6,
  doc: 'A fence nobody signalled so long after the death is an error; when the recording ends sooner it is a warning.',
};
const CLOSE: Threshold = {
  name: 'close',
  unit: 'ns',
  default: 10e6,
  doc: 'Closing the files of a dead client signals its fences sooner than this: later ones are mentioned though no consumer was seen.',
};
const FINDINGS_PER_CAUSE = 16;

export const deadClientFence: Detector = {
  meta: {
    id: 'dead-client-fence',
    number: 'D17',
    title: 'Fence of a dead client used by another process',
    description:
      'A process died with a fence pending that another process waits for or holds. If it is signalled with an error, or the memory of the job was torn down, the consumer goes on with an incomplete result; if nobody signals it, the consumer hangs.',
    severity: 'error',
    needs: [fenceBirths, fenceSignals, exits],
    uses: [fenceUse, fenceErrors, notifierBirths],
    thresholds: [NEVER, CLOSE],
    traps: [
      'poll on a sync_file shows only dma_fence_enable_signal, and that before the exit.',
      'Producer and consumer may be parent and child, in either direction.',
      'A thread that exits is no dead client: the whole process counts.',
      'An interrupt that enables signalling does so in whatever task it hit, which then looks like a consumer.',
      'dma_fence_signaled carries no error; without the fence_signal probe it is unknown.',
    ],
    references: [
      'intel-gfx 2016-08-15, C. Wilson: IOMMU based SVM implementation v13',
      'drivers/dma-buf/sw_sync.c: sync_timeline_debug_remove and sw_sync_debugfs_release (-ENOENT at close)',
      'drivers/gpu/drm/scheduler/sched_entity.c: drm_sched_entity_kill (-ESRCH)',
    ],
  },

  *detect(view) {
    const shared: FindingDraft[] = [];
    const unshared = new Map<number, FindingDraft[]>();
    for (const fence of orphanedFences(view)) {
      const consumers = consumersOf(view, fence);
      const finding = fenceFinding(view, fence, consumers);
      if (finding === undefined) continue;
      const { owner_process_id: owner } = fence;
      if (consumers.length > 0 || owner === null) shared.push(finding);
      else unshared.set(owner, [...(unshared.get(owner) ?? []), finding]);
    }
    yield* atMost(FINDINGS_PER_CAUSE, [...shared, ...[...unshared.values()].map(together)]);
  },
};

interface OrphanedFence extends FenceName, UsedFence {
  readonly fence_id: number;
  readonly owner_tid: number;
  readonly owner_end_ts: number;
  readonly owner_end_event: number | null;
  readonly death_is_sure: number;
  readonly svm: number;
  readonly init_ts: number | null;
  readonly init_event: number | null;
  readonly first_ts: number;
  readonly first_event: number | null;
  readonly signaled_ts: number | null;
  readonly signaled_event: number | null;
  readonly signaled_process_id: number | null;
  readonly destroy_ts: number | null;
  readonly error: number | null;
  readonly error_event: number | null;
  readonly lossy: number | null;
}

function orphanedFences(view: View): OrphanedFence[] {
  return view.all<OrphanedFence>(
    `SELECT f.id AS fence_id, f.context, f.seqno, f.driver, f.timeline, f.owner_tid,
            coalesce(p.merged_into, p.id) AS owner_process_id, p.end_ts AS owner_end_ts, p.end_event AS owner_end_event,
            ${DEATH_IS_SURE} AS death_is_sure,
            EXISTS (SELECT 1 FROM notifier n WHERE n.process_id IN ${SAME_PROCESS}) AS svm,
            f.init_ts, f.init_event, f.first_ts, f.first_event, f.enable_tid, f.enable_event,
            f.enable_process_id, f.signaled_ts, f.signaled_event, f.signaled_tid,
            (SELECT coalesce(s.merged_into, s.id) FROM task t JOIN process s ON s.id = t.process_id
              WHERE t.tid = f.signaled_tid ORDER BY t.generation DESC LIMIT 1) AS signaled_process_id,
            f.destroy_ts, f.destroy_event, f.destroy_tid, f.destroy_process_id,
            f.error, f.error_event, f.lossy
       FROM fence f JOIN process p ON p.id = f.owner_process_id
      WHERE p.end_ts IS NOT NULL AND f.first_ts < p.end_ts
        AND (f.signaled_ts IS NULL OR f.signaled_ts > p.end_ts)
        AND (f.destroy_ts IS NULL OR f.destroy_ts > p.end_ts)
        AND coalesce(f.container, 0) = 0 AND coalesce(f.ambiguous, 0) = 0
        AND NOT coalesce(${IS_SCHEDULED_FENCE}, 0)
      ORDER BY f.first_ts`,
  );
}

/** What one client left unfinished, and nobody else is known to use, is one thing to know. */
function together(findings: readonly FindingDraft[]): FindingDraft {
  const last = findings.reduce((latest, finding) => (finding.to > latest.to ? finding : latest));
  if (findings.length === 1) return last;
  const others = findings.filter((finding) => finding !== last);
  return {
    ...last,
    summary: `${last.summary.slice(0, -1)}; ${others.length === 1 ? 'one more of its fences' : `${others.length} more of its fences`} had signalled late before.`,
    from: Math.min(...findings.map(({ from }) => from)),
    objects: [...last.objects, ...others.flatMap(({ objects }) => objects.slice(0, 1))],
    details: [detail.count('fences signalled after the death', findings.length), ...last.details],
    evidence: [last, ...others].flatMap(({ evidence: events }) => events),
  };
}

function fenceFinding(
  view: View,
  fence: OrphanedFence,
  consumers: readonly Consumer[],
): FindingDraft | undefined {
  const verdict = verdictOf(view, fence, consumers);
  if (verdict === undefined) return undefined;
  const producer = actor(view, fence.owner_tid, fence.owner_process_id);
  const end = fence.signaled_ts ?? view.end;
  const names = [...new Set(consumers.map(({ label, how }) => `${label} ${how}`))];
  return {
    severity: verdict.severity,
    confidence: verdict.confidence,
    summary: `${producer.label} died with ${fenceLabel(fence)} pending, ${outcomeText(view, fence)}; ${names.length === 0 ? 'no other process was seen with it' : names.join(', ')}.`,
    from: fence.init_ts ?? fence.first_ts,
    to: end,
    objects: [fenceRef(fence), ...producer.refs, ...consumers.flatMap(({ refs }) => refs)],
    details: known([
      detail.time('producer died', fence.owner_end_ts),
      signalDelay(view, fence),
      fence.error === null
        ? detail.text('error of the fence', 'not recorded')
        : detail.errno('error of the fence', fence.error),
      ...consumers.map(({ label, how }) => detail.text('consumer', `${label} ${how}`)),
      detail.text('shared memory of the producer', fence.svm === 1 ? 'registered' : 'not seen'),
    ]),
    evidence: evidence(
      fence.init_event ?? fence.first_event,
      fence.owner_end_event,
      fence.error_event,
      fence.signaled_event,
      ...consumers.map(({ event }) => event),
    ),
    next: nextSteps(fence, consumers),
    identity: [
      fence.driver ?? '',
      stableTimeline(fence.timeline),
      fence.signaled_ts === null ? 'never' : 'signalled',
      ...new Set(consumers.map(({ how }) => how)),
    ],
    key: {
      fence: fenceKey(fence),
      producer: producer.pid,
      pid: producer.pid,
      tid: fence.owner_tid,
    },
  };
}

interface Verdict {
  readonly severity: Severity;
  readonly confidence: Confidence;
}

function verdictOf(
  view: View,
  fence: OrphanedFence,
  consumers: readonly Consumer[],
): Verdict | undefined {
  if (consumers.length === 0) return signalledLateByOthers(view, fence);
  const incomplete = mayBeMissing(view, fence.lossy);
  const unsure = incomplete || view.perTask || fence.init_ts === null || fence.death_is_sure === 0;
  if (consumers.every(({ how }) => how === 'dropped its last reference')) {
    const severity = severityOf(view, fence) === 'info' ? 'info' : 'warn';
    return { severity, confidence: unsure ? 'suspect' : 'likely' };
  }
  const severity = severityOf(view, fence);
  // One thread of a living process may look like a dead client, and a signal may have been lost.
  return incomplete || fence.death_is_sure === 0
    ? { severity: severity === 'error' ? 'warn' : severity, confidence: 'suspect' }
    : { severity, confidence: unsure ? 'suspect' : 'proven' };
}

function severityOf(view: View, fence: OrphanedFence): Severity {
  if (fence.signaled_ts === null) {
    const timed = view.clock.unit === 'ns';
    return timed && view.end - fence.owner_end_ts >= view.limit(NEVER) ? 'error' : 'warn';
  }
  if ((fence.error ?? 0) < 0) return 'error';
  // The job ran, or was cut off, on memory that exit_mmap had already torn down.
  if (fence.svm === 1) return 'error';
  const byClosing = fence.signaled_process_id === fence.owner_process_id;
  return fence.error === null && byClosing ? 'warn' : 'info';
}

/** Nobody else is known to use it: worth a line only when the device worked on long after the death. */
function signalledLateByOthers(view: View, fence: OrphanedFence): Verdict | undefined {
  if (view.clock.unit !== 'ns' || fence.signaled_ts === null) return undefined;
  if (fence.signaled_process_id === fence.owner_process_id) return undefined;
  return fence.signaled_ts - fence.owner_end_ts > view.limit(CLOSE)
    ? { severity: 'info', confidence: 'suspect' }
    : undefined;
}

function outcomeText(view: View, fence: OrphanedFence): string {
  if (fence.signaled_ts === null) return 'and nobody had signalled it when the recording ended';
  const after = fence.signaled_ts - fence.owner_end_ts;
  const late = view.clock.unit === 'ns' ? duration(after) : ticks(after);
  if (fence.error === null) return `signalled ${late} later, its error not recorded`;
  return fence.error === 0
    ? `signalled ${late} later without an error`
    : `signalled ${late} later with ${errno(fence.error)}`;
}

function signalDelay(view: View, fence: OrphanedFence): Detail | undefined {
  if (fence.signaled_ts === null || view.clock.unit !== 'ns') return undefined;
  return detail.duration('signalled after the death', fence.signaled_ts - fence.owner_end_ts);
}

function nextSteps(fence: OrphanedFence, consumers: readonly Consumer[]): readonly string[] {
  const steps = [
    fence.signaled_ts === null
      ? `See why the driver did not signal fence ${fenceKey(fence)} with an error when the file of the dead client was closed.`
      : 'See whether the consumer looks at the error of the fence (sync_file info, dma_fence_get_status) before it uses the result.',
  ];
  if (fence.error === null) {
    steps.push('Record the fence_signal probe: dma_fence_signaled does not carry the error.');
  }
  if (consumers.length === 0) {
    steps.push('See whether the job still wrote to shared memory after its process was gone.');
  }
  return steps;
}
