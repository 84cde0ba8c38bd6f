/** How detectors write names and numbers, so that all findings read alike. */
import { MMU_NOTIFY_NAMES, type Word } from '../../../kernel/occurrence.ts';
import type { View } from '../../detector.ts';
import type { ObjectRef } from '../../finding.ts';

const UNITS = [
  { ns: 1e9, name: 's' },
  { ns: 1e6, name: 'ms' },
  { ns: 1e3, name: 'µs' },
] as const;

/** Three significant digits and a unit, for example `412 ms`, `5.06 s`, `0.14 ms` as `140 µs`. */
export function duration(ns: number): string {
  const unit = UNITS.find((candidate) => ns >= candidate.ns);
  if (unit === undefined) return `${ns} ns`;
  const value = ns / unit.ns;
  return `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ${unit.name}`;
}

/** A 64-bit value as unsigned hex: SQLite gives pointers above 2^63 as negative numbers. */
export function hex(value: Word): string {
  return `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;
}

/** include/uapi/asm-generic/errno-base.h and errno.h: those these paths return. */
const ERRNO_NAMES: Readonly<Record<number, string>> = {
  1: 'EPERM',
  2: 'ENOENT',
  3: 'ESRCH',
  5: 'EIO',
  11: 'EAGAIN',
  12: 'ENOMEM',
  14: 'EFAULT',
  16: 'EBUSY',
  19: 'ENODEV',
  22: 'EINVAL',
  35: 'EDEADLK',
  62: 'ETIME',
  110: 'ETIMEDOUT',
  125: 'ECANCELED',
  133: 'EHWPOISON',
  512: 'ERESTARTSYS',
};

/** `-EBUSY (-16)`; a plain number where the name is not known. */
export function errno(value: number): string {
  const name = ERRNO_NAMES[-value];
  return name === undefined ? String(value) : `-${name} (${value})`;
}

export function reasonName(reason: number | null): string {
  if (reason === null) return 'reason unknown';
  return MMU_NOTIFY_NAMES[reason] ?? `reason ${reason}`;
}

export function range(start: Word, end: Word): string {
  return `${hex(start)}-${hex(end)}`;
}

/** The first letter of a sentence. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export interface FenceName {
  readonly fence_id: number;
  readonly context: number;
  readonly seqno: number;
  readonly driver: string | null;
  readonly timeline: string | null;
}

export function fenceKey(fence: Pick<FenceName, 'context' | 'seqno'>): string {
  return `${fence.context}:${fence.seqno}`;
}

/** `fence 6:2 (svmlab svmlab-ring0)`. */
export function fenceLabel(fence: FenceName): string {
  const names = [fence.driver, fence.timeline].filter((name) => name !== null && name !== '');
  return `fence ${fenceKey(fence)}${names.length > 0 ? ` (${names.join(' ')})` : ''}`;
}

export function fenceRef(fence: FenceName): ObjectRef {
  return { kind: 'fence', id: fence.fence_id, label: fenceLabel(fence) };
}

/** A timeline without what differs from run to run: i915 writes `comm[pid]`. */
export function stableTimeline(timeline: string | null): string {
  return (timeline ?? '').replaceAll(/\d+/g, 'N');
}

/** A thread and the process it belongs to, as far as the capture knows them. */
export interface Actor {
  readonly label: string;
  readonly comm: string;
  /** process.id of the process it really is of; null where the group is not known. */
  readonly processId: number | null;
  /** Leader's pid; the tid itself where the group is not known. */
  readonly pid: number;
  readonly refs: readonly ObjectRef[];
}

interface ProcessRow {
  readonly id: number;
  readonly pid: number;
  readonly comm: string | null;
}

const actors = new WeakMap<View, Map<string, Actor>>();

/** `svmload (pid 424)`, and `svmload (pid 424, thread 425)` for another thread than the leader. */
export function actor(view: View, tid: number, processId: number | null): Actor {
  let known = actors.get(view);
  if (known === undefined) {
    known = new Map();
    actors.set(view, known);
  }
  const name = `${tid} ${processId}`;
  const found = known.get(name) ?? findActor(view, tid, processId);
  known.set(name, found);
  return found;
}

function findActor(view: View, tid: number, processId: number | null): Actor {
  const known = processId ?? processOf(view, tid);
  const [process] =
    known === null
      ? []
      : view.all<ProcessRow>(
          'SELECT coalesce(merged_into, id) AS id, pid, comm FROM process WHERE id = ?',
          known,
        );
  const pid = process?.pid ?? tid;
  const comm = process?.comm ?? taskComm(view, tid) ?? 'unknown task';
  const label = pid === tid ? `${comm} (pid ${pid})` : `${comm} (pid ${pid}, thread ${tid})`;
  const refs =
    process === undefined
      ? []
      : [{ kind: 'process', id: process.id, label: `${comm} (pid ${pid})` }];
  return { label, comm, processId: process?.id ?? null, pid, refs };
}

/** That of the only thread that ever had the number. */
function processOf(view: View, tid: number): number | null {
  const [first, second] = view.all<{ process_id: number | null }>(
    'SELECT process_id FROM task WHERE tid = ? LIMIT 2',
    tid,
  );
  return second === undefined ? (first?.process_id ?? null) : null;
}

/** A process as a whole, whatever thread of it was seen; undefined where it is not known. */
export function processActor(view: View, processId: number | null): Actor | undefined {
  if (processId === null) return undefined;
  const [process] = view.all<{ pid: number }>('SELECT pid FROM process WHERE id = ?', processId);
  return process === undefined ? undefined : actor(view, process.pid, processId);
}

function taskComm(view: View, tid: number): string | undefined {
  const [task] = view.all<{ comm: string | null }>(
    'SELECT comm FROM task WHERE tid = ? ORDER BY generation DESC LIMIT 1',
    tid,
  );
  return task?.comm ?? undefined;
}

/** Kernel threads by name: they act on behalf of others and never own a device file. */
export function isKernelThread(comm: string): boolean {
  return /^(kworker\/|ksoftirqd\/|rcu|migration\/|swapper|<idle>|oom_reaper|kswapd|khugepaged|kcompactd|ksmd|irq\/)/.test(
    comm,
  );
}

/** Where a duration has no unit: raw ticks of the clock. */
export function ticks(count: number): string {
  return `${count.toLocaleString('en-US')} clock ticks`;
}
