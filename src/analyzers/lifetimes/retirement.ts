/**
 * Objects that are over but may still be told about: kept in the order they ended, let go when they
 * are old enough or too many, so that memory follows what is alive.
 */
export class Retirement<T> {
  readonly #keepNs: number;
  readonly #keepMost: number;
  readonly #letGo: (object: T) => void;
  #queue: { readonly object: T; readonly ts: number }[] = [];
  #head = 0;

  constructor(keepNs: number, keepMost: number, letGo: (object: T) => void) {
    this.#keepNs = keepNs;
    this.#keepMost = keepMost;
    this.#letGo = letGo;
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
      const waiting = this.#queue.length - this.#head;
      if (waiting <= this.#keepMost && ts - oldest.ts <= this.#keepNs) break;
      this.#head += 1;
      this.#letGo(oldest.object);
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
