/** What an invalidation stood still for: a fence, a driver callback, or nothing that was recorded. */
import type { View } from '../../detector.ts';
import type { Detail, ObjectRef } from '../../finding.ts';
import type { Threshold } from '../../threshold.ts';
import { detail, evidence, known } from './details.ts';
import { mayBeMissing, signalsShow } from './incomplete.ts';
import {
  actor,
  duration,
  type FenceName,
  fenceKey,
  fenceLabel,
  fenceRef,
  stableTimeline,
  ticks,
} from './wording.ts';

export const CAUSE_SHARE: Threshold = {
  name: 'cause-share',
  unit: 'share',
  default: 0.5,
  doc: 'A fence or callback must cover this share of the stall to be named as its cause, or an innocent one is.',
};

/** What is known of the inside of an invalidation. */
export interface StallParts {
  readonly tid: number;
  readonly start_ts: number;
  readonly callback_ns: number | null;
  readonly callback_function: string | null;
  readonly wait_ns: number | null;
  readonly longest_wait_ns: number | null;
  readonly longest_wait_id: number | null;
}

export interface Cause {
  readonly kind:
    | 'fence'
    | 'lock'
    | 'fences'
    | 'callback'
    | 'preempted'
    | 'unexplained'
    | 'not recorded';
  readonly text: string;
  readonly identity: readonly string[];
  readonly refs: readonly ObjectRef[];
  readonly details: readonly Detail[];
  readonly evidence: readonly number[];
  readonly next: readonly string[];
}

export function causeOf(view: View, stall: StallParts, ns: number): Cause {
  const enough = view.limit(CAUSE_SHARE) * ns;
  if (stall.longest_wait_id !== null && (stall.longest_wait_ns ?? 0) >= enough) {
    const cause = fenceCause(view, stall.longest_wait_id);
    if (cause !== undefined) return cause;
  }
  const lock = lockCause(view, stall, ns);
  if (lock !== undefined) return lock;
  if ((stall.callback_ns ?? 0) >= enough) return callbackCause(stall);
  const looked = view.observed('fence.wait_start') || view.observed('probe.return');
  if ((stall.wait_ns ?? 0) >= enough) {
    return plainCause('fences', 'several fence waits together make up most of it', WAIT_NEXT);
  }
  return (
    sleepCause(view, stall, ns) ??
    (looked
      ? plainCause(
          'unexplained',
          'no fence wait and no driver callback covers it; the task may have been preempted or waited for a lock',
          ['Record sched:sched_switch of this task to see whether it slept or lost its CPU.'],
        )
      : plainCause('not recorded', 'neither fence waits nor driver callbacks were recorded', [
          'Record dma_fence:dma_fence_wait_start and _end, and a probe on the driver callback.',
        ]))
  );
}

interface OffCpu {
  readonly state: 'S' | 'D' | 'R';
  readonly off: number;
  readonly start_event: number | null;
  readonly end_event: number | null;
}

/** What the scheduler says of the thread: that it lost its CPU, or slept for something nobody recorded. */
function sleepCause(view: View, stall: StallParts, ns: number): Cause | undefined {
  if (view.clock.unit !== 'ns') return undefined;
  const end = stall.start_ts + ns;
  const [longest] = view.all<OffCpu>(
    `SELECT state, min(coalesce(end_ts, ?), ?) - max(start_ts, ?) AS off, start_event, end_event
       FROM task_sleep WHERE tid = ? AND start_ts < ? AND coalesce(end_ts, ?) > ?
      ORDER BY off DESC LIMIT 1`,
    ...[end, end, stall.start_ts, stall.tid, end, end, stall.start_ts],
  );
  if (longest === undefined || longest.off < view.limit(CAUSE_SHARE) * ns) return undefined;
  const isPreempted = longest.state === 'R';
  const text = isPreempted
    ? `its thread was given no CPU for ${duration(longest.off)}`
    : `it slept ${duration(longest.off)}${longest.state === 'D' ? ' uninterruptibly' : ''}; what for was not recorded`;
  const next = isPreempted
    ? ['See what else ran on that CPU: the device has nothing to do with it.']
    : [
        'Record dma_fence:dma_fence_wait_start, mmap_lock:* and lock:contention_begin: they tell what a thread sleeps for.',
      ];
  return {
    ...plainCause(isPreempted ? 'preempted' : 'unexplained', text, next),
    evidence: evidence(longest.start_event, longest.end_event),
  };
}

const WAIT_NEXT = [
  'See what the job behind the fence does for so long: its ring, its queue and its preemption timeout.',
  'See whether other threads of the process waited for mmap_lock meanwhile (mmap_lock:mmap_lock_start_locking without acquire).',
  'If the device can fault, let the callback zap its page tables and flush its TLB instead of waiting for the job.',
] as const;

interface WaitedFence extends FenceName {
  readonly wait_ns: number;
  readonly gave_up: number | null;
  readonly ret: number | null;
  readonly lossy: number | null;
  readonly start_event: number | null;
  readonly end_event: number | null;
  readonly signaled_event: number | null;
  readonly job_ring: string | null;
}

function fenceCause(view: View, waitId: number): Cause | undefined {
  const [wait] = view.all<WaitedFence>(
    `SELECT f.id AS fence_id, f.context, f.seqno, f.driver, f.timeline, f.signaled_event,
            w.end_ts - w.start_ts AS wait_ns, w.gave_up, w.ret, w.lossy, w.start_event, w.end_event, j.ring AS job_ring
       FROM fence_wait w JOIN fence f ON f.id = w.fence_id LEFT JOIN job j ON j.id = f.job_id
      WHERE w.id = ?`,
    waitId,
  );
  if (wait === undefined) return undefined;
  const timed = view.clock.unit === 'ns';
  const long = wait.wait_ns ?? 0;
  // A wait looks vain, too, where the signal is among what was lost or was not recorded.
  const vain =
    wait.gave_up === 1 &&
    !mayBeMissing(view, wait.lossy) &&
    (wait.ret !== null || signalsShow(view));
  const inVain = vain ? ' in vain' : '';
  return {
    kind: 'fence',
    text: `it waited ${timed ? duration(long) : ticks(long)}${inVain} for ${fenceLabel(wait)}`,
    identity: [wait.driver ?? '', stableTimeline(wait.timeline)],
    refs: [fenceRef(wait)],
    details: known([
      detail.object('waited for', fenceRef(wait)),
      timed ? detail.duration('in that wait', long) : detail.text('in that wait', ticks(long)),
      wait.job_ring === null ? undefined : detail.text('ring of its job', wait.job_ring),
    ]),
    evidence: evidence(wait.start_event, wait.signaled_event, wait.end_event),
    next: vain
      ? [
          `Find out why fence ${fenceKey(wait)} ${wait.signaled_event === null ? 'never signalled (see fence-never-signalled)' : 'signalled only after the wait was given up'}: the memory was taken away while its job may still have run.`,
          ...WAIT_NEXT.slice(1),
        ]
      : WAIT_NEXT,
  };
}

interface WaitedLock {
  readonly id: number;
  readonly lock: string;
  readonly what: string;
  readonly waited: number;
  readonly start_event: number;
  readonly end_event: number | null;
  readonly holder_tid: number | null;
  readonly holder_process_id: number | null;
  readonly holder_event: number | null;
}

/** The lock waited for longest inside, if that made most of the stall. */
function lockCause(view: View, stall: StallParts, ns: number): Cause | undefined {
  if (view.clock.unit !== 'ns') return undefined;
  const end = stall.start_ts + ns;
  const [wait] = view.all<WaitedLock>(
    `SELECT w.id, w.lock, w.what, min(coalesce(w.end_ts, ?), ?) - w.start_ts AS waited,
            w.start_event, w.end_event, h.tid AS holder_tid, h.process_id AS holder_process_id,
            h.start_event AS holder_event
       FROM lock_wait w LEFT JOIN lock_hold h ON h.id = w.hold_id
      WHERE w.tid = ? AND w.start_ts BETWEEN ? AND ? ORDER BY waited DESC LIMIT 1`,
    end,
    end,
    stall.tid,
    stall.start_ts,
    end,
  );
  if (wait === undefined || wait.waited < view.limit(CAUSE_SHARE) * ns) return undefined;
  const label = `${wait.what.replace(/ to \w+$/, '')} ${wait.lock}`;
  const holder =
    wait.holder_tid === null
      ? undefined
      : actor(view, wait.holder_tid, wait.holder_process_id).label;
  return {
    kind: 'lock',
    text: `it waited ${duration(wait.waited)} for the ${label}${holder === undefined ? '' : `, which ${holder} held`}`,
    identity: [wait.what],
    refs: [{ kind: 'lock_wait', id: wait.id, label }],
    details: known([
      detail.text('waited for', label),
      detail.duration('in that wait', wait.waited),
      holder === undefined ? undefined : detail.text('held by', holder),
    ]),
    evidence: evidence(wait.start_event, wait.holder_event, wait.end_event),
    next: [
      'See what the holder of the lock did meanwhile: a callback that takes a lock somebody holds while waiting for the device can never be short.',
      'Take no lock in the notifier that is held while memory is allocated or faulted in.',
    ],
  };
}

function callbackCause(stall: StallParts): Cause {
  const name = stall.callback_function ?? 'the driver callback';
  const long = stall.callback_ns ?? 0;
  return {
    kind: 'callback',
    text: `${duration(long)} of it in the driver callback ${name}, not in a fence wait`,
    identity: [name],
    refs: [],
    details: [detail.text('callback', name), detail.duration('in callbacks', long)],
    evidence: [],
    next: [
      `Trace what ${name} does (function_graph on it): a lock, a register poll, a firmware command or a TLB flush.`,
      'See which lock it takes and who holds it meanwhile.',
    ],
  };
}

function plainCause(kind: Cause['kind'], text: string, next: readonly string[]): Cause {
  return { kind, text, identity: [], refs: [], details: [], evidence: [], next };
}
