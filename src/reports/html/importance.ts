import type { Confidence, Finding, Severity } from '../../analyzers/finding.ts';

/** Worst first. */
export const SEVERITIES: readonly Severity[] = ['critical', 'error', 'warn', 'info'];
/** Surest first. */
const CONFIDENCES: readonly Confidence[] = ['proven', 'likely', 'suspect'];

/** The order in which findings are read: worst, then surest, then earliest. */
export function byImportance(findings: readonly Finding[]): readonly Finding[] {
  return [...findings].sort(
    (a, b) =>
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
      CONFIDENCES.indexOf(a.confidence) - CONFIDENCES.indexOf(b.confidence) ||
      a.from - b.from,
  );
}
