import type { OccurrenceOf, Word } from '../../kernel/occurrence.ts';
import type { LifetimeContext } from './lifetime.ts';
import type { LiveTask } from './live-objects.ts';

/** include/uapi/linux/sched.h */
const CLONE_THREAD = 0x10000;
/** fork's last invalidation ends this long before sched_process_fork at most. */
const FORK_TAIL_NS = 100e6;

/**
 * Whether sched_process_fork made a thread (true), a process (false), or nothing tells. The event
 * itself does not say. task_newtask and clone() carry the flags; without them a real fork of a
 * watched mm shows its dup_mmap as invalidations of reason PROTECTION_PAGE by the same task, and a
 * new thread shows none.
 */
export function decideThread(
  fork: OccurrenceOf<'task.fork'>,
  parent: LiveTask,
  context: LifetimeContext,
): boolean | undefined {
  const flags = fork.cloneFlags ?? flagsOfSyscall(fork.tid, context);
  if (flags !== undefined) return (Number(BigInt.asUintN(32, BigInt(flags))) & CLONE_THREAD) !== 0;
  if (parent.kernelThread) return false;
  const { live } = context;
  if (!live.invalidationsSeen || !parent.process.addressSpace?.notified) return undefined;
  const since = fork.ts - FORK_TAIL_NS;
  const duplicated = parent.protectionPageTs !== undefined && parent.protectionPageTs >= since;
  if (duplicated) return false;
  return context.lossBetween(since, fork.ts) ? undefined : true;
}

function flagsOfSyscall(tid: number, context: LifetimeContext): Word | undefined {
  const syscall = context.live.syscalls.get(tid);
  if (syscall?.name === 'fork' || syscall?.name === 'vfork') return 0;
  if (syscall?.name !== 'clone') return undefined;
  return syscall.args.clone_flags;
}
