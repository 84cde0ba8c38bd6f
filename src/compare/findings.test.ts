import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../../test/comparisons.ts';
import { recordedBuild, sideOf } from '../../test/regression-runs.ts';
import { compareRuns } from './compare.ts';
import type { Side } from './comparison.ts';
import { gate } from './gate.ts';
import type { RunFinding } from './run.ts';

const [la, la2] = [recordedBuild('la'), recordedBuild('la2')];

describe('findings', () => {
  const finding = (severity: RunFinding['severity'], name = 'x'): RunFinding => ({
    id: `fence-error-${name}`,
    detector: 'fence-error',
    severity,
    confidence: 'proven',
    summary: `fence ${name} failed`,
    identity: [name],
  });
  const withFindings = (side: Side, per: readonly (readonly RunFinding[])[]): Side =>
    sideOf(
      side.label,
      side.runs.map((run, n) => ({ ...run, findings: per[n] ?? [] })),
    );

  it('an error no base run has is new and fails the build, with an incident to look at', () => {
    const next = withFindings(la2, [[finding('error')], [], [finding('critical')]]);
    const comparison = compareRuns(withFindings(la, []), next);
    expect(comparison.findings).toMatchObject([
      {
        verdict: 'new',
        gates: true,
        severity: 'critical',
        base: { runs: 0, of: 6 },
        new: { runs: 2, of: 6 },
      },
    ]);
    expect(comparison.findings[0]?.new.incident?.path).toBe(next.runs[2]?.path);
    // 1 - 0.05^(1/6)
    expect(comparison.findings[0]?.absentUpTo).toBeCloseTo(0.393, 3);
    expect(gate(comparison, 'regressed', false)).toMatchObject({ outcome: 'fail' });
    expect(gate(comparison, 'never', false)).toMatchObject({ outcome: 'pass' });
  });

  it('a warning is told but does not fail the build, information is not told', () => {
    const next = withFindings(la2, [[finding('warn')], [finding('info', 'y')]]);
    const comparison = compareRuns(withFindings(la, []), next);
    expect(comparison.findings).toMatchObject([{ verdict: 'new', gates: false, identity: ['x'] }]);
    expect(outcomeOf(comparison)).toBe('pass');
  });

  it('what the new build no longer shows is gone; what both show is neither', () => {
    const base = withFindings(la, [[finding('error'), finding('error', 'z')]]);
    const next = withFindings(la2, [[], [finding('error', 'z')]]);
    const comparison = compareRuns(base, next);
    expect(comparison.findings.map(({ identity, verdict }) => [identity[0], verdict])).toEqual([
      ['x', 'gone'],
      ['z', 'both'],
    ]);
    expect(outcomeOf(comparison)).toBe('pass');
  });

  it('of another load nothing new is the fault of the kernel; of a single run it is', () => {
    const next = withFindings(la2, [[finding('error')]]);
    const other = sideOf(
      'other',
      next.runs.map((run) => ({ ...run, programs: ['glmark'] })),
    );
    expect(compareRuns(withFindings(la, []), other).findings[0]?.gates).toBe(false);
    const one = sideOf('one', next.runs.slice(0, 1));
    const comparison = compareRuns(withFindings(la, []), one);
    expect(gate(comparison, 'regressed', false)).toMatchObject({ outcome: 'fail', findings: [{}] });
  });

  it('where the base could not look nothing is new', () => {
    const blind = sideOf(
      'blind',
      la.runs.map((run) => ({ ...run, findings: [], detectors: [] })),
    );
    const comparison = compareRuns(blind, withFindings(la2, [[finding('error')]]));
    expect(comparison.findings).toMatchObject([{ verdict: 'not comparable', gates: false }]);
  });
});
