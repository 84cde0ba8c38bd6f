/** The recorded events of an incident: those of its findings, each once, in time order. */
import type { EvidenceLine } from '../analyzers/finding.ts';
import type { PlacedFinding, PlacedIncident } from './placed-findings.ts';

/** An event and the findings that rest on it. */
export interface IncidentEvent {
  readonly line: EvidenceLine;
  readonly findings: readonly PlacedFinding[];
}

export interface IncidentEvidence {
  readonly events: readonly IncidentEvent[];
  /** Events that are not among them. An event that several findings left out counts for each. */
  readonly omitted: number;
}

/** Those of the worst finding, of the cause, then of the others, as far as there is room. */
export function incidentEvidence(placed: PlacedIncident, atMost: number): IncidentEvidence {
  const { findings } = placed;
  const events = new Map<number, { line: EvidenceLine; findings: PlacedFinding[] }>();
  for (const finding of weightiestFirst(placed)) {
    for (const line of finding.finding.evidence) {
      const event = events.get(line.event);
      if (event === undefined) events.set(line.event, { line, findings: [finding] });
      else event.findings.push(finding);
    }
  }
  const shown = [...events.values()].slice(0, atMost);
  shown.sort((a, b) => a.line.ts - b.line.ts || a.line.event - b.line.event);
  const left = findings.reduce((sum, { finding }) => sum + finding.evidenceOmitted, 0);
  return { events: shown, omitted: events.size - shown.length + left };
}

/** The next steps of all findings of an incident, each once. */
export function incidentSteps(placed: PlacedIncident): readonly string[] {
  return [...new Set(weightiestFirst(placed).flatMap(({ finding }) => finding.next))];
}

function weightiestFirst({ lead, cause, findings }: PlacedIncident): readonly PlacedFinding[] {
  return [...new Set([lead, ...(cause === undefined ? [] : [cause]), ...findings])];
}
