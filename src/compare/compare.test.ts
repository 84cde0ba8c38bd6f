import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { figureOf, having } from '../../test/comparisons.ts';
import { recordedBuild, scaled, sideOf } from '../../test/regression-runs.ts';
import { compareRuns } from './compare.ts';
import type { Comparison, Side, Verdict } from './comparison.ts';
import { randomFrom, shuffled } from './statistics/random.ts';

const [a, a2, b, la, la2, lb, k0, k1] = [
  recordedBuild('a'),
  recordedBuild('a2'),
  recordedBuild('b'),
  recordedBuild('la'),
  recordedBuild('la2'),
  recordedBuild('lb'),
  recordedBuild('k0'),
  recordedBuild('k1'),
];

describe('the 99th percentile', () => {
  const with1000 = ({ label, runs }: Side, many: number): Side =>
    sideOf(
      label,
      runs.map((run, n) => ({
        ...run,
        metrics: run.metrics.map((row) =>
          row.name === 'fence-latency' && n < many ? { ...row, count: 1000 } : row,
        ),
      })),
    );
  const tail = (many: number): unknown =>
    compareRuns(with1000(la, many), with1000(la2, many)).figures.find(
      ({ id }) => id === 'fence-latency p99',
    );

  it('is compared where runs have 1000 values, with a threshold of its own', () => {
    expect(tail(6)).toMatchObject({ threshold: 0.1, base: { count: 6000 } });
    expect(tail(6)).not.toMatchObject({ verdict: 'not comparable' });
  });

  it('is not there where no run has, and not comparable where few have', () => {
    expect(tail(0)).toBeUndefined();
    expect(tail(2)).toMatchObject({
      verdict: 'not comparable',
      reason: 'only 2 of the base runs and 2 of the new ones have it',
    });
  });
});

describe('properties', () => {
  const builds = [a, a2, b, la, la2, lb, k0, k1];
  const build = fc.constantFrom('a', 'a2', 'b', 'la', 'la2', 'lb', 'k0', 'k1');

  it.each(builds.map((side) => [side.label, side] as const))(
    '%s against itself: nothing',
    (_, side) => {
      const comparison = compareRuns(side, { ...side, label: 'again' });
      const said = new Set(comparison.figures.map(({ verdict }) => verdict));
      for (const loud of ['regressed', 'improved', 'suspect', 'changed'] as const) {
        expect(said.has(loud), loud).toBe(false);
      }
      expect(comparison.findings.every(({ verdict }) => verdict === 'both')).toBe(true);
    },
  );

  const MIRROR: Partial<Record<Verdict, Verdict>> = {
    regressed: 'improved',
    improved: 'regressed',
  };

  test('the other way round everything is mirrored', () => {
    fc.assert(
      fc.property(build, build, (first, second) => {
        const [one, other] = [recordedBuild(first), recordedBuild(second)];
        const [there, back] = [compareRuns(one, other), compareRuns(other, one)];
        for (const forth of there.figures) {
          const mirrored = figureOf(back, forth.id);
          expect(mirrored.verdict).toBe(MIRROR[forth.verdict] ?? forth.verdict);
          if (forth.ratio !== null) expect(forth.ratio * (mirrored.ratio ?? 0)).toBeCloseTo(1, 9);
          if (forth.p !== null) expect(mirrored.p).toBeCloseTo(forth.p, 9);
        }
        const turned = {
          new: 'gone',
          gone: 'new',
          both: 'both',
          'not comparable': 'not comparable',
        };
        expect(
          back.findings.map(({ identity, verdict }) => [identity, turned[verdict]]).sort(),
        ).toEqual(there.findings.map(({ identity, verdict }) => [identity, verdict]).sort());
      }),
      { numRuns: 30 },
    );
  });

  const judged = ({ figures, findings }: Comparison): unknown => [
    figures.map(({ id, verdict, p, q }) => [id, verdict, p?.toFixed(9), q?.toFixed(9)]),
    findings.map(({ detector, identity, verdict, gates }) => [detector, identity, verdict, gates]),
  ];

  test('the order of the runs is irrelevant', () => {
    fc.assert(
      fc.property(build, build, fc.integer(), (first, second, seed) => {
        const random = randomFrom(seed);
        const [one, other] = [recordedBuild(first), recordedBuild(second)];
        const mixed = (side: Side): Side => sideOf(side.label, shuffled(side.runs, random));
        expect(judged(compareRuns(mixed(one), mixed(other)))).toEqual(
          judged(compareRuns(one, other)),
        );
      }),
      { numRuns: 30 },
    );
  });

  test('a machine twice or ten times as slow gives the same verdicts', () => {
    fc.assert(
      fc.property(
        build,
        build,
        fc.double({ min: 2, max: 50, noNaN: true }),
        (first, second, factor) => {
          const [one, other] = [recordedBuild(first), recordedBuild(second)];
          const [slow, slower] = [one, other].map((side) =>
            sideOf(
              side.label,
              side.runs.map((run) => scaled(run, 'all', factor)),
            ),
          );
          if (!slow || !slower) return;
          // the floor of 10 µs is meant to be absolute
          const without = {
            metrics: [
              'invalidation-duration',
              'range-fault-duration',
              'fence-latency',
              'range-fault-retries',
            ],
          };
          expect(judged(compareRuns(slow, slower, without))).toEqual(
            judged(compareRuns(one, other, without)),
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  test('what is lengthened is found, and nothing else', () => {
    const random = randomFrom(7);
    const slow = sideOf(
      'slow',
      shuffled(la2.runs, random).map((run) => scaled(run, ['fence-latency'], 1.5)),
    );
    const comparison = compareRuns(la, slow);
    expect(having(comparison, 'regressed')).toEqual(['fence-latency p50']);
    expect(having(comparison, 'improved')).toEqual([]);
  });
});
