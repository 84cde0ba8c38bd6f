import type { ProblemLog } from '../problem-log.ts';
import { Gaps } from './gaps.ts';
import type { PageLayout } from './page-layout.ts';
import type { PageSource } from './page-source.ts';
import {
  absoluteTime,
  COMMIT_MASK,
  LONGEST_LENGTH,
  MISSING_EVENTS,
  MISSING_STORED,
  PADDING,
  swapHeader,
  swapWord,
  TIME_EXTEND,
  TWO_27,
  TWO_32,
} from './ring-buffer-words.ts';
import type { ConvertTime } from './time-conversion.ts';

/** What {@link CpuStream.advance} found. */
export const EVENT = 0;
/** The chunk in memory is used up; `refill` overwrites it. */
export const NEEDS_REFILL = 1;
export type Step = typeof EVENT | typeof NEEDS_REFILL;

/** Times farther from the first event are damage: numbers could not hold them exactly either. */
const FARTHEST = Number.MAX_SAFE_INTEGER;
const IMPOSSIBLE_TIME = 'its time is more than 104 days from the first event';

export interface StreamShape {
  readonly buffer: number;
  readonly bufferName: string;
  readonly cpu: number;
  readonly littleEndian: boolean;
  readonly pageSize: number;
  readonly layout: PageLayout;
  readonly chunkBytes: number;
  readonly convert: ConvertTime | undefined;
}

/**
 * Walks the events of one CPU in one buffer. The fields that hold the event in hand are plain and
 * public because the merge reads them millions of times a second; nobody else writes them.
 */
export class CpuStream {
  readonly shape: StreamShape;
  /** Time of the event in hand, relative to the origin, converted. */
  time = 0;
  /** Byte in the chunk where the event's record (its common_type) starts, and its bytes. */
  head = 0;
  headSize = 0;
  /** common_type of the event in hand. */
  id = 0;
  /** The chunk in memory. */
  view: DataView = new DataView(new ArrayBuffer(0));
  /** Events walked so far. */
  events = 0;
  readonly gaps: Gaps;

  readonly #isLittle: boolean;
  readonly #isConverted: boolean;
  readonly #source: PageSource;
  readonly #problems: ProblemLog;
  #buffer: Uint8Array;
  #words: Uint32Array = new Uint32Array(0);
  /** Bytes of the chunk that hold pages. */
  #filled = 0;
  #nextPage = 0;
  /** Word of the next event header, and where the page's data ends. */
  #cursor = 0;
  #end = 0;
  /** Time as recorded, relative to the origin: a number, exact within 104 days of it. */
  #ts = 0;
  #origin = 0n;
  #originHigh = 0;
  #originLow = 0;
  #originConverted = 0n;
  /** The pages behind those in memory are damaged. */
  #isDamagedNext = false;
  /** The file ends inside the open page. */
  #isCut = false;

  constructor(shape: StreamShape, source: PageSource, problems: ProblemLog) {
    this.shape = shape;
    this.#isLittle = shape.littleEndian;
    this.#isConverted = shape.convert !== undefined;
    this.#source = source;
    this.#problems = problems;
    this.#buffer = new Uint8Array(shape.chunkBytes);
    this.gaps = new Gaps(shape.buffer, shape.cpu);
  }

  get consumed(): number {
    return this.#source.consumed;
  }

  /** Goes to the first event, counting from the first page's time; false when there is none. */
  begin(): boolean {
    if (!this.refill()) return false;
    this.#setOrigin(this.#firstPageTime(), 0n);
    return this.next();
  }

  /**
   * Once the capture's first event is known: counts time from there. False when this CPU's first
   * pages cannot be right and nothing else is left. Only right behind `begin`.
   */
  rebase(origin: bigint, originConverted: bigint): boolean {
    this.#ts = Number(this.rawTime - origin);
    this.#setOrigin(origin, originConverted);
    this.time = this.#converted();
    this.gaps.moveFirst(this.time);
    if (Math.abs(this.#ts) <= FARTHEST) return true;
    this.events = 0;
    this.#damagedPage(IMPOSSIBLE_TIME);
    return this.next();
  }

  /** Moves to the next event, refilling as needed; false at the end. */
  next(): boolean {
    while (this.advance() === NEEDS_REFILL) {
      if (!this.refill()) return false;
    }
    return true;
  }

  #setOrigin(origin: bigint, originConverted: bigint): void {
    this.#origin = origin;
    this.#originHigh = Number(origin >> 32n);
    this.#originLow = Number(origin & 0xffffffffn);
    this.#originConverted = originConverted;
  }

  #firstPageTime(): bigint {
    return this.#filled < 8 ? 0n : this.view.getBigUint64(0, this.shape.littleEndian);
  }

  /** The time of the event in hand before conversion. */
  get rawTime(): bigint {
    return this.#origin + BigInt(this.#ts);
  }

  /** Moves to the next event. The event in hand stays as it is unless there is one. */
  advance(): Step {
    for (;;) {
      const cursor = this.#cursor;
      if (cursor >= this.#end) {
        if (!this.#openPage()) return NEEDS_REFILL;
        continue;
      }
      const word = this.#header(cursor);
      const length = word & 31;
      if (length === 0 || length > LONGEST_LENGTH) {
        if (this.#unusual(word, length, cursor)) return EVENT;
      } else if (this.#take(cursor + 1, cursor + 1 + length, word >>> 5)) {
        return EVENT;
      }
    }
  }

  /** The event header with type_len in the low bits, as a little-endian kernel writes it. */
  #header(cursor: number): number {
    const word = this.#words[cursor] as number;
    return this.#isLittle ? word : swapHeader(word);
  }

  /** Takes the record in the words from `record` to `next` as the event in hand. */
  #take(record: number, next: number, delta: number): boolean {
    this.#ts += delta;
    if (next > this.#end) {
      this.#damagedPage('an event runs over the end of its page');
      return false;
    }
    this.#cursor = next;
    this.head = record << 2;
    this.headSize = (next - record) << 2;
    const first = this.#words[record] as number;
    this.id = this.#isLittle ? first & 0xffff : swapWord(first) >>> 16;
    const before = this.time;
    this.time = this.#isConverted ? this.#converted() : this.#ts;
    if (this.gaps.isOpen) this.gaps.close(this.events === 0 ? null : before, this.time);
    this.events++;
    return true;
  }

  /** Loads the next pages over the old ones. */
  refill(): boolean {
    if (this.#isDamagedNext) this.gaps.damaged();
    const bytes = this.#source.next(this.#buffer);
    const damage = this.#source.takeDamage();
    this.#isDamagedNext = damage?.kind === 'damaged';
    if (damage?.kind === 'truncated') this.gaps.isTruncated = true;
    if (damage)
      this.#report(
        damage.kind === 'truncated' ? 'truncated-cpu-data' : 'damaged-chunk',
        damage.message,
      );
    this.#nextPage = 0;
    this.#cursor = 0;
    this.#end = 0;
    if (!bytes) {
      this.#filled = 0;
      this.gaps.end(this.events === 0 ? null : this.time);
      return false;
    }
    if (bytes.buffer !== this.view.buffer) {
      this.#buffer = new Uint8Array(bytes.buffer);
      this.view = new DataView(bytes.buffer);
      this.#words = new Uint32Array(bytes.buffer, 0, bytes.buffer.byteLength >> 2);
    }
    this.#filled = bytes.length;
    return true;
  }

  /** Opens the next page in memory; false when there is none. */
  #openPage(): boolean {
    const { littleEndian, layout, pageSize } = this.shape;
    const at = this.#nextPage;
    const held = Math.min(pageSize, this.#filled - at);
    if (held <= 0) return false;
    this.#nextPage = at + pageSize;
    if (held < layout.dataOffset) {
      this.gaps.isTruncated = true;
      return true;
    }
    const view = this.view;
    const high = view.getUint32(at + (littleEndian ? 4 : 0), littleEndian);
    const low = view.getUint32(at + (littleEndian ? 0 : 4), littleEndian);
    const ts = (high - this.#originHigh) * TWO_32 + (low - this.#originLow);
    const commitAt = at + 8 + (littleEndian || layout.longSize === 4 ? 0 : 4);
    const commit = view.getUint32(commitAt, littleEndian);
    const start = at + layout.dataOffset;
    let bytes = commit & COMMIT_MASK;
    if (layout.dataOffset + bytes > pageSize || Math.abs(ts) > FARTHEST) {
      this.#end = start >> 2;
      this.#damagedPage(
        Math.abs(ts) > FARTHEST ? IMPOSSIBLE_TIME : `a page states ${bytes} bytes of events`,
      );
      return true;
    }
    if ((commit & MISSING_EVENTS) !== 0) this.#readMissing(commit, start + bytes, at + held);
    if (ts < this.#ts && this.events > 0) {
      this.#report(
        'time-runs-back',
        'has a page older than the one before: some of its times are wrong',
      );
    }
    this.#ts = ts;
    this.#isCut = layout.dataOffset + bytes > held;
    if (this.#isCut) {
      this.gaps.isTruncated = true;
      bytes = held - layout.dataOffset;
    }
    this.#cursor = start >> 2;
    this.#end = (start + bytes) >> 2;
    return true;
  }

  /** The number of lost events stands behind the data when there was room for it (ring_buffer.c). */
  #readMissing(commit: number, at: number, end: number): void {
    const { littleEndian, layout } = this.shape;
    const isStored = (commit & MISSING_STORED) !== 0 && at + layout.longSize <= end;
    const count = !isStored
      ? null
      : layout.longSize === 4
        ? this.view.getUint32(at, littleEndian)
        : Number(this.view.getBigUint64(at, littleEndian));
    this.gaps.lost(count !== null && count <= Number.MAX_SAFE_INTEGER ? count : null);
  }

  /** Everything but a short record; true when it is an event. */
  #unusual(word: number, length: number, cursor: number): boolean {
    if (cursor + 1 >= this.#end) {
      // Only a null event, which fills a page's last word, has no second word.
      if (length !== PADDING) this.#damagedPage('an event header is cut');
      this.#cursor = this.#end;
      return false;
    }
    const second = this.view.getUint32((cursor + 1) << 2, this.#isLittle);
    const delta = word >>> 5;
    if (length === 0) {
      // The length counts itself, and records are a whole number of words.
      if (second >= 8) return this.#take(cursor + 2, cursor + 1 + Math.ceil(second / 4), delta);
      this.#damagedPage('an event states an impossible length');
      return false;
    }
    this.#cursor = cursor + 2;
    if (length === PADDING) {
      // Without a delta it is a null event: nothing follows in the page (rb_event_length).
      this.#ts += delta;
      this.#cursor = delta === 0 ? this.#end : cursor + 1 + Math.ceil(second / 4);
      return false;
    }
    const ts =
      length === TIME_EXTEND
        ? this.#ts + second * TWO_27 + delta
        : absoluteTime(second, delta, this.#origin, this.#ts);
    if (Math.abs(ts) > FARTHEST) this.#damagedPage(IMPOSSIBLE_TIME);
    else this.#ts = ts;
    return false;
  }

  #converted(): number {
    const { convert, cpu } = this.shape;
    return convert ? Number(convert(this.rawTime, cpu) - this.#originConverted) : this.#ts;
  }

  /** Leaves the rest of a page whose events cannot be followed; the next page starts afresh. */
  #damagedPage(what: string): void {
    this.#cursor = this.#end;
    if (this.#isCut) return;
    this.gaps.damaged();
    this.#report('damaged-page', `has a damaged page: ${what}`);
  }

  #report(code: string, what: string): void {
    const { buffer, bufferName, cpu } = this.shape;
    const where = bufferName === '' ? '' : ` of buffer ${bufferName}`;
    this.#problems.add(code, 'data-loss', `CPU ${cpu}${where} ${what}`, {
      key: `${buffer} ${cpu}`,
    });
  }
}
