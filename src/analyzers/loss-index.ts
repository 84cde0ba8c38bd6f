import type { Loss } from '../parsers/parser.ts';

/**
 * Answers whether events were lost between two moments. Overlapping losses are merged, so a capture
 * full of gaps stays cheap to ask.
 */
export class LossIndex {
  #count = 0;
  /** Disjoint and ascending: start and end of each merged interval. */
  readonly #from: number[] = [];
  readonly #to: number[] = [];

  constructor(losses: readonly Loss[]) {
    this.replace(losses);
  }

  /** A parser's list grows while it reads, in any order; a longer one takes the place of the last. */
  replace(losses: readonly Loss[]): void {
    if (losses.length === this.#count) return;
    this.#count = losses.length;
    this.#from.length = 0;
    this.#to.length = 0;
    for (const { from, to } of losses) {
      this.#add(from ?? Number.NEGATIVE_INFINITY, to ?? Number.POSITIVE_INFINITY);
    }
  }

  /** Relative ns; null = from before the capture, or until its end. */
  lossBetween(from: number | null, to: number | null): boolean {
    const start = from ?? Number.NEGATIVE_INFINITY;
    const end = to ?? Number.POSITIVE_INFINITY;
    const first = this.#firstEndingAtOrAfter(start);
    return (this.#from[first] ?? Number.POSITIVE_INFINITY) <= end && first < this.#to.length;
  }

  #add(from: number, to: number): void {
    const first = this.#firstEndingAtOrAfter(from);
    let last = first;
    let start = from;
    let end = to;
    for (; last < this.#to.length && (this.#from[last] as number) <= to; last += 1) {
      start = Math.min(start, this.#from[last] as number);
      end = Math.max(end, this.#to[last] as number);
    }
    this.#from.splice(first, last - first, start);
    this.#to.splice(first, last - first, end);
  }

  #firstEndingAtOrAfter(moment: number): number {
    let low = 0;
    let high = this.#to.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#to[middle] as number) < moment) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
