import type { Result } from '../analyzers/result.ts';
import { byImportance, isAboutRecording } from './importance.ts';
import { count, counted } from './units.ts';

/** The worst finding's own sentence; without one, how much looking that rests on. */
export function headline(result: Result): string {
  const [worst] = byImportance(result.findings.filter((finding) => !isAboutRecording(finding)));
  if (!worst) return cleanHeadline(result);
  if (worst.severity !== 'info') return worst.summary;
  const judged =
    result.capture.clock.unit === 'ticks'
      ? 'The clock counts ticks, so no duration is judged.'
      : 'No failure found.';
  return `${judged} Worth a look: ${worst.summary}`;
}

function cleanHeadline(result: Result): string {
  const runs = result.detectors.filter((run) => !isAboutRecording(run));
  const looked = runs.filter((run) => run.outcome === 'clean').length;
  if (looked === 0) {
    return 'Nothing can be said: this capture lacks the events that the detectors need.';
  }
  const blind = runs.filter((run) => run.outcome === 'not-observable').length;
  const rest = blind === 0 ? '' : `; ${count(blind)} could not look`;
  return `No findings: ${counted(looked, 'detector')} looked and found nothing${rest}.`;
}
