/** Findings in the order they are read: those of one incident together, the worst incident first. */
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
  readonly others: readonly PlacedFinding[];
}

/** What is wrong with the machine, as opposed to the recording. */
export function placeFindings(result: Pick<Result, 'findings' | 'incidents'>): PlacedFinding[] {
  const incidentOf = new Map(
    result.incidents.flatMap((incident) => incident.findings.map((id) => [id, incident] as const)),
  );
  const ordered = byImportance(result.findings.filter((finding) => !isAboutRecording(finding)));
  const groups = new Map<Incident | Finding, Placing[]>();
  for (const finding of ordered) {
    const key = incidentOf.get(finding.id) ?? finding;
    const group = groups.get(key) ?? [];
    group.push({ finding, number: 0, relation: undefined });
    groups.set(key, group);
  }
  const placed = [...groups].flatMap(([key, group]) => leadingFirst(key, group));
  placed.forEach((placing, n) => {
    placing.number = n + 1;
  });
  for (const [key, group] of groups) {
    if (group.length > 1 && 'cause' in key) relate(group, key.cause);
  }
  return placed;
}

/** What the incident is named after, then the others. */
function leadingFirst(key: Incident | Finding, group: readonly Placing[]): readonly Placing[] {
  const lead =
    'headline' in key ? group.find((one) => one.finding.summary === key.headline) : undefined;
  return lead === undefined ? group : [lead, ...group.filter((one) => one !== lead)];
}

type Placing = { -readonly [Key in keyof PlacedFinding]: PlacedFinding[Key] };

function relate(group: readonly Placing[], causeId: string | null): void {
  const cause = group.find(({ finding }) => finding.id === causeId);
  for (const placing of group) {
    const others = group.filter((other) => other !== placing);
    if (cause === undefined) placing.relation = { word: 'with', others };
    else if (placing === cause) placing.relation = { word: 'cause of', others };
    else placing.relation = { word: 'follows from', others: [cause] };
  }
}
