/** Comparing and subtracting time stamps that are exact beyond 2^53. */
export interface Stamp {
  readonly high: number;
  readonly low: number;
}

const NANOSECONDS = 1_000_000_000;

export function isBefore(a: Stamp, b: Stamp): boolean {
  return a.high < b.high || (a.high === b.high && a.low < b.low);
}

/** Exact as long as the result is below 2^53. */
export function since(base: Stamp, stamp: Stamp): number {
  return (stamp.high - base.high) * NANOSECONDS + (stamp.low - base.low);
}

export function plus({ high, low }: Stamp, nanoseconds: number): Stamp {
  const sum = low + nanoseconds;
  return { high: high + Math.floor(sum / NANOSECONDS), low: sum % NANOSECONDS };
}

export function toBigint({ high, low }: Stamp): bigint {
  return BigInt(high) * BigInt(NANOSECONDS) + BigInt(low);
}
