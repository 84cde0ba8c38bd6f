import type { OccurrenceOf, Word } from '../../kernel/occurrence.ts';
import type { Table } from '../../store/table.ts';
import {
  address,
  counter,
  errno,
  integer,
  moment,
  ordinal,
  reference,
  span,
  text,
  thread,
} from './columns.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveAddressSpace, LiveProcess, Mark } from './live-objects.ts';
import { lived, markOf } from './lived.ts';

export const restoreAttemptTable: Table = {
  name: 'restore_attempt',
  doc: 'One attempt of a driver to let the evicted user queues of a process run again (amdkfd).',
  durations: [
    {
      name: 'without_queues',
      from: 'evicted_ts',
      to: 'end_ts',
      doc: 'Eviction of the queues to the end of the attempt.',
    },
  ],
  columns: [
    text('function', 'Work function, where it was probed.'),
    address('work', 'work_struct pointer: one per process.'),
    thread('tid', 'Worker that ran it.'),
    reference('process_id', 'process', 'process.id whose queues they are; NULL = unknown.'),
    address('mm', 'mm_struct pointer, from the range faults inside.'),
    integer('node', 'KFD gpu id, where the driver says so.'),
    counter('faults', 'Range faults inside.'),
    counter('failed', 'Of them, those that returned an error.'),
    errno('last_ret', 'The last error they returned.'),
    text(
      'outcome',
      "'restored', or 'again' when the driver said that it tries again; NULL = it did not say.",
    ),
    moment('evicted_ts', 'Eviction of the queues, relative ns; NULL = not recorded.'),
    ordinal('evicted_event', 'That event.'),
    text('source', "'probe' on the work function, or 'smi' (KFD SMI events)."),
    ...span('start of the work, or its message', 'its return, or its message'),
  ],
  indexes: [['process_id']],
};

/** Attempts to restore queues: svm_range_restore_work and amdgpu_amdkfd_restore_userptr_worker. */
export const restoreAttempt: Lifetime = {
  kind: 'restore-attempt',
  tables: [restoreAttemptTable],
  track: (context) => new RestoreTracker(context),
};

/** Lets the queues of a process run again (kfd_device.c); called when everything was restored. */
const RESUME = 'kgd2kfd_resume_mm';
/** Without a probe on its return, what the worker does later belongs to other work. */
const LONGEST_NS = 1e9;

interface Attempt {
  readonly function: string;
  readonly work: Word | undefined;
  readonly started: Mark;
  space: LiveAddressSpace | undefined;
  mm: Word | undefined;
  faults: number;
  failed: number;
  lastRet: number | undefined;
  resumed: boolean;
}

class RestoreTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'probe.enter': (probe) => this.#enter(probe),
    'probe.return': (probe) => this.#leave(probe),
    'hmm.range_fault': (fault) => this.#fault(fault),
    'hmm.range_fault_return': (returned) => this.#faultReturned(returned),
    'queue.evict': (evict) => {
      const process = this.#context.live.processOf(evict.pid);
      if (process && !this.#evicted.has(process)) this.#evicted.set(process, markOf(evict));
    },
    'queue.restore': (restore) => this.#restored(restore),
  };
  readonly #context: LifetimeContext;
  /** By tid of the worker. */
  readonly #open = new Map<number, Attempt>();
  readonly #evicted = new Map<LiveProcess, Mark>();

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    for (const tid of [...this.#open.keys()]) this.#close(tid, undefined);
  }

  #enter(probe: OccurrenceOf<'probe.enter'>): void {
    if (probe.function === RESUME) {
      const open = this.#at(probe.tid, probe.ts);
      if (open) open.resumed = true;
      return;
    }
    if (probe.role !== 'restore-worker') return;
    this.#close(probe.tid, undefined);
    const { work } = probe.args;
    this.#open.set(probe.tid, {
      function: probe.function,
      work: typeof work === 'string' ? undefined : work,
      started: markOf(probe),
      space: undefined,
      mm: undefined,
      faults: 0,
      failed: 0,
      lastRet: undefined,
      resumed: false,
    });
  }

  #leave(probe: OccurrenceOf<'probe.return'>): void {
    if (this.#open.get(probe.tid)?.function === probe.function) {
      this.#close(probe.tid, markOf(probe));
    }
  }

  #at(tid: number, ts: number): Attempt | undefined {
    const open = this.#open.get(tid);
    if (!open || ts - open.started.ts <= LONGEST_NS) return open;
    this.#close(tid, undefined);
    return undefined;
  }

  #fault(fault: OccurrenceOf<'hmm.range_fault'>): void {
    const open = this.#at(fault.tid, fault.ts);
    if (!open) return;
    const { live } = this.#context;
    open.faults += 1;
    open.mm ??= fault.mm ?? live.mmOfNotifier(fault.mni);
    if (open.mm !== undefined) open.space ??= live.addressSpaces.get(open.mm);
  }

  #faultReturned(returned: OccurrenceOf<'hmm.range_fault_return'>): void {
    const open = this.#at(returned.tid, returned.ts);
    if (!open || returned.ret === undefined || returned.ret >= 0) return;
    open.failed += 1;
    open.lastRet = returned.ret;
  }

  #close(tid: number, end: Mark | undefined): void {
    const open = this.#open.get(tid);
    if (!open) return;
    this.#open.delete(tid);
    const owner = open.space?.owner;
    this.#context.emit(restoreAttemptTable, {
      id: this.#context.nextId(restoreAttemptTable),
      function: open.function,
      work: open.work ?? null,
      tid,
      process_id: owner?.id ?? null,
      mm: open.mm ?? null,
      faults: open.faults,
      failed: open.failed,
      last_ret: open.lastRet ?? null,
      outcome: open.resumed ? 'restored' : null,
      ...this.#eviction(owner),
      source: 'probe',
      ...lived(this.#context, open.started, end),
    });
    if (owner && open.resumed) this.#evicted.delete(owner);
  }

  #restored(restore: OccurrenceOf<'queue.restore'>): void {
    const process = this.#context.live.processOf(restore.pid);
    const at = markOf(restore);
    this.#context.emit(restoreAttemptTable, {
      id: this.#context.nextId(restoreAttemptTable),
      process_id: process?.id ?? null,
      node: restore.node,
      outcome: restore.rescheduled ? 'again' : 'restored',
      ...this.#eviction(process),
      source: 'smi',
      ...lived(this.#context, at, at),
    });
    if (process && !restore.rescheduled) this.#evicted.delete(process);
  }

  #eviction(process: LiveProcess | undefined) {
    const evicted = process && this.#evicted.get(process);
    return { evicted_ts: evicted?.ts ?? null, evicted_event: evicted?.event ?? null };
  }
}
