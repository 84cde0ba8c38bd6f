import type { OccurrenceOf, Word } from '../../kernel/occurrence.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveProcess, LiveTask } from './live-objects.ts';
import { markOf } from './lived.ts';
import { Population } from './population.ts';
import { processTable, taskTable } from './task-tables.ts';
import { decideThread } from './thread-or-process.ts';

/** Threads and thread groups, from fork, exec and exit. */
export const task: Lifetime = {
  kind: 'task',
  tables: [taskTable, processTable],
  track: (context) => new TaskTracker(context),
};

const SIGKILL = 9;
/** UNMAP and PROTECTION_VMA come from calls on the caller's own mm (munmap, mprotect, exit). */
const OWN_MM_REASONS: readonly number[] = [0, 2];
/** task_newtask and sched_process_fork of one child are microseconds apart. */
const SAME_FORK_NS = 1e6;

class TaskTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'task.fork': (fork) => this.#fork(fork),
    'task.exec': (exec) => this.#exec(exec),
    'task.exit': (exit) => this.#exit(exit),
    'task.rename': (rename) => {
      const renamed = this.#context.live.taskOf(rename.target);
      if (renamed) this.#name(renamed, rename.comm);
    },
    'mm.exit': (exit) => {
      this.#mmExitSeen = true;
      this.#usesOwn(exit.tid, exit.mm);
      this.#mmExited(exit.tid, exit);
    },
    'mm.release': (release) => {
      this.#usesOwn(release.tid, release.mm);
      this.#mmExited(release.tid, release);
    },
    'invalidation.begin': (begin) => {
      if (OWN_MM_REASONS.includes(begin.reason ?? -1)) this.#usesOwn(begin.tid, begin.mm);
    },
    'signal.deliver': (signal) => {
      if (signal.signal === SIGKILL) this.#killed(signal.target, signal);
    },
    'oom.victim': (victim) => this.#killed(victim.target, victim),
    'notifier.remove': (remove) => this.#fileClosed(remove.tid, remove),
    'fence.signaled': (signaled) => this.#fileClosed(signaled.tid, signaled),
    'fence.destroy': (destroy) => this.#fileClosed(destroy.tid, destroy),
    'device.close': (close) => this.#fileClosed(close.tid, close),
  };

  readonly #context: LifetimeContext;
  readonly #tasks: Map<number, LiveTask>;
  readonly #population: Population;
  /** exit_mmap is recorded: a thread that exits without it left its mm to others. */
  #mmExitSeen = false;

  constructor(context: LifetimeContext) {
    this.#context = context;
    this.#tasks = context.live.tasks;
    this.#population = new Population(context);
    context.live.adopt = (tid) => this.#adopt(tid);
  }

  finish(): void {
    this.#population.finish();
  }

  /** A thread that was there before the capture began. */
  #adopt(tid: number): LiveTask {
    const comm = this.#context.live.comm(tid);
    return this.#population.task(tid, undefined, undefined, comm, undefined);
  }

  #fork(fork: OccurrenceOf<'task.fork'>): void {
    const { live } = this.#context;
    const parent = live.taskOf(fork.tid);
    if (!parent || fork.child <= 0) return;
    if (fork.comm !== undefined) this.#name(parent, fork.comm);
    const before = this.#tasks.get(fork.child);
    if (before && isSameFork(before, parent, fork)) {
      if (fork.childComm !== undefined) this.#name(before, fork.childComm);
      return;
    }
    const thread = decideThread(fork, parent, this.#context);
    const child =
      this.#early(before, parent, fork) ?? this.#child(before, parent, fork, thread === true);
    child.isThread ??= thread;
    if (child.isThread === true && child.process !== parent.process) {
      child.isThread = undefined;
      this.#joinGroup(child, parent.process);
    }
    if (child.isThread !== undefined) return;
    child.process.maybeOf = parent.process;
    parent.process.maybeThreads.add(child);
  }

  /**
   * Clocks of two CPUs differ by microseconds: what a child did may come before its fork. A thread
   * from before the capture cannot be forked, unless its exit was lost.
   */
  #early(
    before: LiveTask | undefined,
    parent: LiveTask,
    fork: OccurrenceOf<'task.fork'>,
  ): LiveTask | undefined {
    if (!before || before.exited || before.born || before === parent) return undefined;
    if (this.#context.lossBetween(null, fork.ts)) return undefined;
    before.born = markOf(fork);
    before.parentId = parent.id;
    before.process.forked ??= before.born;
    before.process.mmBorn ??= before.born;
    if (fork.childComm !== undefined) this.#name(before, fork.childComm);
    return before;
  }

  #child(
    before: LiveTask | undefined,
    parent: LiveTask,
    fork: OccurrenceOf<'task.fork'>,
    thread: boolean,
  ): LiveTask {
    if (before) this.#replaced(before);
    const group = thread ? parent.process : undefined;
    return this.#population.task(fork.child, parent, markOf(fork), fork.childComm, group);
  }

  /** The tid was given to a new thread: the old one is gone, seen or not. */
  #replaced(before: LiveTask): void {
    const { process } = before;
    if (!before.exited) {
      process.threads.delete(before);
      process.maybeOf?.maybeThreads.delete(before);
      this.#population.forget(before);
      if (process.threads.size === 0 && !process.died) this.#population.forgetProcess(process);
    }
    this.#tasks.delete(before.tid);
  }

  #exec(exec: OccurrenceOf<'task.exec'>): void {
    const caller = this.#context.live.taskOf(exec.oldTid);
    if (!caller) return;
    const leader = exec.oldTid === exec.tid ? caller : this.#becomeLeader(caller, exec);
    if (leader.process.pid !== leader.tid) this.#split(leader);
    const group = leader.process.maybeOf;
    this.#decided(leader, false);
    if (group) this.#reconsider(group, group.leaderExited);
    leader.mmExited = undefined;
    const { process } = leader;
    process.execs += 1;
    process.mmBorn = markOf(exec);
    process.addressSpace = undefined;
    const TASK_COMM_LEN = 15;
    this.#name(
      leader,
      exec.filename.slice(exec.filename.lastIndexOf('/') + 1).slice(0, TASK_COMM_LEN),
    );
  }

  /** A thread that calls execve takes the tid of its leader, which is gone (de_thread). */
  #becomeLeader(caller: LiveTask, exec: OccurrenceOf<'task.exec'>): LiveTask {
    const { process } = caller;
    this.#tasks.delete(caller.tid);
    process.threads.delete(caller);
    caller.exited = markOf(exec);
    this.#population.exited(caller, exec.ts);
    const old = this.#tasks.get(exec.tid);
    if (old && !old.exited) this.#population.forget(old);
    process.threads.clear();
    const group = process.pid === exec.tid ? process : undefined;
    return this.#population.task(exec.tid, undefined, caller.born, caller.comm, group);
  }

  /** It was taken for a thread and calls execve under its own tid: it leads a process. */
  #split(leader: LiveTask): void {
    leader.process.threads.delete(leader);
    leader.process = this.#population.process(leader.tid, leader.born, leader.comm);
    leader.process.threads.add(leader);
    leader.process.threadsSeen = 1;
  }

  #exit(exit: OccurrenceOf<'task.exit'>): void {
    const exiting = this.#context.live.taskOf(exit.tid);
    if (!exiting || exiting.exited) return;
    exiting.exited = markOf(exit);
    if (exit.comm !== undefined) this.#name(exiting, exit.comm);
    this.#decideAtExit(exiting, exit.groupDead);
    const { process } = exiting;
    process.threads.delete(exiting);
    if (exiting.tid === process.pid) process.leaderExited = markOf(exit);
    process.groupDeadKnown ||= exit.groupDead !== undefined;
    this.#population.exited(exiting, exit.ts);
    this.#judgeGroup(process, exiting, exit.groupDead);
  }

  /**
   * Up to 6.15 exit_mm runs before sched_process_exit: who used an mm of its own has ended it by
   * now, a thread has not. Since 6.16 group_dead tells the last of a group.
   */
  #decideAtExit(exiting: LiveTask, groupDead: boolean | undefined): void {
    const group = exiting.process.maybeOf;
    if (!group || exiting.isThread !== undefined) return;
    const alone = exiting.process.threads.size === 1;
    const wasThread =
      groupDead === undefined
        ? this.#mmExitSeen && !exiting.mmExited && alone
        : groupDead
          ? group.threads.size === 0 && !group.died && group.groupDeadKnown
          : alone;
    if (wasThread) {
      this.#joinGroup(exiting, group);
      return;
    }
    this.#decided(exiting, false);
    this.#reconsider(group, exiting.exited);
  }

  /** The last child that might have been a thread of a group whose known threads are gone. */
  #reconsider(group: LiveProcess, at: LiveTask['exited']): void {
    if (group.died || group.threads.size > 0 || group.maybeThreads.size > 0) return;
    if (group.leaderExited && at) this.#dies(group, at);
  }

  #joinGroup(member: LiveTask, group: LiveProcess): void {
    const own = member.process;
    own.maybeOf?.maybeThreads.delete(member);
    group.maybeThreads.delete(member);
    own.threads.delete(member);
    own.maybeOf = undefined;
    member.process = group;
    member.isThread = true;
    group.threads.add(member);
    group.threadsSeen += 1;
    this.#population.merge(own, group);
  }

  #decided(decided: LiveTask, thread: boolean): void {
    decided.isThread ??= thread;
    if (!thread) decided.isThread = false;
    decided.process.maybeOf?.maybeThreads.delete(decided);
    decided.process.maybeOf = undefined;
  }

  /** Whether the exit of its last known thread is the death of the group. */
  #judgeGroup(process: LiveProcess, last: LiveTask, groupDead: boolean | undefined): void {
    if (process.died || !last.exited || groupDead === false) return;
    if (groupDead === true) {
      this.#dies(process, last.exited);
      return;
    }
    if (process.threads.size > 0) return;
    if (!last.mmExited && process.maybeThreads.size > 0) {
      // somebody still uses the mm: the children nobody could tell from threads
      if (this.#mmExitSeen)
        for (const member of [...process.maybeThreads]) this.#joinGroup(member, process);
      return;
    }
    this.#dies(process, last.exited);
  }

  #dies(process: LiveProcess, at: { readonly ts: number; readonly event: number }): void {
    process.died = at;
    for (const child of process.maybeThreads) this.#decided(child, false);
    process.maybeThreads.clear();
    this.#population.died(process, at.ts);
  }

  /** A thread nobody could place does what is only done to one's own mm: it belongs to its owner. */
  #usesOwn(tid: number, mm: Word | undefined): void {
    const user = this.#context.live.taskOf(tid);
    if (mm === undefined || !user || user.isThread !== undefined || user.kernelThread) return;
    const space = this.#context.live.addressSpaces.get(mm);
    const owner = space?.ownerIsWeak === false ? space.owner : undefined;
    if (owner && owner !== user.process && !owner.died) this.#joinGroup(user, owner);
  }

  #mmExited(tid: number, moment: { readonly ts: number; readonly event: number }): void {
    const exiting = this.#context.live.taskOf(tid);
    if (exiting && !exiting.kernelThread) exiting.mmExited = markOf(moment);
  }

  #killed(tid: number, moment: { readonly ts: number; readonly event: number }): void {
    const process = this.#tasks.get(tid)?.process;
    if (process) process.killed ??= markOf(moment);
  }

  /**
   * exit_files and the file closings in exit_task_work come after the exit, by the same task. Since
   * 6.16 exit_mm lies between the two, and drivers drop fences in it.
   */
  #fileClosed(tid: number, moment: { readonly ts: number; readonly event: number }): void {
    const exited = this.#tasks.get(tid);
    const process = exited?.process;
    if (!exited || !process?.died || process.filesClosed) return;
    const mmToCome = process.groupDeadKnown && this.#mmExitSeen;
    if (mmToCome && (exited.mmExited?.ts ?? 0) < process.died.ts) return;
    process.filesClosed = markOf(moment);
  }

  #name(named: LiveTask, comm: string): void {
    named.comm = comm;
    if (named.tid === named.process.pid) named.process.comm = comm;
  }
}

function isSameFork(before: LiveTask, parent: LiveTask, fork: OccurrenceOf<'task.fork'>): boolean {
  return (
    !before.exited &&
    before.parentId === parent.id &&
    before.born !== undefined &&
    fork.ts - before.born.ts <= SAME_FORK_NS
  );
}
