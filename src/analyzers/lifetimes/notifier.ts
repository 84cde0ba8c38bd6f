import { argument } from '../../kernel/arguments.ts';
import type { Moment, OccurrenceOf, Word } from '../../kernel/occurrence.ts';
import type { Table } from '../../store/table.ts';
import { address, errno, integer, reference, span, text, thread } from './columns.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveNotifier, LiveTask, Mark } from './live-objects.ts';
import { lived, markOf } from './lived.ts';

export const notifierTable: Table = {
  name: 'notifier',
  doc: 'A registered mmu_interval_notifier, from insert to remove.',
  label: "format('0x%x', mni)",
  columns: [
    address('mni', 'mmu_interval_notifier pointer.'),
    integer('generation', 'How many earlier registrations of the capture had this pointer.'),
    address('mm', 'mm_struct pointer.'),
    reference('address_space_id', 'address_space', 'address_space.id of that mm.'),
    address('range_start', 'First byte watched.'),
    address('range_last', 'Last byte watched.'),
    thread('tid', 'Thread that inserted it.'),
    reference('process_id', 'process', 'process.id of the owner of the mm.'),
    errno('insert_ret', 'What the insert returned; NULL = not recorded.'),
    thread('remove_tid', 'Thread that removed it.'),
    text('source', "'insert', or 'use' when it was first seen in use."),
    ...span('mmu_interval_notifier_insert', 'mmu_interval_notifier_remove'),
  ],
  indexes: [['mni'], ['mm']],
};

/** Interval notifiers, from their insert or from the first use that names one. */
export const notifier: Lifetime = {
  kind: 'notifier',
  tables: [notifierTable],
  track: (context) => new NotifierTracker(context),
};

interface Registration extends LiveNotifier {
  readonly source: 'insert' | 'use';
  readonly inserted: Mark | undefined;
  readonly inserter: LiveTask | undefined;
  insertRet: number | undefined;
}

class NotifierTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'notifier.insert': (insert) => this.#insert(insert),
    'notifier.insert_return': (returned) => this.#inserted(returned),
    'notifier.remove': (remove) => this.#remove(remove),
    'hmm.read_begin': (read) => this.#used(read.mni, read.mm, read.start, read.last),
    'hmm.range_fault': (fault) => this.#used(fault.mni, fault.mm, undefined, undefined),
    'probe.enter': (probe) =>
      this.#used(argument(probe.args, 'mni'), argument(probe.args, 'mm'), undefined, undefined),
  };

  readonly #context: LifetimeContext;
  readonly #alive = new Map<Word, Registration>();
  readonly #generations = new Map<Word, number>();
  /** By tid: the insert that has not returned. */
  readonly #inserting = new Map<number, Registration>();

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    for (const registration of this.#alive.values()) this.#emit(registration, undefined, undefined);
  }

  #insert(insert: OccurrenceOf<'notifier.insert'>): void {
    if (insert.mni === undefined) return;
    const before = this.#alive.get(insert.mni);
    // its removal was not recorded: the memory could not have been used again otherwise
    if (before) this.#close(before, undefined, undefined);
    const registration = this.#register(insert.mni, 'insert', insert);
    registration.mm = insert.mm;
    registration.start = insert.start;
    registration.last = lastOf(insert.start, insert.length);
    this.#locate(registration);
    this.#inserting.set(insert.tid, registration);
  }

  #inserted(returned: OccurrenceOf<'notifier.insert_return'>): void {
    const registration = this.#inserting.get(returned.tid);
    if (!registration) return;
    this.#inserting.delete(returned.tid);
    registration.insertRet = returned.ret;
    if (returned.ret) this.#close(registration, markOf(returned), undefined);
  }

  #remove(remove: OccurrenceOf<'notifier.remove'>): void {
    if (remove.mni === undefined) return;
    let registration = this.#alive.get(remove.mni);
    if (!registration) {
      registration = this.#register(remove.mni, 'use', undefined);
      registration.mm = remove.mm;
      this.#locate(registration);
    }
    this.#close(registration, markOf(remove), remove.tid);
  }

  /** Learns of a notifier that was registered before the capture, and more of a known one. */
  #used(
    mni: Word | undefined,
    mm: Word | undefined,
    start: Word | undefined,
    last: Word | undefined,
  ): void {
    if (mni === undefined) return;
    const registration = this.#alive.get(mni) ?? this.#register(mni, 'use', undefined);
    registration.start ??= start;
    registration.last ??= last;
    if (registration.mm === undefined && mm !== undefined) {
      registration.mm = mm;
      this.#locate(registration);
    }
  }

  #register(mni: Word, source: 'insert' | 'use', by: Moment | undefined): Registration {
    const generation = this.#generations.get(mni) ?? 0;
    this.#generations.set(mni, generation + 1);
    const registration: Registration = {
      id: this.#context.nextId(notifierTable),
      mni,
      generation,
      mm: undefined,
      addressSpace: undefined,
      start: undefined,
      last: undefined,
      source,
      inserted: by && markOf(by),
      inserter: by && this.#context.live.taskOf(by.tid),
      insertRet: undefined,
    };
    this.#alive.set(mni, registration);
    this.#context.live.notifiers.set(mni, registration);
    return registration;
  }

  #locate(registration: Registration): void {
    const { mm } = registration;
    if (mm === undefined) return;
    registration.addressSpace = this.#context.live.addressSpaces.get(mm);
  }

  #close(registration: Registration, end: Mark | undefined, tid: number | undefined): void {
    this.#alive.delete(registration.mni);
    this.#context.live.notifiers.delete(registration.mni);
    this.#emit(registration, end, tid);
  }

  #emit(registration: Registration, end: Mark | undefined, removeTid: number | undefined): void {
    const { addressSpace, inserter } = registration;
    this.#context.emit(notifierTable, {
      id: registration.id,
      mni: registration.mni,
      generation: registration.generation,
      mm: registration.mm ?? null,
      address_space_id: addressSpace?.id ?? null,
      range_start: registration.start ?? null,
      range_last: registration.last ?? null,
      tid: inserter?.tid ?? null,
      process_id: addressSpace?.owner?.id ?? inserter?.process.id ?? null,
      insert_ret: registration.insertRet ?? null,
      remove_tid: removeTid ?? null,
      source: registration.source,
      ...lived(this.#context, registration.inserted, end),
    });
  }
}

/** `length` 0 asks for the whole address space, as ULONG_MAX does (mm/mmu_notifier.c). */
function lastOf(start: Word | undefined, length: Word | undefined): Word | undefined {
  if (start === undefined || length === undefined) return undefined;
  return BigInt.asUintN(64, BigInt(start) + BigInt(length) - 1n);
}
