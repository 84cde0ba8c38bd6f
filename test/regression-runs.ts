/** Runs of real builds, and builds made from them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Side } from '../src/compare/comparison.ts';
import type { Run } from '../src/compare/run.ts';
import { ROOT } from './cli.ts';

const FILE = join(ROOT, 'fixtures/regression-runs/runs.jsonl');

const sides: ReadonlyMap<string, Side> = new Map(
  readFileSync(FILE, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Side)
    .map((side) => [side.label.replace('c612-', ''), side]),
);

/** The runs of a recorded build: a, a2, b, la, la2, lb, k0 or k1. */
export function recordedBuild(name: string): Side {
  const side = sides.get(name);
  if (!side) throw new Error(`no build ${name}`);
  return side;
}

export function sideOf(label: string, runs: readonly Run[]): Side {
  return { label, runs };
}

/** The same run with every value of some durations, or the events of some rates, times `factor`. */
export function scaled(run: Run, names: readonly string[] | 'all', factor: number): Run {
  return {
    ...run,
    metrics: run.metrics.map((row) => {
      if (row.quantiles === null || (names !== 'all' && !names.includes(row.name))) return row;
      const quantiles = row.quantiles.map(({ q, value }) => ({ q, value: value * factor }));
      return { ...row, sum: (row.sum ?? 0) * factor, quantiles };
    }),
  };
}
