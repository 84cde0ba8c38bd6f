/** Something with a range of addresses; `end` is exclusive. Exact up to 2^53. */
export interface Ranged {
  readonly start: number;
  readonly end: number;
}

const PAGE_SHIFT = 12;

/**
 * Ranges by the addresses in them. Each lies in one or two buckets as wide as itself, so that adding is
 * cheap however long it is, and a look-up asks one bucket for each width there is.
 */
export class AddressIndex<T extends Ranged> {
  /** By the logarithm of their width, by number. */
  readonly #widths = new Map<number, Map<number, T[]>>();

  add(one: T): void {
    const shift = shiftOf(one);
    let buckets = this.#widths.get(shift);
    if (buckets === undefined) {
      buckets = new Map();
      this.#widths.set(shift, buckets);
    }
    for (const number of bucketsOf(one, shift)) {
      const bucket = buckets.get(number);
      if (bucket === undefined) buckets.set(number, [one]);
      else bucket.push(one);
    }
  }

  delete(one: T): void {
    const shift = shiftOf(one);
    const buckets = this.#widths.get(shift);
    if (buckets === undefined) return;
    for (const number of bucketsOf(one, shift)) {
      const left = (buckets.get(number) ?? []).filter((other) => other !== one);
      if (left.length === 0) buckets.delete(number);
      else buckets.set(number, left);
    }
    if (buckets.size === 0) this.#widths.delete(shift);
  }

  /** Those that hold an address, in no order. */
  at(address: number): T[] {
    const found: T[] = [];
    for (const [shift, buckets] of this.#widths) {
      for (const one of buckets.get(Math.floor(address / 2 ** shift)) ?? []) {
        if (one.start <= address && address < one.end) found.push(one);
      }
    }
    return found;
  }
}

function shiftOf({ start, end }: Ranged): number {
  return Math.max(PAGE_SHIFT, Math.ceil(Math.log2(Math.max(1, end - start))));
}

function bucketsOf({ start, end }: Ranged, shift: number): number[] {
  const first = Math.floor(start / 2 ** shift);
  const last = Math.floor(Math.max(start, end - 1) / 2 ** shift);
  return first === last ? [first] : [first, last];
}
