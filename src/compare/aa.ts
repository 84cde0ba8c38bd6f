/** How often runs of one and the same build are told apart: the user’s own check of the method. */
import { compareRuns } from './compare.ts';
import type { CompareSettings, Comparison, Side } from './comparison.ts';
import type { Run } from './run.ts';
import { randomFrom, shuffled } from './statistics/random.ts';

const MOST_SPLITS = 200;
const ALPHA = 0.05;

export interface SelfComparison {
  readonly label: string;
  readonly runs: number;
  /** Ways to split the runs in two that were compared. */
  readonly splits: number;
  /** Figures tested in all of them, and how many have p <= 0.05: one in twenty is expected. */
  readonly tests: number;
  readonly unusual: number;
  /** Figures that would be flagged, were the halves large enough to gate. */
  readonly alarms: number;
  /** Splits with any alarm: at most the false discovery rate is expected. */
  readonly alarmed: number;
  /** Metrics by how often they are unusual, the restless ones first. */
  readonly metrics: readonly {
    readonly id: string;
    readonly tests: number;
    readonly unusual: number;
  }[];
}

export function compareWithItself(
  side: Side,
  settings: Partial<CompareSettings> = {},
): SelfComparison {
  const metrics = new Map<string, Counts>();
  const splits = splitsOf(side.runs);
  const alarms = splits.map(([first, second]) =>
    countAlarms(
      compareRuns(
        { label: 'first half', runs: first },
        { label: 'second half', runs: second },
        // halves are drawn, not recorded in turn
        { ...settings, pairs: 'none' },
      ),
      metrics,
    ),
  );
  const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);
  const counts = [...metrics.values()];
  return {
    label: side.label,
    runs: side.runs.length,
    splits: splits.length,
    tests: sum(counts.map(({ tests }) => tests)),
    unusual: sum(counts.map(({ unusual }) => unusual)),
    alarms: sum(alarms),
    alarmed: alarms.filter((number) => number > 0).length,
    metrics: [...metrics]
      .map(([id, { tests, unusual }]) => ({ id, tests, unusual }))
      .sort((a, b) => b.unusual / b.tests - a.unusual / a.tests || (a.id < b.id ? -1 : 1)),
  };
}

interface Counts {
  tests: number;
  unusual: number;
}

/** Figures of one split that would be flagged; the tests are added to those of their metrics. */
function countAlarms({ figures, settings }: Comparison, metrics: Map<string, Counts>): number {
  let alarms = 0;
  for (const { id, p, q, ratio, threshold } of figures) {
    if (p === null || q === null) continue;
    const metric = metrics.get(id) ?? { tests: 0, unusual: 0 };
    metric.tests += 1;
    if (p <= ALPHA) metric.unusual += 1;
    metrics.set(id, metric);
    if (q <= settings.q && Math.abs(Math.log(ratio ?? 1)) >= Math.log(1 + threshold)) alarms += 1;
  }
  return alarms;
}

/** All ways to halve few runs, a seeded choice of those of many; each pair of halves once. */
function splitsOf(runs: readonly Run[]): [Run[], Run[]][] {
  const half = Math.floor(runs.length / 2);
  const random = randomFrom(runs.length);
  const found = new Map<string, [Run[], Run[]]>();
  const indices = runs.map((_, n) => n);
  for (let tried = 0; tried < 20 * MOST_SPLITS && found.size < MOST_SPLITS; tried += 1) {
    const mixed = shuffled(indices, random);
    const halves = [mixed.slice(0, half), mixed.slice(half)].map((part) =>
      part.sort((a, b) => a - b),
    );
    const [first = [], second = []] = halves;
    const key = halves.map(String).sort().join('|');
    const pick = (part: readonly number[]): Run[] => part.flatMap((n) => runs[n] ?? []);
    if (!found.has(key)) found.set(key, [pick(first), pick(second)]);
  }
  return [...found.values()];
}
