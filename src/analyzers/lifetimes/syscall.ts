import type { OccurrenceOf, Word } from '../../kernel/occurrence.ts';
import type { Table } from '../../store/table.ts';
import { address, errno, reference, span, text, thread } from './columns.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveTask, OpenSyscall } from './live-objects.ts';
import { lived } from './lived.ts';

export const syscallTable: Table = {
  name: 'syscall',
  doc: 'A system call with something of interest inside it; others are not kept.',
  label: 'name',
  columns: [
    text('name', 'Name without `sys_`.'),
    thread('tid', 'Calling thread.'),
    reference('process_id', 'process', 'process.id of that thread.'),
    address('arg0', 'First argument.'),
    address('arg1', 'Second argument.'),
    address('arg2', 'Third argument.'),
    errno('ret', 'Return value.'),
    ...span('entry', 'return'),
  ],
  indexes: [['tid']],
};

/** System calls; a row is written only when something of interest happened inside. */
export const syscall: Lifetime = {
  kind: 'syscall',
  tables: [syscallTable],
  track: (context) => new SyscallTracker(context),
};

class Call implements OpenSyscall {
  readonly name: string;
  readonly args: Readonly<Record<string, Word>>;
  readonly ts: number;
  readonly event: number;
  readonly tid: number;
  id: number | undefined;
  task: LiveTask | undefined;
  readonly #context: LifetimeContext;

  constructor(enter: OccurrenceOf<'syscall.enter'>, context: LifetimeContext) {
    this.name = enter.name;
    this.args = enter.args;
    this.ts = enter.ts;
    this.event = enter.event;
    this.tid = enter.tid;
    this.#context = context;
  }

  use(): number {
    this.id ??= this.#context.nextId(syscallTable);
    this.task ??= this.#context.live.taskOf(this.tid);
    return this.id;
  }
}

class SyscallTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'syscall.enter': (enter) => this.#enter(enter),
    'syscall.exit': (exit) => this.#exit(exit),
    'task.exit': (exit) => this.#drop(exit.tid),
  };
  readonly #context: LifetimeContext;
  readonly #open: Map<number, Call>;

  constructor(context: LifetimeContext) {
    this.#context = context;
    this.#open = context.live.syscalls as Map<number, Call>;
  }

  finish(): void {
    for (const call of this.#open.values()) this.#emit(call, undefined, undefined);
  }

  #enter(enter: OccurrenceOf<'syscall.enter'>): void {
    this.#drop(enter.tid);
    this.#open.set(enter.tid, new Call(enter, this.#context));
  }

  #exit(exit: OccurrenceOf<'syscall.exit'>): void {
    const call = this.#open.get(exit.tid);
    if (!call || call.name !== exit.name) return;
    this.#open.delete(exit.tid);
    this.#emit(call, exit, exit.ret);
  }

  /** Its return was not recorded, or it has none (exit). */
  #drop(tid: number): void {
    const call = this.#open.get(tid);
    if (!call) return;
    this.#open.delete(tid);
    this.#emit(call, undefined, undefined);
  }

  #emit(
    call: Call,
    end: { readonly ts: number; readonly event: number } | undefined,
    ret: Word | undefined,
  ): void {
    if (call.id === undefined) return;
    const [arg0, arg1, arg2] = argumentsOf(call.args);
    this.#context.emit(syscallTable, {
      id: call.id,
      name: call.name,
      tid: call.tid,
      process_id: call.task?.process.id ?? null,
      arg0: arg0 ?? null,
      arg1: arg1 ?? null,
      arg2: arg2 ?? null,
      ret: ret ?? null,
      ...lived(this.#context, call, end),
    });
  }
}

/** The number of the call leads the fields: `__syscall_nr`, `nr` in old kernels. */
function argumentsOf(fields: Readonly<Record<string, Word>>): Word[] {
  return Object.entries(fields)
    .filter(([name]) => name !== '__syscall_nr' && name !== 'nr')
    .map(([, value]) => value);
}
