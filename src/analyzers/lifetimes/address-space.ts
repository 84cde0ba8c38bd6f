import type { Moment, OccurrenceOf, Word } from '../../kernel/occurrence.ts';
import type { Table } from '../../store/table.ts';
import { address, integer, moment, ordinal, reference, span, text, thread } from './columns.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveAddressSpace, LiveProcess, LiveTask } from './live-objects.ts';
import { lived, markOf } from './lived.ts';
import { Retirement } from './retirement.ts';

export const addressSpaceTable: Table = {
  name: 'address_space',
  doc: 'An mm_struct. Its address is reused within milliseconds, so (mm, generation) is its identity.',
  label: "coalesce('mm of ' || pid, format('0x%x', mm))",
  columns: [
    address('mm', 'mm_struct pointer.'),
    integer('generation', 'How many earlier address spaces of the capture had this pointer.'),
    reference('process_id', 'process', 'process.id of its owner; NULL = unknown.'),
    integer('pid', 'pid of its owner.'),
    moment('release_ts', '__mmu_notifier_release: its notifiers are told it dies, relative ns.'),
    ordinal('release_event', 'That event.'),
    thread('end_tid', 'Thread that ran exit_mmap; a kworker when somebody held mm_users.'),
    text(
      'end_reason',
      "'exit', 'exec' or 'other-task' (exit_mmap by a task outside the owner's group).",
    ),
    moment('drop_ts', '__mmdrop: the struct itself was freed, relative ns.'),
    ordinal('drop_event', 'That event.'),
    ...span('fork or exec of its owner', 'exit_mmap'),
  ],
  indexes: [['mm'], ['process_id']],
};

/** Address spaces, from whatever names an mm: notifiers, invalidations, exit_mmap. */
export const addressSpace: Lifetime = {
  kind: 'address-space',
  tables: [addressSpaceTable],
  track: (context) => new AddressSpaceTracker(context),
};

/** The struct may be freed long after exit_mmap, where somebody holds mm_count. */
const KEEP_NS = 30e9;
const KEEP_MOST = 4096;
/** Of mm_mt in struct mm_struct: first (6.1), or behind mm_count in a cache line of its own (6.12). */
const MAPLE_OFFSETS: readonly number[] = [0, 64, 128, 256];

class AddressSpaceTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'notifier.insert': (insert) => {
      if (insert.mm !== undefined) this.#watched(insert.mm, insert, false);
    },
    'subscription.register': (register) => {
      if (register.mm !== undefined) this.#watched(register.mm, register, false);
    },
    'subscription.get': (get) => {
      if (get.mm !== undefined) this.#watched(get.mm, get, false);
    },
    'invalidation.begin': (begin) => {
      if (begin.mm !== undefined) this.#watched(begin.mm, begin, true);
    },
    'hmm.read_begin': (read) => {
      if (read.mm !== undefined) this.#sight(read.mm, read);
    },
    'hmm.range_fault': (fault) => {
      if (fault.mm !== undefined) this.#sight(fault.mm, fault);
    },
    'mm.release': (release) => {
      if (release.mm === undefined) return;
      const space = this.#sight(release.mm, release);
      space.released ??= markOf(release);
      space.releasedBy ??= release.tid;
    },
    'mm.exit': (exit) => this.#exit(exit),
    'mm.drop': (drop) => this.#drop(drop),
    'task.exec': (exec) => this.#explain(exec.oldTid, 'exec'),
    'task.exit': (exit) => this.#explain(exit.tid, 'exit'),
  };

  readonly #context: LifetimeContext;
  readonly #alive: Map<Word, LiveAddressSpace>;
  readonly #generations = new Map<Word, number>();
  /** Ended but not yet freed, by pointer: the last generation only. */
  readonly #ended = new Map<Word, LiveAddressSpace>();
  /** By tid: its exit_mmap whose reason the next exec or exit tells. */
  readonly #unexplained = new Map<number, LiveAddressSpace>();
  readonly #retirement = new Retirement<LiveAddressSpace>(KEEP_NS, KEEP_MOST, (space) =>
    this.#let(space),
  );

  constructor(context: LifetimeContext) {
    this.#context = context;
    this.#alive = context.live.addressSpaces;
  }

  finish(): void {
    this.#retirement.empty();
    for (const space of this.#alive.values()) this.#emit(space);
  }

  #sight(mm: Word, moment: Moment): LiveAddressSpace {
    const known = this.#alive.get(mm) ?? this.#ending(mm, moment.tid);
    if (known) return known;
    const generation = this.#generations.get(mm) ?? 0;
    this.#generations.set(mm, generation + 1);
    const space: LiveAddressSpace = {
      id: this.#context.nextId(addressSpaceTable),
      mm,
      generation,
      owner: undefined,
      ownerIsWeak: true,
      notified: false,
      born: undefined,
      firstTs: moment.ts,
      released: undefined,
      releasedBy: undefined,
      ended: undefined,
      endTid: undefined,
      endReason: undefined,
      dropped: undefined,
    };
    this.#alive.set(mm, space);
    return space;
  }

  /**
   * A probe on exit_mmap fires at its entry; the notifiers are released inside it. Until the thread
   * is past its exit or exec, what it does to the mm belongs to the one it is ending.
   */
  #ending(mm: Word, tid: number): LiveAddressSpace | undefined {
    const last = this.#ended.get(mm);
    if (last?.endTid !== tid) return undefined;
    if (this.#unexplained.get(tid) === last) return last;
    const ending = this.#context.live.tasks.get(tid);
    const lastExecTs = ending?.process.mmBorn?.ts ?? 0;
    return ending?.exited && (last.ended?.ts ?? 0) >= lastExecTs ? last : undefined;
  }

  /** A task uses it as its own: drivers bind for `current`; who unmaps may be reclaim. */
  #watched(mm: Word, moment: Moment, weak: boolean): void {
    this.#leave(mm, moment.tid, weak);
    const space = this.#sight(mm, moment);
    space.notified = true;
    if (!space.owner || (space.ownerIsWeak && !weak)) this.#own(space, moment.tid, weak);
  }

  #own(space: LiveAddressSpace, tid: number, weak: boolean): void {
    const user = this.#context.live.taskOf(tid);
    if (!user || user.kernelThread) return;
    const { process } = user;
    space.owner = process;
    space.ownerIsWeak = weak;
    // its mm is of the last exec or fork, unless another mm of it is already known to be
    if (!process.addressSpace) space.born = process.mmBorn;
    process.addressSpace ??= space;
  }

  /**
   * Where exit_mmap was not recorded or lost: nobody but the releasing thread touches an mm after its
   * release, and a dead process binds nothing. The pointer is another mm's now.
   */
  #leave(mm: Word, tid: number, weak: boolean): void {
    const known = this.#alive.get(mm);
    if (!known) return;
    const user = this.#context.live.taskOf(tid);
    if (!user || user.kernelThread || user.process === known.owner) return;
    const isGone = known.released !== undefined && known.releasedBy !== tid;
    const isOthers = !weak && !known.ownerIsWeak && known.owner?.died !== undefined;
    if (isGone || isOthers) this.#end(known, known.released?.ts ?? known.firstTs);
  }

  #exit(exit: OccurrenceOf<'mm.exit'>): void {
    const { live } = this.#context;
    const mm =
      exit.mm ?? this.#aroundMaple(exit.maple) ?? live.processOf(exit.tid)?.addressSpace?.mm;
    if (mm === undefined || this.#endedAlready(mm, exit.tid)) return;
    const space = this.#sight(mm, exit);
    if (!space.owner || space.ownerIsWeak) this.#own(space, exit.tid, false);
    const actor = live.taskOf(exit.tid);
    space.ended = markOf(exit);
    space.endTid = exit.tid;
    if (actor && isStranger(actor, space.owner)) space.endReason = 'other-task';
    else if (actor?.exited) space.endReason = 'exit';
    else this.#unexplained.set(exit.tid, space);
    this.#end(space, exit.ts);
  }

  /** No other mm begins so near before it: an mm_struct is longer. */
  #aroundMaple(maple: Word | undefined): Word | undefined {
    if (maple === undefined) return undefined;
    return MAPLE_OFFSETS.map((offset) =>
      typeof maple === 'bigint' ? maple - BigInt(offset) : maple - offset,
    ).find((mm) => this.#alive.has(mm));
  }

  /** exit_mmap by tracepoint and by probe are one. */
  #endedAlready(mm: Word, tid: number): boolean {
    return !this.#alive.has(mm) && this.#ending(mm, tid) !== undefined;
  }

  #end(space: LiveAddressSpace, ts: number): void {
    this.#alive.delete(space.mm);
    clearOf(space.owner, space);
    this.#ended.set(space.mm, space);
    this.#retirement.add(space, ts);
  }

  /** Up to 6.15 exit_mmap comes before the exit or exec that caused it. */
  #explain(tid: number, reason: 'exit' | 'exec'): void {
    const space = this.#unexplained.get(tid);
    if (!space) return;
    space.endReason ??= reason;
    this.#unexplained.delete(tid);
  }

  /** exit_mmap does not fire for an mm without mappings: freed is ended all the same. */
  #drop(drop: OccurrenceOf<'mm.drop'>): void {
    if (drop.mm === undefined) return;
    const space = this.#ended.get(drop.mm);
    if (space && !space.dropped) {
      space.dropped = markOf(drop);
      return;
    }
    const alive = this.#alive.get(drop.mm);
    if (!alive) return;
    alive.dropped = markOf(drop);
    this.#end(alive, drop.ts);
  }

  #let(space: LiveAddressSpace): void {
    if (this.#ended.get(space.mm) === space) this.#ended.delete(space.mm);
    this.#emit(space);
  }

  #emit(space: LiveAddressSpace): void {
    this.#context.emit(addressSpaceTable, {
      id: space.id,
      mm: space.mm,
      generation: space.generation,
      process_id: space.owner?.id ?? null,
      pid: space.owner?.pid ?? null,
      release_ts: space.released?.ts ?? null,
      release_event: space.released?.event ?? null,
      end_tid: space.endTid ?? null,
      end_reason: space.endReason ?? null,
      drop_ts: space.dropped?.ts ?? null,
      drop_event: space.dropped?.event ?? null,
      ...lived(this.#context, space.born, space.ended),
    });
  }
}

/** Surely no thread of the owner; one born before the capture may be. */
function isStranger(actor: LiveTask, owner: LiveProcess | undefined): boolean {
  if (actor.kernelThread) return true;
  return owner !== undefined && actor.process !== owner && actor.isThread !== undefined;
}

function clearOf(owner: LiveProcess | undefined, space: LiveAddressSpace): void {
  if (owner?.addressSpace === space) owner.addressSpace = undefined;
}
