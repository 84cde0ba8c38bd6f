/**
 * Waits for a fence that ended without it: the waiter gave up, was interrupted, or the kernel log says
 * that a driver did. What is built on the wait goes on without the work it waited for
 * (drivers/dma-buf/dma-fence.c, dma_fence_wait_timeout: 0 = the time is over).
 */
import type { LogClass } from '../../kernel/occurrence.ts';
import type { Detector, View } from '../detector.ts';
import type { Confidence, FindingDraft, Severity } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { atMost, detail, evidence, known } from './shared/details.ts';
import { mayBeMissing, signalsShow } from './shared/incomplete.ts';
import { type LogRow, logRef, logRows } from './shared/log-incidents.ts';
import { anyOf, fenceBirths, fenceSignals, fenceWaits, kernelLog } from './shared/needs.ts';
import {
  actor,
  duration,
  errno,
  type FenceName,
  fenceKey,
  fenceLabel,
  fenceRef,
  stableTimeline,
} from './shared/wording.ts';

const POLL: Threshold = {
  name: 'poll',
  unit: 'ns',
  default: 10e6,
  doc: 'A wait given up sooner only asked whether the fence has signalled.',
};
const LONG: Threshold = {
  name: 'long',
  unit: 'ns',
  default: 1e9,
  doc: 'A wait given up after this long was meant to succeed: a warning.',
};
const FINDINGS_PER_TIMELINE = 16;
const LOGGED: readonly LogClass[] = ['fence-timeout', 'flip-timeout'];

/** ioctl of DRM that waits with a time limit: i915 and syncobj waits return it as a matter of course. */
const ETIME = -62;

export const fenceWaitTimeout: Detector = {
  meta: {
    id: 'fence-wait-timeout',
    number: 'D28',
    title: 'Wait for a fence given up',
    description:
      'Somebody waited for a dma_fence and went on without it, because its time limit was over or a signal came. Who does so in the kernel, for a page flip or before memory is reused, goes on while the device may still work on that memory.',
    severity: 'warn',
    needs: [anyOf(fenceWaits, kernelLog)],
    uses: [fenceSignals, fenceBirths, kernelLog],
    thresholds: [POLL, LONG],
    traps: [
      'Programs wait with short time limits on purpose and ask again: -ETIME of an ioctl is no failure.',
      'A wait inside an invalidation is told by invalidate-stall, which knows what it held up.',
      'After a reset display drivers wait for fences that were lost with it: a consequence.',
      'Where signals were not recorded, as with one task alone (perf without -a), every wait looks given up.',
    ],
    references: [
      'drivers/dma-buf/dma-fence.c: dma_fence_wait_timeout, dma_fence_default_wait',
      'drivers/gpu/drm/i915/i915_sw_fence.c: "Asynchronous wait on fence … timed out"',
      'drivers/gpu/drm/drm_atomic_helper.c: drm_atomic_helper_wait_for_fences',
    ],
  },

  *detect(view) {
    const logged = logRows(view, LOGGED).map((row) => loggedFinding(row));
    const seen = view.observed('fence.signaled') && view.clock.unit === 'ns' ? vainWaits(view) : [];
    yield* atMost(FINDINGS_PER_TIMELINE, [
      ...logged,
      ...seen.map((wait) => waitFinding(view, wait)),
    ]);
  },
};

interface VainWait extends FenceName {
  readonly id: number;
  readonly tid: number;
  readonly process_id: number | null;
  readonly ret: number | null;
  readonly invalidation_id: number | null;
  readonly syscall: string | null;
  readonly syscall_ret: number | null;
  readonly start_ts: number;
  readonly end_ts: number;
  readonly start_event: number | null;
  readonly end_event: number | null;
  readonly init_event: number | null;
  readonly signaled_ts: number | null;
  readonly signaled_event: number | null;
  readonly lossy: number | null;
}

function vainWaits(view: View): VainWait[] {
  return view
    .all<VainWait>(
      `SELECT w.id, w.tid, w.process_id, w.ret, w.invalidation_id, s.name AS syscall,
            s.ret AS syscall_ret, w.start_ts, w.end_ts, w.start_event, w.end_event,
            f.id AS fence_id, f.context, f.seqno, f.driver, f.timeline, f.init_event, f.signaled_ts,
            f.signaled_event, max(w.lossy, f.lossy) AS lossy
       FROM fence_wait w JOIN fence f ON f.id = w.fence_id
       LEFT JOIN syscall s ON s.id = w.syscall_id
      WHERE w.gave_up = 1 AND w.end_ts - w.start_ts >= ?
        AND coalesce(f.ambiguous, 0) = 0 AND coalesce(f.container, 0) = 0
      ORDER BY w.start_ts`,
      view.limit(POLL),
    )
    .filter(({ ret }) => ret !== null || signalsShow(view));
}

function waitFinding(view: View, wait: VainWait): FindingDraft {
  const waiter = actor(view, wait.tid, wait.process_id);
  const held = wait.end_ts - wait.start_ts;
  return {
    severity: severityOf(view, wait, held),
    confidence: confidenceOf(view, wait),
    summary: `${waiter.label} waited ${duration(held)} for ${fenceLabel(wait)} and ${wait.ret !== null && wait.ret < 0 ? `was interrupted (${errno(wait.ret)})` : 'gave up'}${afterwards(wait)}.`,
    from: wait.start_ts,
    to: wait.end_ts,
    objects: [
      { kind: 'fence_wait', id: wait.id, label: `wait of ${waiter.label}` },
      fenceRef(wait),
      ...waiter.refs,
    ],
    details: known([
      detail.duration('waited in vain', held),
      wait.ret === null ? undefined : detail.errno('returned', wait.ret),
      wait.syscall === null ? undefined : detail.text('inside system call', wait.syscall),
      wait.syscall_ret === ETIME ? detail.errno('which returned', ETIME) : undefined,
      wait.invalidation_id === null
        ? undefined
        : detail.text('inside an invalidation', 'told by invalidate-stall'),
    ]),
    evidence: evidence(wait.init_event, wait.start_event, wait.end_event, wait.signaled_event),
    next: [
      'See why the fence did not signal: its job, its ring, or its producer (fence-never-signalled, job-timeout-reset).',
      'See what the waiter did next: memory that is reused, or a frame that is shown, may not be finished.',
    ],
    identity: [
      waiter.comm.replaceAll(/\d+/g, 'N'),
      wait.driver ?? '',
      stableTimeline(wait.timeline),
    ],
    key: { fence: fenceKey(wait), pid: waiter.pid, tid: wait.tid },
  };
}

function severityOf(view: View, wait: VainWait, held: number): Severity {
  const interrupted = wait.ret !== null && wait.ret < 0;
  const limited = wait.syscall_ret === ETIME;
  const long = held >= view.limit(LONG);
  return long && !interrupted && !limited && wait.invalidation_id === null ? 'warn' : 'info';
}

function confidenceOf(view: View, wait: VainWait): Confidence {
  if (mayBeMissing(view, wait.lossy)) return 'suspect';
  return wait.ret === null && wait.syscall_ret !== ETIME ? 'likely' : 'proven';
}

function afterwards({ end_ts, signaled_ts }: VainWait): string {
  if (signaled_ts === null) return '; it never signalled in this recording';
  return `; it signalled ${duration(signaled_ts - end_ts)} later`;
}

function loggedFinding(row: LogRow): FindingDraft {
  const what = row.fence === null ? 'fences' : `fence ${row.fence}`;
  const by = row.function ?? row.owner ?? row.source;
  const times = row.count > 1 ? `, ${row.count} times` : '';
  const wait =
    row.class === 'flip-timeout'
      ? `A page flip was not done in time: ${row.text}`
      : `${by} gave up waiting for ${what}`;
  return {
    severity: row.consequence_of === null ? 'warn' : 'info',
    confidence: 'proven',
    summary: `${wait}${row.device === null ? '' : ` on ${row.device}`}${times}${row.consequence_of === null ? '' : ', after a reset of the device'}.`,
    from: row.start_ts,
    to: row.end_ts,
    objects: [logRef(row)],
    details: known([
      detail.text('source', row.source),
      row.fence === null ? undefined : detail.text('fence', row.fence),
      row.count > 1 ? detail.count('times', row.count) : undefined,
    ]),
    evidence: evidence(...row.events),
    next: [
      'See what happened to the device 5 to 10 s before: drivers wait that long before they say so.',
      'Record dma_fence beside the log to see which job the fence belongs to.',
    ],
    identity: ['log', row.source, row.class, row.function ?? ''],
    key: { what: 'log', ...(row.fence === null ? {} : { fence: row.fence }) },
  };
}
