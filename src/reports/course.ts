/** What happened in an incident in order of time: states of its chain of causes, and its findings. */
import type { Finding } from '../analyzers/finding.ts';
import type { PlacedFinding, PlacedIncident } from './placed-findings.ts';

export type CourseStep =
  | { readonly ts: number; readonly text: string }
  | { readonly ts: number; readonly placed: PlacedFinding };

/** A state comes before the findings that begin with it. */
export function courseOf({ incident, findings }: PlacedIncident): readonly CourseStep[] {
  const sentences = new Set(findings.map(({ finding }) => finding.summary));
  const states = incident.timeline
    .filter(({ text }) => !sentences.has(text))
    .map(({ ts, text }): CourseStep => ({ ts, text }));
  const steps: CourseStep[] = findings.map((placed) => ({ ts: placed.finding.from, placed }));
  return [...states, ...steps].sort((a, b) => a.ts - b.ts);
}

/** `error, proven, invalidate-stall`. */
export function findingKind({ severity, confidence, detector }: Finding): string {
  return `${severity}, ${confidence}, ${detector}`;
}
