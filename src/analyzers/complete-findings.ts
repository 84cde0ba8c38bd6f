/** Completes what detectors yield: stable ids, and evidence printed as trace-cmd would. */
import { createHash } from 'node:crypto';
import { eventTypeName } from '../store/event-view.ts';
import type { StoreReader } from '../store/reader.ts';
import { readEvents, type StoredEvent } from '../store/stored-events.ts';
import type { EventPrinter } from './event-printer.ts';
import type { EvidenceLine, Finding, FindingDraft, Severity } from './finding.ts';
import type { DetectorFinding } from './run-detectors.ts';

const MAX_EVIDENCE_LINES = 40;

export const SEVERITY_RANK: Readonly<Record<Severity, number>> = {
  info: 0,
  warn: 1,
  error: 2,
  critical: 3,
};

/** Findings with ids and evidence text, the worst first and then by time. */
export function completeFindings(
  found: readonly DetectorFinding[],
  store: StoreReader,
  printer: EventPrinter,
): Finding[] {
  const chosen = found.map(({ draft }) => chooseEvidence(draft.evidence));
  const events = readEvents(store, chosen.flat());
  const taken = new Set<string>();
  const findings = found.map(({ detector, draft }, n): Finding => {
    const evidence = (chosen[n] ?? []).flatMap((id) => {
      const event = events.get(id);
      return event ? [evidenceLine(event, printer)] : [];
    });
    const id = findingId(detector, draft, taken);
    const distinct = new Set(draft.evidence).size;
    return { ...draft, id, detector, evidence, evidenceOmitted: distinct - evidence.length };
  });
  return findings.sort(
    (a, b) =>
      SEVERITY_RANK[b.severity] - SEVERITY_RANK[a.severity] ||
      a.from - b.from ||
      (a.id < b.id ? -1 : 1),
  );
}

/** Ids in time order; of too many the first and the last. */
function chooseEvidence(ids: readonly number[]): number[] {
  const sorted = [...new Set(ids)].sort((a, b) => a - b);
  if (sorted.length <= MAX_EVIDENCE_LINES) return sorted;
  const half = MAX_EVIDENCE_LINES / 2;
  return [...sorted.slice(0, half), ...sorted.slice(-half)];
}

/** The same capture gives the same id: it hangs on what was found, not on the order it was found in. */
function findingId(detector: string, draft: FindingDraft, taken: Set<string>): string {
  const key = Object.entries(draft.key).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify([detector, key, [...new Set(draft.evidence)].sort((a, b) => a - b)]);
  for (let n = 0; ; n += 1) {
    const digest = createHash('sha256').update(n === 0 ? text : `${text}${n}`);
    const id = `${detector}-${digest.digest('hex').slice(0, 8)}`;
    if (taken.has(id)) continue;
    taken.add(id);
    return id;
  }
}

export function evidenceLine(event: StoredEvent, printer: EventPrinter): EvidenceLine {
  const comm = printer.comm(event.tid, event.buffer);
  const stamp = printer.stamp(event.buffer, event.ts);
  return {
    event: event.id,
    ts: event.ts,
    cpu: event.cpu,
    tid: event.tid,
    ...(stamp === undefined ? {} : { stamp }),
    ...(comm === undefined ? {} : { comm }),
    type: eventTypeName(event.type),
    text: printer.print(event.type, event.fields, event.id),
  };
}
