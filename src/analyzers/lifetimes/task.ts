import type { OccurrenceOf, Word } from '../../kernel/occurrence.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveProcess, LiveTask } from './live-objects.ts';
import { markOf } from './lived.ts';
import { Retirement } from './retirement.ts';
import { processRow, processTable, taskRow, taskTable } from './task-tables.ts';
import { decideThread } from './thread-or-process.ts';

/** Threads and thread groups, from fork, exec and exit. */
export const task: Lifetime = {
  kind: 'task',
  tables: [taskTable, processTable],
  track: (context) => new TaskTracker(context),
};

const SIGKILL = 9;
/** pid of kthreadd, the parent of all kernel threads. */
const KTHREADD = 2;
const KERNEL_THREADS =
  /^(kworker\/|khugepaged|kswapd|ksmd|kcompactd|oom_reaper|migration\/|ksoftirqd|rcu_|rcuo|irq\/|kthreadd)/;
/** UNMAP and PROTECTION_VMA come from calls on the caller's own mm (munmap, mprotect, exit). */
const OWN_MM_REASONS: readonly number[] = [0, 2];
/** task_newtask and sched_process_fork of one child are microseconds apart. */
const SAME_FORK_NS = 1e6;
/** Exited tasks and dead processes are still told about: files close after the exit. */
const KEEP_NS = 10e9;
const KEEP_MOST = 8192;

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
    'probe.enter': (probe) => {
      if (probe.function === 'drm_release') this.#fileClosed(probe.tid, probe);
    },
  };

  readonly #context: LifetimeContext;
  readonly #tasks: Map<number, LiveTask>;
  readonly #generations = new Map<number, number>();
  readonly #processGenerations = new Map<number, number>();
  readonly #exitedTasks = new Retirement<LiveTask>(KEEP_NS, KEEP_MOST, (gone) => this.#let(gone));
  readonly #deadProcesses = new Retirement<LiveProcess>(KEEP_NS, KEEP_MOST, (dead) =>
    this.#emitProcess(dead),
  );
  readonly #processes = new Set<LiveProcess>();
  /** exit_mmap is recorded: a thread that exits without it left its mm to others. */
  #mmExitSeen = false;

  constructor(context: LifetimeContext) {
    this.#context = context;
    this.#tasks = context.live.tasks;
    context.live.adopt = (tid) => this.#adopt(tid);
  }

  finish(): void {
    this.#exitedTasks.empty();
    for (const alive of this.#tasks.values()) this.#emitTask(alive);
    this.#deadProcesses.empty();
    for (const alive of this.#processes) this.#emitProcess(alive);
  }

  /** A thread that was there before the capture began. */
  #adopt(tid: number): LiveTask {
    const comm = this.#context.live.comm(tid);
    return this.#newTask(tid, undefined, undefined, comm, undefined);
  }

  #newTask(
    tid: number,
    parent: LiveTask | undefined,
    born: LiveTask['born'],
    comm: string | undefined,
    group: LiveProcess | undefined,
  ): LiveTask {
    const generation = count(this.#generations, tid);
    const created: LiveTask = {
      id: this.#context.nextId(taskTable),
      tid,
      generation,
      parentId: parent?.id,
      born,
      kernelThread: parent?.tid === KTHREADD || KERNEL_THREADS.test(comm ?? ''),
      comm,
      process: group ?? this.#newProcess(tid, born, comm),
      isThread: group ? true : undefined,
      exited: undefined,
      mmExited: undefined,
      protectionPageTs: undefined,
    };
    created.process.threads.add(created);
    created.process.threadsSeen += 1;
    this.#tasks.set(tid, created);
    return created;
  }

  #newProcess(pid: number, forked: LiveProcess['forked'], comm: string | undefined): LiveProcess {
    const created: LiveProcess = {
      id: this.#context.nextId(processTable),
      pid,
      generation: count(this.#processGenerations, pid),
      comm,
      threads: new Set(),
      maybeThreads: new Set(),
      maybeOf: undefined,
      aliases: [],
      threadsSeen: 0,
      execs: 0,
      forked,
      mmBorn: forked,
      addressSpace: undefined,
      groupDeadKnown: false,
      leaderExited: undefined,
      killed: undefined,
      died: undefined,
      filesClosed: undefined,
    };
    this.#processes.add(created);
    return created;
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
    if (before) this.#replaced(before);
    const thread = decideThread(fork, parent, this.#context);
    const group = thread === true ? parent.process : undefined;
    const child = this.#newTask(fork.child, parent, markOf(fork), fork.childComm, group);
    child.isThread = thread;
    if (thread !== undefined) return;
    child.process.maybeOf = parent.process;
    parent.process.maybeThreads.add(child);
  }

  /** The tid was given to a new thread: the old one is gone, seen or not. */
  #replaced(before: LiveTask): void {
    const { process } = before;
    if (!before.exited) {
      process.threads.delete(before);
      process.maybeOf?.maybeThreads.delete(before);
      this.#emitTask(before);
      if (process.threads.size === 0 && !process.died) this.#emitProcess(process);
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
    this.#exitedTasks.add(caller, exec.ts);
    const old = this.#tasks.get(exec.tid);
    if (old && !old.exited) this.#emitTask(old);
    process.threads.clear();
    const group = process.pid === exec.tid ? process : undefined;
    return this.#newTask(exec.tid, undefined, caller.born, caller.comm, group);
  }

  /** It was taken for a thread and calls execve under its own tid: it leads a process. */
  #split(leader: LiveTask): void {
    leader.process.threads.delete(leader);
    leader.process = this.#newProcess(leader.tid, leader.born, leader.comm);
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
    this.#exitedTasks.add(exiting, exit.ts);
    this.#judgeGroup(process, exiting, exit.groupDead);
    this.#deadProcesses.advance(exit.ts);
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
    if (this.#processes.delete(own)) group.aliases.push(own.id, ...own.aliases);
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
    this.#deadProcesses.add(process, at.ts);
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

  /** An exited task is no longer kept. */
  #let(gone: LiveTask): void {
    this.#emitTask(gone);
    if (this.#tasks.get(gone.tid) === gone) this.#tasks.delete(gone.tid);
  }

  #emitTask(ended: LiveTask): void {
    this.#context.emit(taskTable, taskRow(ended, this.#context));
  }

  #emitProcess(ended: LiveProcess): void {
    if (!this.#processes.delete(ended)) return;
    for (const id of [ended.id, ...ended.aliases]) {
      this.#context.emit(processTable, processRow(ended, id, this.#context));
    }
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

/** How many there were before; one more from now on. */
function count(generations: Map<number, number>, key: number): number {
  const earlier = generations.get(key) ?? 0;
  generations.set(key, earlier + 1);
  return earlier;
}
