/** The tests of one comparison: each metric by its own, with the noise they learn from each other. */
import { sharedCorrelation, varianceInPairs } from './blocks.ts';
import { fitPrior, moderate, pooled, type Variance, type VariancePrior } from './moderated-t.ts';
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

export interface Family {
  readonly tests: readonly Test[];
  readonly prior: VariancePrior | undefined;
  /** Of pairs; undefined = there are none, or it is not known. */
  readonly correlation: number | undefined;
}

/** `paired`: the nth values of both sides belong together. */
export function testFamily(family: readonly Samples[], paired: boolean): Family {
  const correlation = paired ? sharedCorrelation(family) : undefined;
  const spreads = family.map((samples) =>
    paired ? varianceInPairs(samples, correlation) : pooled(samples),
  );
  const prior = fitPrior(spreads);
  const tests = family.map(({ before, after }, n): Test => {
    const spread = moderate(spreads[n] ?? { variance: 0, df: 0 }, prior);
    const error = Math.sqrt(spread.variance * (1 / before.length + 1 / after.length));
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
  return { tests, prior, correlation };
}
