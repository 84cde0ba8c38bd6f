/** A logarithmic axis for durations: its domain, its ticks at round values, its bins. */
export interface LogDomain {
  readonly low: number;
  readonly high: number;
}

/** No value is drawn on the very frame. */
const HEADROOM = 1.2;
const BINS_PER_DECADE = 5;

/** From the power of ten below the smallest value to the one above the largest. */
export function logDomain(values: readonly number[]): LogDomain {
  let smallest = Number.POSITIVE_INFINITY;
  let largest = 1;
  for (const value of values) {
    smallest = Math.min(smallest, Math.max(value, 1));
    largest = Math.max(largest, value);
  }
  const low = 10 ** Math.max(0, Math.floor(Math.log10(Math.min(smallest, largest) / HEADROOM)));
  const high = 10 ** Math.ceil(Math.log10(largest * HEADROOM));
  return { low, high: high > low ? high : low * 10 };
}

export function decades({ low, high }: LogDomain): number[] {
  const first = Math.round(Math.log10(low));
  const last = Math.round(Math.log10(high));
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
}

export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly share: number;
}

/** Share of the values in each fifth of a decade; empty bins left out. */
export function logBins(values: readonly number[]): Bin[] {
  const counts = new Map<number, number>();
  for (const value of values) {
    const bin = Math.floor(Math.log10(Math.max(value, 1)) * BINS_PER_DECADE + 1e-9);
    counts.set(bin, (counts.get(bin) ?? 0) + 1);
  }
  return [...counts].map(([bin, number]) => ({
    from: 10 ** (bin / BINS_PER_DECADE),
    to: 10 ** ((bin + 1) / BINS_PER_DECADE),
    share: number / values.length,
  }));
}
