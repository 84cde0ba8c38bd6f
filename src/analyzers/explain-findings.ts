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

/** Undefined where nothing stood still at the end of what the finding is about. */
function chainOf(view: View, finding: Finding): Chain | undefined {
  for (const ref of finding.objects) {
    const place = placeOf(ref);
    if (place === undefined) continue;
    const chain = waitChain(view, place, instantOf(view, place, finding));
    return chain?.end.kind === 'moving' && chain.hops.length === 1 ? undefined : chain;
  }
  return undefined;
}

/** Just before it moved on; of an invalidation just before its longest wait was over. */
function instantOf(view: View, place: Place, finding: Finding): number {
  const [wait] =
    place.kind === 'invalidation'
      ? view.all<{ end_ts: number | null }>(
          `SELECT coalesce(w.end_ts, i.return_ts, i.end_ts) AS end_ts
             FROM invalidation i LEFT JOIN fence_wait w ON w.id = i.longest_wait_id WHERE i.id = ?`,
          place.id,
        )
      : [];
  const until = wait?.end_ts ?? finding.to;
  return Math.max(finding.from, Math.min(until, view.end) - 1);
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
