/** What a comparison of builds is: plain JSON, with everything its verdicts were computed from. */
import type { Severity } from '../analyzers/finding.ts';
import type { Direction } from '../analyzers/metrics/metric.ts';
import type { Pair } from './pairs.ts';
import type { Run } from './run.ts';

export const COMPARISON_VERSION = 1;

export type Verdict =
  | 'regressed'
  | 'suspect'
  | 'changed'
  | 'improved'
  | 'inconclusive'
  | 'same'
  | 'not comparable';

/** One tested number of a metric: median, 99th percentile, or rate. */
export interface FigureComparison {
  /** `<metric> <statistic>`. */
  readonly id: string;
  readonly metric: string;
  readonly statistic: 'p50' | 'p99' | 'rate';
  readonly direction: Direction;
  /** `ns`, or what a rate is printed as, for example `per 1000 range faults`. */
  readonly unit: string;
  /** Relative change that matters. */
  readonly threshold: number;
  readonly base: FigureSide;
  readonly new: FigureSide;
  /** new / base by the means of the logs; null = nothing to divide. */
  readonly ratio: number | null;
  readonly ci95: readonly [number, number] | null;
  readonly ci90: readonly [number, number] | null;
  readonly p: number | null;
  readonly q: number | null;
  /** Against the scatter of earlier builds; null = none given. */
  readonly pHistory: number | null;
  readonly verdict: Verdict;
  /** Why it is not comparable, or what limits the verdict. */
  readonly reason: string | null;
  /** Runs a side that would decide it; null = not asked, Infinity is written as 0. */
  readonly runsNeeded: number | null;
}

export interface FigureSide {
  /** Per run, in the order of its runs; null = the run has none. */
  readonly values: readonly (number | null)[];
  readonly logs: readonly (number | null)[];
  /** Median over the runs that have it. */
  readonly median: number | null;
  /** Values or events over all runs. */
  readonly count: number;
}

export interface Presence {
  /** Runs that have the finding. */
  readonly runs: number;
  /** Runs whose detector could look. */
  readonly of: number;
  /** The worst of them, to look at. */
  readonly incident: Incident | null;
}

export interface Incident {
  readonly path: string;
  readonly finding: string;
  readonly severity: Severity;
  readonly summary: string;
}

export interface FindingComparison {
  readonly detector: string;
  readonly identity: readonly string[];
  readonly severity: Severity;
  readonly verdict: 'new' | 'gone' | 'both' | 'not comparable';
  /** It makes the comparison fail. */
  readonly gates: boolean;
  readonly base: Presence;
  readonly new: Presence;
  /** How often it may happen on the side that did not show it, with 95 % confidence. */
  readonly absentUpTo: number | null;
}

export interface Side {
  readonly label: string;
  readonly runs: readonly Run[];
}

export interface CompareSettings {
  /** False discovery rate. */
  readonly q: number;
  /** Compare only these metrics: a smaller family finds smaller changes. */
  readonly metrics: readonly string[];
  /** Differences between the sides that are accepted. */
  readonly allow: readonly Difference[];
  /**
   * What runs recorded one right after the other share cancels out. `recorded`: where the captures
   * show that they were recorded in turn; `given`: the nth of both sides are a pair.
   */
  readonly pairs: 'recorded' | 'given' | 'none';
  /** Metric to relative change that matters, instead of the metric’s own. */
  readonly thresholds: Readonly<Record<string, number>>;
}

export const DIFFERENCES = ['loss', 'clock', 'workload', 'host', 'duration'] as const;
export type Difference = (typeof DIFFERENCES)[number];

export interface Comparison {
  readonly schema: 'svm-trace-comparison';
  readonly version: typeof COMPARISON_VERSION;
  readonly tool: { readonly name: 'svm-trace'; readonly version: string };
  readonly settings: CompareSettings;
  readonly base: Side;
  readonly new: Side;
  /** Earlier builds their noise is measured by. */
  readonly history: readonly Side[];
  /** Why nothing can be compared; empty = it can. */
  readonly obstacles: readonly string[];
  readonly notes: readonly string[];
  /** Runs of both sides that belong together, by their numbers; null = none do. */
  readonly pairs: readonly Pair[] | null;
  /** How much of their noise pairs share, over all metrics; null = no pairs, or too few metrics. */
  readonly correlation: number | null;
  /** What the variances of the metrics have in common; null = plain Student. */
  readonly prior: { readonly df: number | null; readonly variance: number } | null;
  /** Tested figures: the family the q-values are of. */
  readonly family: number;
  /** Sorted by verdict, then by size of the change. */
  readonly figures: readonly FigureComparison[];
  readonly findings: readonly FindingComparison[];
}

export const DEFAULT_SETTINGS: CompareSettings = {
  q: 0.05,
  metrics: [],
  allow: [],
  pairs: 'recorded',
  thresholds: {},
};
