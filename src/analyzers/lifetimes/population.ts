import type { LifetimeContext } from './lifetime.ts';
import type { LiveProcess, LiveTask } from './live-objects.ts';
import { Retirement } from './retirement.ts';
import { processRow, processTable, taskRow, taskTable } from './task-tables.ts';

/** pid of kthreadd, the parent of all kernel threads. */
const KTHREADD = 2;
const KERNEL_THREADS =
  /^(kworker\/|khugepaged|kswapd|ksmd|kcompactd|oom_reaper|migration\/|ksoftirqd|rcu_|rcuo|irq\/|kthreadd)/;
/** Exited tasks and dead processes are still told about: files close after the exit. */
const KEEP_NS = 10e9;
const KEEP_MOST = 8192;

/** The tasks and processes there are: makes them, and writes their rows once they are gone. */
export class Population {
  readonly #context: LifetimeContext;
  readonly #tasks: Map<number, LiveTask>;
  readonly #processes = new Set<LiveProcess>();
  readonly #generations = new Map<number, number>();
  readonly #processGenerations = new Map<number, number>();
  readonly #exited = new Retirement<LiveTask>(KEEP_NS, KEEP_MOST, (gone) => this.#leave(gone));
  readonly #dead = new Retirement<LiveProcess>(KEEP_NS, KEEP_MOST, (gone) =>
    this.forgetProcess(gone),
  );

  constructor(context: LifetimeContext) {
    this.#context = context;
    this.#tasks = context.live.tasks;
  }

  /** A new task of a group, or of a process of its own. */
  task(
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
      process: group ?? this.process(tid, born, comm),
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

  process(pid: number, forked: LiveProcess['forked'], comm: string | undefined): LiveProcess {
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

  /** It exited; it is still known for a while. */
  exited(gone: LiveTask, ts: number): void {
    this.#exited.add(gone, ts);
    this.#dead.advance(ts);
  }

  /** It died; it is still known for a while. */
  died(gone: LiveProcess, ts: number): void {
    this.#dead.add(gone, ts);
  }

  /** What was taken for a process turned out to be threads of another. */
  merge(merged: LiveProcess, into: LiveProcess): void {
    if (this.#processes.delete(merged)) into.aliases.push(merged.id, ...merged.aliases);
  }

  /** Writes the row of a task nothing more will be heard of. */
  forget(gone: LiveTask): void {
    this.#context.emit(taskTable, taskRow(gone, this.#context));
  }

  /** The same of a process. */
  forgetProcess(gone: LiveProcess): void {
    if (!this.#processes.delete(gone)) return;
    for (const id of [gone.id, ...gone.aliases]) {
      this.#context.emit(processTable, processRow(gone, id, this.#context));
    }
  }

  finish(): void {
    this.#exited.empty();
    for (const alive of this.#tasks.values()) this.forget(alive);
    this.#dead.empty();
    for (const alive of this.#processes) this.forgetProcess(alive);
  }

  #leave(gone: LiveTask): void {
    this.forget(gone);
    if (this.#tasks.get(gone.tid) === gone) this.#tasks.delete(gone.tid);
  }
}

/** How many there were before; one more from now on. */
function count(generations: Map<number, number>, key: number): number {
  const earlier = generations.get(key) ?? 0;
  generations.set(key, earlier + 1);
  return earlier;
}
