import type { Moment, Word } from '../../kernel/occurrence.ts';
import type { LifetimeContext } from './lifetime.ts';
import type { LiveAddressSpace, Mark, OpenInvalidation } from './live-objects.ts';
import { lived } from './lived.ts';
import { rangeFaultAttemptTable, rangeFaultTable } from './range-fault-tables.ts';

export interface FaultedRange {
  readonly mni: Word | undefined;
  readonly mm: Word | undefined;
  readonly start: Word | undefined;
  readonly end: Word | undefined;
}

const EBUSY = -16;
/** Two probes on one function fire within this. */
const SAME_CALL_NS = 20e3;

interface Attempt {
  readonly start: Mark;
  readonly read: Mark | undefined;
  readonly fault: Mark;
  readonly seq: Word | undefined;
  ended: Mark | undefined;
  /** Invalidations of the range while it ran, by the thread itself and by others. */
  ownCollisions: number;
  otherCollisions: number;
}

interface Actor {
  count: number;
  readonly reasons: Map<number, number>;
}

/** A fault episode while it lasts. */
export class Episode {
  readonly tid: number;
  readonly mm: Word | undefined;
  lastRet: number | undefined;
  /** The last attempt went on with the sequence that had been refused: no attempt can win any more. */
  isHopeless = false;
  lastSeq: Word | undefined;
  readonly #id: number;
  readonly #context: LifetimeContext;
  readonly #addressSpace: LiveAddressSpace | undefined;
  #range: FaultedRange;
  #attempts = 0;
  #busy = 0;
  #seqChanges = 0;
  #stale = 0;
  #longestNs: number | undefined;
  #selfInflicted = 0;
  #first: Attempt | undefined;
  #last: Attempt | undefined;
  #wrapper: { readonly name: string; readonly entered: Mark } | undefined;
  #unwrapped: { readonly at: Mark; readonly ret: number | undefined } | undefined;
  #colliding = 0;
  /** Collisions since the last attempt ended: they count once another attempt follows. */
  #waiting: Moment[] = [];
  #waitingReasons: (number | undefined)[] = [];
  #firstColliding: number | undefined;
  #blocked: Mark | undefined;
  readonly #actors = new Map<number, Actor>();

  constructor(context: LifetimeContext, range: FaultedRange, tid: number) {
    this.#context = context;
    this.#id = context.nextId(rangeFaultTable);
    this.#range = range;
    this.tid = tid;
    this.mm = range.mm;
    this.#addressSpace =
      range.mm === undefined ? undefined : context.live.addressSpaces.get(range.mm);
  }

  /** hmm_range_fault has been entered and not returned. */
  get isInside(): boolean {
    return this.#last !== undefined && !this.#last.ended;
  }

  get startTs(): number {
    return this.#first?.start.ts ?? 0;
  }

  get lastEndTs(): number {
    return this.#last?.ended?.ts ?? this.#last?.fault.ts ?? 0;
  }

  /** hmm_range_fault does not call itself: a second entry at once is another probe on it. */
  isSameCall(fault: Moment): boolean {
    return this.isInside && fault.ts - (this.#last?.fault.ts ?? 0) <= SAME_CALL_NS;
  }

  learn(range: FaultedRange): void {
    if (this.#range.start === undefined) this.#range = range;
  }

  isOf(mni: Word | undefined): boolean {
    return this.#range.mni === mni;
  }

  isRange(range: FaultedRange): boolean {
    const { mni, start, end } = this.#range;
    return mni === range.mni && start === range.start && end === range.end;
  }

  /** `readsSeen`: mmu_interval_read_begin is recorded, so that one without it made none. */
  attempt(
    start: Mark,
    read: Mark | undefined,
    fault: Mark,
    seq: Word | undefined,
    readsSeen: boolean,
  ): void {
    if (this.isInside) this.returned(undefined, undefined);
    this.#countWaiting();
    this.isHopeless = this.lastRet === EBUSY && !read && this.#isRefused(seq, readsSeen);
    if (this.isHopeless) this.#stale += 1;
    if (this.lastSeq !== undefined && seq !== undefined && seq !== this.lastSeq) {
      this.#seqChanges += 1;
    }
    this.lastSeq = seq;
    this.lastRet = undefined;
    this.#attempts += 1;
    const ended = undefined;
    this.#last = { start, read, fault, seq, ended, ownCollisions: 0, otherCollisions: 0 };
    this.#first ??= this.#last;
  }

  #isRefused(seq: Word | undefined, readsSeen: boolean): boolean {
    if (seq !== undefined && this.lastSeq !== undefined) return seq === this.lastSeq;
    return readsSeen;
  }

  /** The capture ended in its mmu_interval_read_begin. */
  blocks(read: Mark): void {
    this.#blocked = read;
  }

  /** Without a moment: its return was lost. */
  returned(at: Mark | undefined, ret: number | undefined): void {
    const attempt = this.#last;
    if (!attempt || attempt.ended) return;
    attempt.ended = at;
    this.lastRet = ret;
    if (ret === EBUSY) {
      this.#busy += 1;
      if (attempt.ownCollisions > 0 && attempt.otherCollisions === 0) this.#selfInflicted += 1;
    }
    if (at) this.#longestNs = Math.max(this.#longestNs ?? 0, at.ts - attempt.start.ts);
    this.#emitAttempt(attempt, ret);
  }

  /** An invalidation of the mm begins. */
  collides(
    begin: Moment & { start: Word | undefined; end: Word | undefined; reason: number | undefined },
  ): void {
    if (!this.#watches(begin)) return;
    if (!this.isInside) {
      const MOST_WAITING = 4096;
      if (this.#waiting.length >= MOST_WAITING) return;
      this.#waiting.push(begin);
      this.#waitingReasons.push(begin.reason);
      return;
    }
    const attempt = this.#last;
    if (attempt && begin.tid === this.tid) attempt.ownCollisions += 1;
    else if (attempt) attempt.otherCollisions += 1;
    this.#countCollision(begin.tid, begin.event, begin.reason);
  }

  /**
   * What bumps the sequence is any invalidation of the notifier's own range, which may be far wider
   * than the one faulted. Unknown bounds may be anything.
   */
  #watches(begin: { readonly start?: Word | undefined; readonly end?: Word | undefined }): boolean {
    const { mni, start, end } = this.#range;
    const notifier = mni === undefined ? undefined : this.#context.live.notifiers.get(mni);
    const first = notifier?.start ?? start;
    const last = notifier?.last ?? end;
    if (first === undefined || last === undefined) return true;
    if (begin.start === undefined || begin.end === undefined) return true;
    return begin.start <= last && first < begin.end;
  }

  /**
   * An invalidation that was under way when the attempt began: its notifiers may still be to come.
   * It is counted here only when it began before the episode did.
   */
  meets(open: OpenInvalidation): void {
    if (open.returned || open.mm !== this.mm || !this.#watches(open.range)) return;
    const attempt = this.#last;
    if (attempt && open.tid === this.tid) attempt.ownCollisions += 1;
    else if (attempt) attempt.otherCollisions += 1;
    if (this.#attempts > 1 || open.startTs > this.startTs) return;
    this.#countCollision(open.tid, open.startEvent, open.range.reason);
  }

  wrapped(name: string, entered: Mark): void {
    this.#wrapper = { name, entered };
  }

  unwrapped(at: Mark, ret: number | undefined): void {
    this.#unwrapped = { at, ret };
  }

  /** `open` when the capture ends with it; otherwise a missing return was lost or never recorded. */
  emit(open: boolean): void {
    const outcome = this.#outcome(open);
    if (this.isInside && this.#last) this.#emitAttempt(this.#last, undefined);
    const end = this.#blocked ? undefined : this.#last?.ended;
    this.#context.emit(rangeFaultTable, {
      id: this.#id,
      tid: this.tid,
      process_id: this.#addressSpace?.owner?.id ?? null,
      address_space_id: this.#addressSpace?.id ?? null,
      mm: this.mm ?? null,
      mni: this.#range.mni ?? null,
      range_start: this.#range.start ?? null,
      range_end: this.#range.end ?? null,
      attempts: this.#attempts,
      busy: this.#busy,
      last_ret: this.lastRet ?? null,
      seq_changes: this.#seqChanges,
      stale: this.#stale,
      ...this.#wrapperColumns(),
      outcome,
      longest_attempt_ns: this.#longestNs ?? null,
      self_inflicted: this.#selfInflicted,
      ...this.#collisionColumns(),
      blocked_ts: this.#blocked?.ts ?? null,
      blocked_event: this.#blocked?.event ?? null,
      ...lived(this.#context, this.#first?.start ?? this.#blocked, end),
    });
  }

  #collisionColumns() {
    const top = this.#topActor();
    return {
      colliding: this.#colliding,
      top_actor_tid: top?.tid ?? null,
      top_actor_reason: top?.reason ?? null,
      first_colliding_event: this.#firstColliding ?? null,
    };
  }

  #wrapperColumns() {
    return {
      wrapper: this.#wrapper?.name ?? null,
      wrapper_ret: this.#unwrapped?.ret ?? null,
      wrapper_start_ts: this.#wrapper?.entered.ts ?? null,
      wrapper_end_ts: this.#unwrapped?.at.ts ?? null,
      wrapper_event: this.#wrapper?.entered.event ?? null,
      wrapper_return_event: this.#unwrapped?.at.event ?? null,
    };
  }

  /** The wrapper knows best; NULL where no return was recorded. */
  #outcome(open: boolean): 'ok' | 'busy' | 'error' | 'open' | null {
    if (this.#blocked) return 'open';
    if (this.isInside) return open ? 'open' : null;
    const ret = this.#unwrapped?.ret ?? this.lastRet;
    if (ret === undefined) return null;
    if (ret === EBUSY) return 'busy';
    return ret < 0 ? 'error' : 'ok';
  }

  #emitAttempt(attempt: Attempt, ret: number | undefined): void {
    this.#context.emit(rangeFaultAttemptTable, {
      id: this.#context.nextId(rangeFaultAttemptTable),
      range_fault_id: this.#id,
      n: this.#attempts,
      read_begin_event: attempt.read?.event ?? null,
      read_begin_ts: attempt.read?.ts ?? null,
      seq: attempt.seq ?? null,
      fault_event: attempt.fault.event,
      return_event: attempt.ended?.event ?? null,
      ret: ret ?? null,
      ...lived(this.#context, attempt.start, attempt.ended),
    });
  }

  #countWaiting(): void {
    this.#waiting.forEach((begin, index) => {
      this.#countCollision(begin.tid, begin.event, this.#waitingReasons[index]);
    });
    this.#waiting = [];
    this.#waitingReasons = [];
  }

  #countCollision(tid: number, event: number, reason: number | undefined): void {
    this.#colliding += 1;
    this.#firstColliding ??= event;
    let actor = this.#actors.get(tid);
    if (!actor) {
      actor = { count: 0, reasons: new Map() };
      this.#actors.set(tid, actor);
    }
    actor.count += 1;
    if (reason !== undefined) actor.reasons.set(reason, (actor.reasons.get(reason) ?? 0) + 1);
  }

  #topActor(): { readonly tid: number; readonly reason: number | undefined } | undefined {
    let top: { readonly tid: number; readonly actor: Actor } | undefined;
    for (const [tid, actor] of this.#actors) {
      if (!top || actor.count > top.actor.count) top = { tid, actor };
    }
    if (!top) return undefined;
    const reasons = [...top.actor.reasons].sort((a, b) => b[1] - a[1]);
    return { tid: top.tid, reason: reasons[0]?.[0] };
  }
}
