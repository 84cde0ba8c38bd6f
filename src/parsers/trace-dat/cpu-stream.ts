import type { Loss } from '../parser.ts';
import type { PageLayout } from './page-layout.ts';
import type { PageSource } from './page-source.ts';
import type { ProblemLog } from './problem-log.ts';
import type { ConvertTime } from './time-conversion.ts';

/** What {@link CpuStream.advance} found. */
export const EVENT = 0;
/** The chunk in memory is used up; `refill` overwrites it. */
export const NEEDS_REFILL = 1;
export type Step = typeof EVENT | typeof NEEDS_REFILL;

// include/linux/ring_buffer.h: enum ring_buffer_type; 1 to 28 is a length in words, 31 an absolute time.
const LONGEST_LENGTH = 28;
const PADDING = 29;
const TIME_EXTEND = 30;

// kernel/trace/ring_buffer.c: flags kept beside the commit, above the length of the data.
const COMMIT_MASK = 0x07ffffff;
const MISSING_EVENTS = 0x80000000;
const MISSING_STORED = 0x40000000;

const TWO_27 = 2 ** 27;
const TWO_32 = 2 ** 32;
const TWO_59 = 2 ** 59;

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
  readonly losses: Loss[] = [];

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
  /** Events are missing ahead of the next one: how many, or null; undefined when none are. */
  #missing: number | null | undefined;
  /** The gap comes from damage in the file, not from the recorder. */
  #isDamaged = false;
  #isTruncated = false;
  #wasDamaged = false;

  constructor(shape: StreamShape, source: PageSource, problems: ProblemLog) {
    this.shape = shape;
    this.#isLittle = shape.littleEndian;
    this.#isConverted = shape.convert !== undefined;
    this.#source = source;
    this.#problems = problems;
    this.#buffer = new Uint8Array(shape.chunkBytes);
  }

  get consumed(): number {
    return this.#source.consumed;
  }

  /** Goes to the first event, counting from the first page's time; false when there is none. */
  begin(): boolean {
    let isFirst = true;
    for (;;) {
      if (!this.refill()) return false;
      if (isFirst) this.#setOrigin(this.#firstPageTime(), 0n);
      isFirst = false;
      if (this.advance() === EVENT) return true;
    }
  }

  /** Once the capture's first event is known: counts time from there. Only right behind `begin`. */
  rebase(origin: bigint, originConverted: bigint): void {
    this.#ts = Number(this.rawTime - origin);
    this.#setOrigin(origin, originConverted);
    this.time = this.#converted();
    for (const loss of this.losses.splice(0)) this.losses.push({ ...loss, to: this.time });
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
    if (this.#missing !== undefined) this.#closeGap(before);
    this.events++;
    return true;
  }

  /** Loads the next pages over the old ones. */
  refill(): boolean {
    if (this.#wasDamaged) this.#gapFromDamage();
    const bytes = this.#source.next(this.#buffer);
    const damage = this.#source.takeDamage();
    if (damage) {
      const { cpu } = this.shape;
      this.#isTruncated ||= damage.kind === 'truncated';
      this.#wasDamaged = damage.kind === 'damaged';
      this.#problems.add(
        damage.kind === 'truncated' ? 'truncated-cpu-data' : 'damaged-chunk',
        'data-loss',
        `CPU ${cpu}${this.#inBuffer()} ${damage.message}`,
        { key: `${this.shape.buffer} ${cpu}` },
      );
    } else {
      this.#wasDamaged = false;
    }
    this.#nextPage = 0;
    this.#cursor = 0;
    this.#end = 0;
    if (!bytes) {
      this.#filled = 0;
      this.#atEnd();
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
      this.#isTruncated = true;
      return true;
    }
    const view = this.view;
    const high = view.getUint32(at + (littleEndian ? 4 : 0), littleEndian);
    const low = view.getUint32(at + (littleEndian ? 0 : 4), littleEndian);
    this.#ts = (high - this.#originHigh) * TWO_32 + (low - this.#originLow);
    const commitAt = at + 8 + (littleEndian || layout.longSize === 4 ? 0 : 4);
    const commit = view.getUint32(commitAt, littleEndian);
    const start = at + layout.dataOffset;
    let bytes = commit & COMMIT_MASK;
    if (layout.dataOffset + bytes > pageSize) {
      this.#end = this.#cursor = start >> 2;
      this.#damagedPage(`a page states ${bytes} bytes of events`);
      return true;
    }
    if ((commit & MISSING_EVENTS) !== 0) this.#readMissing(commit, start + bytes, at + held);
    if (layout.dataOffset + bytes > held) {
      this.#isTruncated = true;
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
    if (this.#missing === undefined) this.#missing = count;
    else this.#missing = count === null || this.#missing === null ? null : this.#missing + count;
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
    if (length === TIME_EXTEND) {
      this.#ts += second * TWO_27 + delta;
    } else if (length !== PADDING) {
      this.#ts = this.#absolute(second, delta);
    } else {
      // Without a delta it is a null event: nothing follows in the page (rb_event_length).
      this.#ts += delta;
      this.#cursor = delta === 0 ? this.#end : cursor + 1 + Math.ceil(second / 4);
    }
    return false;
  }

  /**
   * An absolute time stamp holds 59 bits; the top 5 are those of the time before it, or one more
   * where the lower bits have wrapped since (rb_fix_abs_ts, ring_buffer.c).
   */
  #absolute(high: number, low: number): number {
    const origin = this.#origin & ((1n << 59n) - 1n);
    const originHigh = Number(origin >> 27n);
    const originLow = Number(origin & 0x7ffffffn);
    const relative = (high - originHigh) * TWO_27 + (low - originLow);
    const turns = Math.round((this.#ts - relative) / TWO_59);
    return relative + turns * TWO_59;
  }

  #converted(): number {
    const { convert, cpu } = this.shape;
    return convert ? Number(convert(this.rawTime, cpu) - this.#originConverted) : this.#ts;
  }

  /** The event in hand is the first behind missing ones; `before` is the time of the last ahead. */
  #closeGap(before: number): void {
    const { buffer, cpu } = this.shape;
    const from = this.events === 0 ? null : before;
    const kind = from === null && !this.#isDamaged ? 'overwritten' : 'dropped';
    this.losses.push({ buffer, cpu, from, to: this.time, events: this.#missing ?? null, kind });
    this.#missing = undefined;
    this.#isDamaged = false;
  }

  #atEnd(): void {
    const { buffer, cpu } = this.shape;
    const from = this.events === 0 ? null : this.time;
    if (this.#isTruncated) {
      this.losses.push({ buffer, cpu, from, to: null, events: null, kind: 'truncated' });
    } else if (this.#missing !== undefined) {
      this.losses.push({ buffer, cpu, from, to: null, events: this.#missing, kind: 'dropped' });
    }
    this.#missing = undefined;
  }

  /** Leaves the rest of a page whose events cannot be followed; the next page starts afresh. */
  #damagedPage(what: string): void {
    const { cpu, buffer } = this.shape;
    this.#cursor = this.#end;
    this.#gapFromDamage();
    this.#problems.add('damaged-page', 'data-loss', `CPU ${cpu}${this.#inBuffer()}: ${what}`, {
      key: `${buffer} ${cpu}`,
    });
  }

  #gapFromDamage(): void {
    this.#missing = null;
    this.#isDamaged = true;
  }

  #inBuffer(): string {
    return this.shape.bufferName === '' ? '' : ` of buffer ${this.shape.bufferName}`;
  }
}

function swapWord(word: number): number {
  return ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

/** A big-endian kernel keeps type_len in the top bits; this gives the little-endian order of both. */
function swapHeader(word: number): number {
  const value = swapWord(word);
  return (value << 5) | (value >>> 27);
}
