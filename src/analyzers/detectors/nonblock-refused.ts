/**
 * Invalidations that a driver refused because it would have had to sleep: the OOM reaper may not
 * block, so it skips that mapping and tries again (mm/oom_kill.c, __oom_reap_task_mm).
 */
import type { LogClass, Word } from '../../kernel/occurrence.ts';
import type { Detector, View } from '../detector.ts';
import type { Confidence, FindingDraft, Severity } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { type BusyFence, fencesBusyAt } from './shared/busy-fences.ts';
import { detail, evidence, known } from './shared/details.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import { type LogRow, logRef, logRows } from './shared/log-incidents.ts';
import {
  addressSpaceEnds,
  anyOf,
  fenceBirths,
  invalidationReturns,
  invalidations,
  kernelLog,
} from './shared/needs.ts';
import { unreadable } from './shared/probe-offsets.ts';
import {
  actor,
  duration,
  errno,
  fenceLabel,
  fenceRef,
  hex,
  processActor,
  range,
  ticks,
} from './shared/wording.ts';

/** No threshold: MMU_NOTIFIER_RANGE_BLOCKABLE, include/linux/mmu_notifier.h. */
const BLOCKABLE = 1;
const NOT_FREED: Threshold = {
  name: 'not-freed',
  unit: 'ns',
  default: 1e9,
  doc: 'Memory that stayed this long after the first refusal is a warning: the OOM reaper gives up after 10 tries 100 ms apart.',
};
const ONE_TRY: Threshold = {
  name: 'one-try',
  unit: 'ns',
  default: 50e6,
  doc: 'Refusals closer together are of one try over the whole address space.',
};
const EVIDENCE_REFUSALS = 8;
const LOGGED: readonly LogClass[] = ['notifier-callback-failed', 'oom-reap-failed'];

export const nonblockRefused: Detector = {
  meta: {
    id: 'nonblock-refused',
    number: 'D4',
    title: 'Invalidation refused because it may not block',
    description:
      'invalidate_range_start returned -EAGAIN: a notifier would have had to wait where the caller may not sleep. The caller is the OOM reaper, which then leaves that memory alone and tries again. That is by design; it is a warning where the memory of the victim stayed for more than a second, and an error where the caller was allowed to sleep, which is a driver bug the kernel warns about.',
    severity: 'error',
    needs: [anyOf(invalidationReturns, kernelLog)],
    uses: [invalidations, addressSpaceEnds, fenceBirths],
    thresholds: [NOT_FREED, ONE_TRY],
    traps: [
      'A refused invalidation has no invalidate_range_end; other mappings of the same try have one.',
      'Only the function that asked knows who refused: without a probe on the driver callbacks the notifier is not named.',
    ],
    references: [
      'mm/oom_kill.c: __oom_reap_task_mm, oom_reap_task (MAX_OOM_REAP_RETRIES)',
      'mm/mmu_notifier.c: mn_itree_invalidate, mn_hlist_invalidate_range_start',
      'dri-devel 2019-12-18, i915 SVM RFC v2 05/12: -EAGAIN when the range is not blockable',
    ],
  },

  cannotDecide(view) {
    const blind = view.observed('invalidation.begin_return')
      ? unreadable(view, [])
      : 'The kernel log says nothing of interval notifiers that refuse: a probe on the return of __mmu_notifier_invalidate_range_start shows them.';
    return blind === undefined || logRows(view, LOGGED).length > 0 ? undefined : blind;
  },

  *detect(view) {
    const told = new Set<number | null>();
    const rows = view.saneProbes ? refusedInvalidations(view) : [];
    for (const refusals of byVictim(rows)) {
      const [first] = refusals;
      if (first === undefined) continue;
      told.add(processActor(view, first.victim_process_id)?.pid ?? null);
      yield refusalFinding(view, first, refusals);
    }
    for (const row of logRows(view, LOGGED)) {
      // refusals whose victim is not known may be the very same
      const isOther = row.pid !== null && !told.has(row.pid) && !told.has(null);
      if (told.size === 0 || isOther) yield loggedFinding(row);
    }
  },
};

/** What only the kernel log tells: a callback that failed, or memory the reaper left alone. */
function loggedFinding(row: LogRow): FindingDraft {
  const reaper = row.class === 'oom-reap-failed';
  const whose = `${row.comm ?? 'a process'} (pid ${row.pid ?? '?'})`;
  return {
    severity: reaper ? 'warn' : 'info',
    confidence: 'likely',
    summary: reaper
      ? `The kernel log says that the OOM reaper could not free the memory of ${whose}: it was locked, or a notifier would have had to block.`
      : `The kernel log says that ${row.function ?? 'a notifier callback'} failed an invalidation${row.errno === null ? '' : ` with ${errno(row.errno)}`}.`,
    from: row.start_ts,
    to: row.end_ts,
    objects: [logRef(row)],
    details: [detail.text('line', row.text)],
    evidence: evidence(...row.events),
    next: [
      'Record who refused: probe __mmu_notifier_invalidate_range_start and its return, and the callbacks of the driver.',
    ],
    identity: [row.class, row.comm ?? '', row.function ?? ''],
    key: { ...(row.pid === null ? {} : { pid: row.pid }), what: row.class },
  };
}

interface Refusal {
  readonly id: number;
  readonly mm: Word | null;
  readonly address_space_id: number | null;
  readonly tid: number;
  readonly process_id: number | null;
  readonly victim_process_id: number | null;
  readonly range_start: Word | null;
  readonly range_end: Word | null;
  readonly flags: number | null;
  readonly callback_function: string | null;
  readonly start_ts: number;
  readonly start_event: number | null;
  readonly return_event: number | null;
  readonly lossy: number | null;
  readonly mm_end_ts: number | null;
  readonly mm_end_event: number | null;
  readonly killed_ts: number | null;
}

function refusedInvalidations(view: View): Refusal[] {
  return view.all<Refusal>(
    `SELECT i.id, i.mm, i.address_space_id, i.tid, i.process_id, i.victim_process_id,
            i.range_start, i.range_end, i.flags, i.callback_function, i.start_ts, i.start_event,
            i.return_event, i.lossy, a.end_ts AS mm_end_ts, a.end_event AS mm_end_event, p.killed_ts
       FROM invalidation i
       LEFT JOIN address_space a ON a.id = i.address_space_id
       LEFT JOIN process p ON p.id = i.victim_process_id
      WHERE i.refused = 1 AND i.start_ts IS NOT NULL
      ORDER BY i.start_ts`,
  );
}

/** Refusals of one address space to one asker; those that were allowed to block are apart. */
function byVictim(rows: readonly Refusal[]): Refusal[][] {
  const groups = new Map<string, Refusal[]>();
  for (const row of rows) {
    const key = [row.address_space_id ?? row.mm, row.tid, mayBlock(row)].join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

/** NULL where the flags were not recorded. */
function mayBlock(refusal: Refusal): boolean | null {
  return refusal.flags === null ? null : (refusal.flags & BLOCKABLE) !== 0;
}

function refusalFinding(view: View, first: Refusal, refusals: readonly Refusal[]): FindingDraft {
  const last = refusals.at(-1) ?? first;
  const who = actor(view, first.tid, first.process_id);
  const victim = processActor(view, first.victim_process_id);
  const stayed = stayedFor(view, first);
  const busy = fencesBusyAt(view, first.victim_process_id, first.start_ts);
  const tries = triesOf(refusals, view.limit(ONE_TRY));
  return {
    severity: severityOf(view, first, stayed),
    confidence: confidenceOf(view, refusals, first),
    summary: summaryOf(view, { first, refusals, who: who.label, tries, stayed, busy }),
    from: first.start_ts,
    to: last.start_ts,
    objects: [
      { kind: 'invalidation', id: first.id, label: `invalidation by ${who.comm}` },
      ...(victim?.refs ?? who.refs),
      ...busy.map(fenceRef),
    ],
    details: known([
      detail.count('refused', refusals.length),
      detail.count('tries', tries),
      first.range_start === null || first.range_end === null
        ? undefined
        : detail.text('range', range(first.range_start, first.range_end)),
      first.mm === null ? undefined : detail.address('mm', first.mm),
      first.callback_function === null
        ? undefined
        : detail.text('refused by', first.callback_function),
      first.killed_ts === null ? undefined : detail.time('victim killed', first.killed_ts),
      view.clock.unit === 'ns' && stayed !== undefined
        ? detail.duration('memory stayed', stayed.ns)
        : undefined,
      ...busy.map((fence) => detail.object('pending then', fenceRef(fence))),
    ]),
    evidence: evidence(
      ...refusals
        .slice(0, EVIDENCE_REFUSALS)
        .flatMap((refusal) => [refusal.start_event, refusal.return_event]),
      ...busy.map((fence) => fence.init_event),
      first.mm_end_event,
    ),
    next: nextSteps(first, busy),
    identity: [who.comm, victim?.comm ?? '', first.callback_function ?? ''],
    key: {
      pid: victim?.pid ?? who.pid,
      tid: first.tid,
      ...(first.mm === null ? {} : { mm: hex(first.mm) }),
    },
  };
}

interface Stay {
  readonly ns: number;
  readonly ended: boolean;
}

/** How long the memory stayed after the first refusal; undefined where its end would not show. */
function stayedFor(view: View, first: Refusal): Stay | undefined {
  if (first.mm_end_ts !== null) return { ns: first.mm_end_ts - first.start_ts, ended: true };
  const wouldShow = view.observed('mm.exit') && first.address_space_id !== null;
  return wouldShow && !mayBeMissing(view, first.lossy)
    ? { ns: view.end - first.start_ts, ended: false }
    : undefined;
}

function severityOf(view: View, first: Refusal, stayed: Stay | undefined): Severity {
  if (mayBlock(first) === true) return 'error';
  if (view.clock.unit !== 'ns' || stayed === undefined) return 'info';
  return stayed.ns >= view.limit(NOT_FREED) ? 'warn' : 'info';
}

function confidenceOf(view: View, refusals: readonly Refusal[], first: Refusal): Confidence {
  if (mayBlock(first) === null) return 'likely';
  return refusals.some((refusal) => mayBeMissing(view, refusal.lossy)) ? 'likely' : 'proven';
}

function triesOf(refusals: readonly Refusal[], oneTryNs: number): number {
  return refusals.filter(
    (refusal, n) => n === 0 || refusal.start_ts - (refusals[n - 1]?.start_ts ?? 0) > oneTryNs,
  ).length;
}

interface Story {
  readonly first: Refusal;
  readonly refusals: readonly Refusal[];
  readonly who: string;
  readonly tries: number;
  readonly stayed: Stay | undefined;
  readonly busy: readonly BusyFence[];
}

function summaryOf(view: View, story: Story): string {
  const { first, refusals, who, tries, stayed, busy } = story;
  const owner = processActor(view, first.victim_process_id)?.label ?? 'a process';
  const times = refusals.length === 1 ? 'once' : `${refusals.length} times`;
  const inTries = tries > 1 && tries !== refusals.length ? ` in ${tries} tries` : '';
  const how = {
    true: 'although it was allowed to block, which a driver must not do',
    false: 'because the caller may not block',
    null: 'with -EAGAIN',
  }[`${mayBlock(first)}`];
  const [fence] = busy;
  const pending = fence === undefined ? '' : ` while ${fenceLabel(fence)} was pending`;
  return `${who} was refused the memory of ${owner} ${times}${inTries}${pending}, ${how}${stayText(view, stayed)}.`;
}

function stayText(view: View, stayed: Stay | undefined): string {
  if (stayed === undefined) return '';
  const long = view.clock.unit === 'ns' ? duration(stayed.ns) : ticks(stayed.ns);
  return stayed.ended
    ? `; the memory was freed ${long} later`
    : `; the memory was not freed in the ${long} left of the recording`;
}

function nextSteps(first: Refusal, busy: readonly BusyFence[]): string[] {
  const [fence] = busy;
  const refuser = first.callback_function ?? 'the notifier callback';
  return [
    fence === undefined
      ? `Find out what ${refuser} would have waited for: a lock, or a job of the device on that memory.`
      : `See why ${fenceLabel(fence)} took so long: ${refuser} had to wait for it.`,
    'Let the driver stop the device without sleeping (zap its page tables, preempt) when the range is not blockable.',
    'Look in the kernel log for `oom_reaper: unable to reap` and for what memory pressure did next.',
  ];
}
