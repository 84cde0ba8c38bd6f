import type { CpuStream } from './cpu-stream.ts';

/**
 * The CPUs that still have events, as a binary heap by the time of the event in hand. Equal times
 * come in the order the streams were given: top buffer first, then CPU number, as trace-cmd report
 * does. Times stand in an array of their own: where CPUs take turns at every event, the merge asks
 * for little else.
 */
export class StreamHeap {
  /** The stream whose event is next; undefined when all are through. */
  first: CpuStream | undefined;
  /**
   * The first stream stays first while its time is below this, or equal to it if `isFirstAtTie`:
   * a whole run of one CPU's events needs no look at the heap.
   */
  limit: number = Number.POSITIVE_INFINITY;
  isFirstAtTie = true;
  readonly #streams: CpuStream[];
  readonly #orders: Int32Array;
  readonly #times: Float64Array;
  #size: number;

  constructor(streams: readonly CpuStream[]) {
    this.#streams = [...streams];
    this.#orders = Int32Array.from(streams, (_, order) => order);
    this.#times = Float64Array.from(streams, (stream) => stream.time);
    this.#size = streams.length;
    for (let at = (this.#size >> 1) - 1; at >= 0; at--) this.#sink(at);
    this.#settle();
  }

  /** Restores the order after the first stream moved on. */
  moved(): void {
    this.#times[0] = (this.#streams[0] as CpuStream).time;
    this.#sink(0);
    this.#settle();
  }

  /** Drops the first stream. */
  finished(): void {
    const last = --this.#size;
    this.#streams[0] = this.#streams[last] as CpuStream;
    this.#orders[0] = this.#orders[last] as number;
    this.#times[0] = this.#times[last] as number;
    this.#streams.length = last;
    if (last > 1) this.#sink(0);
    this.#settle();
  }

  #settle(): void {
    this.first = this.#streams[0];
    const size = this.#size;
    if (size < 2) {
      this.limit = Number.POSITIVE_INFINITY;
      this.isFirstAtTie = true;
      return;
    }
    const second = size > 2 && this.#isBefore(2, 1) ? 2 : 1;
    this.limit = this.#times[second] as number;
    this.isFirstAtTie = (this.#orders[0] as number) < (this.#orders[second] as number);
  }

  #sink(from: number): void {
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#size) return;
      if (child + 1 < this.#size && this.#isBefore(child + 1, child)) child++;
      if (!this.#isBefore(child, at)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const difference = (this.#times[a] as number) - (this.#times[b] as number);
    if (difference !== 0) return difference < 0;
    return (this.#orders[a] as number) < (this.#orders[b] as number);
  }

  #swap(a: number, b: number): void {
    const stream = this.#streams[a] as CpuStream;
    const order = this.#orders[a] as number;
    const time = this.#times[a] as number;
    this.#streams[a] = this.#streams[b] as CpuStream;
    this.#orders[a] = this.#orders[b] as number;
    this.#times[a] = this.#times[b] as number;
    this.#streams[b] = stream;
    this.#orders[b] = order;
    this.#times[b] = time;
  }
}
