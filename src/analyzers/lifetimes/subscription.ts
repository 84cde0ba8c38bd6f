import type { Moment, Word } from '../../kernel/occurrence.ts';
import type { Table } from '../../store/table.ts';
import { address, counter, reference, span, text, thread } from './columns.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveAddressSpace, LiveTask, Mark } from './live-objects.ts';
import { lived, markOf } from './lived.ts';

export const subscriptionTable: Table = {
  name: 'subscription',
  doc: 'A notifier of a whole mm (struct mmu_notifier), from register or get to unregister or the last put.',
  columns: [
    address('pointer', 'mmu_notifier pointer.'),
    address('mm', 'mm_struct pointer.'),
    reference('address_space_id', 'address_space', 'address_space.id of that mm.'),
    reference('process_id', 'process', 'process.id of the owner of the mm.'),
    thread('tid', 'Thread that registered it.'),
    counter('gets', 'References taken by mmu_notifier_get or register.'),
    counter('puts', 'References given back.'),
    text('source', "'register' or 'get'."),
    ...span('__mmu_notifier_register or mmu_notifier_get_locked', 'unregister or the last put'),
  ],
  indexes: [['mm']],
};

/** Notifiers of whole mms: mm/mmu_notifier.c, mmu_notifier_register and mmu_notifier_get. */
export const subscription: Lifetime = {
  kind: 'subscription',
  tables: [subscriptionTable],
  track: (context) => new SubscriptionTracker(context),
};

/** mmu_notifier_register may wait for mmap_lock before it calls on. */
const SAME_CALL_NS = 100e6;

interface Subscription {
  readonly id: number;
  readonly pointer: Word;
  readonly mm: Word | undefined;
  readonly space: LiveAddressSpace | undefined;
  readonly task: LiveTask | undefined;
  readonly source: 'register' | 'get';
  readonly born: Mark;
  gets: number;
  puts: number;
}

class SubscriptionTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    // mmu_notifier_get registers a new one inside: its return counts
    'subscription.register': (register) => {
      if (this.#getting.has(register.tid)) return;
      this.#take(register.subscription, register.mm, register, 'register');
    },
    'subscription.get': (get) => this.#getting.set(get.tid, get.mm),
    'subscription.get_return': (returned) => {
      const mm = this.#getting.get(returned.tid);
      this.#getting.delete(returned.tid);
      this.#take(returned.subscription, mm, returned, 'get');
    },
    'subscription.unregister': (drop) => this.#drop(drop.subscription, drop),
    'subscription.put': (drop) => this.#drop(drop.subscription, drop),
  };
  readonly #context: LifetimeContext;
  readonly #alive = new Map<Word, Subscription>();
  /** By tid: the mm of a get that has not returned. */
  readonly #getting = new Map<number, Word | undefined>();

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    for (const open of this.#alive.values()) this.#emit(open, undefined);
  }

  #take(
    pointer: Word | undefined,
    mm: Word | undefined,
    moment: Moment,
    source: Subscription['source'],
  ): void {
    if (pointer === undefined) return;
    const known = this.#alive.get(pointer);
    if (known && source === 'get') {
      known.gets += 1;
      return;
    }
    // one probe on mmu_notifier_register and one on the function it calls
    if (known?.task?.tid === moment.tid && moment.ts - known.born.ts <= SAME_CALL_NS) return;
    // registered anew at the same address: the end of the old one was not recorded
    if (known) this.#emit(known, undefined);
    const { live } = this.#context;
    this.#alive.set(pointer, {
      id: this.#context.nextId(subscriptionTable),
      pointer,
      mm,
      space: mm === undefined ? undefined : live.addressSpaces.get(mm),
      task: live.taskOf(moment.tid),
      source,
      born: markOf(moment),
      gets: 1,
      puts: 0,
    });
  }

  #drop(pointer: Word | undefined, moment: Moment): void {
    const known = pointer === undefined ? undefined : this.#alive.get(pointer);
    if (!known) return;
    known.puts += 1;
    if (known.puts < known.gets) return;
    this.#alive.delete(known.pointer);
    this.#emit(known, markOf(moment));
  }

  #emit(over: Subscription, end: Mark | undefined): void {
    this.#context.emit(subscriptionTable, {
      id: over.id,
      pointer: over.pointer,
      mm: over.mm ?? null,
      address_space_id: over.space?.id ?? null,
      process_id: over.space?.owner?.id ?? over.task?.process.id ?? null,
      tid: over.task?.tid ?? null,
      gets: over.gets,
      puts: over.puts,
      source: over.source,
      ...lived(this.#context, over.born, end),
    });
  }
}
