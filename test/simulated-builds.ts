/**
 * Comparisons of builds that never were. The model: 50 metrics of which 5 are shifted; 300 latencies
 * a run, lognormal with sigma 0.8, of which the median is compared (its error is that of a normal
 * sample: sqrt(pi / 2) sigma / sqrt(n)); the noise between runs differs from metric to metric, 30 %
 * of its variance is common to all metrics of a run. Benjamini-Hochberg at 5 %, effects of 5 % and
 * more.
 */
import { benjaminiHochberg } from '../src/compare/statistics/benjamini-hochberg.ts';
import { type Samples, testFamily } from '../src/compare/statistics/family.ts';

const METRICS = 50;
const SHIFTED = 5;
const COMMON = 0.3;
const MEDIAN_ERROR = (Math.sqrt(Math.PI / 2) * 0.8) / Math.sqrt(300);
/** Of the log of the noise, over the metrics. */
const NOISE_SPREAD = 0.5;
const THRESHOLD = Math.log(1.05);
const LEVEL = 0.05;

export interface Situation {
  /** A side. */
  readonly runs: number;
  /** 0.2 = 20 % longer. */
  readonly shift: number;
  /** Between runs, of the median metric; 0.05 = 5 %. */
  readonly noise: number;
}

/** A mean over simulations, and its standard error. */
export interface Share {
  readonly mean: number;
  readonly error: number;
}

export interface Power {
  /** Of what is flagged, how much is not shifted. */
  readonly wrong: Share;
  /** Of what is shifted, how much is flagged. */
  readonly found: Share;
  /** Comparisons in which anything is flagged that is not shifted. */
  readonly alarmed: Share;
}

export function powerOf(situation: Situation, simulations: number, random: () => number): Power {
  const drawn = Array.from({ length: simulations }, () => flaggedIn(situation, random));
  const isWrong = (metric: number): boolean => situation.shift === 0 || metric >= SHIFTED;
  const wrong = drawn.map((flagged) => flagged.filter(isWrong).length);
  return {
    wrong: shareOf(wrong.map((number, n) => number / Math.max(1, drawn[n]?.length ?? 0))),
    found: shareOf(wrong.map((number, n) => ((drawn[n]?.length ?? 0) - number) / SHIFTED)),
    alarmed: shareOf(wrong.map((number) => (number > 0 ? 1 : 0))),
  };
}

function flaggedIn(situation: Situation, random: () => number): number[] {
  const { tests } = testFamily(simulate(situation, random), false);
  const qs = benjaminiHochberg(tests.map(({ p }) => p));
  return tests.flatMap(({ effect }, metric) =>
    (qs[metric] ?? 1) <= LEVEL && Math.abs(effect) >= THRESHOLD ? [metric] : [],
  );
}

function simulate({ runs, shift, noise }: Situation, random: () => number): Samples[] {
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const common = Array.from({ length: 2 * runs }, normal);
  return Array.from({ length: METRICS }, (_, metric) => {
    const tau = noise * Math.exp(NOISE_SPREAD * normal());
    const values = common.map(
      (shared) =>
        tau * (Math.sqrt(COMMON) * shared + Math.sqrt(1 - COMMON) * normal()) +
        MEDIAN_ERROR * normal(),
    );
    const by = metric < SHIFTED ? Math.log(1 + shift) : 0;
    return { before: values.slice(0, runs), after: values.slice(runs).map((value) => value + by) };
  });
}

function shareOf(values: readonly number[]): Share {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / (values.length - 1) / values.length) };
}

/**
 * What the study this method was chosen by found in its simulation of the same model, 60 to 200
 * comparisons a row: the power of the moderated t.
 */
export const STUDIED: readonly (Situation & { readonly power?: number })[] = [
  { runs: 3, shift: 0, noise: 0.05 },
  { runs: 5, shift: 0, noise: 0.05 },
  { runs: 10, shift: 0, noise: 0.05 },
  { runs: 3, shift: 0.1, noise: 0.05, power: 0.02 },
  { runs: 5, shift: 0.1, noise: 0.05, power: 0.05 },
  { runs: 10, shift: 0.1, noise: 0.05, power: 0.24 },
  { runs: 3, shift: 0.2, noise: 0.05, power: 0.254 },
  { runs: 5, shift: 0.2, noise: 0.05, power: 0.654 },
  { runs: 10, shift: 0.2, noise: 0.05, power: 0.933 },
  { runs: 3, shift: 0.5, noise: 0.05, power: 0.968 },
  { runs: 5, shift: 0.5, noise: 0.05, power: 0.996 },
  { runs: 10, shift: 0.5, noise: 0.05, power: 1 },
  { runs: 5, shift: 0.2, noise: 0.15, power: 0.027 },
  { runs: 10, shift: 0.2, noise: 0.15, power: 0.237 },
];
