/** Compares the runs of two builds: the run is the unit, whatever it holds. */
import { TraceError } from '../errors.ts';
import { VERSION } from '../version.ts';
import {
  type Case,
  caseOf,
  described,
  exceedsFloor,
  logsOf,
  shortage,
  sidesOf,
  type Testable,
} from './cases.ts';
import { type Comparability, comparability, likeBuilds } from './comparability.ts';
import {
  COMPARISON_VERSION,
  type CompareSettings,
  type Comparison,
  DEFAULT_SETTINGS,
  type FigureComparison,
  type Side,
  type Verdict,
} from './comparison.ts';
import { type Figure, figuresOf, rowsByName } from './figures.ts';
import { compareFindings } from './findings.ts';
import { historyOf, pAgainstHistory } from './history.ts';
import { inGivenOrder, type Pair, recordedInTurn } from './pairs.ts';
import { benjaminiHochberg } from './statistics/benjamini-hochberg.ts';
import { type Family, type Test, testFamily } from './statistics/family.ts';
import { runsNeeded } from './statistics/power.ts';
import { isBimodal } from './statistics/sample.ts';
import { judge } from './verdict.ts';

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

export function compareRuns(
  base: Side,
  next: Side,
  settings: Partial<CompareSettings> = {},
  history: readonly Side[] = [],
): Comparison {
  const all: CompareSettings = { ...DEFAULT_SETTINGS, ...settings };
  const pairs = pairsOf(base, next, all);
  const common = comparability(base, next, all.allow);
  const rows = { base: base.runs.map(rowsByName), next: next.runs.map(rowsByName) };
  const cases = figuresOf([...base.runs, ...next.runs], all.thresholds).map((figure) =>
    caseOf(figure, rows.base, rows.next),
  );
  const { like, note } = likeBuilds(history, base);
  const { results, family, asked } = testAll(cases, common, all, pairs, like);
  const { prior, correlation } = family;
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
    pairs,
    correlation: correlation ?? null,
    prior: prior
      ? { df: Number.isFinite(prior.df) ? prior.df : null, variance: prior.variance }
      : null,
    family: asked,
    figures: results.sort(byVerdict),
    findings: compareFindings(base, next, !common.different),
  };
}

function pairsOf(base: Side, next: Side, { pairs }: CompareSettings): readonly Pair[] | null {
  if (pairs === 'none') return null;
  if (pairs === 'recorded') return recordedInTurn(base, next) ?? null;
  if (base.runs.length === next.runs.length) return inGivenOrder(base);
  throw new TraceError(
    `pairs need as many runs on each side: ${base.label} has ${base.runs.length}, ${next.label} ${next.runs.length}`,
  );
}

interface Outcome {
  readonly results: FigureComparison[];
  readonly family: Family;
  /** Figures that were tested and asked for. */
  readonly asked: number;
}

function testAll(
  cases: readonly Case[],
  common: Comparability,
  settings: CompareSettings,
  pairs: readonly Pair[] | null,
  history: readonly Side[],
): Outcome {
  const isAsked = ({ figure }: Case): boolean =>
    settings.metrics.length === 0 || settings.metrics.includes(figure.metric);
  const results: FigureComparison[] = [];
  const testable: Testable[] = [];
  for (const one of cases) {
    // without 1000 values a run has no p99, and says nothing of it either
    if (one.figure.statistic === 'p99' && ![...one.base, ...one.next].some(Boolean)) continue;
    const sides = sidesOf(one, pairs);
    const reason = common.obstacles[0] ?? clockProblem(one.figure, common) ?? shortage(one, sides);
    if (reason === undefined) testable.push({ ...one, ...sides });
    else if (isAsked(one)) results.push({ ...described(one), verdict: 'not comparable', reason });
  }
  // metrics nobody asked for still say how noisy runs are
  const family = testFamily(
    testable.map(({ before, after }) => ({ before: logsOf(before), after: logsOf(after) })),
    pairs !== null,
  );
  const asked = testable.flatMap((one, n): Asked[] => {
    const test = family.tests[n];
    return test && isAsked(one) ? [{ one, test }] : [];
  });
  return {
    results: [...results, ...judgeAll(asked, family, settings, pairs, history)],
    family,
    asked: asked.length,
  };
}

interface Asked {
  readonly one: Testable;
  readonly test: Test;
}

function judgeAll(
  asked: readonly Asked[],
  { prior, correlation }: Family,
  settings: CompareSettings,
  pairs: readonly Pair[] | null,
  history: readonly Side[],
): FigureComparison[] {
  const past = historyOf(history);
  const pHistory = asked.map(({ one, test }) => pAgainstHistory(one.figure, test.effect, past));
  const ps = asked.map(({ test }, n) => Math.max(test.p, pHistory[n] ?? 0));
  const qs = benjaminiHochberg(ps);
  const found = qs.filter((q) => q <= settings.q).length;
  const alpha = Math.min(settings.q, (settings.q * (found + 1)) / Math.max(1, asked.length));
  const differences = pairs !== null && correlation === undefined;
  return asked.map(({ one, test }, n) => {
    const numbers = { p: ps[n] ?? 1, q: qs[n] ?? 1, pHistory: pHistory[n] ?? null };
    const { variance } = test.spread;
    const needed = (effect: number): number =>
      runsNeeded(effect, { variance, prior, differences }, alpha) ?? 0;
    return judged(one, test, numbers, settings.q, needed);
  });
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
      aboveFloor: exceedsFloor(figure, one),
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
    ratio: Math.exp(effect),
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

function exponential([low, high]: readonly [number, number]): [number, number] {
  return [Math.exp(low), Math.exp(high)];
}

/** Within a verdict the surest first: what causes a change is surer of it than what suffers from it. */
function byVerdict(a: FigureComparison, b: FigureComparison): number {
  return (
    VERDICT_ORDER.indexOf(a.verdict) - VERDICT_ORDER.indexOf(b.verdict) ||
    surety(a) - surety(b) ||
    size(b) - size(a) ||
    (a.id < b.id ? -1 : 1)
  );
}

/** Rounded, as the size is: the order of the runs must not decide between equals. */
function surety({ p }: FigureComparison): number {
  return Number((p ?? 1).toPrecision(9));
}

function size({ ratio }: FigureComparison): number {
  return Math.round(Math.abs(Math.log(ratio ?? 1)) * 1e9);
}
