import type { CpuStream } from './cpu-stream.ts';

/**
 * The CPUs that still have events, as a binary heap by the time of the event in hand. Equal times
 * come in the order the streams were given: top buffer first, then CPU number, as trace-cmd report
 * does.
 */
export class StreamHeap {
  readonly #heap: { stream: CpuStream; order: number }[];

  constructor(streams: readonly CpuStream[]) {
    this.#heap = streams.map((stream, order) => ({ stream, order }));
    for (let i = (this.#heap.length >> 1) - 1; i >= 0; i--) this.#sink(i);
  }

  /** The stream whose event is next. */
  get first(): CpuStream | undefined {
    return this.#heap[0]?.stream;
  }

  /**
   * The first stream stays first while its time is below this, or equal to it if `isFirstAtTie`:
   * a whole run of one CPU's events needs no look at the heap.
   */
  get limit(): number {
    return this.#runnerUp()?.stream.time ?? Number.POSITIVE_INFINITY;
  }

  get isFirstAtTie(): boolean {
    const second = this.#runnerUp();
    const first = this.#heap[0];
    return !second || !first || first.order < second.order;
  }

  /** Restores the order after the first stream moved on. */
  moved(): void {
    this.#sink(0);
  }

  /** Drops the first stream. */
  finished(): void {
    const last = this.#heap.pop();
    if (last && this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink(0);
    }
  }

  #runnerUp(): { stream: CpuStream; order: number } | undefined {
    const left = this.#heap[1];
    const right = this.#heap[2];
    return left && right && isBefore(right, left) ? right : left;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const moving = heap[from];
    if (!moving) return;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      const left = heap[child];
      if (!left) break;
      const right = heap[child + 1];
      let smaller = left;
      if (right && isBefore(right, left)) {
        smaller = right;
        child++;
      }
      if (!isBefore(smaller, moving)) break;
      heap[at] = smaller;
      at = child;
    }
    heap[at] = moving;
  }
}

function isBefore(
  a: { stream: CpuStream; order: number },
  b: { stream: CpuStream; order: number },
): boolean {
  return a.stream.time < b.stream.time || (a.stream.time === b.stream.time && a.order < b.order);
}
