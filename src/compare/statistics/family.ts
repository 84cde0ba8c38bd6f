/** The tests of one comparison: each metric by its own, with the noise they learn from each other. */
import {
  fitPrior,
  moderate,
  pooled,
  type Variance,
  type VariancePrior,
  varianceOf,
} from './moderated-t.ts';
import { mean } from './sample.ts';
import { criticalT, twoSidedP } from './student-t.ts';

/** The log summaries of the runs of both sides. */
export interface Samples {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

export interface Test {
  /** Mean of the logs after, less that before. */
  readonly effect: number;
  readonly p: number;
  /** Moderated. */
  readonly spread: Variance;
  /** Around the effect, at this confidence. */
  readonly interval: (confidence: number) => readonly [number, number];
}

/** `paired`: the nth values of both sides belong together. */
export function testFamily(
  family: readonly Samples[],
  paired: boolean,
): { readonly tests: readonly Test[]; readonly prior: VariancePrior | undefined } {
  const spreads = family.map((samples) => (paired ? ofPairs(samples) : pooled(samples)));
  const prior = fitPrior(spreads);
  const tests = family.map(({ before, after }, n): Test => {
    const spread = moderate(spreads[n] ?? { variance: 0, df: 0 }, prior);
    const weight = paired ? 1 / before.length : 1 / before.length + 1 / after.length;
    const error = Math.sqrt(spread.variance * weight);
    const effect = mean(after) - mean(before);
    return {
      effect,
      spread,
      p: effect === 0 ? 1 : twoSidedP(effect / error, spread.df),
      interval: (confidence) => {
        const half = criticalT(1 - confidence, spread.df) * error;
        return [effect - half, effect + half];
      },
    };
  });
  return { tests, prior };
}

function ofPairs({ before, after }: Samples): Variance {
  return varianceOf(after.map((log, n) => log - (before[n] ?? 0)));
}
