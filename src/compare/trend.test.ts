import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { recordedBuild, scaled, sideOf } from '../../test/regression-runs.ts';
import { renderTrendText } from '../reports/comparison/trend-text.ts';
import { stepByDetector, stepByMetric } from './bisect.ts';
import type { Side } from './comparison.ts';
import { bestSplit, changePoints } from './statistics/change-points.ts';
import { randomFrom, shuffled } from './statistics/random.ts';
import { findTrend, type Trend } from './trend.ts';

const [la, la2, lb] = [recordedBuild('la'), recordedBuild('la2'), recordedBuild('lb')];
const pool = [...la.runs, ...la2.runs];

/** `count` builds of three recorded runs each; `change` makes the later ones slower. */
function builds(count: number, seed: number, slowFrom = count, factor = 1): Side[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, n) => {
    const runs = shuffled(pool, random).slice(0, 3);
    const slow = runs.map((run) => scaled(run, ['invalidation-duration'], factor));
    return sideOf(`6.${n + 1}`, n >= slowFrom ? slow : runs);
  });
}

describe('change points', () => {
  it('a step is found where it is, two steps both', () => {
    const random = randomFrom(3);
    const noise = (): number => (random() - 0.5) / 10;
    const one = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1].map((value) => value + noise());
    const [found] = changePoints(one, bestSplit(one, random), random);
    expect(found).toMatchObject({ at: 6, from: 6, to: 6 });
    expect(found?.effect).toBeCloseTo(1, 1);
    const two = [...one, ...Array.from({ length: 9 }, () => 3 + noise())];
    expect(changePoints(two, bestSplit(two, random), random).map(({ at }) => at)).toEqual([6, 11]);
  });

  it('the p of a clean step is its share of all orders: 2 of 252 for 5 and 5', () => {
    const clean = [1, 1.01, 1.02, 1.03, 1.04, 2, 2.01, 2.02, 2.03, 2.04];
    const p = bestSplit(clean, randomFrom(1))?.p ?? 1;
    // two of the C(10,5) orders by level are as clean, and 2000 permutations are drawn
    expect(p).toBeGreaterThan(2 / 252 - 0.006);
    expect(p).toBeLessThan(2 / 252 + 0.008);
  });

  test('values without order have a step in one of twenty series', () => {
    const random = randomFrom(11);
    let found = 0;
    const series = 300;
    for (let n = 0; n < series; n += 1) {
      const values = Array.from({ length: 12 }, () => random() + random() + random());
      if ((bestSplit(values, random)?.p ?? 1) <= 0.05) found += 1;
    }
    expect(found / series).toBeGreaterThan(0.02);
    expect(found / series).toBeLessThan(0.09);
  }, 30_000);

  test('what is flat or short has none', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -5, max: 5, noNaN: true }),
        fc.integer({ min: 0, max: 12 }),
        (v, n) => {
          const flat = Array.from({ length: n }, () => v);
          expect(changePoints(flat, bestSplit(flat, randomFrom(1)), randomFrom(1))).toEqual([]);
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe('trend', () => {
  it('twenty builds, the 13th 20 % slower: it is named, and what to bisect', () => {
    const trend = findTrend(builds(20, 5, 12, 1.2));
    expect(trend.figures[0]).toMatchObject({ id: 'invalidation-duration p50' });
    const [change] = trend.figures[0]?.changes ?? [];
    expect(change?.verdict).toBe('regressed');
    expect(['6.12', '6.13', '6.14']).toContain(change?.first);
    expect(change?.ratio).toBeGreaterThan(1.1);
    expect(trend.figures.slice(1).flatMap(({ changes }) => changes)).toEqual([]);
    const text = renderTrendText(trend);
    expect(text).toMatch(/^invalidation-duration p50 is worse since 6\.1[234]: \+\d\d %\n/);
    expect(text).toMatch(/git bisect start 6\.\d+ 6\.\d+\n/);
  });

  it('builds that are all the same have no trend', () => {
    for (const seed of [1, 2, 3]) {
      const trend = findTrend(builds(20, seed));
      expect(trend.figures.flatMap(({ changes }) => changes)).toEqual([]);
      expect(renderTrendText(trend)).toMatch(/^Nothing got worse over 20 builds\n/);
    }
  });

  it('says how near to the ends a change can be seen at all, and no change is found nearer', () => {
    const clean = (many: number, slowFrom: number): Trend =>
      findTrend(builds(many, 2, slowFrom, 8), { metrics: ['invalidation-duration'] });
    expect(clean(12, 6).notes).toEqual([
      'a change of one metric stands out with 3 builds or more on each side of it; --metric asks fewer questions',
    ]);
    expect(clean(12, 9).figures[0]?.changes[0]?.first).toBe('6.10');
    expect(clean(12, 10).figures[0]?.changes).toEqual([]);
    expect(clean(24, 22).figures[0]?.changes[0]?.first).toBe('6.23');
    expect(clean(24, 22).notes).toEqual([]);
  });

  it('where so many metrics are looked at that none can stand out, nothing is called unchanged', () => {
    const trend = findTrend(builds(10, 2, 5, 8));
    expect(trend.obstacles.join()).toMatch(
      /does not stand out from the orders of 10 builds where 1\d are/,
    );
    expect(
      findTrend(builds(10, 2, 5, 8), { metrics: ['invalidation-duration'] }).obstacles,
    ).toEqual([]);
  });

  it('seven builds are too few', () => {
    const trend = findTrend(builds(7, 1, 3, 2));
    expect(trend.obstacles).toHaveLength(1);
    expect(trend.figures).toEqual([]);
    expect(renderTrendText(trend)).toMatch(/^Too few builds for a trend: 7\n/);
  });

  it('builds that lost events are left out; of several clocks no times are compared', () => {
    const [first, second, ...rest] = builds(16, 5, 10, 1.5);
    if (!first || !second) throw new Error('no builds');
    const changed = (build: Side, change: Partial<Side['runs'][number]>): Side =>
      sideOf(
        build.label,
        build.runs.map((run) => ({ ...run, ...change })),
      );
    const lossy = findTrend([changed(first, { lost: null }), second, ...rest]);
    expect(lossy.notes[0]).toBe('builds left out, because too many of their events were lost: 1');
    expect(lossy.figures[0]?.changes[0]?.verdict).toBe('regressed');
    const mixed = findTrend([
      changed(first, { clock: { name: 'tsc', unit: 'ns' } }),
      second,
      ...rest,
    ]);
    expect(mixed.notes[0]).toBe('other trace clocks (mono, tsc): no times are compared');
    expect(mixed.figures.map(({ metric }) => metric)).not.toContain('invalidation-duration');
    expect(mixed.figures.map(({ metric }) => metric)).toContain('range-fault-retries');
  });

  it('two builds of one name stay two', () => {
    const twice = builds(12, 4).map(({ runs }) => sideOf('same', runs));
    expect(findTrend(twice).builds).toHaveLength(12);
  });
});

describe('a step of a bisection', () => {
  const part = ({ label, runs }: Side, from: number): Side => sideOf(label, runs.slice(from));

  it('by a metric: like the good build, like the bad one, or neither', () => {
    expect(stepByMetric(lb, { good: la }, 'invalidation-duration').word).toBe('bad');
    expect(stepByMetric(la2, { good: la, bad: lb }, 'invalidation-duration').word).toBe('good');
    expect(
      stepByMetric(part(lb, 3), { good: la, bad: part(lb, 0) }, 'invalidation-duration').word,
    ).toBe('bad');
    const between = sideOf(
      'between',
      la2.runs.map((run, n) => scaled(run, ['invalidation-duration'], n % 2 ? 0.8 : 1.6)),
    );
    expect(stepByMetric(between, { good: la, bad: lb }, 'invalidation-duration').word).toBe('skip');
  });

  it('what was not recorded is skipped', () => {
    expect(stepByMetric(la2, { good: la }, 'job-rate').word).toBe('skip');
    expect(stepByMetric(part(la2, 4), { good: la }, 'invalidation-duration')).toEqual({
      word: 'skip',
      reason: 'c612-la2 has 2 runs: 3 are needed to see the noise, 5 to gate',
    });
  });

  it('by a detector: one failure is enough, and all must have looked', () => {
    const clean = (side: Side): Side => ({
      ...side,
      runs: side.runs.map((run) => ({
        ...run,
        findings: [],
        detectors: [{ detector: 'fence-order', outcome: 'clean' }],
      })),
    });
    expect(stepByDetector(clean(la), 'fence-order').word).toBe('good');
    expect(stepByDetector(clean(la), 'hmm-timeout').word).toBe('skip');
    expect(stepByDetector(sideOf('none', []), 'fence-order').word).toBe('skip');
    const failing = clean(la);
    const [first, ...rest] = failing.runs;
    if (!first) throw new Error('no run');
    const finding = {
      id: 'x',
      detector: 'fence-order',
      severity: 'error',
      confidence: 'proven',
      summary: 'late',
      identity: [],
    } as const;
    expect(
      stepByDetector(
        { label: 'bad', runs: [...rest, { ...first, findings: [finding] }] },
        'fence-order',
      ),
    ).toEqual({
      word: 'bad',
      reason: '1 of fence-order: late',
    });
  });
});
