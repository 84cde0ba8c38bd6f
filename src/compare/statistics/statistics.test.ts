/**
 * The mathematics against numbers of others. R: version 4.2.2, limma 3.54.1, run on the inputs given
 * here. AS: Abramowitz and Stegun, Handbook of Mathematical Functions, tables 6.1, 6.4, 26.9 and 26.10.
 */
import fc from 'fast-check';
import jStat from 'jstat';
import { describe, expect, it, test } from 'vitest';
import { benjaminiHochberg } from './benjamini-hochberg.ts';
import { testFamily } from './family.ts';
import { fitPrior, moderate } from './moderated-t.ts';
import { digamma, inverseTrigamma, trigamma } from './polygamma.ts';
import { runsNeeded } from './power.ts';
import { isBimodal, median } from './sample.ts';
import { criticalT, cumulativeT, twoSidedP } from './student-t.ts';

/** jstat’s incomplete beta function is good to seven digits. */
const DIGITS = 1e-6;

function expectClose(actual: number, wanted: number, relative = DIGITS): void {
  expect(Math.abs(actual / wanted - 1), `${actual} for ${wanted}`).toBeLessThan(relative);
}

describe('Student’s t', () => {
  it.each([
    [2.5, 7, 4.09922185857529e-2],
    [30, 10, 3.96179234203132e-11],
    [1e-3, 3, 9.99264894969461e-1],
    [8, 2.5, 7.65664413104344e-3],
    [50, 40, 1.11173955836905e-37],
  ])('two tails beyond %d with %d degrees of freedom, as R’s pt has them', (t, df, p) => {
    expectClose(twoSidedP(t, df), p);
    expectClose(twoSidedP(-t, df), p);
  });

  it('closed forms: one degree of freedom is Cauchy’s, two are algebraic, far out too', () => {
    for (const t of [0.01, 0.5, 1, 3, 40, 1e4]) {
      expectClose(twoSidedP(t, 1), 1 - (2 / Math.PI) * Math.atan(t), 1e-5);
      // 1 - t / sqrt(t² + 2), without the cancellation
      const root = Math.sqrt(t * t + 2);
      expectClose(twoSidedP(t, 2), 2 / (root * (root + t)), 1e-5);
    }
  });

  it.each([
    [0.05, 1, 12.70620473617469],
    [0.05, 4, 2.77644510519779],
    [0.05, 8, 2.30600413520417],
    [0.05, 30, 2.04227245630124],
    [0.05, 0.7, 36.61141503158832],
    [0.1, 5, 2.01504837333302],
  ])('critical values: AS table 26.10, R’s qt', (alpha, df, t) => {
    expectClose(criticalT(alpha, df), t, 1e-5);
  });

  it('squared it is F with one degree of freedom: R’s qf(0.95, 1, 10)', () => {
    expectClose(criticalT(0.05, 10) ** 2, 4.96460274373071, 1e-5);
  });

  it('with many degrees of freedom it is normal', () => {
    expectClose(twoSidedP(1.959963984540054, Number.POSITIVE_INFINITY), 0.05, 1e-4);
    expectClose(criticalT(0.05, Number.POSITIVE_INFINITY), 1.959963984540054, 1e-6);
  });

  it('what cannot be divided is no evidence, what has no scatter is certain', () => {
    expect(twoSidedP(Number.NaN, 4)).toBe(1);
    expect(twoSidedP(Number.POSITIVE_INFINITY, 4)).toBe(0);
  });

  test('both tails and the middle are one', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -50, max: 50, noNaN: true }),
        fc.integer({ min: 1, max: 60 }),
        (t, df) => {
          expect(cumulativeT(t, df) + cumulativeT(-t, df)).toBeCloseTo(1, 6);
        },
      ),
    );
  });
});

describe('the incomplete beta function all tails come from', () => {
  it.each([
    [0.5, 2, 3, 0.6875],
    [0.2, 0.5, 0.5, 0.2951672353008664],
    [0.01, 10, 0.5, 1.770034965528585e-21],
    [1e-6, 4, 0.5, 2.734376093750685e-25],
  ])('at %d of %d and %d: R’s pbeta', (x, a, b, value) => {
    expectClose(jStat.ibeta(x, a, b), value);
  });

  it.each([
    // AS table 26.9: 2.87 and 5.95 at 5 % and 1 %
    [2.866081402015659, 4, 20, 0.05],
    [5.952544681545866, 3, 12, 0.01],
    [10, 3, 12, 1.385907295178878e-3],
    [250, 2, 8, 6.15042460167381e-8],
  ])('F beyond %d with %d and %d degrees of freedom: R’s qf and pf', (f, first, second, p) => {
    expectClose(jStat.ibeta(second / (second + first * f), second / 2, first / 2), p);
  });
});

describe('digamma and trigamma', () => {
  it.each([
    [0.1, -10.423754940411076, 101.43329915079275],
    [0.5, -1.963510026021423, 4.934802200544679],
    [1, -0.5772156649015323, 1.6449340668482264],
    [2.5, 0.7031566406452434, 0.4903577561002349],
    [10, 2.2517525890667214, 0.1051663356816857],
  ])('of %d: AS tables 6.1 and 6.4, R', (x, psi, psi1) => {
    expectClose(digamma(x), psi, 1e-11);
    expectClose(trigamma(x), psi1, 1e-11);
  });

  it.each([
    [0.01, 100.499166681943],
    [0.5, 2.45995294835231],
    [Math.PI ** 2 / 6, 1],
    [10, 0.335081044378036],
    [1e-7, 1e7],
    [1e8, 1e-4],
  ])('inverse trigamma of %d: limma’s trigammaInverse', (y, x) => {
    expectClose(inverseTrigamma(y), x, 1e-9);
  });
});

describe('Benjamini and Hochberg', () => {
  it('the example of their paper (1995, section 3.2): 4 of 15 at 5 %', () => {
    const ps = [
      0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719,
      0.6528, 0.759, 1,
    ];
    const qs = benjaminiHochberg(ps);
    expect(qs.filter((q) => q <= 0.05)).toHaveLength(4);
    expect(benjaminiHochberg([...ps].reverse())).toEqual([...qs].reverse());
  });

  it('R’s p.adjust on the p-values of the moderated t below', () => {
    const qs = benjaminiHochberg(LIMMA.p);
    qs.forEach((q, n) => {
      expectClose(q, LIMMA.q[n] ?? 0, 1e-9);
    });
  });
});

/** eBayes(lmFit(…)) of limma on three runs against three, twelve metrics. */
const LIMMA = {
  runs: [
    [-0.0313, -0.0311, 0.031, 0.3803, 0.3944, 0.5201],
    [0.0367, -0.4429, -0.0112, -0.0119, 0.1762, -0.0078],
    [-0.0836, 0.1125, -0.0156, 0.11, 0.0398, 0.069],
    [0.6381, -0.018, -0.5883, 0.3053, -0.2448, 0.0112],
    [0.0231, -0.0011, -0.0335, -0.0115, 0.0239, -0.052],
    [-0.0246, 0.0283, 0.0125, -0.0076, -0.0339, 0.0057],
    [0.0731, 0.1232, 0.2038, 0.1045, 0.215, -0.2707],
    [0.2215, 0.1782, -0.0308, 0.167, 0.5941, 0.4397],
    [0.0115, 0.0184, 0.0078, -0.0138, -0.0073, 0.0031],
    [-0.0275, 0.0704, -0.0048, -0.0637, -0.094, 0.1955],
    [0.1663, 0.0082, -0.1515, 0.0401, 0.0627, 0.0523],
    [0.0234, -0.1194, -0.0249, 0.0461, -0.0081, -0.0426],
  ],
  df: 1.068624233170408,
  variance: 0.00256942840548551,
  p: [
    0.000224655670161713, 0.2505185702350435, 0.2856776093152755, 0.9707630855815175,
    0.7736009481773484, 0.529996993567528, 0.4287522352156163, 0.0891074526432373,
    0.38854793270824406, 0.9991349034701487, 0.6217814746335946, 0.4528108388441453,
  ],
  q: [
    0.00269586804194055, 0.776247152304249, 0.776247152304249, 0.9991349034701487,
    0.928321137812818, 0.7949954903512921, 0.776247152304249, 0.5346447158594239, 0.776247152304249,
    0.9991349034701487, 0.8290419661781261, 0.776247152304249,
  ],
};

describe('the moderated t', () => {
  it('is limma’s', () => {
    const family = LIMMA.runs.map((runs) => ({ before: runs.slice(0, 3), after: runs.slice(3) }));
    const { tests, prior } = testFamily(family, false);
    expectClose(prior?.df ?? 0, LIMMA.df, 1e-8);
    expectClose(prior?.variance ?? 0, LIMMA.variance, 1e-8);
    tests.forEach(({ p }, n) => {
      expectClose(p, LIMMA.p[n] ?? 0);
    });
  });

  const variances = [
    0.0412, 0.0087, 0.153, 0.0226, 0.0031, 0.0714, 0.0118, 0.0559, 0.276, 0.019, 0.0345, 0.0052,
  ];

  it('its prior, also where metrics miss runs: limma’s fitFDist and squeezeVar', () => {
    const even = fitPrior(variances.map((variance) => ({ variance, df: 8 })));
    expectClose(even?.variance ?? 0, 0.018141588082358, 1e-9);
    expectClose(even?.df ?? 0, 2.129175265718307, 1e-9);
    expectClose(moderate({ variance: 0.0412, df: 8 }, even).variance, 0.03635307031087236, 1e-9);
    const dfs = [8, 8, 7, 8, 6, 8, 8, 5, 8, 8, 8, 4];
    const uneven = fitPrior(variances.map((variance, n) => ({ variance, df: dfs[n] ?? 0 })));
    expectClose(uneven?.variance ?? 0, 0.0191208740137215, 1e-9);
    expectClose(uneven?.df ?? 0, 2.23619165494962, 1e-9);
    expectClose(moderate({ variance: 0.0052, df: 4 }, uneven).variance, 0.01019178729928571, 1e-9);
  });

  it('metrics of one variance share it, with the degrees of freedom of all of them', () => {
    const alike = [0.05, 0.048, 0.052, 0.049, 0.051, 0.05, 0.0495, 0.0505, 0.051, 0.0485];
    const prior = fitPrior(alike.map((variance) => ({ variance, df: 8 })));
    expectClose(prior?.variance ?? 0, 0.04995, 1e-9);
    expect(moderate({ variance: 0.05, df: 8 }, prior)).toEqual({
      variance: prior?.variance,
      df: 80,
    });
  });

  it('too few metrics are left to Student', () => {
    expect(
      fitPrior(variances.slice(0, 9).map((variance) => ({ variance, df: 8 }))),
    ).toBeUndefined();
    expect(moderate({ variance: 2, df: 8 }, undefined)).toEqual({ variance: 2, df: 8 });
  });
});

describe('runs needed', () => {
  it.each([
    [0.2, 0.15, 0.05, 9.889068],
    [0.1, 0.05, 0.01, 7.66054],
  ])(
    'for %d at noise %d: the next whole number from R’s power.t.test, or one more',
    (effect, sd, alpha, n) => {
      const needed = runsNeeded(
        effect,
        { variance: sd ** 2, prior: undefined, differences: false },
        alpha,
      );
      expect([Math.ceil(n), Math.ceil(n) + 1]).toContain(needed);
    },
  );

  it('no number of runs finds nothing', () => {
    const noise = { variance: 1, prior: undefined, differences: false };
    expect(runsNeeded(0.001, noise, 0.05)).toBeUndefined();
  });
});

describe('samples', () => {
  it('medians of even and odd numbers of runs', () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5]);
  });

  it('two clusters are two modes; an outlier is none, nor is a gap too small to matter', () => {
    expect(isBimodal([1, 1.01, 2, 2.02, 2.01], 0.05)).toBe(true);
    expect(isBimodal([1, 1.01, 1.02, 1, 2], 0.05)).toBe(false);
    expect(isBimodal([1, 1.0001, 1.01, 1.0101], 0.05)).toBe(false);
    expect(isBimodal([1, 1.2, 1.4, 1.6, 1.8], 0.05)).toBe(false);
  });
});
