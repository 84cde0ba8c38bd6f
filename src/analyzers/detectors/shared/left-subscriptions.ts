/** Notifiers of whole mms that were never unregistered or put although their mm is gone. */
import type { Word } from '../../../kernel/occurrence.ts';
import type { View } from '../../detector.ts';
import type { FindingDraft } from '../../finding.ts';
import { detail, evidence } from './details.ts';
import { mayBeMissing } from './incomplete.ts';
import { duration, hex, processActor } from './wording.ts';

interface Left {
  readonly id: number;
  readonly pointer: Word;
  readonly mm: Word;
  readonly process_id: number | null;
  readonly gets: number;
  readonly puts: number;
  readonly source: string;
  readonly start_event: number | null;
  readonly lossy: number | null;
  readonly mm_end_ts: number;
  readonly mm_end_event: number | null;
}

/** `afterNs`: how long after the end of the memory it counts as left. */
export function* leftSubscriptions(view: View, afterNs: number): Iterable<FindingDraft> {
  const rows = view.all<Left>(
    `SELECT n.*, a.end_ts AS mm_end_ts, a.end_event AS mm_end_event
       FROM subscription n JOIN address_space a ON a.id = n.address_space_id
      WHERE n.end_ts IS NULL AND n.start_ts < a.end_ts AND a.end_ts <= ?
      ORDER BY a.end_ts`,
    view.end - afterNs,
  );
  for (const row of rows) {
    // what is not recorded cannot be missing
    const drop = row.source === 'get' ? 'subscription.put' : 'subscription.unregister';
    if (view.observed(drop)) yield leftFinding(view, row);
  }
}

function leftFinding(view: View, row: Left): FindingDraft {
  const owner = processActor(view, row.process_id);
  const missing = mayBeMissing(view, row.lossy) || view.perTask;
  const drop = row.source === 'get' ? 'put' : 'unregistered';
  const pointer = hex(row.pointer);
  return {
    severity: missing ? 'info' : 'warn',
    confidence: missing ? 'suspect' : 'likely',
    summary: `The mmu_notifier ${pointer} of ${owner?.label ?? 'a process'} was not ${drop} ${duration(view.end - row.mm_end_ts)} after the memory was gone: the mm_struct stays.`,
    from: row.mm_end_ts,
    to: view.end,
    objects: [
      { kind: 'subscription', id: row.id, label: `mmu_notifier ${pointer}` },
      ...(owner?.refs ?? []),
    ],
    details: [
      detail.count('references taken', row.gets),
      detail.count('references given back', row.puts),
      detail.address('mm', row.mm),
    ],
    evidence: evidence(row.start_event, row.mm_end_event),
    next: [
      'Call mmu_notifier_put (or unregister) when the driver lets go of the process: free_notifier runs after a grace period.',
    ],
    identity: ['subscription', owner?.comm ?? ''],
    key: {
      ...(owner === undefined ? {} : { pid: owner.pid }),
      mm: hex(row.mm),
      what: 'subscription',
    },
  };
}

type Drop = 'notifier.remove' | 'subscription.put' | 'subscription.unregister';

/** Removals were seen, and the probe does not record of which notifier. */
export function isNameless(view: View, ...kinds: readonly Drop[]): boolean {
  return kinds.some((kind) => {
    const table = kind === 'notifier.remove' ? 'notifier' : 'subscription';
    const seen = view.all('SELECT 1 FROM occurrence WHERE kind = ? AND seen > 0', kind);
    const dropped = kind === 'notifier.remove' ? 'remove_tid IS NOT NULL' : 'puts > 0';
    const named = view.all(`SELECT 1 FROM ${table} WHERE ${dropped} LIMIT 1`);
    return seen.length > 0 && named.length === 0;
  });
}
