/**
 * A retry loop that cannot win: mmu_interval_read_begin stands outside of it, so hmm_range_fault is
 * asked again with the sequence number that was refused, answers -EBUSY at once, and goes on so until
 * the time limit, a whole HMM_RANGE_DEFAULT_TIMEOUT for each try (include/linux/hmm.h).
 */
import type { Detector, View } from '../detector.ts';
import type { Confidence, FindingDraft } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { detail, evidence, known } from './shared/details.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import { driverFunctions, invalidations, rangeFaults, readBegins } from './shared/needs.ts';
import { type Episode, episodeKey, episodeRange, limitsUsed } from './shared/range-fault.ts';
import { actor, duration, ticks } from './shared/wording.ts';

const STALE: Threshold = {
  name: 'stale-attempts',
  unit: 'count',
  default: 3,
  doc: 'So many attempts with a refused number are a loop; one may be an event that was missed.',
};
const REFUSED: Threshold = {
  name: 'refused-attempts',
  unit: 'count',
  default: 10,
  doc: 'Refused so often while nothing invalidated the range, the number must be an old one.',
};
const EVIDENCE_ATTEMPTS = 4;

export const hmmStaleSequence: Detector = {
  meta: {
    id: 'hmm-stale-sequence',
    number: 'D33',
    title: 'HMM retry with a sequence number that was refused',
    description:
      'After -EBUSY a driver calls hmm_range_fault again without mmu_interval_read_begin, so every attempt is refused at once, however quiet the range is. The loop only ends at the time limit: such faults last 1 s, 2 s, … whenever anything invalidates the range once.',
    severity: 'error',
    needs: [rangeFaults],
    uses: [readBegins, invalidations, driverFunctions],
    thresholds: [STALE, REFUSED],
    traps: [
      'Without probes on mmu_interval_read_begin, and without the notifier_seq of the range, only the lack of invalidations tells.',
      'A range that is really invalidated all the time gives -EBUSY as often, but each time for another number.',
    ],
    references: [
      'mm/hmm.c: hmm_range_fault (mmu_interval_check_retry)',
      'mm/mmu_notifier.c: mmu_interval_read_begin',
      'Documentation/mm/hmm.rst: the "again:" label stands before mmu_interval_read_begin',
      'dri-devel 2019-12-18, i915 SVM RFC v2 05/12: i915_range_fault and its limit of 1000 ms',
    ],
  },

  *detect(view) {
    const quietShows = view.observed('invalidation.begin') && view.saneProbes;
    const rows = view.all<StaleEpisode>(
      `SELECT * FROM range_fault
        WHERE stale >= ? OR (? AND busy >= ? AND busy = attempts AND colliding <= 1
              AND coalesce(self_inflicted, 0) = 0 AND mm IS NOT NULL)
        ORDER BY start_ts`,
      view.limit(STALE),
      quietShows ? 1 : 0,
      view.limit(REFUSED),
    );
    for (const episodes of byThreadAndRange(rows)) {
      const [first] = episodes;
      if (first !== undefined) yield staleFinding(view, first, episodes);
    }
  },
};

interface StaleEpisode extends Episode {
  readonly stale: number | null;
}

/** Tries of one thread on one range are one finding. */
function byThreadAndRange(rows: readonly StaleEpisode[]): StaleEpisode[][] {
  const groups = new Map<string, StaleEpisode[]>();
  for (const row of rows) {
    const key = [row.tid, row.mni, row.range_start, row.range_end].join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

function staleFinding(
  view: View,
  first: StaleEpisode,
  episodes: readonly StaleEpisode[],
): FindingDraft {
  const last = episodes.at(-1) ?? first;
  const who = actor(view, first.tid, first.process_id);
  const attempts = sum(episodes, ({ attempts: one }) => one);
  const stale = sum(episodes, ({ stale: one }) => one ?? 0);
  const spent = sum(episodes, (one) => (one.end_ts ?? view.end) - one.start_ts);
  const timed = view.clock.unit === 'ns';
  const long = timed ? duration(spent) : ticks(spent);
  const limits = timed ? episodes.map((one) => limitsUsed(view, one)) : [];
  const used = limits.filter((one) => one !== undefined);
  const how =
    stale > 0
      ? `${stale} of ${attempts} attempts in ${long} went on with the sequence number that had been refused`
      : `${attempts} attempts in ${long} were all refused while nothing invalidated the range`;
  return {
    severity: 'error',
    confidence: confidenceOf(view, episodes, stale),
    summary: `${who.label} faulted ${episodeRange(first)}: ${how}${limitText(used, episodes.length)}.`,
    from: first.start_ts,
    to: last.end_ts ?? view.end,
    objects: [
      ...episodes.slice(0, EVIDENCE_ATTEMPTS).map(({ id }) => ({
        kind: 'range_fault',
        id,
        label: `range fault ${episodeRange(first)}`,
      })),
      ...who.refs,
    ],
    details: known([
      detail.count('attempts', attempts),
      detail.count('with a refused sequence number', stale),
      detail.count('tries', episodes.length),
      detail.count(
        'invalidations of the range meanwhile',
        sum(episodes, (one) => one.colliding ?? 0),
      ),
      timed ? detail.duration('spent', spent) : detail.text('spent', long),
      used.length === 0
        ? undefined
        : detail.text('multiples of HMM_RANGE_DEFAULT_TIMEOUT', used.join(', ')),
      first.wrapper === null ? undefined : detail.text('driver function', first.wrapper),
    ]),
    evidence: evidence(
      ...episodes
        .slice(0, EVIDENCE_ATTEMPTS)
        .flatMap((one) => [one.start_event, ...attemptEvents(view, one.id), one.end_event]),
    ),
    next: [
      `Call mmu_interval_read_begin again before each hmm_range_fault${first.wrapper === null ? '' : ` in ${first.wrapper}`}: the sequence number of the last one will be refused for ever.`,
      'See Documentation/mm/hmm.rst for the loop; after a failed mmu_interval_read_retry it begins with read_begin, too.',
    ],
    identity: [
      who.comm.replaceAll(/\d+/g, 'N'),
      first.wrapper ?? '',
      stale > 0 ? 'stale' : 'quiet',
    ],
    key: episodeKey(first, who.pid),
  };
}

function limitText(used: readonly number[], tries: number): string {
  if (used.length === 0) return '';
  const which = used.length === tries ? 'which' : `${used.length} of ${tries} tries`;
  const times = [...new Set(used)].sort((a, b) => a - b).join(' and ');
  return `, ${which} lasted ${times} × HMM_RANGE_DEFAULT_TIMEOUT`;
}

function sum(episodes: readonly StaleEpisode[], value: (one: StaleEpisode) => number): number {
  return episodes.reduce((total, one) => total + value(one), 0);
}

function confidenceOf(view: View, episodes: readonly StaleEpisode[], stale: number): Confidence {
  if (episodes.some((one) => mayBeMissing(view, one.lossy))) return 'suspect';
  return stale > 0 && view.observed('hmm.read_begin') ? 'proven' : 'likely';
}

function attemptEvents(view: View, id: number): number[] {
  const rows = view.all<{ fault_event: number | null; return_event: number | null }>(
    `SELECT fault_event, return_event FROM range_fault_attempt WHERE range_fault_id = ?
      ORDER BY n LIMIT ${EVIDENCE_ATTEMPTS}`,
    id,
  );
  return evidence(...rows.flatMap((row) => [row.fault_event, row.return_event]));
}
