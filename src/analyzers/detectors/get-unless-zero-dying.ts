/**
 * Use of an address space that is being torn down. Who wants one that may be dying must ask
 * mmget_not_zero, which fails once __mmu_notifier_release may run; a driver that looked its object up
 * without asking (kref_get_unless_zero on something in release) goes on with a dead mm
 * (include/linux/sched/mm.h, Documentation/mm/mmu_notifier.rst).
 */
import type { Word } from '../../kernel/occurrence.ts';
import type { Detector, View } from '../detector.ts';
import type { FindingDraft, Severity } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { detail, evidence } from './shared/details.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import { addressSpaceEnds, notifierBirths, rangeFaults, structEnds } from './shared/needs.ts';
import { processOf } from './shared/range-fault.ts';
import {
  actor,
  duration,
  errno,
  hex,
  isKernelThread,
  processActor,
  range,
  ticks,
} from './shared/wording.ts';

const ORDER: Threshold = {
  name: 'order',
  unit: 'ns',
  default: 100e3,
  doc: 'A use this shortly after the release may have come before it: the clocks of two CPUs differ.',
};
const EVIDENCE_USES = 6;

export const getUnlessZeroDying: Detector = {
  meta: {
    id: 'get-unless-zero-dying',
    number: 'D24',
    title: 'Dying address space used',
    description:
      'A driver faulted in memory of an address space, or registered a notifier on it, after its notifiers had been told that it dies. The use races with the tear-down: refused it is only mentioned, granted it is an error, and after the struct was freed it is a use after free.',
    severity: 'critical',
    needs: [addressSpaceEnds, notifierBirths],
    uses: [rangeFaults, structEnds],
    thresholds: [ORDER],
    traps: [
      'The pointer of an mm is given away again within milliseconds: only what is tied to the dead one counts.',
      'A fault that began before the release and ended after it is an ordinary race.',
      'mmget_not_zero and kref_get_unless_zero are inline: the refusal itself is not seen.',
    ],
    references: [
      'mm/mmu_notifier.c: mn_itree_release, __mmu_notifier_release',
      'dri-devel 2019-12-18, i915 SVM RFC v2 05/12, J. Gunthorpe: "Quite strange to see a get_unless_zero under a lock"',
      'mm/hmm.c: hmm_range_fault (the caller must hold mm_users)',
    ],
  },

  cannotDecide(view) {
    return view.observed('mm.release') || view.observed('mm.exit')
      ? undefined
      : 'The end of address spaces was not recorded: mmap:exit_mmap or a probe on __mmu_notifier_release shows it.';
  },

  *detect(view) {
    for (const uses of bySpaceAndUser(lateUses(view))) {
      const [first] = uses;
      if (first !== undefined) yield useFinding(view, first, uses);
    }
  },
};

interface Use {
  readonly kind: 'range_fault' | 'notifier';
  readonly id: number;
  readonly tid: number;
  readonly range_start: Word | null;
  readonly range_end: Word | null;
  readonly ret: number | null;
  readonly ts: number;
  readonly event: number | null;
  readonly end_event: number | null;
  readonly lossy: number | null;
  readonly address_space_id: number;
  readonly mm: Word;
  readonly process_id: number | null;
  readonly dead_ts: number;
  readonly dead_event: number | null;
  readonly drop_ts: number | null;
  readonly drop_event: number | null;
}

const SPACE_COLUMNS = `a.id AS address_space_id, a.mm, a.process_id,
  coalesce(a.release_ts, a.end_ts) AS dead_ts, coalesce(a.release_event, a.end_event) AS dead_event,
  a.drop_ts, a.drop_event`;

function lateUses(view: View): Use[] {
  const margin = view.clock.unit === 'ns' ? view.limit(ORDER) : 0;
  const faults = view.all<Use>(
    `SELECT 'range_fault' AS kind, r.id, r.tid, r.range_start, r.range_end,
            coalesce(r.wrapper_ret, r.last_ret) AS ret, r.start_ts AS ts, r.start_event AS event,
            r.end_event, r.lossy, ${SPACE_COLUMNS}
       FROM address_space a
       JOIN notifier n ON n.mm = a.mm AND n.address_space_id = a.id
       JOIN range_fault r ON r.mni = n.mni AND (n.start_ts IS NULL OR r.start_ts >= n.start_ts)
        AND (n.end_ts IS NULL OR r.start_ts <= n.end_ts)
      WHERE r.start_ts > coalesce(a.release_ts, a.end_ts) + ?
      ORDER BY r.start_ts`,
    margin,
  );
  // a task of a user registers on its own mm, which lives: only others can mistake a dead one
  const inserts = view
    .all<Use>(
      `SELECT 'notifier' AS kind, n.id, n.tid, n.range_start, n.range_last + 1 AS range_end,
              n.insert_ret AS ret, n.start_ts AS ts, n.start_event AS event, NULL AS end_event,
              n.lossy, ${SPACE_COLUMNS}
         FROM address_space a
         JOIN notifier n ON n.mm = a.mm AND n.source = 'insert'
        WHERE n.start_ts > a.end_ts + ? AND n.start_ts < a.drop_ts AND n.tid IS NOT NULL
        ORDER BY n.start_ts`,
      margin,
    )
    .filter((use) => isKernelThread(userOf(view, use).comm));
  return [...faults, ...inserts];
}

function userOf(view: View, use: Use) {
  return actor(view, use.tid, processOf(view, use.tid, use.ts));
}

function bySpaceAndUser(uses: readonly Use[]): Use[][] {
  const groups = new Map<string, Use[]>();
  for (const use of uses) {
    const key = [use.kind, use.address_space_id, use.tid, isRefused(use)].join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [use]);
    else group.push(use);
  }
  return [...groups.values()];
}

function isRefused(use: Use): boolean {
  return use.ret !== null && use.ret < 0;
}

function useFinding(view: View, first: Use, uses: readonly Use[]): FindingDraft {
  const who = userOf(view, first);
  const owner = processActor(view, first.process_id);
  const last = uses.at(-1) ?? first;
  const missing = uses.some((use) => mayBeMissing(view, use.lossy));
  return {
    severity: severityOf(first, last),
    confidence: missing ? 'suspect' : first.ret === null ? 'likely' : 'proven',
    summary: summaryOf(view, uses, first, who.label, owner?.label ?? 'a process'),
    from: first.ts,
    to: last.ts,
    objects: [
      { kind: 'address_space', id: first.address_space_id, label: `mm ${hex(first.mm)}` },
      ...who.refs,
      ...(owner?.refs ?? []),
      ...uses
        .slice(0, EVIDENCE_USES)
        .map(({ kind, id }) => ({ kind, id, label: `${kind.replace('_', ' ')} ${id}` })),
    ],
    details: [
      detail.count('uses', uses.length),
      detail.time('notifiers told', first.dead_ts),
      ...(first.drop_ts === null ? [] : [detail.time('struct freed', first.drop_ts)]),
      ...(first.ret === null ? [] : [detail.errno('returned', first.ret)]),
      detail.address('mm', first.mm),
    ],
    evidence: evidence(
      first.dead_event,
      ...uses.slice(0, EVIDENCE_USES).flatMap((use) => [use.event, use.end_event]),
      isFreed(last) ? last.drop_event : null,
    ),
    next: [
      'Take mmget_not_zero (and drop it again) round every use of the mm; look the object up under the lock its release takes.',
      'Cancel work that faults memory in, and wait for it, in the release callback of the notifier.',
    ],
    identity: [first.kind, who.comm.replaceAll(/\d+/g, 'N'), String(isRefused(first))],
    key: {
      pid: owner?.pid ?? who.pid,
      tid: first.tid,
      mm: hex(first.mm),
      what: first.kind === 'notifier' ? 'registered' : 'faulted',
    },
  };
}

function isFreed(use: Use): boolean {
  return use.drop_ts !== null && use.ts > use.drop_ts;
}

function severityOf(first: Use, last: Use): Severity {
  if (isRefused(first)) return 'info';
  return isFreed(last) ? 'critical' : 'error';
}

function summaryOf(
  view: View,
  uses: readonly Use[],
  first: Use,
  who: string,
  owner: string,
): string {
  const late = first.ts - first.dead_ts;
  const after = view.clock.unit === 'ns' ? duration(late) : ticks(late);
  const where =
    first.range_start === null || first.range_end === null
      ? 'memory'
      : range(first.range_start, first.range_end);
  const did =
    first.kind === 'notifier' ? `registered a notifier on ${where} of` : `faulted in ${where} of`;
  const times = uses.length === 1 ? '' : ` (${uses.length} such uses)`;
  const result =
    first.ret === null ? '' : isRefused(first) ? `, and was refused: ${errno(first.ret)}` : '';
  const freed = uses.some(isFreed) ? ', even after the mm_struct had been freed' : '';
  return `${who} ${did} ${owner} ${after} after its notifiers had been told that it dies${times}${freed}${result}.`;
}
