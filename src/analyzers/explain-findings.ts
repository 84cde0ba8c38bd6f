/** Adds to each finding about something that stood still the chain of what it stood behind. */
import type { StoreReader } from '../store/reader.ts';
import { readEvents } from '../store/stored-events.ts';
import { evidenceLine, SEVERITY_RANK } from './complete-findings.ts';
import type { View } from './detector.ts';
import type { EventPrinter } from './event-printer.ts';
import type { Finding, FindingChain } from './finding.ts';
import type { Chain } from './wait-for/chain.ts';
import type { Place } from './wait-for/step.ts';
import { placeOf, waitChain } from './wait-for/wait-for.ts';

/** Chains of more findings than this say nothing new, and each takes several queries. */
const MOST_CHAINS = 200;

/** The findings are those of `view`; the order stays. */
export function explainFindings(
  findings: readonly Finding[],
  view: View,
  store: StoreReader,
  printer: EventPrinter,
): Finding[] {
  let left = MOST_CHAINS;
  return findings.map((finding) => {
    // an instant among ticks of unknown length is as good as any other
    if (SEVERITY_RANK[finding.severity] < SEVERITY_RANK.warn || left === 0) return finding;
    const chain = chainOf(view, finding);
    if (chain === undefined) return finding;
    left--;
    return { ...finding, chain: printed(chain, store, printer) };
  });
}

/** Undefined where nothing stood still during what the finding is about. */
function chainOf(view: View, finding: Finding): Chain | undefined {
  for (const ref of finding.objects) {
    const place = placeOf(ref);
    if (place === undefined) continue;
    const chain = tellingChain(
      instantsOf(view, place, finding).flatMap((at) => waitChain(view, place, at) ?? []),
    );
    return chain?.end.kind === 'moving' && chain.hops.length === 1 ? undefined : chain;
  }
  return undefined;
}

/** The one that leads furthest to something that stood still; of several the first. */
function tellingChain(chains: readonly Chain[]): Chain | undefined {
  const depth = ({ end, hops }: Chain) => (end.kind === 'moving' ? hops.length - 1 : hops.length);
  return [...chains].sort((a, b) => depth(b) - depth(a))[0];
}

/**
 * Just before it moved on, and halfway: a queue that was blocked most of the time may have begun to
 * move by the end. Of an invalidation its longest wait counts.
 */
function instantsOf(view: View, place: Place, finding: Finding): number[] {
  const [wait] =
    place.kind === 'invalidation'
      ? view.all<{ start_ts: number | null; end_ts: number | null }>(
          `SELECT w.start_ts, coalesce(w.end_ts, i.return_ts, i.end_ts) AS end_ts
             FROM invalidation i LEFT JOIN fence_wait w ON w.id = i.longest_wait_id WHERE i.id = ?`,
          place.id,
        )
      : [];
  const from = Math.max(finding.from, wait?.start_ts ?? finding.from);
  const until = Math.min(wait?.end_ts ?? finding.to, view.end);
  return [Math.max(from, until - 1), Math.round((from + until) / 2)];
}

/** A chain with its events read and printed. */
export function printed(chain: Chain, store: StoreReader, printer: EventPrinter): FindingChain {
  const events = readEvents(
    store,
    chain.hops.flatMap((hop) => hop.evidence),
  );
  return {
    ...chain,
    hops: chain.hops.map((hop) => ({
      ...hop,
      evidence: hop.evidence.flatMap((id) => {
        const event = events.get(id);
        return event === undefined ? [] : [evidenceLine(event, printer)];
      }),
    })),
  };
}
