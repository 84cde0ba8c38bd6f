/**
 * The moderated t-test: with few runs the variance of one metric is a poor guess, so each is drawn
 * towards what the variances of all metrics have in common. G. K. Smyth, "Linear models and
 * empirical Bayes methods for assessing differential expression in microarray experiments",
 * Statistical Applications in Genetics and Molecular Biology 3(1), 2004: sections 3 and 6.2.
 */
import { digamma, inverseTrigamma, trigamma } from './polygamma.ts';
import { mean, squaredDeviations } from './sample.ts';

/** What the variances have in common: `df` = Infinity where they are all the same. */
export interface VariancePrior {
  readonly df: number;
  readonly variance: number;
  /** Of all metrics together: no metric knows more than that. */
  readonly pooledDf: number;
}

export interface Variance {
  readonly variance: number;
  readonly df: number;
}

/** Below this many metrics their variances say too little about each other: plain Student. */
export const LEAST_METRICS = 10;
/** Runs that agree to the last digit have no logarithm; as limma’s fitFDist does. */
const LEAST_OF_MEDIAN = 1e-5;

/** Fitted by the moments of the log variances; undefined where there are too few of them. */
export function fitPrior(variances: readonly Variance[]): VariancePrior | undefined {
  const usable = variances.filter(({ df }) => df > 0);
  if (usable.length < LEAST_METRICS) return undefined;
  const sorted = usable.map(({ variance }) => variance).sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 0;
  if (middle <= 0) return undefined;
  const kept = usable.map(({ variance }) => Math.max(variance, middle * LEAST_OF_MEDIAN));
  const logs = usable.map(
    ({ df }, n) => Math.log(kept[n] ?? 0) - digamma(df / 2) + Math.log(df / 2),
  );
  const expected = mean(usable.map(({ df }) => trigamma(df / 2)));
  const excess = squaredDeviations(logs) / (logs.length - 1) - expected;
  const pooledDf = usable.reduce((sum, { df }) => sum + df, 0);
  if (excess <= 0) return { df: Number.POSITIVE_INFINITY, variance: mean(kept), pooledDf };
  const df = 2 * inverseTrigamma(excess);
  const variance = Math.exp(mean(logs) + digamma(df / 2) - Math.log(df / 2));
  return { df, variance, pooledDf };
}

/** The variance drawn towards the prior, with the degrees of freedom it then has. */
export function moderate({ variance, df }: Variance, prior: VariancePrior | undefined): Variance {
  if (prior === undefined) return { variance, df };
  if (!Number.isFinite(prior.df)) return { variance: prior.variance, df: prior.pooledDf };
  return {
    variance: (prior.df * prior.variance + df * variance) / (prior.df + df),
    df: Math.min(prior.df + df, prior.pooledDf),
  };
}

/** The variance of one sample, for example of the differences of pairs. */
export function varianceOf(values: readonly number[]): Variance {
  const df = values.length - 1;
  return { variance: squaredDeviations(values) / df, df };
}

/** The pooled variance of two samples. */
export function pooled({
  before,
  after,
}: {
  readonly before: readonly number[];
  readonly after: readonly number[];
}): Variance {
  const df = before.length + after.length - 2;
  return { variance: (squaredDeviations(before) + squaredDeviations(after)) / df, df };
}
