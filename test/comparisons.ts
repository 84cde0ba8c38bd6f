/** What tests of comparisons ask of them. */
import type { Comparison, FigureComparison, Verdict } from '../src/compare/comparison.ts';
import { gate } from '../src/compare/gate.ts';

export function figureOf(comparison: Comparison, id: string): FigureComparison {
  const found = comparison.figures.find((one) => one.id === id);
  if (!found) throw new Error(`no figure ${id}`);
  return found;
}

/** The figures of one verdict. */
export function having(comparison: Comparison, verdict: Verdict): string[] {
  return comparison.figures.filter((one) => one.verdict === verdict).map(({ id }) => id);
}

/** Of a gate that fails on regressions. */
export function outcomeOf(comparison: Comparison): string {
  return gate(comparison, 'regressed', false).outcome;
}
