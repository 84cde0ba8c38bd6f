import { CallAssembler, type CallEvent } from './call-assembler.ts';
import type { Dialect, Facts, LostEvents, Scanner } from './dialect.ts';
import { CALL, type Call, Line, LOSS, REST, SKIP, STACK, USER_STACK } from './line.ts';
import type { TextSource } from './text-source.ts';

/** `line` holds the next event; its bytes stay where they are until `FLUSH`. */
export const READ = 0;
/** `made` holds the next event, which is no line of its own. */
export const MADE = 1;
/** The bytes of all lines so far are about to go. */
export const FLUSH = 2;
export const END = 3;
export type ReadStep = 0 | 1 | 2 | 3;

/** What happens ahead of events and beside them. */
export interface ReaderNotes {
  /** Called between the events on both sides of the gap. */
  lost(lost: LostEvents): void;
  /** A line nothing is known of. */
  unknown(bytes: Buffer, start: number, end: number): void;
  /** An event is longer than what is kept. */
  cut(): void;
}

const CARRIAGE_RETURN = 13;
/** Names whose payload may go on on the next line. */
const MULTILINE =
  /^(print|bprint|bputs|console|tracing_mark_write|kernel_stack|user_stack|raw_data)$/;

/** Joins lines to events and brings them into time order. */
export class EventReader {
  line: Line = new Line();
  made: CallEvent | undefined;
  readonly source: TextSource;
  readonly #notes: ReaderNotes;
  readonly #scanner: Scanner;
  #calls: CallAssembler | undefined;
  #pending = new Line();
  #ahead = new Line();
  #hasPending = false;
  #hasAhead = false;
  /** Nothing more belongs to the pending event. */
  #isReady = false;
  #isFlushed = false;
  #isAtEnd = false;
  /** Gaps between the event given out last and the pending one. */
  readonly #lost: LostEvents[] = [];
  #isReleased = true;

  constructor(source: TextSource, dialect: Dialect, facts: Facts, notes: ReaderNotes) {
    this.source = source;
    this.#notes = notes;
    this.#scanner = dialect.scanner(facts);
    source.rewind();
  }

  get hasNoTime(): boolean {
    return this.#scanner.hasNoTime;
  }

  next(): ReadStep {
    if (this.#isReleased) this.#tellLosses();
    while (!this.#isReady) {
      if (this.source.next()) this.#readLine();
      else {
        const step = this.#atChunkEnd();
        if (step !== undefined) return step;
      }
    }
    return this.#release();
  }

  /** Undefined when there is more to read. */
  #atChunkEnd(): ReadStep | undefined {
    if (this.#hasPending && (this.#isAtEnd || this.source.isFull(this.#pending.start))) {
      this.#isReady = true;
      return undefined;
    }
    if (this.#isAtEnd) {
      this.#tellLosses();
      return this.#takeMade(undefined) ? MADE : END;
    }
    if (!this.#isFlushed) {
      this.#isFlushed = true;
      this.made = undefined;
      return FLUSH;
    }
    this.#refill();
    return undefined;
  }

  #tellLosses(): void {
    this.#isReleased = false;
    if (this.#lost.length === 0) return;
    for (const lost of this.#lost.splice(0)) this.#notes.lost(lost);
  }

  #refill(): void {
    this.#isFlushed = false;
    const keep = this.#hasPending ? this.#pending.start : Number.POSITIVE_INFINITY;
    const moved = this.source.refill(keep);
    if (moved < 0) this.#isAtEnd = true;
    else if (this.#hasPending) this.#pending.shift(moved);
  }

  #readLine(): void {
    const { source } = this;
    const { bytes, start } = source;
    let { end } = source;
    while (end > start && bytes[end - 1] === CARRIAGE_RETURN) end--;
    const line = this.#ahead;
    this.#scanner.scan(bytes, start, end, line);
    if (source.isCut) this.#notes.cut();
    if (line.form === SKIP) return;
    if (line.form === LOSS) {
      this.#lost.push(this.#scanner.lost(bytes, start, end));
      if (!this.#hasPending) this.#tellLosses();
    } else if (line.form === REST) this.#continue(bytes, start, end);
    else {
      this.#hasAhead = true;
      if (this.#hasPending) this.#isReady = true;
      else this.#advance();
    }
  }

  /** A line without a head is the rest of a text with line feeds, of a stack, or unknown. */
  #continue(bytes: Buffer, start: number, end: number): void {
    const { form, nameStart, nameEnd, payloadEnd, payloadStart } = this.#pending;
    const goesOn =
      this.#hasPending &&
      (form === STACK ||
        form === USER_STACK ||
        (form !== CALL &&
          (MULTILINE.test(bytes.toString('latin1', nameStart, nameEnd)) ||
            // amdgpu_vm_update_ptes prints its array on a line of its own
            (payloadEnd > payloadStart && bytes[payloadEnd - 1] === 58))));
    if (goesOn) this.#pending.payloadEnd = end;
    else if (start < end) this.#notes.unknown(bytes, start, end);
  }

  /** The line read ahead becomes the pending one. */
  #advance(): void {
    const line = this.#ahead;
    this.#ahead = this.#pending;
    this.#pending = line;
    this.#hasAhead = false;
    this.#hasPending = true;
    if (line.form !== CALL && this.#scanner.hasNoTime) {
      line.call = undefined;
      this.#assembler().setTime(line);
    }
  }

  #release(): ReadStep {
    if (this.#takeMade(this.#pending)) return MADE;
    const line = this.#pending;
    this.#pending = this.line;
    this.line = line;
    this.#isReady = false;
    this.#hasPending = false;
    this.#isReleased = true;
    const isCall = line.form === CALL;
    if (isCall) this.made = this.#assembler().add(line, line.call as Call);
    if (this.#hasAhead) this.#advance();
    return isCall ? MADE : READ;
  }

  #takeMade(line: Line | undefined): boolean {
    this.made = this.#calls?.takeDue(line);
    return this.made !== undefined;
  }

  #assembler(): CallAssembler {
    this.#calls ??= new CallAssembler(!this.#scanner.hasNoTime);
    return this.#calls;
  }
}
