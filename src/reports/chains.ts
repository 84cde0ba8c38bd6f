/** The chains of causes of an incident's findings: often the same one, met at different hops. */
import type { FindingChain, FindingHop } from '../analyzers/finding.ts';
import type { Result } from '../analyzers/result.ts';
import { type PlacedFinding, type PlacedIncident, placeIncidents } from './placed-findings.ts';
import type { TimeFormat } from './units.ts';

/** The longest chain of the incident, that of its worst finding among equals. */
export function mainChain({ findings }: PlacedIncident): FindingChain | undefined {
  return findings
    .flatMap(({ finding }) => finding.chain ?? [])
    .reduce<FindingChain | undefined>(
      (longest, chain) =>
        longest === undefined || chain.hops.length > longest.hops.length ? chain : longest,
      undefined,
    );
}

/** A chain of a finding that the incident's main one does not already tell. */
export function ownChain(
  { finding }: PlacedFinding,
  main: FindingChain | undefined,
): FindingChain | undefined {
  const { chain } = finding;
  if (chain === undefined || (main !== undefined && isPartOf(chain, main))) return undefined;
  return chain;
}

/** Whether it is the end of the other, or all of it. */
function isPartOf(chain: FindingChain, whole: FindingChain): boolean {
  const end = whole.hops.slice(-chain.hops.length);
  return (
    chain === whole ||
    (chain.end.kind === whole.end.kind &&
      end.length === chain.hops.length &&
      end.every((hop, n) => isSame(hop, chain.hops[n])))
  );
}

function isSame({ object }: FindingHop, other: FindingHop | undefined): boolean {
  return other !== undefined && object.kind === other.object.kind && object.id === other.object.id;
}

export interface CauseSentence {
  /** What the sentence is: the cause, or how far the recording leads to it. */
  readonly word: string;
  readonly text: string;
}

const WORDS = {
  stuck: 'First cause',
  deadlock: 'Deadlock',
  cycle: 'Seems a ring of waits',
  lost: 'Traced to',
} as const satisfies Partial<Record<FindingChain['end']['kind'], string>>;

/** Where the incident's chain of causes ends, in one sentence; undefined where it tells nothing. */
export function causeSentence(placed: PlacedIncident, time: TimeFormat): CauseSentence | undefined {
  const chain = mainChain(placed);
  const last = chain?.hops.at(-1);
  if (chain === undefined || last === undefined || chain.end.kind === 'moving') return undefined;
  const { kind, text } = chain.end;
  const isInferred = chain.hops.some(({ certainty }) => certainty === 'inferred');
  const word = isInferred && kind === 'stuck' ? 'Likely first cause' : WORDS[kind];
  if (kind === 'deadlock' || kind === 'cycle') return { word, text: sentence(text) };
  const since = last.since === null ? '' : ` since ${time.moment(last.since)}`;
  const lost = kind === 'lost' ? 'from there the trail is lost: ' : '';
  return { word, text: sentence(`${last.object.label} ${last.state}${since}; ${lost}${text}`) };
}

/** The same by the id of the finding at whose sentence it is said: the worst of the incident. */
export function causeSentences(result: Result, time: TimeFormat): Map<string, CauseSentence> {
  return new Map(
    placeIncidents(result).flatMap((placed) => {
      const cause = causeSentence(placed, time);
      return cause === undefined ? [] : [[placed.lead.finding.id, cause] as const];
    }),
  );
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
