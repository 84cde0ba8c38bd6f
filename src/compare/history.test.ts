import { describe, expect, it } from 'vitest';
import { figureOf } from '../../test/comparisons.ts';
import { recordedBuild, scaled, sideOf } from '../../test/regression-runs.ts';
import { calibrationText } from '../reports/comparison/words.ts';
import { compareRuns } from './compare.ts';

const [la, lb] = [recordedBuild('la'), recordedBuild('lb')];

describe('earlier builds', () => {
  /** Builds whose invalidations differ by some 20 % anyway. */
  const restless = Array.from({ length: 10 }, (_, n) =>
    sideOf(
      `build ${n}`,
      la.runs.map((run) => scaled(run, ['invalidation-duration'], 1 + 0.2 * Math.sin(n * 2))),
    ),
  );

  it('what builds differ by anyway is no regression', () => {
    const alone = figureOf(compareRuns(la, lb), 'invalidation-duration p50');
    const known = figureOf(compareRuns(la, lb, {}, restless), 'invalidation-duration p50');
    expect([alone.verdict, alone.pHistory]).toEqual(['regressed', null]);
    expect(known.pHistory).toBeGreaterThan(0.05);
    expect(known.verdict).not.toBe('regressed');
  });

  it('builds of another host say nothing of this one', () => {
    const elsewhere = restless.map(({ label, runs }) =>
      sideOf(
        label,
        runs.map((run) => ({ ...run, host: { ...run.host, cpus: 64 } })),
      ),
    );
    const comparison = compareRuns(la, lb, {}, elsewhere);
    expect(comparison.history).toEqual([]);
    expect(comparison.notes.join()).toMatch(/10 of 10 earlier builds are left out/);
    expect(figureOf(comparison, 'invalidation-duration p50').verdict).toBe('regressed');
  });

  it('fewer than eight say nothing', () => {
    const few = compareRuns(la, lb, {}, restless.slice(0, 7));
    expect(calibrationText(few)).toMatch(
      /not calibrated against earlier builds \(7 given, 8 needed\)$/,
    );
    expect(calibrationText(compareRuns(la, lb, {}, restless))).toMatch(
      /and the scatter of 10 earlier builds$/,
    );
    expect(figureOf(few, 'invalidation-duration p50')).toMatchObject({
      pHistory: null,
      verdict: 'regressed',
    });
  });
});
