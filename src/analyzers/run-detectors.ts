import type { Detector, DetectorRun, Need, View } from './detector.ts';
import type { FindingDraft } from './finding.ts';
import { InputClocks } from './input-clocks.ts';
import { wordsOf } from './need-words.ts';

export interface DetectorFinding {
  readonly detector: string;
  readonly draft: FindingDraft;
}

export interface DetectorResults {
  readonly runs: readonly DetectorRun[];
  readonly findings: readonly DetectorFinding[];
}

/** A generator that never ends must not take the machine with it. */
const MAX_FINDINGS_PER_DETECTOR = 10_000;

/**
 * Runs every detector that can decide. One that throws has the outcome `error` and the others go
 * on, unless `strict`.
 */
export function runDetectors(
  makeView: (runs: readonly DetectorRun[]) => View,
  detectors: readonly Detector[],
  strict: boolean,
): DetectorResults {
  const runs: DetectorRun[] = [];
  const view = makeView(runs);
  const findings: DetectorFinding[] = [];
  for (const detector of detectors) {
    try {
      runs.push(runOne(detector, view, findings));
    } catch (error) {
      if (strict) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      runs.push({ detector: detector.meta.id, outcome: 'error', findings: 0, reason });
    }
  }
  return { runs, findings };
}

function runOne(detector: Detector, view: View, findings: DetectorFinding[]): DetectorRun {
  const id = detector.meta.id;
  const missing = missingNeeds(detector.meta.needs, (kind) => view.observed(kind));
  if (missing.length > 0) {
    return {
      detector: id,
      outcome: 'not-observable',
      findings: 0,
      reason: `not recorded: ${missing.map(({ oneOf }) => wordsOf(oneOf)).join('; ')}`,
      enable: [...new Set(missing.flatMap((need) => need.enable))],
    };
  }
  const reason = detector.cannotDecide?.(view);
  if (reason !== undefined) return { detector: id, outcome: 'not-observable', findings: 0, reason };
  const own: DetectorFinding[] = [];
  const clocks = new InputClocks(view);
  for (const draft of detector.detect(view)) {
    if (draft.evidence.length === 0 && !isEmpty(view)) {
      throw new Error(`a finding without evidence: ${draft.summary}`);
    }
    own.push({ detector: id, draft: clocks.bound(draft) });
    if (own.length >= MAX_FINDINGS_PER_DETECTOR) break;
  }
  findings.push(...own);
  return { detector: id, outcome: own.length > 0 ? 'findings' : 'clean', findings: own.length };
}

/** A capture of which nothing was stored has nothing to show as evidence. */
function isEmpty(view: View): boolean {
  return view.all('SELECT id FROM event LIMIT 1').length === 0;
}

/** The needs that a capture does not meet. */
export function missingNeeds(
  needs: readonly Need[],
  observed: (kind: Need['oneOf'][number]) => boolean,
): Need[] {
  return needs.filter((need) => !need.oneOf.some(observed));
}
