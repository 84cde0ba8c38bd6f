import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { recordedBuild, scaled, sideOf } from '../../test/regression-runs.ts';
import { compareRuns } from './compare.ts';
import type { Comparison, FigureComparison, Side, Verdict } from './comparison.ts';
import { gate } from './gate.ts';
import type { Run, RunFinding } from './run.ts';
import { randomFrom, shuffled } from './statistics/random.ts';

const [a, a2, b] = [recordedBuild('a'), recordedBuild('a2'), recordedBuild('b')];
const [la, la2, lb] = [recordedBuild('la'), recordedBuild('la2'), recordedBuild('lb')];
const [k0, k1] = [recordedBuild('k0'), recordedBuild('k1')];

const figure = (comparison: Comparison, id: string): FigureComparison => {
  const found = comparison.figures.find((one) => one.id === id);
  if (!found) throw new Error(`no figure ${id}`);
  return found;
};

const verdicts = (comparison: Comparison, verdict: Verdict): string[] =>
  comparison.figures.filter((one) => one.verdict === verdict).map(({ id }) => id);

const outcome = (comparison: Comparison): string => gate(comparison, 'regressed', false).outcome;

describe('recorded builds', () => {
  const halves = ({ label, runs }: Side): [Side, Side] => [
    sideOf(
      `${label} odd`,
      runs.filter((_, n) => n % 2 === 0),
    ),
    sideOf(
      `${label} even`,
      runs.filter((_, n) => n % 2 === 1),
    ),
  ];

  it.each([
    ['a and a2', [a, a2]],
    ['la and la2', [la, la2]],
    ['halves of la', halves(la)],
    ['halves of la2', halves(la2)],
    ['halves of k0', halves(k0)],
    ['halves of both la', halves(sideOf('both', [...la.runs, ...la2.runs]))],
    ['halves of both a', halves(sideOf('both', [...a.runs, ...a2.runs]))],
  ] as [string, [Side, Side]][])('%s are the same build: nothing regressed', (_, [base, next]) => {
    const comparison = compareRuns(base, next);
    expect(verdicts(comparison, 'regressed')).toEqual([]);
    expect(verdicts(comparison, 'improved')).toEqual([]);
    expect(outcome(comparison)).toBe('pass');
  });

  it('la to lb: invalidations that take longer, and that first of all', () => {
    const comparison = compareRuns(la, lb);
    expect(comparison.figures[0]).toMatchObject({
      id: 'invalidation-duration p50',
      verdict: 'regressed',
    });
    expect(comparison.figures[0]?.ratio).toBeGreaterThan(1.15);
    expect(comparison.figures[0]?.ratio).toBeLessThan(1.35);
    expect(outcome(comparison)).toBe('fail');
  });

  it('k0 to k1: more retries, invalidations that take as long', () => {
    const comparison = compareRuns(k0, k1, { paired: true });
    const retries = figure(comparison, 'range-fault-retries rate');
    expect(retries.verdict).toBe('regressed');
    expect(retries.ratio).toBeGreaterThan(5);
    expect(figure(comparison, 'invalidation-duration p50').verdict).toBe('same');
    // there are more of them: another load, neither better nor worse
    expect(figure(comparison, 'invalidation-rate rate').verdict).toBe('changed');
    expect(figure(compareRuns(k0, k1), 'range-fault-retries rate').verdict).toBe('regressed');
  });

  it('a to b: five noisy runs raise a suspicion, and say how many would settle it', () => {
    const longer = figure(compareRuns(a, b), 'invalidation-duration p50');
    expect(longer.verdict).toBe('suspect');
    expect(longer.runsNeeded).toBeGreaterThan(5);
    expect(longer.runsNeeded).toBeLessThan(20);
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
          const mirrored = figure(back, forth.id);
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
    expect(verdicts(comparison, 'regressed')).toEqual(['fence-latency p50']);
    expect(verdicts(comparison, 'improved')).toEqual([]);
  });
});

describe('what stands in the way', () => {
  const changed = (side: Side, change: (run: Run) => Partial<Run>): Side =>
    sideOf(
      'changed',
      side.runs.map((run) => ({ ...run, ...change(run) })),
    );

  it.each([
    ['fewer than three runs', sideOf('two', la2.runs.slice(0, 2)), /two has 2 runs: 3 are needed/],
    [
      'lost events',
      changed(la2, ({ events }) => ({ lost: events / 20 })),
      /4\.8 % .* were lost; --allow loss/,
    ],
    ['losses nobody counted', changed(la2, () => ({ lost: null })), /nobody counted/],
    [
      'another load',
      changed(la2, () => ({ programs: ['glmark'] })),
      /another load ran: svmloadN in c612-la, glmark in changed/,
    ],
    [
      'another class of host',
      changed(la2, ({ host }) => ({ host: { ...host, cpus: 64 } })),
      /another class of host/,
    ],
    [
      'much longer runs',
      changed(la2, ({ durationNs }) => ({ durationNs: durationNs * 30 })),
      /2\d times as long/,
    ],
  ] as [string, Side, RegExp][])('%s', (_, next, reason) => {
    const comparison = compareRuns(la, next);
    expect(comparison.obstacles.join('\n')).toMatch(reason);
    expect(new Set(comparison.figures.map(({ verdict }) => verdict))).toEqual(
      new Set(['not comparable']),
    );
    expect(outcome(comparison)).toBe('undecided');
  });

  it('what the user allows is only noted', () => {
    const next = changed(la2, () => ({ programs: ['glmark'] }));
    const comparison = compareRuns(la, next, { allow: ['workload'] });
    expect(comparison.obstacles).toEqual([]);
    expect(comparison.notes.join()).toMatch(/another load ran.*allowed/);
    expect(outcome(comparison)).toBe('pass');
  });

  it('another clock takes the times away and leaves the rates per object', () => {
    const next = changed(k1, () => ({ clock: { name: 'local', unit: 'ns' } }));
    const comparison = compareRuns(k0, next);
    expect(figure(comparison, 'invalidation-duration p50')).toMatchObject({
      verdict: 'not comparable',
      reason: 'other trace clocks (local, mono)',
    });
    expect(figure(comparison, 'invalidation-rate rate').verdict).toBe('not comparable');
    expect(figure(comparison, 'range-fault-retries rate').verdict).toBe('regressed');
  });

  it('a metric one side did not record is not comparable, and nothing else suffers', () => {
    const next = changed(la2, ({ metrics }) => ({
      metrics: metrics.filter(({ name }) => name !== 'fence-latency'),
    }));
    const comparison = compareRuns(la, next);
    expect(figure(comparison, 'fence-latency p50').reason).toMatch(/^not in the new runs/);
    expect(figure(comparison, 'fence-execution p50').verdict).not.toBe('not comparable');
  });

  it('three or four runs only raise suspicion, however large the change', () => {
    const comparison = compareRuns(
      sideOf('k0', k0.runs.slice(0, 4)),
      sideOf('k1', k1.runs.slice(0, 4)),
    );
    expect(figure(comparison, 'range-fault-retries rate').verdict).toBe('suspect');
    expect(verdicts(comparison, 'regressed')).toEqual([]);
    expect(gate(comparison, 'regressed', false).outcome).toBe('pass');
    expect(gate(comparison, 'suspect', false).outcome).toBe('fail');
    expect(gate(comparison, 'regressed', true).outcome).toBe('undecided');
  });

  it('runs in two groups are a suspicion, not a verdict', () => {
    const split = sideOf(
      'split',
      lb.runs.map((run, n) => scaled(run, ['invalidation-duration'], n < 3 ? 1 : 4)),
    );
    const both = figure(compareRuns(la, split), 'invalidation-duration p50');
    expect(both.reason).toMatch(/two groups/);
    expect(both.verdict).not.toBe('regressed');
  });

  it('a capture on both sides is told', () => {
    const comparison = compareRuns(
      la,
      sideOf('mixed', [...la.runs.slice(0, 2), ...la2.runs.slice(2)]),
    );
    expect(comparison.notes.join()).toMatch(/2 of the captures are on both sides/);
  });

  it('pairs need partners', () => {
    expect(() => compareRuns(la, sideOf('fewer', lb.runs.slice(1)), { paired: true })).toThrow(
      /as many runs/,
    );
  });

  it('a threshold of the user replaces that of the metric', () => {
    const comparison = compareRuns(la, lb, { thresholds: { 'invalidation-duration': 0.6 } });
    expect(figure(comparison, 'invalidation-duration p50').verdict).toBe('same');
  });
});

describe('earlier builds', () => {
  /** Builds whose invalidations differ by some 20 % anyway. */
  const restless = Array.from({ length: 10 }, (_, n) =>
    sideOf(
      `build ${n}`,
      la.runs.map((run) => scaled(run, ['invalidation-duration'], 1 + 0.2 * Math.sin(n * 2))),
    ),
  );

  it('what builds differ by anyway is no regression', () => {
    const alone = figure(compareRuns(la, lb), 'invalidation-duration p50');
    const known = figure(compareRuns(la, lb, {}, restless), 'invalidation-duration p50');
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
    expect(figure(comparison, 'invalidation-duration p50').verdict).toBe('regressed');
  });

  it('fewer than eight say nothing', () => {
    const few = compareRuns(la, lb, {}, restless.slice(0, 7));
    expect(figure(few, 'invalidation-duration p50')).toMatchObject({
      pHistory: null,
      verdict: 'regressed',
    });
  });
});

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
    expect(outcome(comparison)).toBe('pass');
  });

  it('what the new build no longer shows is gone; what both show is neither', () => {
    const base = withFindings(la, [[finding('error'), finding('error', 'z')]]);
    const next = withFindings(la2, [[], [finding('error', 'z')]]);
    const comparison = compareRuns(base, next);
    expect(comparison.findings.map(({ identity, verdict }) => [identity[0], verdict])).toEqual([
      ['x', 'gone'],
      ['z', 'both'],
    ]);
    expect(outcome(comparison)).toBe('pass');
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
