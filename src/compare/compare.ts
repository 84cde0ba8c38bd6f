/** Compares the runs of two builds: the run is the unit, whatever it holds. */
import type { MetricRow } from '../analyzers/metrics/measure.ts';
import { TraceError } from '../errors.ts';
import { VERSION } from '../version.ts';
import { type Comparability, comparability, LEAST_RUNS, likeBuilds } from './comparability.ts';
import {
  COMPARISON_VERSION,
  type CompareSettings,
  type Comparison,
  DEFAULT_SETTINGS,
  type FigureComparison,
  type FigureSide,
  type Side,
  type Verdict,
} from './comparison.ts';
import { type Figure, figuresOf, rowsByName, type Sample, sampleOf } from './figures.ts';
import { compareFindings } from './findings.ts';
import { historyOf, pAgainstHistory } from './history.ts';
import { benjaminiHochberg } from './statistics/benjamini-hochberg.ts';
import { type Test, testFamily } from './statistics/family.ts';
import type { VariancePrior } from './statistics/moderated-t.ts';
import { runsNeeded } from './statistics/power.ts';
import { isBimodal, mean, median } from './statistics/sample.ts';
import { judge } from './verdict.ts';

/** Fewer events on both sides together say only whether there are any. */
const LEAST_EVENTS = 10;

/** In this order they are read. */
const VERDICT_ORDER: readonly Verdict[] = [
  'regressed',
  'suspect',
  'improved',
  'changed',
  'inconclusive',
  'same',
  'not comparable',
];

/** One figure with the samples of both sides. */
interface Case {
  readonly figure: Figure;
  readonly base: readonly (Sample | undefined)[];
  readonly next: readonly (Sample | undefined)[];
}

/** A case that can be tested: the runs that have the figure. */
interface Testable extends Case {
  readonly before: readonly Sample[];
  readonly after: readonly Sample[];
}

export function compareRuns(
  base: Side,
  next: Side,
  settings: Partial<CompareSettings> = {},
  history: readonly Side[] = [],
): Comparison {
  const all: CompareSettings = { ...DEFAULT_SETTINGS, ...settings };
  if (all.paired && base.runs.length !== next.runs.length) {
    throw new TraceError(
      `pairs need as many runs on each side: ${base.label} has ${base.runs.length}, ${next.label} ${next.runs.length}`,
    );
  }
  const common = comparability(base, next, all.allow);
  const figures = figuresOf([...base.runs, ...next.runs], all.thresholds).filter(
    ({ metric }) => all.metrics.length === 0 || all.metrics.includes(metric),
  );
  const rows = { base: base.runs.map(rowsByName), next: next.runs.map(rowsByName) };
  const cases = figures.map((figure) => caseOf(figure, rows.base, rows.next));
  const { like, note } = likeBuilds(history, base);
  const { results, prior, family } = testAll(cases, common, all, like);
  return {
    schema: 'svm-trace-comparison',
    version: COMPARISON_VERSION,
    tool: { name: 'svm-trace', version: VERSION },
    settings: all,
    base,
    new: next,
    history: like,
    obstacles: common.obstacles,
    notes: note === undefined ? common.notes : [...common.notes, note],
    prior: prior
      ? { df: Number.isFinite(prior.df) ? prior.df : null, variance: prior.variance }
      : null,
    family,
    figures: results.sort(byVerdict),
    findings: compareFindings(base, next, !common.different),
  };
}

function caseOf(
  figure: Figure,
  base: readonly ReadonlyMap<string, MetricRow>[],
  next: readonly ReadonlyMap<string, MetricRow>[],
): Case {
  return {
    figure,
    base: base.map((run) => sampleOf(figure, run)),
    next: next.map((run) => sampleOf(figure, run)),
  };
}

interface Outcome {
  readonly results: FigureComparison[];
  readonly prior: VariancePrior | undefined;
  readonly family: number;
}

function testAll(
  cases: readonly Case[],
  common: Comparability,
  settings: CompareSettings,
  history: readonly Side[],
): Outcome {
  const results: FigureComparison[] = [];
  const testable: Testable[] = [];
  for (const one of cases) {
    // without 1000 values a run has no p99, and says nothing of it either
    if (one.figure.statistic === 'p99' && ![...one.base, ...one.next].some(Boolean)) continue;
    const sides = presentOf(settings.paired ? pairsOf(one) : one);
    const reason =
      common.obstacles[0] ?? clockProblem(one.figure, common) ?? shortage(one.figure, sides);
    if (reason === undefined) testable.push({ ...one, ...sides });
    else results.push({ ...described(one), verdict: 'not comparable', reason });
  }
  const { tests, prior } = testFamily(
    testable.map(({ before, after }) => ({ before: logsOf(before), after: logsOf(after) })),
    settings.paired,
  );
  const past = historyOf(history);
  const pHistory = testable.map(({ figure }, n) =>
    pAgainstHistory(figure, tests[n]?.effect ?? 0, past),
  );
  const ps = tests.map(({ p }, n) => Math.max(p, pHistory[n] ?? 0));
  const qs = benjaminiHochberg(ps);
  const found = qs.filter((q) => q <= settings.q).length;
  const alpha = Math.min(settings.q, (settings.q * (found + 1)) / Math.max(1, tests.length));
  tests.forEach((test, n) => {
    const one = testable[n];
    if (!one) return;
    const numbers = { p: ps[n] ?? 1, q: qs[n] ?? 1, pHistory: pHistory[n] ?? null };
    const needed = (effect: number): number =>
      runsNeeded(
        effect,
        { variance: test.spread.variance, prior, paired: settings.paired },
        alpha,
      ) ?? 0;
    results.push(judged(one, test, numbers, settings.q, needed));
  });
  return { results, prior, family: tests.length };
}

function judged(
  one: Testable,
  test: Test,
  numbers: Pick<FigureComparison, 'pHistory'> & { readonly p: number; readonly q: number },
  level: number,
  needed: (effect: number) => number,
): FigureComparison {
  const { figure, before, after } = one;
  const { effect } = test;
  const threshold = Math.log(1 + figure.threshold);
  const ci90 = test.interval(0.9);
  const bimodal = [before, after].some((side) => isBimodal(logsOf(side), threshold));
  const verdict = judge(
    {
      ...numbers,
      effect,
      ci90,
      threshold,
      aboveFloor: exceedsFloor(figure, before, after),
      runs: Math.min(before.length, after.length),
      bimodal,
      direction: figure.direction,
    },
    level,
  );
  const open = verdict === 'inconclusive' || verdict === 'suspect';
  return {
    ...described(one),
    ...numbers,
    ci95: exponential(test.interval(0.95)),
    ci90: exponential(ci90),
    verdict,
    reason: bimodal ? 'the runs of one side fall into two groups' : null,
    runsNeeded: open ? needed(Math.max(Math.abs(effect), threshold)) : null,
  };
}

/** Times of other clocks are other times; rates per object do not mind. */
function clockProblem(figure: Figure, common: Comparability): string | undefined {
  return figure.statistic !== 'rate' || figure.perSecond ? common.clock : undefined;
}

type Sides = Pick<Testable, 'before' | 'after'>;

/** Why there is too little to test, if there is. */
function shortage({ statistic }: Figure, { before, after }: Sides): string | undefined {
  const events = [...before, ...after].reduce((sum, { count }) => sum + count, 0);
  if (events === 0) return 'nothing of the kind happened on either side';
  if (before.length === 0) return 'not in the base runs: not recorded, or nothing of the kind';
  if (after.length === 0) return 'not in the new runs: not recorded, or nothing of the kind';
  if (Math.min(before.length, after.length) < LEAST_RUNS) {
    return `only ${before.length} of the base runs and ${after.length} of the new ones have it`;
  }
  if (statistic === 'rate' && events < LEAST_EVENTS) {
    return `only ${events === 1 ? 'one event' : `${events} events`} in all runs`;
  }
  return undefined;
}

/** Without the runs whose partner has no such figure. */
function pairsOf(one: Case): Case {
  const whole = (_: unknown, n: number): boolean => Boolean(one.base[n] && one.next[n]);
  return { ...one, base: one.base.filter(whole), next: one.next.filter(whole) };
}

function presentOf({ base, next }: Case): Sides {
  const [before, after] = [base, next].map((side) => side.filter((sample) => sample !== undefined));
  return { before: before ?? [], after: after ?? [] };
}

function logsOf(samples: readonly Sample[]): number[] {
  return samples.map(({ log }) => log);
}

/** The figure with its values, before anything is said about them. */
function described({ figure, base, next }: Case): FigureComparison {
  const { metric, statistic, direction, unit, threshold } = figure;
  return {
    id: `${metric} ${statistic}`,
    metric,
    statistic,
    direction,
    unit,
    threshold,
    base: sideOf(base),
    new: sideOf(next),
    ratio: ratioOf(base, next),
    ci95: null,
    ci90: null,
    p: null,
    q: null,
    pHistory: null,
    verdict: 'inconclusive',
    reason: null,
    runsNeeded: null,
  };
}

function ratioOf(base: Case['base'], next: Case['next']): number | null {
  const [a, b] = [base, next].map((side) => side.flatMap((sample) => sample?.log ?? []));
  return a?.length && b?.length ? Math.exp(mean(b) - mean(a)) : null;
}

function sideOf(samples: readonly (Sample | undefined)[]): FigureSide {
  const present = samples.filter((sample) => sample !== undefined);
  return {
    values: samples.map((sample) => sample?.value ?? null),
    logs: samples.map((sample) => sample?.log ?? null),
    median: present.length === 0 ? null : median(present.map(({ value }) => value)),
    count: present.reduce((sum, { count }) => sum + count, 0),
  };
}

function exceedsFloor(
  { statistic, floor }: Figure,
  before: readonly Sample[],
  after: readonly Sample[],
): boolean {
  if (statistic !== 'rate') {
    const [a, b] = [before, after].map((side) => median(side.map(({ value }) => value)));
    return Math.abs((b ?? 0) - (a ?? 0)) >= floor;
  }
  const [a, b] = [before, after].map((side) => ({
    events: side.reduce((sum, { count }) => sum + count, 0),
    trials: side.reduce((sum, { denominator }) => sum + denominator, 0),
  }));
  if (!a || !b) return false;
  const trials = Math.min(a.trials, b.trials);
  return Math.abs(b.events / b.trials - a.events / a.trials) * trials >= floor;
}

function exponential([low, high]: readonly [number, number]): [number, number] {
  return [Math.exp(low), Math.exp(high)];
}

function byVerdict(a: FigureComparison, b: FigureComparison): number {
  // rounded: the order of the runs must not decide between equals
  const size = ({ ratio }: FigureComparison): number =>
    Math.round(Math.abs(Math.log(ratio ?? 1)) * 1e9);
  return (
    VERDICT_ORDER.indexOf(a.verdict) - VERDICT_ORDER.indexOf(b.verdict) ||
    size(b) - size(a) ||
    (a.id < b.id ? -1 : 1)
  );
}
