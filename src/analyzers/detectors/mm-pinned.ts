/**
 * Address spaces that outlive their process: somebody holds a reference. mm_users (get_task_mm,
 * mmget_not_zero) keeps the memory itself and delays exit_mmap; mm_count (mmgrab, a registered
 * notifier) only keeps the struct and delays __mmdrop (include/linux/sched/mm.h).
 */
import type { Word } from '../../kernel/occurrence.ts';
import type { Detector, View } from '../detector.ts';
import type { Confidence, FindingDraft, Severity } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { detail, evidence, known } from './shared/details.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import { addressSpaceEnds, exits, notifierBirths, structEnds } from './shared/needs.ts';
import { processOf } from './shared/range-fault.ts';
import {
  type Actor,
  actor,
  duration,
  hex,
  isKernelThread,
  processActor,
} from './shared/wording.ts';

const USERS: Threshold = {
  name: 'users',
  unit: 'ns',
  default: 1e9,
  doc: 'Memory kept this long after the death of its process is pinned.',
};
const COUNT: Threshold = {
  name: 'count',
  unit: 'ns',
  default: 1e9,
  doc: 'A struct kept this long after exit_mmap is mentioned.',
};
const COUNT_WARN: Threshold = {
  name: 'count-warn',
  unit: 'ns',
  default: 10e9,
  doc: 'A struct kept this long by a notifier is a warning.',
};

export const mmPinned: Detector = {
  meta: {
    id: 'mm-pinned',
    number: 'D23',
    title: 'Address space kept after its process died',
    description:
      'The memory of a dead process stayed for a second or more because somebody held mm_users: a driver between get_task_mm and mmput, for example. Memory is not freed, notifiers are not told, and the device can go on using it. Where only the struct stayed (mm_count), it is mentioned for address spaces a device had mirrored.',
    severity: 'warn',
    needs: [exits, addressSpaceEnds],
    uses: [structEnds, notifierBirths],
    thresholds: [USERS, COUNT, COUNT_WARN],
    traps: [
      'A leader that exits before its threads is no dead process: its mm lives on rightly.',
      'Children of vfork and tasks made with CLONE_VM share the mm and may end it.',
      'An exit that waits in a notifier (invalidate-stall) ends its mm late by itself: nobody pins it.',
      'An idle CPU keeps the mm of its last task as lazy TLB: mm_count, without any driver.',
    ],
    references: [
      'kernel/fork.c: __mmput, __mmdrop',
      'Documentation/mm/active_mm.rst',
      'https://github.com/ROCm/amdgpu/issues/114',
      'intel-gfx 2016-08-15, IOMMU based SVM implementation v13: mm_users or mm_count',
    ],
  },

  cannotDecide(view) {
    if (view.clock.unit !== 'ns') return 'The clock counts ticks of unknown length.';
    return view.observed('mm.exit') || view.observed('mm.release')
      ? undefined
      : 'The end of address spaces was not recorded: mmap:exit_mmap or a probe on __mmu_notifier_release shows it.';
  },

  *detect(view) {
    for (const space of keptSpaces(view)) {
      const owner = processActor(view, space.process_id);
      const label = owner?.label ?? 'a process';
      const pin = usersPin(view, space, label) ?? countPin(view, space, label);
      if (pin !== undefined) yield pinFinding(space, pin, owner);
    }
  },
};

interface Space {
  readonly id: number;
  readonly mm: Word;
  readonly process_id: number;
  readonly release_ts: number | null;
  readonly end_ts: number | null;
  readonly end_event: number | null;
  readonly end_tid: number | null;
  readonly end_reason: string | null;
  readonly drop_ts: number | null;
  readonly drop_event: number | null;
  readonly lossy: number | null;
  readonly died_ts: number | null;
  readonly died_event: number | null;
  readonly born_ts: number | null;
  readonly group_dead_known: number | null;
  /** Notifiers of it that were registered by its own process. */
  readonly notifiers: number;
  /** Of them, those never removed, or removed only after the struct should have gone. */
  readonly notifiers_left: number;
  readonly notifier_event: number | null;
}

/** Address spaces that ended, or did not, well after their process or well before their struct. */
function keptSpaces(view: View): Space[] {
  return view.all<Space>(
    `SELECT a.id, a.mm, a.process_id, a.release_ts, a.end_ts, a.end_event, a.end_tid, a.end_reason,
            a.drop_ts, a.drop_event, a.lossy, p.end_ts AS died_ts, p.end_event AS died_event,
            p.start_ts AS born_ts, p.group_dead_known, count(n.id) AS notifiers,
            coalesce(sum(n.end_ts IS NULL OR n.end_ts > a.end_ts + ${view.limit(COUNT)}), 0) AS notifiers_left,
            min(n.start_event) AS notifier_event
       FROM address_space a
       JOIN process p ON p.id = a.process_id
       LEFT JOIN notifier n ON n.mm = a.mm AND n.address_space_id = a.id AND coalesce(n.insert_ret, 0) = 0
      WHERE coalesce(a.end_reason, '') <> 'exec'
        AND (coalesce(a.end_ts, ?) - p.end_ts >= ? OR a.drop_ts - a.end_ts >= ?)
      GROUP BY a.id ORDER BY coalesce(p.end_ts, a.end_ts)`,
    view.end,
    view.limit(USERS),
    view.limit(COUNT),
  );
}

interface Pin {
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly kind: 'mm_users' | 'mm_count';
  readonly summary: string;
  readonly from: number;
  readonly to: number;
  readonly by: string;
  readonly next: readonly string[];
}

/** The memory itself was kept. */
function usersPin(view: View, space: Space, owner: string): Pin | undefined {
  const { died_ts: died, end_ts: ended } = space;
  if (died === null || (ended ?? view.end) - died < view.limit(USERS)) return undefined;
  const by = ended === null ? undefined : enderOf(view, space);
  if (ended === null ? !isSurelyKept(view, space) : by === undefined) return undefined;
  const to = ended ?? view.end;
  const until =
    by === undefined
      ? `for at least ${duration(to - died)}, until the recording ended`
      : `for ${duration(to - died)}, until ${by.label} gave it up`;
  return {
    severity: by?.kernel === false ? 'info' : 'warn',
    confidence: usersConfidence(view, space, by),
    kind: 'mm_users',
    summary: `The memory of ${owner} stayed after its death ${until}: somebody held mm_users.`,
    from: died,
    to,
    by: by?.comm ?? '',
    next: [
      'Find who took the reference: probe get_task_mm and mmget_not_zero callers of the driver, and mmput (kernel stacks tell).',
      'A driver that needs only the struct takes mmgrab and asks mmget_not_zero each time it touches the memory.',
      'See whether the device used the memory meanwhile (post-exit-gpu-fault, fences signalled after the death).',
    ],
  };
}

/** A task of a user may share the mm, and threads from before the capture may still have lived. */
function usersConfidence(view: View, space: Space, by: Ender | undefined): Confidence {
  const isDeath = space.born_ts !== null || space.group_dead_known === 1;
  // without a notifier of its own the owner was only inferred
  if (!isDeath || space.notifiers === 0 || by?.kernel === false) return 'suspect';
  return by !== undefined && !mayBeMissing(view, space.lossy) ? 'proven' : 'likely';
}

interface Ender {
  readonly label: string;
  readonly comm: string;
  readonly kernel: boolean;
}

/** Who ended an mm late: undefined when its own process did, which then was only slow to exit. */
function enderOf(view: View, space: Space): Ender | undefined {
  if (space.end_reason !== 'other-task' || space.end_tid === null) return undefined;
  const process = processOf(view, space.end_tid, space.end_ts ?? view.end);
  const who = actor(view, space.end_tid, process);
  return { label: who.label, comm: stableName(who.comm), kernel: isKernelThread(who.comm) };
}

/** `kworker/2:1` is another one in each run. */
function stableName(comm: string): string {
  return comm.replaceAll(/\d+/g, 'N');
}

/**
 * Not ended when the recording did: before 6.16 the exit of a task is recorded after it let go of its
 * mm; since then only a release that has not even begun tells.
 */
function isSurelyKept(view: View, space: Space): boolean {
  if (space.notifiers === 0 || space.release_ts !== null) return false;
  if (mayBeMissing(view, space.lossy) || !view.observed('mm.exit')) return false;
  return space.group_dead_known !== 1 || view.observed('mm.release');
}

/** Only the struct was kept; of interest where a device had to do with it. */
function countPin(view: View, space: Space, owner: string): Pin | undefined {
  const { end_ts: ended, drop_ts: dropped } = space;
  if (ended === null || dropped === null || space.notifiers === 0) return undefined;
  const kept = dropped - ended;
  if (kept < view.limit(COUNT)) return undefined;
  const registered = space.notifiers_left > 0 && view.observed('notifier.remove');
  return {
    severity: registered && kept >= view.limit(COUNT_WARN) ? 'warn' : 'info',
    confidence: registered && !mayBeMissing(view, space.lossy) ? 'likely' : 'suspect',
    kind: 'mm_count',
    summary: `The mm_struct of ${owner} was freed ${duration(kept)} after exit_mmap: ${
      registered
        ? 'a notifier was still registered on it'
        : 'somebody held mm_count, or an idle CPU kept it as its lazy TLB mm'
    }.`,
    from: ended,
    to: dropped,
    by: '',
    next: [
      'Unregister notifiers when the memory is released, not when the file is closed long after.',
      'Probe mmgrab callers of the driver: a grabbed mm_struct costs memory and keeps its PASID from being used again.',
    ],
  };
}

function pinFinding(space: Space, pin: Pin, owner: Actor | undefined): FindingDraft {
  return {
    severity: pin.severity,
    confidence: pin.confidence,
    summary: pin.summary,
    from: pin.from,
    to: pin.to,
    objects: [
      { kind: 'address_space', id: space.id, label: `mm ${hex(space.mm)}` },
      ...(owner?.refs ?? []),
    ],
    details: known([
      detail.text('reference', pin.kind),
      detail.duration('kept', pin.to - pin.from),
      detail.address('mm', space.mm),
      space.died_ts === null ? undefined : detail.time('process died', space.died_ts),
      space.end_ts === null ? undefined : detail.time('memory freed', space.end_ts),
      space.drop_ts === null ? undefined : detail.time('struct freed', space.drop_ts),
      detail.count('notifiers registered on it', space.notifiers),
    ]),
    evidence: evidence(space.died_event, space.end_event, space.drop_event, space.notifier_event),
    next: pin.next,
    identity: [pin.kind, pin.by, owner?.comm ?? ''],
    key: {
      ...(owner === undefined ? {} : { pid: owner.pid }),
      mm: hex(space.mm),
      what: pin.kind,
    },
  };
}
