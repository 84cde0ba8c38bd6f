/**
 * Interval notifiers that stay registered: one that outlives its mm keeps the mm_struct, and those
 * that pile up on one range make each later invalidation dearer, since all of their callbacks run
 * (mm/mmu_notifier.c, mn_itree_invalidate).
 */
import type { Word } from '../../kernel/occurrence.ts';
import type { Detector, View } from '../detector.ts';
import type { FindingDraft } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { detail, evidence } from './shared/details.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import { isNameless, leftSubscriptions } from './shared/left-subscriptions.ts';
import {
  addressSpaceEnds,
  anyOf,
  invalidations,
  notifierBirths,
  notifierDrops,
  subscriptions,
} from './shared/needs.ts';
import { grouped, highest, type Pile, type Registration } from './shared/notifier-piles.ts';
import { type Actor, duration, hex, processActor, range } from './shared/wording.ts';

const AFTER_MM: Threshold = {
  name: 'after-mm',
  unit: 'ns',
  default: 1e9,
  doc: 'A notifier still registered this long after its memory was gone is left behind; closing the file removes it at once.',
};
const AT_ONCE: Threshold = {
  name: 'at-once',
  unit: 'count',
  default: 10,
  doc: 'So many registrations of one range at once are left-overs: a driver needs one per device and VM.',
};
const SHORT_LIVED: Threshold = {
  name: 'short-lived',
  unit: 'ns',
  default: 10e6,
  doc: 'A notifier removed this soon was registered round one use.',
};
const SHORT_LIVED_RATE: Threshold = {
  name: 'short-lived-rate',
  unit: 'per second',
  default: 1000,
  doc: 'So many of those are mentioned: each removal may have to sleep.',
};
const EVIDENCE_NOTIFIERS = 8;
/** SQL: a registration that was seen being made and worked. */
const REGISTERED = "source = 'insert' AND coalesce(insert_ret, 0) = 0 AND start_ts IS NOT NULL";

export const notifierLeak: Detector = {
  meta: {
    id: 'notifier-leak',
    number: 'D29',
    title: 'Interval notifiers that are never removed',
    description:
      'A driver registers mmu_interval_notifiers and does not remove them: ten or more of the same range at once, or one that is still registered a second after its address space is gone. Each makes the invalidations of its range dearer, and the mm_struct cannot be freed. More than a thousand short-lived registrations per second are mentioned as a cost.',
    severity: 'warn',
    needs: [anyOf(notifierBirths, subscriptions)],
    uses: [notifierDrops, addressSpaceEnds, invalidations],
    thresholds: [AFTER_MM, AT_ONCE, SHORT_LIVED, SHORT_LIVED_RATE],
    traps: [
      'A notifier registered round one fault and removed again is no leak. What is registered when the recording ends may be removed later: only its dead mm says it will not.',
      'A thread that exits takes no notifier with it; the address space counts.',
    ],
    references: [
      'mm/mmu_notifier.c: mmu_interval_notifier_insert (takes mmgrab), mmu_interval_notifier_remove (sleeps)',
      'dri-devel 2019-12-18, i915 SVM RFC v2 05/12: a notifier inserted and removed round every bind',
    ],
  },

  cannotDecide(view) {
    const drops = ['notifier.remove', 'subscription.put', 'subscription.unregister'] as const;
    return drops.some((kind) => view.observed(kind) && !isNameless(view, kind))
      ? undefined
      : 'Removals of notifiers were not recorded: a probe on mmu_interval_notifier_remove shows them.';
  },

  *detect(view) {
    const nameless = isNameless(view, 'subscription.put', 'subscription.unregister');
    if (view.clock.unit === 'ns' && !nameless) {
      yield* leftSubscriptions(view, view.limit(AFTER_MM));
    }
    if (!view.observed('notifier.remove') || isNameless(view, 'notifier.remove')) return;
    yield* leftBehind(view);
    yield* piledUp(view);
    yield* shortLived(view);
  },
};

interface LeftRow {
  readonly address_space_id: number;
  readonly mm: Word;
  readonly process_id: number | null;
  readonly mm_end_ts: number;
  readonly mm_end_event: number | null;
  readonly notifiers: number;
  readonly lossy: number | null;
}

/** Still registered although their mm is gone. */
function* leftBehind(view: View): Iterable<FindingDraft> {
  if (view.clock.unit !== 'ns') return;
  const rows = view.all<LeftRow>(
    `SELECT n.address_space_id, a.mm, a.process_id, a.end_ts AS mm_end_ts,
            a.end_event AS mm_end_event, count(*) AS notifiers, max(n.lossy) AS lossy
       FROM notifier n JOIN address_space a ON a.id = n.address_space_id
      WHERE n.end_ts IS NULL AND n.source = 'insert' AND coalesce(n.insert_ret, 0) = 0 AND n.start_ts < a.end_ts AND a.end_ts <= ?
      GROUP BY a.id ORDER BY a.end_ts`,
    view.end - view.limit(AFTER_MM),
  );
  for (const row of rows) {
    const owner = processActor(view, row.process_id);
    const missing = mayBeMissing(view, row.lossy) || view.perTask;
    const events = insertions(
      view,
      'address_space_id = ? AND end_ts IS NULL',
      row.address_space_id,
    );
    yield {
      severity: missing ? 'info' : 'warn',
      confidence: missing ? 'suspect' : 'likely',
      summary: `${count(row.notifiers)} of ${owner?.label ?? 'a process'} ${row.notifiers === 1 ? 'was' : 'were'} still registered ${duration(view.end - row.mm_end_ts)} after the memory was gone.`,
      from: row.mm_end_ts,
      to: view.end,
      objects: objectsOf(owner, row.address_space_id, row.mm),
      details: [
        detail.count('left behind', row.notifiers),
        detail.time('memory gone', row.mm_end_ts),
        detail.address('mm', row.mm),
      ],
      evidence: evidence(...events, row.mm_end_event),
      next: [
        'Remove the notifiers when the file is closed (or in the release callback schedule it): until then the mm_struct and its PASID stay. See who still holds the file.',
      ],
      identity: ['left behind', owner?.comm ?? ''],
      key: keyOf(owner, row.mm, 'left behind'),
    };
  }
}

/** Many registrations of the same range of one mm, alive at the same time. */
function* piledUp(view: View): Iterable<FindingDraft> {
  const rows = view.all<Registration>(
    `SELECT * FROM notifier
      WHERE ${REGISTERED} AND (mm, range_start, range_last) IN (
        SELECT mm, range_start, range_last FROM notifier WHERE ${REGISTERED}
         GROUP BY mm, range_start, range_last HAVING count(*) >= ?)
      ORDER BY start_ts`,
    view.limit(AT_ONCE),
  );
  const perMm = new Map<string, Pile[]>();
  for (const group of grouped(rows)) {
    const pile = highest(group);
    if (pile.most < view.limit(AT_ONCE)) continue;
    const owner = `${pile.members[0]?.address_space_id} ${pile.members[0]?.mm}`;
    perMm.set(owner, [...(perMm.get(owner) ?? []), pile]);
  }
  for (const piles of perMm.values()) yield* pileFinding(view, piles);
}

function* pileFinding(view: View, piles: readonly Pile[]): Iterable<FindingDraft> {
  const members = piles.flatMap((pile) => pile.members).sort((a, b) => a.start_ts - b.start_ts);
  const [worst] = [...piles].sort((a, b) => b.most - a.most);
  const [first] = members;
  if (first === undefined || worst === undefined) return;
  const last = members.at(-1) ?? first;
  const owner = processActor(view, first.process_id);
  const { range_start, range_last } = worst.members[0] ?? first;
  const where = range(range_start, BigInt(range_last) + 1n);
  const dear = dearer(view, first, last);
  const missing = members.some((one) => mayBeMissing(view, one.lossy));
  yield {
    severity: 'warn',
    confidence: missing || view.perTask ? 'suspect' : 'likely',
    summary: `${owner?.label ?? 'A process'} had ${worst.most} interval notifiers registered on ${where} at once${piles.length > 1 ? `, and as many on ${piles.length - 1} more range${piles.length === 2 ? '' : 's'}` : ''}: they are made for each use and not removed${dear.text}.`,
    from: first.start_ts,
    to: Math.min(view.end, Math.max(...members.map((one) => one.end_ts ?? view.end))),
    objects: [
      ...(owner?.refs ?? []),
      ...members
        .slice(0, EVIDENCE_NOTIFIERS)
        .map(({ id }) => ({ kind: 'notifier', id, label: `notifier ${id}` })),
    ],
    details: [
      detail.count('registered', members.length),
      detail.count('never removed', members.filter((one) => one.end_ts === null).length),
      detail.count('most at once on one range', worst.most),
      detail.count('ranges', piles.length),
      detail.text('worst range', where),
      ...dear.details,
      detail.address('mm', first.mm),
    ],
    evidence: evidence(...worst.members.slice(0, EVIDENCE_NOTIFIERS).map((one) => one.start_event)),
    next: [
      'Find the path of the driver that inserts per use and lacks the remove; keep one notifier per range and device.',
    ],
    identity: ['piled up', owner?.comm ?? ''],
    key: keyOf(owner, first.mm, 'piled up'),
  };
}

/** What the pile costs, where callbacks were recorded: callbacks per invalidation, before and after. */
function dearer(view: View, first: Registration, last: Registration) {
  const [row] = view.all<{ early: number; late: number }>(
    `SELECT callbacks AS early, max(callbacks) OVER () AS late FROM invalidation
      WHERE mm IS ? AND start_ts BETWEEN ? AND ? AND callbacks > 0 AND reason <> 5
      ORDER BY start_ts LIMIT 1`,
    first.mm,
    first.start_ts,
    last.end_ts ?? view.end,
  );
  const { early, late } = row ?? { early: 0, late: 0 };
  if (late <= early) return { text: '', details: [] };
  return {
    text: `, so that an invalidation came to run ${late} callbacks instead of ${early}`,
    details: [
      detail.count('callbacks per invalidation, first', early),
      detail.count('callbacks per invalidation, most', late),
    ],
  };
}

/** Registered and removed round every use: no leak, but each removal may sleep. */
function* shortLived(view: View): Iterable<FindingDraft> {
  if (view.clock.unit !== 'ns') return;
  const rows = view.all<{
    address_space_id: number;
    mm: Word;
    process_id: number | null;
    notifiers: number;
    first_ts: number;
    last_ts: number;
  }>(
    `SELECT address_space_id, mm, min(process_id) AS process_id, count(*) AS notifiers,
            min(start_ts) AS first_ts, max(end_ts) AS last_ts
       FROM notifier WHERE end_ts - start_ts <= ? AND address_space_id IS NOT NULL
      GROUP BY address_space_id HAVING count(*) >= ?`,
    view.limit(SHORT_LIVED),
    view.limit(SHORT_LIVED_RATE),
  );
  for (const row of rows) {
    const span = row.last_ts - row.first_ts;
    const perSecond = Math.round(row.notifiers / (span / 1e9));
    if (perSecond < view.limit(SHORT_LIVED_RATE)) continue;
    const owner = processActor(view, row.process_id);
    yield {
      severity: 'info',
      confidence: 'likely',
      summary: `${row.notifiers} interval notifiers of ${owner?.label ?? 'a process'} were registered and removed again within ${duration(view.limit(SHORT_LIVED))} each, ${perSecond} per second: every removal waits for the invalidations under way.`,
      from: row.first_ts,
      to: row.last_ts,
      objects: objectsOf(owner, row.address_space_id, row.mm),
      details: [
        detail.count('short-lived notifiers', row.notifiers),
        detail.count('per second', perSecond),
        detail.address('mm', row.mm),
      ],
      evidence: insertions(view, 'address_space_id = ?', row.address_space_id),
      next: ['Keep the notifier of a range as long as the range is used by the device.'],
      identity: ['short-lived', owner?.comm ?? ''],
      key: keyOf(owner, row.mm, 'short-lived'),
    };
  }
}

function insertions(view: View, where: string, id: number): number[] {
  const rows = view.all<{ start_event: number }>(
    `SELECT start_event FROM notifier WHERE ${where} AND start_event IS NOT NULL
      ORDER BY start_ts LIMIT ${EVIDENCE_NOTIFIERS}`,
    id,
  );
  return rows.map((row) => row.start_event);
}

function count(notifiers: number): string {
  return notifiers === 1 ? 'One interval notifier' : `${notifiers} interval notifiers`;
}

function objectsOf(owner: Actor | undefined, id: number, mm: Word) {
  return [{ kind: 'address_space', id, label: `mm ${hex(mm)}` }, ...(owner?.refs ?? [])];
}

function keyOf(owner: Actor | undefined, mm: Word, what: string) {
  return {
    ...(owner === undefined ? {} : { pid: owner.pid }),
    mm: hex(mm),
    what,
  };
}
