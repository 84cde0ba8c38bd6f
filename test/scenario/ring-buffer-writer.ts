/**
 * Ring-buffer pages of one CPU, as the kernel lays them out (kernel/trace/ring_buffer.c,
 * rb_update_event and ring_buffer_read_page): an 8-byte time stamp, a long `commit` with the loss
 * flags, then events of 4-byte words.
 */

export interface PageLayout {
  readonly littleEndian: boolean;
  /** Bytes of the kernel's long: the size of `commit`. */
  readonly longSize: 4 | 8;
  readonly pageSize: number;
}

/** What stands between or instead of events. */
export type PageItem =
  | { readonly kind: 'event'; readonly ts: bigint; readonly payload: Uint8Array }
  /** Events were lost before the next event; null when the kernel does not know how many. */
  | { readonly kind: 'loss'; readonly events: number | null }
  /** A discarded event: mid-page padding of this many payload bytes whose delta still counts. */
  | { readonly kind: 'discarded'; readonly ts: bigint; readonly bytes: number }
  /** Write the next event's time as an absolute stamp (type 31) instead of a delta. */
  | { readonly kind: 'absolute' }
  /** Begin a new page here. */
  | { readonly kind: 'page' };

/** Largest delta that fits the 27 bits of an event header. */
const MAX_DELTA = (1n << 27n) - 1n;
const PADDING = 29;
const TIME_EXTEND = 30;
const TIME_STAMP = 31;
const MAX_SMALL_BYTES = 28 * 4;
/** Bits of `commit`: events were lost before this page; their number stands after the data. */
const MISSED_EVENTS = 0x8000_0000;
const MISSED_STORED = 0x4000_0000;

/** All pages of one CPU, one after another. */
export function encodePages(items: readonly PageItem[], layout: PageLayout): Uint8Array {
  const writer = new PageWriter(layout);
  for (const item of items) {
    if (item.kind === 'loss') writer.lose(item.events);
    else if (item.kind === 'page') writer.flush();
    else if (item.kind === 'absolute') writer.absoluteNext = true;
    else if (item.kind === 'discarded') writer.discard(item.ts, item.bytes);
    else writer.event(item.ts, item.payload);
  }
  writer.flush();
  return concatenate(writer.pages);
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

class PageWriter {
  readonly pages: Uint8Array[] = [];
  absoluteNext = false;
  readonly #layout: PageLayout;
  readonly #headerSize: number;
  #page: DataView | undefined;
  /** Bytes of data in the open page. */
  #used = 0;
  #last = 0n;
  /** Events lost before the next page: undefined when none were, null when nobody counted them. */
  #lost: number | null | undefined;

  constructor(layout: PageLayout) {
    this.#layout = layout;
    this.#headerSize = 8 + layout.longSize;
  }

  event(ts: bigint, payload: Uint8Array): void {
    const words = Math.ceil(payload.length / 4);
    const small = words > 0 && words * 4 <= MAX_SMALL_BYTES;
    const size = (small ? 4 : 8) + words * 4;
    const delta = this.#makeRoom(ts, size);
    if (small) {
      this.#header(words, delta);
    } else {
      this.#header(0, delta);
      this.#word(payload.length + 4);
    }
    const page = this.#open(ts);
    new Uint8Array(page.buffer).set(payload, this.#headerSize + this.#used);
    this.#used += words * 4;
  }

  discard(ts: bigint, bytes: number): void {
    const words = Math.ceil(bytes / 4);
    const delta = this.#makeRoom(ts, 8 + words * 4);
    // A delta of 0 would mean that the rest of the page is unused (rb_event_discard, kbuffer-parse.c).
    this.#header(PADDING, delta === 0n ? 1n : delta);
    if (delta === 0n) this.#last += 1n;
    this.#word(words * 4 + 4);
    this.#used += words * 4;
  }

  lose(events: number | null): void {
    this.flush();
    this.#lost = events;
  }

  flush(): void {
    const page = this.#page;
    if (!page) return;
    let commit = this.#used;
    if (this.#lost !== undefined) {
      commit |= MISSED_EVENTS;
      const free = this.#layout.pageSize - this.#headerSize - this.#used;
      if (this.#lost !== null && free >= this.#layout.longSize) {
        commit |= MISSED_STORED;
        this.#long(page, this.#headerSize + this.#used, this.#lost);
      }
    }
    this.#long(page, 8, commit >>> 0);
    this.pages.push(new Uint8Array(page.buffer));
    this.#lost = undefined;
    this.#page = undefined;
    this.#used = 0;
  }

  /** Opens a page with room for `size` bytes, writes a time extend where needed; gives the delta. */
  #makeRoom(ts: bigint, size: number): bigint {
    // 8 bytes for a time extend, and room for a loss count behind the data.
    const reserve = 8 + (this.#lost === undefined ? 0 : this.#layout.longSize);
    if (size + reserve > this.#layout.pageSize - this.#headerSize) {
      throw new Error(`an event of ${size} bytes does not fit a page`);
    }
    if (this.#page && this.#used + size + reserve > this.#layout.pageSize - this.#headerSize) {
      this.flush();
    }
    this.#open(ts);
    const delta = ts - this.#last;
    if (delta < 0n) throw new Error(`time goes backwards on one CPU: ${ts} after ${this.#last}`);
    this.#last = ts;
    if (this.absoluteNext) {
      this.absoluteNext = false;
      // Bits 59..63 are not stored; the reader takes them from its current time.
      const low = ts & ((1n << 59n) - 1n);
      this.#header(TIME_STAMP, low & MAX_DELTA);
      this.#word(Number(low >> 27n));
      return 0n;
    }
    if (delta > MAX_DELTA) {
      this.#header(TIME_EXTEND, delta & MAX_DELTA);
      this.#word(Number(delta >> 27n));
      return 0n;
    }
    return delta;
  }

  #open(ts: bigint): DataView {
    if (this.#page) return this.#page;
    this.#page = new DataView(new ArrayBuffer(this.#layout.pageSize));
    this.#page.setBigUint64(0, ts, this.#layout.littleEndian);
    this.#last = ts;
    return this.#page;
  }

  #header(type: number, delta: bigint): void {
    const { littleEndian } = this.#layout;
    const low = Number(delta);
    this.#word(littleEndian ? low * 32 + type : type * 0x800_0000 + low);
  }

  #word(value: number): void {
    const page = this.#page;
    if (!page) throw new Error('no open page');
    page.setUint32(this.#headerSize + this.#used, value >>> 0, this.#layout.littleEndian);
    this.#used += 4;
  }

  #long(page: DataView, at: number, value: number): void {
    if (this.#layout.longSize === 8) {
      page.setBigUint64(at, BigInt(value), this.#layout.littleEndian);
    } else {
      page.setUint32(at, value, this.#layout.littleEndian);
    }
  }
}
