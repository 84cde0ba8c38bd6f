/** Pairs of runs against limma 3.54.1 and statmod 1.5.0 on R 4.2.2, run on the inputs given here. */
import { describe, expect, it } from 'vitest';
import { sharedCorrelation, varianceInPairs } from './blocks.ts';
import { type Samples, testFamily } from './family.ts';
import { pooled, varianceOf } from './moderated-t.ts';
import { randomFrom } from './random.ts';

/** Six pairs, fourteen metrics: the runs before, then their partners. */
const RUNS = [
  [
    0.0763, 0.0346, 0.1404, -0.0479, -0.0091, -0.0681, 0.2388, 0.1935, 0.3096, 0.2452, 0.2523,
    0.1166,
  ],
  [0.0347, 0.0052, 0.005, -0.0512, 0.0363, -0.005, 0.2068, 0.1789, 0.1343, 0.1365, 0.1957, 0.1522],
  [
    0.0325, 0.0188, 0.0191, -0.0032, -0.0309, -0.0165, 0.1785, 0.1932, 0.2096, 0.1802, 0.2068,
    0.1665,
  ],
  [
    -0.0329, 0.0145, 0.0076, -0.0331, 0.0451, 0.0581, -0.057, -0.0327, -0.0147, -0.0414, 0.0015,
    0.0456,
  ],
  [
    -0.0617, 0.0986, 0.1273, -0.3219, 0.065, -0.1236, 0.1203, 0.2524, -0.1209, 0.0091, 0.0081,
    -0.0058,
  ],
  [0.0155, 0.0049, 0.022, 0.0302, 0.046, 0.0464, 0.0011, 0.0134, -0.0114, 0.0105, 0.0578, -0.0142],
  [0.043, -0.1455, 0.0843, 0.1762, -0.164, 0.1548, 0.009, -0.0128, 0.2125, -0.018, 0.1006, -0.045],
  [0.0613, 0.0053, 0.0362, -0.02, 0.0635, 0.0076, 0.0316, 0.0131, -0.0165, -0.0106, 0.0361, 0.0358],
  [
    -0.0156, 0.0891, -0.0082, 0.0106, 0.0688, 0.1599, 0.0175, 0.0614, -0.0504, 0.0141, -0.0324,
    0.0975,
  ],
  [
    0.0092, 0.0065, -0.078, 0.0392, -0.022, 0.0085, 0.0725, 0.0329, -0.0411, 0.0669, 0.0065,
    -0.0514,
  ],
  [
    -0.0091, 0.0665, 0.1398, -0.0107, 0.0643, 0.007, -0.0933, -0.0035, 0.1619, -0.008, 0.0453,
    -0.1486,
  ],
  [
    0.0228, 0.0145, 0.0001, -0.0009, 0.1723, -0.1433, -0.0231, 0.0849, -0.0241, -0.1252, 0.1173,
    -0.0651,
  ],
  [
    0.0086, 0.0325, -0.0044, 0.0022, -0.0101, 0.0142, -0.0007, 0.0422, 0.0049, 0.0041, -0.0199,
    -0.016,
  ],
  [
    -0.0534, -0.1626, -0.1012, 0.0836, 0.0714, -0.1316, -0.035, -0.0333, -0.0423, -0.0336, -0.1141,
    -0.0487,
  ],
];

/**
 * correlation <- duplicateCorrelation(y, design, block = block)$consensus.correlation;
 * eBayes(lmFit(y, design, block = block, correlation = correlation))
 */
const LIMMA = {
  correlation: 0.5194400797974381,
  df: 1.832145274386241,
  variance: 0.001557525566652222,
  p: [
    4.375905874093169e-6, 1.494512103523667e-8, 1.183849567855675e-9, 7.041142288347953e-2,
    2.333077420626113e-1, 1.225498847513445e-1, 7.780448112526785e-1, 4.112282205947475e-1,
    1.651389307705996e-1, 2.739882834913648e-1, 1.219120487819139e-1, 6.297938246049561e-1,
    6.100216888535583e-1, 9.522896106132509e-1,
  ],
};

const family: Samples[] = RUNS.map((runs) => ({ before: runs.slice(0, 6), after: runs.slice(6) }));

function expectClose(actual: number, wanted: number, relative: number): void {
  expect(Math.abs(actual / wanted - 1), `${actual} for ${wanted}`).toBeLessThan(relative);
}

describe('pairs of runs', () => {
  it('share as much of their noise as limma’s duplicateCorrelation says', () => {
    expectClose(sharedCorrelation(family) ?? 0, LIMMA.correlation, 1e-6);
  });

  it('are tested as limma tests blocks of that correlation', () => {
    const { tests, prior, correlation } = testFamily(family, true);
    expectClose(prior?.df ?? 0, LIMMA.df, 1e-5);
    // limma’s is the variance of a run, this what is left of it in a pair
    expectClose((prior?.variance ?? 0) / (1 - (correlation ?? 0)), LIMMA.variance, 1e-5);
    tests.forEach(({ p }, n) => {
      expectClose(p, LIMMA.p[n] ?? 0, 1e-4);
    });
  });

  it('without a correlation are two samples, with a perfect one only differences', () => {
    const [samples = { before: [], after: [] }] = family;
    const { variance, df } = varianceInPairs(samples, 0);
    expectClose(variance, pooled(samples).variance, 1e-12);
    expect(df).toBe(10);
    const differences = samples.after.map((log, n) => log - (samples.before[n] ?? 0));
    expectClose(
      varianceInPairs(samples, 1 - 1e-12).variance * 2,
      varianceOf(differences).variance / 2,
      1e-9,
    );
  });

  it('of fewer than ten metrics share nobody knows what', () => {
    expect(sharedCorrelation(family.slice(0, 9))).toBeUndefined();
    expect(varianceInPairs(family[0] ?? { before: [], after: [] }, undefined).df).toBe(5);
  });

  it('that never differ say nothing of the others', () => {
    const still = { before: [1, 1, 1, 1, 1, 1], after: [1, 1, 1, 1, 1, 1] };
    expect(sharedCorrelation([...family, still])).toBe(sharedCorrelation(family));
    expect(sharedCorrelation(Array.from({ length: 12 }, () => still))).toBeUndefined();
  });

  it.each([0, 0.3, 0.6])(
    'with a correlation of %d: one of twenty tests is unusual where nothing changed',
    (correlation) => {
      const random = randomFrom(20_261_121);
      const normal = (): number =>
        Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
      let unusual = 0;
      for (let n = 0; n < 300; n += 1) {
        const quiet = Array.from({ length: 20 }, () => {
          const shared = Array.from({ length: 6 }, () => Math.sqrt(correlation) * normal());
          const runs = (): number[] =>
            shared.map((value) => value + Math.sqrt(1 - correlation) * normal());
          return { before: runs(), after: runs() };
        });
        unusual += testFamily(quiet, true).tests.filter(({ p }) => p <= 0.05).length;
      }
      expect(unusual / 6000).toBeGreaterThan(0.03);
      expect(unusual / 6000).toBeLessThan(0.07);
    },
  );
});
