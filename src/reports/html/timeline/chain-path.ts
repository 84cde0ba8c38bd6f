/** A chain of causes as a path over the lanes on which its links are drawn. */
import type { FindingChain, FindingHop } from '../../../analyzers/finding.ts';
import { hopText } from '../../chain-text.ts';
import type { TimeFormat } from '../../units.ts';
import type { TimeWindow } from './layout.ts';
import type { PathStop, TimelinePath } from './paths.tsx';

/** Links stand at most over this share of the window, so that a long one is still seen as one. */
const SPREAD = 0.6;

const ENDS = {
  stuck: 'the first thing that did not move',
  deadlock: 'a deadlock: back to an earlier one',
  cycle: 'seems to wait for an earlier one',
  lost: 'not recorded further',
  moving: '',
} as const satisfies Record<FindingChain['end']['kind'], string>;

/** Things that a thread does: its lanes stand for what has none. */
const OF_THREADS: ReadonlySet<string> = new Set([
  'task',
  'lock_wait',
  'invalidation',
  'range_fault',
]);

/** The id of a link on the page. */
export function hopMark(of: string, n: number): string {
  return `${of}-hop-${n + 1}`;
}

/**
 * A link is drawn where all of the chain stood: after the last of them began to, and before the moment
 * it was followed at. Towards the cause it goes to the left, so that none hides another.
 */
export function chainPath(
  chain: FindingChain,
  of: string,
  window: TimeWindow,
  time: TimeFormat,
): TimelinePath {
  const { at, hops } = chain;
  const since = Math.max(...hops.map((hop) => hop.since ?? window.from), window.from);
  const spread = Math.max(Math.min(at - since, (window.to - window.from) * SPREAD), 0);
  const stops = hops.map((hop, n): PathStop => {
    return {
      ts: at - (spread * (n + 1)) / (hops.length + 1),
      object: { kind: hop.object.kind, id: hop.object.id },
      ...threadOf(hop),
      mark: hopMark(of, n),
      number: n + 1,
      relation: hop.relation,
      title: `${n + 1}. ${hopText(hop, time)}`,
      inferred: hop.certainty === 'inferred',
    };
  });
  const { kind } = chain.end;
  const seems = kind === 'stuck' && stops.some(({ inferred }) => inferred) ? 'seems ' : '';
  return { stops, end: `${seems}${ENDS[kind]}`, lost: kind === 'lost' };
}

/** Who recorded it, where that is who does it. */
function threadOf({ object, evidence }: FindingHop): { readonly tid?: number } {
  const tid = evidence[0]?.tid;
  return OF_THREADS.has(object.kind) && tid !== undefined && tid >= 0 ? { tid } : {};
}
