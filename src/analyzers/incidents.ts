/** Groups findings that are one event seen from several sides, and tells cause from consequence. */
import { createHash } from 'node:crypto';
import { SEVERITY_RANK } from './complete-findings.ts';
import type { Confidence, Finding, Incident, IncidentMoment, ObjectRef } from './finding.ts';

const CONFIDENCE_RANK: Readonly<Record<Confidence, number>> = { suspect: 0, likely: 1, proven: 2 };

/**
 * Who or where, not what happened: a process may have several unrelated troubles, so that sharing
 * one of these joins nothing.
 */
const BYSTANDERS: ReadonlySet<string> = new Set(['task', 'process', 'address_space', 'device']);

/** What a recording cannot show is told apart from what went wrong. */
const ABOUT_RECORDING = 'tool-blind';

/**
 * Two findings are of one incident when they are about the same object, or when the chain of causes
 * of one passes through an object of the other. Time alone joins nothing: two GPUs, or two
 * processes, fail independently.
 */
export function groupIncidents(findings: readonly Finding[]): Incident[] {
  const failures = findings.filter(({ detector }) => detector !== ABOUT_RECORDING);
  const groups = new Groups(failures.length);
  const firstWith = new Map<string, number>();
  failures.forEach((finding, n) => {
    for (const object of [...ownObjects(finding), ...chainObjects(finding)]) {
      const first = firstWith.get(object);
      if (first === undefined) firstWith.set(object, n);
      else groups.join(first, n);
    }
  });
  const members = new Map<number, Finding[]>();
  failures.forEach((finding, n) => {
    const root = groups.rootOf(n);
    members.set(root, [...(members.get(root) ?? []), finding]);
  });
  return [...members.values()].map(judged).sort(worstFirst).map(incidentOf);
}

function ownObjects(finding: Finding): string[] {
  return keysOf(finding.objects);
}

function chainObjects(finding: Finding): string[] {
  return keysOf(finding.chain?.hops.map(({ object }) => object) ?? []);
}

function keysOf(refs: readonly ObjectRef[]): string[] {
  return refs.filter(({ kind }) => !BYSTANDERS.has(kind)).map(({ kind, id }) => `${kind} ${id}`);
}

/** The findings of one incident. */
interface Members {
  readonly ordered: readonly Finding[];
  readonly worst: Finding;
}

function judged(findings: readonly Finding[]): Members {
  const ordered = [...findings].sort((a, b) => a.from - b.from || (a.id < b.id ? -1 : 1));
  const [worst] = [...ordered].sort(byImportance);
  if (worst === undefined) throw new Error('an incident without findings');
  return { ordered, worst };
}

function worstFirst(a: Members, b: Members): number {
  return byImportance(a.worst, b.worst);
}

/** Worst, then surest, then longest, then earliest. */
function byImportance(a: Finding, b: Finding): number {
  return (
    SEVERITY_RANK[b.severity] - SEVERITY_RANK[a.severity] ||
    CONFIDENCE_RANK[b.confidence] - CONFIDENCE_RANK[a.confidence] ||
    b.to - b.from - (a.to - a.from) ||
    a.from - b.from
  );
}

function incidentOf({ ordered, worst }: Members): Incident {
  const ids = ordered.map(({ id }) => id);
  const digest = createHash('sha256')
    .update([...ids].sort().join())
    .digest('hex');
  const cause = causeOf(ordered);
  return {
    id: `incident-${digest.slice(0, 8)}`,
    severity: worst.severity,
    confidence: worst.confidence,
    headline: leading(worst, cause).summary,
    from: Math.min(...ordered.map(({ from }) => from)),
    to: Math.max(...ordered.map(({ to }) => to)),
    cause: cause?.id ?? null,
    findings: ids,
    timeline: timelineOf(ordered),
  };
}

/** A cause as bad as what follows from it is told first, unless the sentence of that names it already. */
function leading(worst: Finding, cause: Finding | undefined): Finding {
  const [own] = cause?.objects ?? [];
  if (cause === undefined || own === undefined || cause.severity !== worst.severity) return worst;
  return worst.summary.toLowerCase().includes(own.label.toLowerCase()) ? worst : cause;
}

/** The finding whose own object lies deepest in the chain of another one. */
function causeOf(ordered: readonly Finding[]): Finding | undefined {
  let deepest = 0;
  let cause: Finding | undefined;
  for (const finding of ordered) {
    const [own] = ownObjects(finding);
    for (const other of ordered) {
      const depth = own === undefined ? -1 : chainObjects(other).indexOf(own);
      if (other === finding || depth <= deepest) continue;
      deepest = depth;
      cause = finding;
    }
  }
  return cause;
}

/** Where the chains say since when each thing stood, and where each finding ends. */
function timelineOf(ordered: readonly Finding[]): IncidentMoment[] {
  const moments = new Map<string, IncidentMoment>();
  const add = (ts: number | null, text: string, finding: string): void => {
    if (ts !== null && !moments.has(`${ts} ${text}`)) {
      moments.set(`${ts} ${text}`, { ts, text, finding });
    }
  };
  for (const { id, chain } of ordered) {
    for (const hop of chain?.hops ?? []) add(hop.since, `${hop.object.label} ${hop.state}`, id);
  }
  for (const finding of ordered) add(finding.from, finding.summary, finding.id);
  return [...moments.values()].sort((a, b) => a.ts - b.ts);
}

/** Disjoint sets of the numbers below `size`. */
class Groups {
  readonly #parent: number[];

  constructor(size: number) {
    this.#parent = Array.from({ length: size }, (_, n) => n);
  }

  rootOf(n: number): number {
    let root = n;
    while (this.#parent[root] !== root) root = this.#parent[root] as number;
    this.#parent[n] = root;
    return root;
  }

  join(a: number, b: number): void {
    const [first, second] = [this.rootOf(a), this.rootOf(b)];
    this.#parent[Math.max(first, second)] = Math.min(first, second);
  }
}
