/**
 * Where a series steps from one level to another: the split with the largest t, its probability by
 * permutation, then the same within both parts. Build means are the units, so that what differs from
 * boot to boot is noise here and not a change.
 */
import { shuffled } from './random.ts';
import { mean, squaredDeviations } from './sample.ts';
import { criticalT } from './student-t.ts';

/** A level has to last this many builds. */
const LEAST_SEGMENT = 2;
const PERMUTATIONS = 1999;
/** Parts are split further while their best split is this unlikely. */
export const SPLIT_ALPHA = 0.01;

/** The sums of another order differ in their last digits. */
const SAME = 1 - 1e-9;

export interface ChangePoint {
  /** Index of the first value of the new level. */
  readonly at: number;
  /** It may as well be any index from `from` to `to`. */
  readonly from: number;
  readonly to: number;
  /** New level less old one. */
  readonly effect: number;
  readonly p: number;
}

/** The probability of the best split of the whole series; 1 where it is too short to be split. */
export function bestSplit(
  values: readonly number[],
  random: () => number,
): ChangePoint | undefined {
  if (values.length < 2 * LEAST_SEGMENT) return undefined;
  // small numbers keep their digits when squared
  const centre = mean(values);
  const centred = values.map((value) => value - centre);
  const best = largestT(centred);
  let asLarge = 0;
  for (let n = 0; n < PERMUTATIONS; n += 1) {
    if (largestT(shuffled(centred, random)).t >= best.t * SAME) asLarge += 1;
  }
  const [before, after] = [values.slice(0, best.at), values.slice(best.at)];
  return {
    at: best.at,
    ...plausibleSplits(values),
    effect: mean(after) - mean(before),
    p: (asLarge + 1) / (PERMUTATIONS + 1),
  };
}

/** All changes of a series, in its order; `first` is its best split. */
export function changePoints(
  values: readonly number[],
  first: ChangePoint | undefined,
  random: () => number,
): ChangePoint[] {
  if (first === undefined || first.p > SPLIT_ALPHA) return [];
  const [before, after] = [values.slice(0, first.at), values.slice(first.at)];
  const later = changePoints(after, bestSplit(after, random), random);
  return [
    ...changePoints(before, bestSplit(before, random), random),
    first,
    ...later.map((point) => ({
      ...point,
      at: point.at + first.at,
      from: point.from + first.at,
      to: point.to + first.at,
    })),
  ];
}

function largestT(values: readonly number[]): { readonly at: number; readonly t: number } {
  const total = values.reduce((sum, value) => sum + value, 0);
  const squares = values.reduce((sum, value) => sum + value * value, 0);
  const { length } = values;
  let best = { at: LEAST_SEGMENT, t: 0 };
  let sum = 0;
  for (let at = 1; at <= length - LEAST_SEGMENT; at += 1) {
    sum += values[at - 1] ?? 0;
    if (at < LEAST_SEGMENT) continue;
    const [low, high] = [sum / at, (total - sum) / (length - at)];
    const within = Math.max(0, squares - at * low * low - (length - at) * high * high);
    const error = Math.sqrt((within / (length - 2)) * (1 / at + 1 / (length - at)));
    const t = error === 0 ? Number.MAX_VALUE : Math.abs(high - low) / error;
    if (high !== low && t > best.t) best = { at, t };
  }
  return best;
}

/** The splits whose fit is not worse than the best one’s by more than chance, at 95 %. */
function plausibleSplits(values: readonly number[]): {
  readonly from: number;
  readonly to: number;
} {
  const last = values.length - LEAST_SEGMENT;
  const misfits = Array.from({ length: last - LEAST_SEGMENT + 1 }, (_, n) => {
    const at = n + LEAST_SEGMENT;
    return {
      at,
      misfit: squaredDeviations(values.slice(0, at)) + squaredDeviations(values.slice(at)),
    };
  });
  const df = values.length - 2;
  const best = Math.min(...misfits.map(({ misfit }) => misfit));
  const limit = best * (1 + criticalT(0.05, df) ** 2 / df);
  const plausible = misfits.filter(({ misfit }) => misfit <= limit).map(({ at }) => at);
  return { from: Math.min(...plausible), to: Math.max(...plausible) };
}
