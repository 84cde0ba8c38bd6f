/** Descriptions of small samples. */

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sum of the squared distances from the mean. */
export function squaredDeviations(values: readonly number[]): number {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
}

export function standardDeviation(values: readonly number[]): number {
  return Math.sqrt(squaredDeviations(values) / (values.length - 1));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}

/** A cluster smaller than this is an outlier, not a mode. */
const RUNS_PER_MODE = 2;
/** How much wider than each cluster the gap between them must be. */
const GAP_WIDTHS = 3;

/**
 * Whether the runs fall into two clusters further apart than `least`, for example because a build
 * boots in one of two states: a mean of them describes neither.
 */
export function isBimodal(values: readonly number[], least: number): boolean {
  const sorted = [...values].sort((a, b) => a - b);
  for (let cut = RUNS_PER_MODE; cut <= sorted.length - RUNS_PER_MODE; cut += 1) {
    const [low = 0, lowEnd = 0, highStart = 0, high = 0] = [
      sorted[0],
      sorted[cut - 1],
      sorted[cut],
      sorted.at(-1),
    ];
    const width = Math.max(lowEnd - low, high - highStart);
    if (highStart - lowEnd > Math.max(GAP_WIDTHS * width, least)) return true;
  }
  return false;
}
