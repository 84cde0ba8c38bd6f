import type { DetectorRun } from '../analyzers/detector.ts';
import type { Confidence, Finding, Severity } from '../analyzers/finding.ts';

/** Worst first. */
export const SEVERITIES: readonly Severity[] = ['critical', 'error', 'warn', 'info'];
/** Surest first. */
const CONFIDENCES: readonly Confidence[] = ['proven', 'likely', 'suspect'];

/**
 * The detector that reports what a recording cannot show. Its findings are no failures of the
 * machine: they are told with the detectors that could not look.
 */
export function isAboutRecording({ detector }: Finding | DetectorRun): boolean {
  return detector === 'tool-blind';
}

/** The order in which findings are read: worst, then surest, then longest, then earliest. */
export function byImportance(findings: readonly Finding[]): readonly Finding[] {
  return [...findings].sort(
    (a, b) =>
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
      CONFIDENCES.indexOf(a.confidence) - CONFIDENCES.indexOf(b.confidence) ||
      b.to - b.from - (a.to - a.from) ||
      a.from - b.from,
  );
}
