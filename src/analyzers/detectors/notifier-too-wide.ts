/**
 * A notifier that watches far more than its device uses: every change of any mapping of the process
 * runs the driver's callback, with its locks and waits, for nothing (mm/mmu_notifier.c,
 * mn_itree_invalidate runs all notifiers the range overlaps).
 */
import type { Word } from '../../kernel/occurrence.ts';
import type { Detector, View } from '../detector.ts';
import type { Confidence, FindingDraft } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { isWide, WIDE_NOTIFIER } from './shared/bound-ranges.ts';
import { detail, evidence, known } from './shared/details.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import { driverFunctions, invalidations, notifierBirths, rangeFaults } from './shared/needs.ts';
import { unreadable } from './shared/probe-offsets.ts';
import { duration, hex, processActor, range } from './shared/wording.ts';

const WASTED_SHARE: Threshold = {
  name: 'wasted-share',
  unit: 'share',
  default: 0.8,
  doc: 'This share of the calls must be for nothing.',
};
const WASTED_RATE: Threshold = {
  name: 'wasted-rate',
  unit: 'per second',
  default: 100,
  doc: 'So many calls for nothing in a second are worth a warning.',
};
const LEAST_WASTED: Threshold = {
  name: 'least-wasted',
  unit: 'count',
  default: 100,
  doc: 'Fewer calls for nothing say nothing about a rate.',
};
/** No threshold: ranges the device used are merged until there are no more of them than this. */
const MOST_RANGES = 100;
const WIDE: Threshold = { ...WIDE_NOTIFIER };
/** No threshold: gaps between ranges grow from the smallest page of Linux. */
const PAGE_BYTES = 4096n;
const EVIDENCE_INVALIDATIONS = 6;

export const notifierTooWide: Detector = {
  meta: {
    id: 'notifier-too-wide',
    number: 'D5',
    title: 'Notifier that watches more than the device uses',
    description:
      'An interval notifier watches a gigabyte or more, often the whole address space, and four of five invalidations that reach it, a hundred per second or more, touch nothing the device ever faulted in. The cost is paid by every munmap, mprotect and page fault of the process.',
    severity: 'warn',
    needs: [invalidations, notifierBirths, rangeFaults],
    uses: [driverFunctions],
    thresholds: [WASTED_SHARE, WASTED_RATE, LEAST_WASTED, WIDE],
    traps: [
      'What the device uses is taken from its range faults: memory pinned or mapped another way looks unused.',
      'Faults before the recording began are not known.',
      'Some drivers use wide notifiers by design and leave the callback at once where nothing is mapped: look at its duration.',
      'Every invalidation overlaps the notifier itself; only ranges that were faulted count as used.',
    ],
    references: [
      'mm/mmu_notifier.c: mn_itree_invalidate',
      'dri-devel 2019-12-18, i915 SVM RFC v2 05/12, J. Gunthorpe: "strive for a better design than putting a notifier across the entire address space"',
    ],
  },

  cannotDecide(view) {
    if (view.clock.unit !== 'ns') return 'The clock counts ticks of unknown length.';
    return unreadable(view, ['mm', 'range_start', 'range_end', 'reason']);
  },

  *detect(view) {
    for (const notifier of wideNotifiers(view)) {
      const used = usedRanges(view, notifier);
      if (used.length === 0) continue;
      const calls = callsOf(view, notifier, used);
      if (calls !== undefined && isWaste(view, calls))
        yield wideFinding(view, notifier, used, calls);
    }
  },
};

interface Notifier {
  readonly id: number;
  readonly mni: Word;
  readonly mm: Word;
  readonly process_id: number | null;
  readonly range_start: Word;
  readonly range_last: Word;
  readonly start_ts: number | null;
  readonly start_event: number | null;
  readonly end_ts: number | null;
  readonly lossy: number | null;
}

function wideNotifiers(view: View): Notifier[] {
  return view.all<Notifier>(
    `SELECT n.* FROM notifier n
      WHERE n.mm IS NOT NULL AND n.range_start IS NOT NULL AND n.range_last IS NOT NULL
        AND coalesce(n.insert_ret, 0) = 0 AND ${isWide(view.limit(WIDE))}
      ORDER BY n.id`,
  );
}

interface Used {
  readonly start: bigint;
  readonly end: bigint;
}

/** What was ever faulted through the notifier, whenever: a range counts as used all its life. */
function usedRanges(view: View, notifier: Notifier): Used[] {
  const rows = view.all<{ range_start: Word; range_end: Word }>(
    `SELECT DISTINCT range_start, range_end FROM range_fault
      WHERE mni = ? AND range_start IS NOT NULL AND range_end IS NOT NULL
        AND start_ts >= ? AND start_ts <= ? ORDER BY range_start`,
    notifier.mni,
    notifier.start_ts ?? 0,
    notifier.end_ts ?? view.end,
  );
  const ranges = rows.map((row) => ({
    start: BigInt(row.range_start),
    end: BigInt(row.range_end),
  }));
  let gap = 0n;
  let merged = merge(ranges, gap);
  while (merged.length > MOST_RANGES) {
    gap = gap * 4n + PAGE_BYTES;
    merged = merge(merged, gap);
  }
  return merged;
}

/** Ranges sorted by their start; those no more than `gap` apart become one. */
function merge(ranges: readonly Used[], gap: bigint): Used[] {
  const merged: Used[] = [];
  for (const one of ranges) {
    const last = merged.at(-1);
    if (last === undefined || one.start > last.end + gap) merged.push(one);
    else if (one.end > last.end) merged[merged.length - 1] = { start: last.start, end: one.end };
  }
  return merged;
}

interface Calls {
  readonly reached: number;
  readonly wasted: number;
  readonly callbacks: number;
  readonly callback_ns: number;
  readonly wait_ns: number;
  readonly first_ts: number;
  readonly last_ts: number;
  readonly lossy: number;
}

/** enum mmu_notifier_event: RELEASE ends the mm, MIGRATE and EXCLUSIVE are the driver's own doing. */
const FOREIGN = 'i.reason NOT IN (5, 6, 7)';

/** SQL: invalidation `i` reaches the notifier and touches nothing that was used; three parameters. */
function wasted(used: readonly Used[]): string {
  const values = used.map(({ start, end }) => `(${start}, ${end})`).join(', ');
  return `NOT EXISTS (SELECT 1 FROM (VALUES ${values}) u
    WHERE u.column1 < i.range_end AND u.column2 > i.range_start)`;
}

/** Invalidations that ran the callback; those of the whole mm (its exit) are apart. */
const REACHED = `i.mm = ? AND i.start_ts > ? AND i.start_ts < ? AND i.sane = 1 AND ${FOREIGN}
  AND i.range_end > ? AND i.source IN ('probe', 'function_graph')`;

function callsOf(view: View, notifier: Notifier, used: readonly Used[]): Calls | undefined {
  const [calls] = view.all<Calls>(
    `SELECT total(1) AS reached, total(w) AS wasted, total(w * callbacks) AS callbacks,
            total(w * callback_ns) AS callback_ns, total(w * wait_ns) AS wait_ns,
            coalesce(min(CASE WHEN w THEN start_ts END), 0) AS first_ts,
            coalesce(max(CASE WHEN w THEN start_ts END), 0) AS last_ts, max(lossy) AS lossy
       FROM (SELECT i.*, ${wasted(used)} AS w FROM invalidation i WHERE ${REACHED})`,
    ...reachedParameters(view, notifier),
  );
  return calls;
}

function reachedParameters(view: View, notifier: Notifier): (number | bigint)[] {
  return [
    notifier.mm,
    notifier.start_ts ?? -1,
    notifier.end_ts ?? view.end + 1,
    // an end above 2^63 is negative, and no mapping has it
    BigInt(notifier.range_start) < 0n ? 0 : notifier.range_start,
  ];
}

function isWaste(view: View, calls: Calls): boolean {
  if (
    calls.wasted < view.limit(LEAST_WASTED) ||
    calls.wasted < view.limit(WASTED_SHARE) * calls.reached
  )
    return false;
  return calls.wasted / ((calls.last_ts - calls.first_ts) / 1e9) >= view.limit(WASTED_RATE);
}

function wideFinding(
  view: View,
  notifier: Notifier,
  used: readonly Used[],
  calls: Calls,
): FindingDraft {
  const owner = processActor(view, notifier.process_id);
  const span = calls.last_ts - calls.first_ts;
  const bytes = used.reduce((sum, one) => sum + one.end - one.start, 0n);
  const where =
    BigInt(notifier.range_last) < 0n
      ? 'the whole address space'
      : range(notifier.range_start, BigInt(notifier.range_last) + 1n);
  const cost =
    calls.callbacks > 0 ? `, which took ${duration(calls.callback_ns)} in its callbacks` : '';
  const share = Math.floor((100 * calls.wasted) / calls.reached);
  return {
    severity: 'warn',
    confidence: confidenceOf(view, notifier, calls),
    summary: `A notifier on ${where} of ${owner?.label ?? 'a process'} was called for ${calls.wasted} of ${calls.reached} invalidations (${share} %) that touched nothing its device uses, in ${duration(span)}${cost}.`,
    from: calls.first_ts,
    to: calls.last_ts,
    objects: [
      { kind: 'notifier', id: notifier.id, label: `notifier on ${where}` },
      ...(owner?.refs ?? []),
    ],
    details: known([
      detail.count('invalidations for nothing', calls.wasted),
      detail.count('invalidations that reached it', calls.reached),
      detail.count('per second', Math.round(calls.wasted / (span / 1e9))),
      detail.count('callbacks for nothing', calls.callbacks),
      calls.callbacks > 0 ? detail.duration('in those callbacks', calls.callback_ns) : undefined,
      calls.wait_ns > 0 ? detail.duration('of it waiting for fences', calls.wait_ns) : undefined,
      { label: 'memory the device used', value: { type: 'bytes', value: Number(bytes) } },
      detail.address('mmu_interval_notifier', notifier.mni),
      detail.address('mm', notifier.mm),
    ]),
    evidence: evidence(notifier.start_event, ...wastedEvents(view, notifier, used)),
    next: [
      'Register a notifier on the ranges the device really uses, or one per bound range.',
      'Let the callback return at once, without its lock, where nothing of the range is mapped.',
    ],
    identity: [owner?.comm ?? '', calls.callbacks > 0 ? 'callbacks seen' : ''],
    key: {
      ...(owner === undefined ? {} : { pid: owner.pid }),
      mni: hex(notifier.mni),
      mm: hex(notifier.mm),
      start: hex(notifier.range_start),
      end: hex(BigInt(notifier.range_last) + 1n),
    },
  };
}

function confidenceOf(view: View, notifier: Notifier, calls: Calls): Confidence {
  // what the device used before is not known
  if (notifier.start_ts === null) return 'suspect';
  return mayBeMissing(view, notifier.lossy) || calls.lossy === 1 ? 'suspect' : 'likely';
}

function wastedEvents(view: View, notifier: Notifier, used: readonly Used[]): number[] {
  const rows = view.all<{ start_event: number }>(
    `SELECT i.start_event FROM invalidation i WHERE ${REACHED} AND ${wasted(used)}
      ORDER BY i.start_ts LIMIT ${EVIDENCE_INVALIDATIONS}`,
    ...reachedParameters(view, notifier),
  );
  return rows.map((row) => row.start_event);
}
