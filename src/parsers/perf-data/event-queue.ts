import type { Chunk } from './kept-bytes.ts';
import type { ThreadChange } from './thread-names.ts';

/** The type of an entry that is a thread's change and no event. */
export const CHANGE = -1;

const FIRST_CAPACITY = 4096;

/** The columns of the entries that wait; a second set takes those left over after a delivery. */
class Columns {
  capacity: number;
  time: Float64Array;
  type: Int32Array;
  cpu: Int32Array;
  tid: Int32Array;
  rawAt: Int32Array;
  rawSize: Int32Array;
  chainAt: Int32Array;
  source: (Chunk | ThreadChange | undefined)[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
    this.time = new Float64Array(capacity);
    this.type = new Int32Array(capacity);
    this.cpu = new Int32Array(capacity);
    this.tid = new Int32Array(capacity);
    this.rawAt = new Int32Array(capacity);
    this.rawSize = new Int32Array(capacity);
    this.chainAt = new Int32Array(capacity);
  }

  copy(to: number, from: Columns, row: number): void {
    this.time[to] = from.time[row] as number;
    this.type[to] = from.type[row] as number;
    this.cpu[to] = from.cpu[row] as number;
    this.tid[to] = from.tid[row] as number;
    this.rawAt[to] = from.rawAt[row] as number;
    this.rawSize[to] = from.rawSize[row] as number;
    this.chainAt[to] = from.chainAt[row] as number;
    this.source[to] = from.source[row];
  }

  grown(capacity: number): Columns {
    const larger = new Columns(capacity);
    larger.time.set(this.time);
    larger.type.set(this.type);
    larger.cpu.set(this.cpu);
    larger.tid.set(this.tid);
    larger.rawAt.set(this.rawAt);
    larger.rawSize.set(this.rawSize);
    larger.chainAt.set(this.chainAt);
    larger.source = this.source;
    return larger;
  }
}

/**
 * Events that wait until nothing earlier can follow. perf copies its ring buffers one after the
 * other, so the queue is made of runs that are each in order: merging runs sorts it in little more
 * than one pass.
 */
export class EventQueue {
  columns: Columns = new Columns(FIRST_CAPACITY);
  length = 0;
  /** Bytes of the records that are kept for the waiting events. */
  bytes = 0;
  latest: number = Number.NEGATIVE_INFINITY;
  /** Rows in time order, those of equal time in file order; valid after `sort`. */
  order: Uint32Array = new Uint32Array(FIRST_CAPACITY);
  #spareOrder: Uint32Array = new Uint32Array(FIRST_CAPACITY);
  #spare: Columns = new Columns(FIRST_CAPACITY);
  #taken = 0;

  /** A row to be filled in. */
  add(time: number, bytes: number): number {
    if (this.length === this.columns.capacity) {
      this.columns = this.columns.grown(this.length * 2);
    }
    const row = this.length++;
    this.columns.time[row] = time;
    this.bytes += bytes;
    if (time > this.latest) this.latest = time;
    return row;
  }

  /** Puts `order` right. */
  sort(): void {
    if (this.order.length < this.length) {
      this.order = new Uint32Array(this.columns.capacity);
      this.#spareOrder = new Uint32Array(this.columns.capacity);
    }
    const { time } = this.columns;
    for (let row = 0; row < this.length; row++) this.order[row] = row;
    let runs = runStarts(time, this.length);
    while (runs.length > 2) {
      const merged: number[] = [0];
      for (let run = 0; run + 1 < runs.length; run += 2) {
        const start = runs[run] as number;
        const middle = runs[run + 1] as number;
        const end = runs[run + 2] ?? middle;
        merge(time, this.order, this.#spareOrder, start, middle, end);
        merged.push(end);
      }
      [this.order, this.#spareOrder] = [this.#spareOrder, this.order];
      runs = merged;
    }
  }

  /** Time of the entry `n` in order. */
  timeAt(n: number): number {
    return this.columns.time[this.order[n] as number] as number;
  }

  /** Time of the first entry up to `limit` that is an event; only after `sort`. */
  firstEvent(limit: number): number | undefined {
    for (let n = 0; n < this.length; n++) {
      const row = this.order[n] as number;
      if ((this.columns.time[row] as number) > limit) return undefined;
      if (this.columns.type[row] !== CHANGE) return this.columns.time[row];
    }
    return undefined;
  }

  /** The first `count` entries in order have been used. */
  taken(count: number): void {
    this.#taken = count;
  }

  /** Forgets the used entries; those left keep their order. */
  compact(): void {
    const left = this.length - this.#taken;
    if (this.#spare.capacity < left) this.#spare = new Columns(this.columns.capacity);
    for (let n = 0; n < left; n++) {
      this.#spare.copy(n, this.columns, this.order[this.#taken + n] as number);
    }
    this.bytes = this.length === 0 ? 0 : (this.bytes * left) / this.length;
    this.columns.source.length = 0;
    [this.columns, this.#spare] = [this.#spare, this.columns];
    this.columns.source.length = left;
    this.length = left;
    this.#taken = 0;
  }
}

/** Where the runs begin that are in order, and the end of the last. */
function runStarts(time: Float64Array, length: number): number[] {
  const starts = [0];
  for (let row = 1; row < length; row++) {
    if ((time[row] as number) < (time[row - 1] as number)) starts.push(row);
  }
  starts.push(length);
  return starts;
}

function merge(
  time: Float64Array,
  from: Uint32Array,
  into: Uint32Array,
  start: number,
  middle: number,
  end: number,
): void {
  let left = start;
  let right = middle;
  for (let at = start; at < end; at++) {
    const takeLeft =
      right >= end ||
      (left < middle &&
        (time[from[left] as number] as number) <= (time[from[right] as number] as number));
    into[at] = from[takeLeft ? left++ : right++] as number;
  }
}
