/** What a comparison means for a build: pass, fail, or nothing can be said. */
import type { Comparison, FigureComparison, FindingComparison } from './comparison.ts';

export const FAIL_ON = ['regressed', 'suspect', 'never'] as const;
export type FailOn = (typeof FAIL_ON)[number];

export interface Gate {
  readonly outcome: 'pass' | 'fail' | 'undecided';
  /** Figures that make it fail. */
  readonly figures: readonly FigureComparison[];
  /** New findings that make it fail. */
  readonly findings: readonly FindingComparison[];
  /** Why nothing can be said; empty unless the outcome is that. */
  readonly reasons: readonly string[];
}

/** `strict`: what is inconclusive, or has too few runs to gate, is undecided. */
export function gate(comparison: Comparison, failOn: FailOn, strict: boolean): Gate {
  const figures = comparison.figures.filter(
    (figure) =>
      (figure.verdict === 'regressed' && failOn !== 'never') ||
      (failOn === 'suspect' && isWorseSuspect(figure)),
  );
  const findings = failOn === 'never' ? [] : comparison.findings.filter(({ gates }) => gates);
  if (figures.length + findings.length > 0)
    return { outcome: 'fail', figures, findings, reasons: [] };
  const reasons = [...comparison.obstacles];
  if (reasons.length === 0 && comparison.family === 0) reasons.push('no metric could be compared');
  if (strict) reasons.push(...undecided(comparison));
  return { outcome: reasons.length > 0 ? 'undecided' : 'pass', figures, findings, reasons };
}

/** A suspicion that it got worse. */
export function isWorseSuspect({ verdict, ratio, direction }: FigureComparison): boolean {
  return verdict === 'suspect' && direction === 'lower' && (ratio ?? 1) > 1;
}

function undecided({ figures }: Comparison): string[] {
  const open = figures.filter(({ verdict }) => verdict === 'inconclusive' || verdict === 'suspect');
  return open.length === 0 ? [] : [`${open.length} of the metrics are not decided (--strict)`];
}
