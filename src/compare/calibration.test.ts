/**
 * How often the verdicts are wrong: builds made of recorded runs of one and the same build, so that
 * whatever is found between them was put there or is false.
 */
import { describe, expect, it } from 'vitest';
import { recordedBuild, scaled, sideOf } from '../../test/regression-runs.ts';
import { powerOf, STUDIED } from '../../test/simulated-builds.ts';
import { compareRuns } from './compare.ts';
import type { Comparison, FigureComparison } from './comparison.ts';
import type { Run } from './run.ts';
import { randomFrom, shuffled } from './statistics/random.ts';

const SIMULATIONS = 400;
/** What a shifted duration contains or is contained in. */
const SHIFTED = ['invalidation-duration', 'fence-wait-duration', 'invalidation-fence-wait'];

const POOLS: readonly (readonly Run[])[] = [
  [...recordedBuild('la').runs, ...recordedBuild('la2').runs],
  [...recordedBuild('a').runs, ...recordedBuild('a2').runs],
];

/** Two builds of the runs of one, the second changed by `change`. */
function simulate(n: number, random: () => number, change = (run: Run): Run => run): Comparison {
  const [first, second] = halves(n, random);
  return compareRuns(sideOf('first', first), sideOf('second', second.map(change)), {
    pairs: 'none',
  });
}

function halves(n: number, random: () => number): [Run[], Run[]] {
  const pool = shuffled(POOLS[n % POOLS.length] ?? [], random);
  return [pool.slice(0, pool.length / 2), pool.slice(pool.length / 2)];
}

/** The same, recorded in turn: all times of the nth pair are shared noise. */
function simulateInTurn(n: number, random: () => number, noise: number): Comparison {
  const [first, second] = halves(n, random);
  const factors = first.map(() => Math.exp(noise * (2 * random() - 1)));
  const inTurn = (runs: readonly Run[], offset: number): Run[] =>
    runs.map((run, pair) => ({
      ...scaled(run, 'all', factors[pair] ?? 1),
      startNs: (2 * pair + offset) * 60e9,
    }));
  return compareRuns(sideOf('first', inTurn(first, 0)), sideOf('second', inTurn(second, 1)));
}

function tested({ figures }: Comparison): FigureComparison[] {
  return figures.filter(({ p }) => p !== null);
}

describe(`${SIMULATIONS} comparisons of recorded runs of one build`, () => {
  it.each([
    ['separate runs', simulate],
    ['runs in turn', (n: number, random: () => number) => simulateInTurn(n, random, 0)],
    ['noisy minutes', (n: number, random: () => number) => simulateInTurn(n, random, 0.5)],
  ])(
    '%s: a single metric is unusual in one of twenty, and hardly any called a regression',
    (_, draw) => {
      const random = randomFrom(20_261_121);
      let tests = 0;
      let unusual = 0;
      let alarmed = 0;
      for (let n = 0; n < SIMULATIONS; n += 1) {
        const figures = tested(draw(n, random));
        tests += figures.length;
        unusual += figures.filter(({ p }) => (p ?? 1) <= 0.05).length;
        const alarms = figures.filter(({ verdict }) =>
          ['regressed', 'improved', 'changed'].includes(verdict),
        );
        alarmed += alarms.length > 0 ? 1 : 0;
      }
      expect(unusual / tests).toBeGreaterThan(0.03);
      expect(unusual / tests).toBeLessThan(0.07);
      expect(alarmed / SIMULATIONS).toBeLessThan(0.07);
    },
  );

  it('where metrics did change, few of those flagged did not', () => {
    const random = randomFrom(612);
    const shares: number[] = [];
    let found = 0;
    for (let n = 0; n < SIMULATIONS; n += 1) {
      const comparison = simulate(n, random, (run) => scaled(run, SHIFTED, 2));
      const flagged = comparison.figures.filter(({ verdict }) =>
        ['regressed', 'improved', 'changed'].includes(verdict),
      );
      const wrong = flagged.filter(({ metric }) => !SHIFTED.includes(metric));
      shares.push(flagged.length === 0 ? 0 : wrong.length / flagged.length);
      found += flagged.length - wrong.length;
    }
    const fdr = shares.reduce((sum, share) => sum + share, 0) / SIMULATIONS;
    expect(fdr).toBeLessThan(0.07);
    expect(found / SIMULATIONS).toBeGreaterThan(0.5);
  });
});

/** Comparisons a row of the study had at most. */
const STUDIED_COMPARISONS = 200;

describe('power on simulated builds', () => {
  it.each(STUDIED.filter(({ power }) => power !== undefined))(
    '$runs runs, a shift of $shift, noise of $noise: what the study found, within its error and this one',
    ({ power = 0, ...situation }) => {
      const { found, wrong } = powerOf(situation, SIMULATIONS, randomFrom(2_026));
      const studied = found.error * Math.sqrt(SIMULATIONS / STUDIED_COMPARISONS);
      const error = Math.hypot(found.error, studied);
      expect(Math.abs(found.mean - power)).toBeLessThan(Math.max(0.02, 3 * error));
      // three runs raise suspicions only
      if (situation.runs > 3) expect(wrong.mean - 2 * wrong.error).toBeLessThan(0.07);
    },
  );
});
