import type { Moment, ProbeSource, Word } from '../../kernel/occurrence.ts';
import { invalidationCallbackTable, invalidationTable } from './invalidation-tables.ts';
import type { LifetimeContext } from './lifetime.ts';
import type {
  LiveAddressSpace,
  LiveTask,
  Mark,
  OpenInvalidation,
  OpenWait,
} from './live-objects.ts';
import { flag, lived } from './lived.ts';

/** How an invalidation was seen. */
export type InvalidationSource = ProbeSource | 'syscall' | 'callback' | 'release';

/** A driver callback that has not returned. */
export interface Callback {
  readonly function: string;
  readonly module: string | undefined;
  readonly mni: Word | undefined;
  readonly tid: number;
  readonly start: Mark;
}

/** What is known of the range when it begins. */
export interface InvalidatedRange {
  readonly mm?: Word | undefined;
  readonly start?: Word | undefined;
  readonly end?: Word | undefined;
  readonly flags?: number | undefined;
  readonly reason?: number | undefined;
  readonly sane?: boolean;
}

const REFUSED = -11;

/** One invalidation while it lasts. */
export class Invalidation implements OpenInvalidation {
  readonly id: number;
  readonly startTs: number;
  readonly startEvent: number;
  readonly tid: number;
  readonly source: InvalidationSource;
  mm: Word | undefined;
  addressSpace: LiveAddressSpace | undefined;
  returned = false;
  /** The last entry of a callback inside. */
  lastEnteredTs = 0;
  /** The last callback or wait inside that ended. */
  lastInside: Mark | undefined;
  readonly #context: LifetimeContext;
  readonly #task: LiveTask | undefined;
  readonly #syscallId: number | undefined;
  #range: InvalidatedRange;
  #return: Mark | undefined;
  #ret: number | undefined;
  readonly #callbacks: Callback[] = [];
  readonly #waits = new Set<OpenWait>();
  #callbackCount = 0;
  #callbackNs = 0;
  #longestCallbackNs = -1;
  #longestCallback: string | undefined;
  #waitNs = 0;
  #longestWaitNs = -1;
  #longestWaitId: number | undefined;

  constructor(
    context: LifetimeContext,
    begin: Moment,
    range: InvalidatedRange,
    source: InvalidationSource,
  ) {
    this.#context = context;
    this.id = context.nextId(invalidationTable);
    this.startTs = begin.ts;
    this.startEvent = begin.event;
    this.tid = begin.tid;
    this.source = source;
    this.#task = context.live.taskOf(begin.tid);
    this.#syscallId = context.live.syscalls.get(begin.tid)?.use();
    this.#range = range;
    this.mm = range.mm;
    this.addressSpace = this.#locate();
  }

  get range(): InvalidatedRange {
    return this.#range;
  }

  get reason(): number | undefined {
    return this.#range.reason;
  }

  /** No probe on the begin shows it: it is inferred from what else was recorded. */
  get synthetic(): boolean {
    return this.source === 'syscall' || this.source === 'callback' || this.source === 'release';
  }

  /** A callback or a wait inside has not ended. */
  get busy(): boolean {
    return this.#callbacks.length > 0 || this.#waits.size > 0;
  }

  /** Two probes on the function, or a probe and a function tracer: one of them knew the range. */
  isSameCall(begin: Moment & InvalidatedRange, withinNs: number): boolean {
    const complementary = (this.mm === undefined) !== (begin.mm === undefined);
    const fresh = begin.ts - this.startTs <= withinNs && this.#callbackCount === 0 && !this.busy;
    return complementary && fresh && this.#range.sane !== false && begin.sane !== false;
  }

  learn(range: InvalidatedRange): void {
    if (this.mm !== undefined) return;
    this.#range = range;
    this.mm = range.mm;
    this.addressSpace = this.#locate();
  }

  isRange(mm: Word | undefined, start: Word | undefined, end: Word | undefined): boolean {
    return this.mm === mm && this.#range.start === start && this.#range.end === end;
  }

  /** Nothing speaks against an end of this mm being its end. */
  couldBe(mm: Word | undefined): boolean {
    return mm === undefined || this.mm === undefined || this.mm === mm;
  }

  returns(at: Mark, ret: number | undefined): void {
    this.returned = true;
    this.#return = at;
    this.#ret = ret;
    this.#forgetCallbacks();
  }

  calls(callback: Callback): void {
    this.#callbacks.push(callback);
    this.lastEnteredTs = callback.start.ts;
  }

  /** Nothing is waited for in it: a callback that entered long ago has returned unseen. */
  get isIdle(): boolean {
    return this.#waits.size === 0;
  }

  /** False when no such callback is running. */
  callReturns(name: string, at: Mark, ret: number | undefined): boolean {
    const place = this.#callbacks.findLastIndex((open) => open.function === name);
    const callback = this.#callbacks[place];
    if (!callback) return false;
    // what lies above it lost its return
    this.#callbacks.length = place;
    this.lastInside = at;
    this.#callbackEnded(callback, at, ret);
    return true;
  }

  waitBegan(wait: OpenWait): void {
    this.#waits.add(wait);
  }

  waitEnded(wait: OpenWait, end: Mark | undefined): void {
    if (!this.#waits.delete(wait) || !end) return;
    this.lastInside = end;
    this.#countWait(wait, end.ts);
  }

  /** Writes the row; `captureEnd` when it is still open as the capture ends. */
  emit(end: Mark | undefined, captureEnd: number | undefined): void {
    if (captureEnd !== undefined) {
      for (const wait of this.#waits) this.#countWait(wait, captureEnd);
      const outermost = this.#callbacks[0];
      if (outermost) this.#countCallback(outermost, captureEnd);
    } else {
      this.#forgetCallbacks();
    }
    const range = this.#range;
    this.#context.emit(invalidationTable, {
      id: this.id,
      mm: this.mm ?? null,
      address_space_id: this.addressSpace?.id ?? null,
      tid: this.tid,
      process_id: this.#task?.process.id ?? null,
      victim_process_id: this.addressSpace?.owner?.id ?? null,
      range_start: range.start ?? null,
      range_end: range.end ?? null,
      flags: range.flags ?? null,
      reason: range.reason ?? null,
      ...this.#insideColumns(),
      syscall_id: this.#syscallId ?? null,
      sane: flag(range.sane !== false),
      source: this.source,
      ...lived(this.#context, { ts: this.startTs, event: this.startEvent }, end),
    });
  }

  #insideColumns() {
    return {
      return_ts: this.#return?.ts ?? null,
      return_event: this.#return?.event ?? null,
      ret: this.#ret ?? null,
      refused: flag(this.#ret === REFUSED),
      callback_ns: this.#callbackNs,
      callbacks: this.#callbackCount,
      callback_function: this.#longestCallback ?? null,
      wait_ns: this.#waitNs,
      longest_wait_id: this.#longestWaitId ?? null,
      longest_wait_ns: this.#longestWaitId === undefined ? null : this.#longestWaitNs,
    };
  }

  #locate(): LiveAddressSpace | undefined {
    return this.mm === undefined ? undefined : this.#context.live.addressSpaces.get(this.mm);
  }

  /** Callbacks whose returns nobody recorded: that they ran is all there is to say. */
  #forgetCallbacks(): void {
    const outermost = this.#callbacks[0];
    this.#callbacks.length = 0;
    if (!outermost) return;
    this.#callbackCount += 1;
    this.#longestCallback ??= outermost.function;
  }

  #callbackEnded(callback: Callback, at: Mark, ret: number | undefined): void {
    // a callback called by another one is part of its time
    if (this.#callbacks.length === 0) this.#countCallback(callback, at.ts);
    this.#context.emit(invalidationCallbackTable, {
      id: this.#context.nextId(invalidationCallbackTable),
      invalidation_id: this.id,
      function: callback.function,
      module: callback.module ?? null,
      mni: callback.mni ?? null,
      tid: callback.tid,
      ret: ret ?? null,
      ...lived(this.#context, callback.start, at),
    });
  }

  #countCallback(callback: Callback, endTs: number): void {
    const ns = endTs - callback.start.ts;
    this.#callbackCount += 1;
    this.#callbackNs += ns;
    if (ns <= this.#longestCallbackNs) return;
    this.#longestCallbackNs = ns;
    this.#longestCallback = callback.function;
  }

  #countWait(wait: OpenWait, endTs: number): void {
    const ns = endTs - wait.startTs;
    this.#waitNs += ns;
    if (ns <= this.#longestWaitNs) return;
    this.#longestWaitNs = ns;
    this.#longestWaitId = wait.id;
  }
}
