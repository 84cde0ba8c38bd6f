/** Which findings are new and which are gone, by what makes them the same in another run. */
import { SEVERITY_RANK } from '../analyzers/complete-findings.ts';
import type { FindingComparison, Incident, Presence, Side } from './comparison.ts';
import type { Run, RunFinding } from './run.ts';

const CONFIDENCE = 0.05;
const GATES_FROM = SEVERITY_RANK.error;

interface Kind {
  readonly detector: string;
  readonly identity: readonly string[];
}

/**
 * Worst first: new ones that gate, other new ones, gone ones, those of both sides. None gates where
 * the sides are not `alike`.
 */
export function compareFindings(base: Side, next: Side, alike = true): FindingComparison[] {
  const kinds = new Map<string, Kind>();
  for (const { detector, identity, severity } of allFindings(base, next)) {
    if (severity === 'info') continue;
    kinds.set(keyOf({ detector, identity }), { detector, identity });
  }
  return [...kinds.values()].map((kind) => compareKind(kind, base, next, alike)).sort(byWeight);
}

function allFindings(base: Side, next: Side): RunFinding[] {
  return [...base.runs, ...next.runs].flatMap(({ findings }) => findings);
}

function keyOf({ detector, identity }: Kind): string {
  return JSON.stringify([detector, identity]);
}

function compareKind(kind: Kind, base: Side, next: Side, alike: boolean): FindingComparison {
  const [before, after] = [presence(kind, base), presence(kind, next)];
  const severity = [before, after]
    .flatMap(({ incident }) => incident?.severity ?? [])
    .reduce((worst, one) => (SEVERITY_RANK[one] > SEVERITY_RANK[worst] ? one : worst), 'info');
  const verdict = verdictOf(before, after);
  const absent = verdict === 'new' ? before.of : after.of;
  return {
    ...kind,
    severity,
    verdict,
    gates: alike && verdict === 'new' && SEVERITY_RANK[severity] >= GATES_FROM,
    base: before,
    new: after,
    absentUpTo: verdict === 'new' || verdict === 'gone' ? 1 - CONFIDENCE ** (1 / absent) : null,
  };
}

function verdictOf(before: Presence, after: Presence): FindingComparison['verdict'] {
  if (before.runs > 0 && after.runs > 0) return 'both';
  const absent = before.runs === 0 ? before : after;
  // a side that could not look has nothing to say
  if (absent.of === 0) return 'not comparable';
  return before.runs === 0 ? 'new' : 'gone';
}

function presence(kind: Kind, { runs }: Side): Presence {
  const looked = runs.filter((run) => couldLook(run, kind.detector));
  const key = keyOf(kind);
  const incidents = looked.flatMap((run) => {
    const found = run.findings.filter((finding) => keyOf(finding) === key);
    return found.length === 0 ? [] : [worstOf(run, found)];
  });
  const [incident = null] = incidents.sort(
    (a, b) => SEVERITY_RANK[b.severity] - SEVERITY_RANK[a.severity] || (a.path < b.path ? -1 : 1),
  );
  return { runs: incidents.length, of: looked.length, incident };
}

function couldLook(run: Run, detector: string): boolean {
  return run.detectors.some(
    ({ detector: id, outcome }) =>
      id === detector && (outcome === 'findings' || outcome === 'clean'),
  );
}

function worstOf(run: Run, found: readonly RunFinding[]): Incident {
  const worst = found.reduce((a, b) =>
    SEVERITY_RANK[b.severity] > SEVERITY_RANK[a.severity] ? b : a,
  );
  const { id, severity, summary } = worst;
  return { path: run.path, finding: id, severity, summary };
}

function byWeight(a: FindingComparison, b: FindingComparison): number {
  const order = ['new', 'gone', 'both', 'not comparable'];
  return (
    Number(b.gates) - Number(a.gates) ||
    order.indexOf(a.verdict) - order.indexOf(b.verdict) ||
    SEVERITY_RANK[b.severity] - SEVERITY_RANK[a.severity] ||
    (keyOf(a) < keyOf(b) ? -1 : 1)
  );
}
