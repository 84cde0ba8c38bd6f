/**
 * Runs recorded in turn share what their minutes had in common: the heat, the neighbours of a
 * virtual machine. How much of the noise that is, all metrics say together; one metric has too few
 * runs to say it alone. G. K. Smyth, J. Michaud and H. S. Scott, "Use of within-array replicate
 * spots for assessing differential expression in microarray experiments", Bioinformatics 21(9),
 * 2005, with pairs of runs for the spots: limma’s duplicateCorrelation and gls.series.
 */
import type { Samples } from './family.ts';
import { LEAST_METRICS, type Variance, varianceOf } from './moderated-t.ts';
import { mean } from './sample.ts';

/** Share of the metrics left out at either end before their correlations are averaged. */
const TRIMMED = 0.15;
/** A correlation of 1 would leave no noise at all. */
const MOST = 0.99;

/**
 * The correlation of the nth run before with the nth after, the same for all metrics; undefined =
 * too few metrics to tell.
 */
export function sharedCorrelation(family: readonly Samples[]): number | undefined {
  if (family.length < LEAST_METRICS) return undefined;
  const transformed = family
    .map(correlationOf)
    .filter((correlation) => !Number.isNaN(correlation))
    .map((correlation) => Math.atanh(Math.max(-MOST, Math.min(MOST, correlation))))
    .sort((a, b) => a - b);
  const trimmed = Math.floor(TRIMMED * transformed.length);
  const kept = transformed.slice(trimmed, transformed.length - trimmed);
  return kept.length === 0 ? undefined : Math.tanh(mean(kept));
}

/** By analysis of variance: what pairs share widens their sums and narrows their differences. */
function correlationOf(samples: Samples): number {
  const [sums, differences] = [varianceOf(sumsOf(samples)), varianceOf(differencesOf(samples))];
  const both = sums.variance + differences.variance;
  return (sums.variance - differences.variance) / both;
}

/** What is left of the variance of a run once the share of its pair is taken out. */
export function varianceInPairs(samples: Samples, correlation: number | undefined): Variance {
  const differences = varianceOf(differencesOf(samples));
  if (correlation === undefined) {
    return { variance: differences.variance / 2, df: differences.df };
  }
  const sums = varianceOf(sumsOf(samples));
  const ratio = (1 - correlation) / (1 + correlation);
  return {
    variance: (differences.variance + ratio * sums.variance) / 4,
    df: differences.df + sums.df,
  };
}

function differencesOf({ before, after }: Samples): number[] {
  return after.map((log, n) => log - (before[n] ?? 0));
}

function sumsOf({ before, after }: Samples): number[] {
  return after.map((log, n) => log + (before[n] ?? 0));
}
