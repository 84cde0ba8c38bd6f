/**
 * Objects that are over but may still be told about: kept in the order they ended, let go when they
 * are old enough or too many, so that memory follows what is alive.
 */
export class Retirement<T> {
  readonly #keepNs: number;
  readonly #keepMost: number;
  readonly #letGo: (object: T) => void;
  readonly #isGone: (object: T) => boolean;
  #queue: ({ readonly object: T; readonly ts: number } | undefined)[] = [];
  #head = 0;

  /** `isGone` tells that others have let go of an object already: it is not kept for the queue's sake. */
  constructor(
    keepNs: number,
    keepMost: number,
    letGo: (object: T) => void,
    isGone: (object: T) => boolean = () => false,
  ) {
    this.#keepNs = keepNs;
    this.#keepMost = keepMost;
    this.#letGo = letGo;
    this.#isGone = isGone;
  }

  add(object: T, ts: number): void {
    this.#queue.push({ object, ts });
    this.advance(ts);
  }

  /** Lets go what ended long before `ts`. */
  advance(ts: number): void {
    for (;;) {
      const oldest = this.#queue[this.#head];
      if (!oldest) break;
      const isGone = this.#isGone(oldest.object);
      const waiting = this.#queue.length - this.#head;
      if (!isGone && waiting <= this.#keepMost && ts - oldest.ts <= this.#keepNs) break;
      // not kept alive until the queue is cut: what dies young costs nothing
      this.#queue[this.#head] = undefined;
      this.#head += 1;
      if (!isGone) this.#letGo(oldest.object);
    }
    if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Lets go of all that is left. */
  empty(): void {
    for (; this.#head < this.#queue.length; this.#head += 1) {
      const next = this.#queue[this.#head];
      if (next) this.#letGo(next.object);
    }
    this.#queue = [];
    this.#head = 0;
  }
}
