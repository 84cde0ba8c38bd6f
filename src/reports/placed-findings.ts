/** Incidents and their findings in the order they are read: the worst incident first. */
import type { Finding, Incident } from '../analyzers/finding.ts';
import type { Result } from '../analyzers/result.ts';
import { byImportance, isAboutRecording } from './importance.ts';

export interface PlacedFinding {
  readonly finding: Finding;
  /** From 1, in reading order. */
  readonly number: number;
  /** Undefined where it is the only finding of its incident. */
  readonly relation: Relation | undefined;
}

/** How a finding belongs to the others of its incident. */
export interface Relation {
  readonly word: 'cause of' | 'follows from' | 'with';
  /** The first of them. */
  readonly others: readonly PlacedFinding[];
  /** How many more there are. */
  readonly more: number;
}

/** Beyond this many, the others are only counted: an incident may have thousands of findings. */
const OTHERS_AT_MOST = 12;

export interface PlacedIncident {
  readonly incident: Incident;
  /** From 1, in reading order. */
  readonly number: number;
  /** The finding it is named after. */
  readonly lead: PlacedFinding;
  /** All of them, the lead first. */
  readonly findings: readonly PlacedFinding[];
  /** The one that the chains of causes of the others lead to, where one does. */
  readonly cause: PlacedFinding | undefined;
}

/** What is wrong with the machine, as opposed to the recording. */
export function placeIncidents(
  result: Pick<Result, 'findings' | 'incidents'>,
): readonly PlacedIncident[] {
  const incidentOf = new Map(
    result.incidents.flatMap((incident) => incident.findings.map((id) => [id, incident] as const)),
  );
  const groups = new Map<Incident, Placing[]>();
  for (const finding of byImportance(result.findings.filter((one) => !isAboutRecording(one)))) {
    const incident = incidentOf.get(finding.id) ?? incidentOfOne(finding);
    const group = groups.get(incident) ?? [];
    group.push({ finding, number: 0, relation: undefined });
    groups.set(incident, group);
  }
  let findings = 0;
  return [...groups].map(([incident, members], n) => {
    const group = leadingFirst(incident, members);
    for (const placing of group) {
      findings += 1;
      placing.number = findings;
    }
    return placedIncident(incident, group, n + 1);
  });
}

export function placeFindings(
  result: Pick<Result, 'findings' | 'incidents'>,
): readonly PlacedFinding[] {
  return placeIncidents(result).flatMap(({ findings }) => findings);
}

/** What the incident is named after, then the others. */
function leadingFirst(incident: Incident, group: readonly Placing[]): readonly Placing[] {
  const lead = group.find(({ finding }) => finding.summary === incident.headline);
  return lead === undefined ? group : [lead, ...group.filter((one) => one !== lead)];
}

type Placing = { -readonly [Key in keyof PlacedFinding]: PlacedFinding[Key] };

function placedIncident(
  incident: Incident,
  group: readonly Placing[],
  number: number,
): PlacedIncident {
  const [lead] = group;
  if (lead === undefined) throw new Error('an incident without findings');
  const cause = group.find(({ finding }) => finding.id === incident.cause);
  if (group.length > 1) relate(group, cause);
  return { incident, number, lead, findings: group, cause };
}

function relate(group: readonly Placing[], cause: Placing | undefined): void {
  const first = group.slice(0, OTHERS_AT_MOST + 1);
  for (const placing of group) {
    if (cause !== undefined && placing !== cause) {
      placing.relation = { word: 'follows from', others: [cause], more: 0 };
      continue;
    }
    const others = first.filter((other) => other !== placing).slice(0, OTHERS_AT_MOST);
    const more = group.length - 1 - others.length;
    placing.relation = { word: cause === undefined ? 'with' : 'cause of', others, more };
  }
}

/** For a Result whose incidents do not name the finding. */
function incidentOfOne({ id, severity, confidence, summary, from, to }: Finding): Incident {
  return {
    id: `incident-of-${id}`,
    severity,
    confidence,
    headline: summary,
    from,
    to,
    cause: null,
    findings: [id],
    timeline: [],
  };
}
