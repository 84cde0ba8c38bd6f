import type { OccurrenceOf, Word } from '../../kernel/occurrence.ts';
import { CallStacks, type Frame } from './call-stack.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { Mark } from './live-objects.ts';
import { markOf } from './lived.ts';
import { Episode, type FaultedRange } from './open-range-fault.ts';
import { rangeFaultAttemptTable, rangeFaultTable } from './range-fault-tables.ts';

/**
 * Fault episodes. A retry is not an event: it shows as another attempt of the same thread for the
 * same notifier and range after -EBUSY, or with another sequence number (mmu_interval_read_retry is
 * inline). The same sequence number after 0 means that the attempt before was committed. A loop that
 * goes on with the number that was refused ends only by being given up: who reads a new one is out of it.
 */
export const rangeFault: Lifetime = {
  kind: 'range-fault',
  tables: [rangeFaultTable, rangeFaultAttemptTable],
  track: (context) => new RangeFaultTracker(context),
};

const EBUSY = -16;
const EAGAIN = -11;
/** An attempt later than this after the last one is a fault of its own. */
const GAP_NS = 100e6;

/** mmu_interval_read_begin of a thread, waiting for its hmm_range_fault. */
interface Read {
  readonly begin: Mark;
  readonly mni: Word | undefined;
  readonly mm: Word | undefined;
  seq: Word | undefined;
  returned: boolean;
}

interface Wrapper extends Frame {
  readonly role: OccurrenceOf<'probe.enter'>['role'];
  readonly entered: Mark;
}

class RangeFaultTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'hmm.read_begin': (read) => this.#read(read),
    'hmm.read_begin_return': (returned) => this.#readReturned(returned),
    'hmm.range_fault': (fault) => this.#fault(fault),
    'hmm.range_fault_return': (returned) => this.#faultReturned(returned),
    'invalidation.begin': (begin) => this.#collide(begin),
    'probe.enter': (probe) => this.#enter(probe),
    'probe.return': (probe) => this.#leave(probe),
    // the driver goes on with what it faulted in: the attempt was committed
    'fence.init': (init) => this.#committed(init.tid),
    'job.queue': (job) => this.#committed(job.tid),
    'mapping.bound': (bound) => this.#committed(bound.tid),
    'syscall.exit': (exit) => this.#closeOf(exit.tid),
    'task.exit': (exit) => this.#gone(exit.tid),
  };
  readonly #context: LifetimeContext;
  readonly #reads = new Map<number, Read>();
  readonly #episodes = new Map<number, Episode>();
  readonly #byMm = new Map<Word, Set<Episode>>();
  readonly #wrappers = new CallStacks<Wrapper>();
  #readsSeen = false;
  /** Returns of mmu_interval_read_begin are recorded. */
  #returnsSeen = false;

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    for (const [tid, read] of this.#reads) this.#block(tid, read);
    for (const episode of [...this.#episodes.values()]) this.#close(episode, true);
  }

  #read(read: OccurrenceOf<'hmm.read_begin'>): void {
    this.#readsSeen = true;
    this.#reads.set(read.tid, {
      begin: markOf(read),
      mni: read.mni,
      mm: read.mm ?? this.#context.live.mmOfNotifier(read.mni),
      seq: undefined,
      returned: false,
    });
  }

  #readReturned(returned: OccurrenceOf<'hmm.read_begin_return'>): void {
    const read = this.#reads.get(returned.tid);
    if (read && !read.returned) {
      this.#returnsSeen = true;
      read.seq = returned.seq;
      read.returned = true;
      return;
    }
    // only the return is probed
    this.#readsSeen = true;
    this.#reads.set(returned.tid, {
      begin: markOf(returned),
      mni: undefined,
      mm: undefined,
      seq: returned.seq,
      returned: true,
    });
  }

  /** A thread that never came out of mmu_interval_read_begin, where others do. */
  #block(tid: number, read: Read): void {
    if (read.returned || !this.#returnsSeen) return;
    const notifier =
      read.mni === undefined ? undefined : this.#context.live.notifiers.get(read.mni);
    let episode = this.#episodes.get(tid);
    if (episode && (episode.isInside || !episode.isOf(read.mni))) {
      this.#close(episode);
      episode = undefined;
    }
    const end = notifier?.last === undefined ? undefined : BigInt(notifier.last) + 1n;
    const range = { mni: read.mni, mm: read.mm, start: notifier?.start, end };
    episode ??= this.#open(range, tid);
    episode.blocks(read.begin);
  }

  #fault(fault: OccurrenceOf<'hmm.range_fault'>): void {
    const read = this.#reads.get(fault.tid);
    this.#reads.delete(fault.tid);
    const range = this.#rangeOf(fault, read);
    const began = read?.begin ?? markOf(fault);
    const seq = fault.seq ?? read?.seq;
    let episode = this.#episodes.get(fault.tid);
    if (episode?.isSameCall(fault)) {
      episode.learn(range);
      return;
    }
    const isLeft = episode?.isHopeless === true && read !== undefined;
    if (episode && (isLeft || !this.#continues(episode, range, began, seq))) {
      this.#close(episode);
      episode = undefined;
    }
    episode ??= this.#open(range, fault.tid);
    episode.attempt(began, read?.begin, markOf(fault), seq, this.#readsSeen);
    this.#meetOpenInvalidations(episode);
  }

  #meetOpenInvalidations(episode: Episode): void {
    if (episode.mm === undefined) return;
    for (const stack of this.#context.live.invalidations.values()) {
      for (const open of stack) episode.meets(open);
    }
  }

  #rangeOf(fault: OccurrenceOf<'hmm.range_fault'>, read: Read | undefined): FaultedRange {
    const mni = fault.mni ?? read?.mni;
    const { live } = this.#context;
    const notifier = mni === undefined ? undefined : live.notifiers.get(mni);
    return {
      mni,
      mm: fault.mm ?? read?.mm ?? notifier?.mm,
      start: fault.start,
      end: fault.end,
    };
  }

  #continues(episode: Episode, range: FaultedRange, began: Mark, seq: Word | undefined): boolean {
    if (!episode.isRange(range) || began.ts - episode.lastEndTs > GAP_NS) return false;
    if (episode.lastRet === EBUSY) return true;
    if (episode.lastRet !== undefined && episode.lastRet < 0) return false;
    return seq !== undefined && episode.lastSeq !== undefined && seq !== episode.lastSeq;
  }

  #open(range: FaultedRange, tid: number): Episode {
    const episode = new Episode(this.#context, range, tid);
    this.#episodes.set(tid, episode);
    const known = this.#wrappers.of(tid).findLast((frame) => frame.role === 'range-fault-wrapper');
    if (known) episode.wrapped(known.function, known.entered);
    if (range.mm === undefined) return episode;
    const others = this.#byMm.get(range.mm);
    if (others) others.add(episode);
    else this.#byMm.set(range.mm, new Set([episode]));
    return episode;
  }

  #faultReturned(returned: OccurrenceOf<'hmm.range_fault_return'>): void {
    this.#episodes.get(returned.tid)?.returned(markOf(returned), returned.ret);
  }

  #collide(begin: OccurrenceOf<'invalidation.begin'>): void {
    if (begin.mm === undefined) return;
    const episodes = this.#byMm.get(begin.mm);
    if (!episodes) return;
    for (const episode of episodes) episode.collides(begin);
  }

  #enter(probe: OccurrenceOf<'probe.enter'>): void {
    if (probe.role === 'invalidate-callback') return;
    this.#wrappers.push(probe.tid, {
      function: probe.function,
      role: probe.role,
      entered: markOf(probe),
    });
  }

  /** A function that began before the first attempt and ends now was around the whole episode. */
  #leave(probe: OccurrenceOf<'probe.return'>): void {
    const frame = this.#wrappers.pop(probe.tid, probe.function);
    const episode = this.#episodes.get(probe.tid);
    if (!frame || !episode || episode.isInside) return;
    if (frame.entered.ts > episode.startTs) return;
    episode.wrapped(frame.function, frame.entered);
    // amdgpu_hmm_range_get_pages since 6.12: one attempt per call, its caller tries again
    if (probe.ret === EAGAIN && episode.lastRet === EBUSY) return;
    episode.unwrapped(markOf(probe), probe.ret);
    this.#close(episode);
  }

  #committed(tid: number): void {
    const episode = this.#episodes.get(tid);
    if (episode && !episode.isInside && (episode.lastRet ?? -1) >= 0) this.#close(episode);
  }

  #closeOf(tid: number): void {
    const episode = this.#episodes.get(tid);
    if (episode) this.#close(episode);
  }

  #gone(tid: number): void {
    this.#closeOf(tid);
    this.#reads.delete(tid);
    this.#wrappers.clear(tid);
  }

  #close(episode: Episode, open = false): void {
    this.#episodes.delete(episode.tid);
    if (episode.mm !== undefined) {
      const others = this.#byMm.get(episode.mm);
      others?.delete(episode);
      if (others?.size === 0) this.#byMm.delete(episode.mm);
    }
    episode.emit(open);
  }
}
