/**
 * The window between the end of a dead process's memory and the closing of its device file: exit_mm
 * runs before exit_files and the release of the file (kernel/exit.c, do_exit), so until then the
 * device still holds a context whose memory is gone.
 */
import type { Word } from '../../kernel/occurrence.ts';
import type { Detector, View } from '../detector.ts';
import type { Confidence, FindingDraft } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { detail, evidence, known } from './shared/details.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import {
  addressSpaceEnds,
  deviceFaults,
  exits,
  fenceSignals,
  fileCloses,
  notifierBirths,
} from './shared/needs.ts';
import { type Actor, duration, fenceLabel, fenceRef, hex, processActor } from './shared/wording.ts';

const GAP: Threshold = {
  name: 'gap',
  unit: 'ns',
  default: 100e6,
  doc: 'A file closed this long after the memory was gone leaves a context at work.',
};
const EVIDENCE_EVENTS = 8;

export const exitGap: Detector = {
  meta: {
    id: 'exit-gap',
    number: 'D12',
    title: 'Device still at work after the memory of its process was gone',
    description:
      'A process that shared its address space with a device died, and its device file was closed 100 ms or more after its memory was gone, or the device faulted in between. In that window the context is alive and may still read and write; what its jobs produce then is not what the program meant.',
    severity: 'warn',
    needs: [exits, addressSpaceEnds, notifierBirths],
    uses: [fileCloses, fenceSignals, deviceFaults],
    thresholds: [GAP],
    traps: [
      'The window is there by design; only its length and what happens inside matter.',
      'A thread that exits is no dead process.',
      'Where the closing of the file was not recorded its place is taken by the last thing the device did for the process.',
      'Memory of buffer objects lives on with the file: processes without shared address space do not count.',
    ],
    references: [
      'kernel/exit.c: do_exit (exit_mm, exit_files, exit_task_work)',
      'intel-gfx 2016-08-15, IOMMU based SVM implementation v13: "exit_mmap() happens before exit_files()"',
    ],
  },

  cannotDecide(view) {
    return view.clock.unit === 'ns' ? undefined : 'The clock counts ticks of unknown length.';
  },

  *detect(view) {
    for (const death of deaths(view)) {
      const inside = activity(view, death);
      const closed = death.closed_ts ?? inside.last?.ts;
      if (closed === undefined) continue;
      const gap = closed - death.gone_ts;
      if (gap < view.limit(GAP) && inside.faults === 0) continue;
      yield gapFinding(view, death, inside, closed);
    }
  },
};

interface Death {
  readonly process_id: number;
  readonly address_space_id: number;
  readonly mm: Word;
  readonly gone_ts: number;
  readonly gone_event: number | null;
  readonly closed_ts: number | null;
  readonly closed_event: number | null;
  readonly sure: number;
}

/** Dead processes whose address space a device mirrored, with the end of their memory. */
function deaths(view: View): Death[] {
  return view.all<Death>(
    `SELECT p.id AS process_id, a.id AS address_space_id, a.mm, a.end_ts AS gone_ts,
            a.end_event AS gone_event, p.files_closed_ts AS closed_ts,
            p.files_closed_event AS closed_event,
            p.start_ts IS NOT NULL OR p.group_dead_known = 1 AS sure
       FROM process p JOIN address_space a ON a.process_id = p.id
      WHERE p.end_ts IS NOT NULL AND p.merged_into IS NULL AND a.end_ts IS NOT NULL
        AND coalesce(a.end_reason, '') NOT IN ('exec', 'other-task')
        AND (p.files_closed_ts IS NULL OR p.files_closed_ts >= a.end_ts)
        AND EXISTS (SELECT 1 FROM notifier n WHERE n.mm = a.mm AND n.address_space_id = a.id)
      ORDER BY a.end_ts`,
  );
}

interface Activity {
  /** The last thing the device did for the dead process in the window. */
  readonly last: { readonly ts: number; readonly event: number } | undefined;
  readonly faults: number;
  readonly jobsRun: number;
  readonly fences: readonly LateFence[];
  readonly events: readonly number[];
}

interface LateFence {
  readonly fence_id: number;
  readonly context: number;
  readonly seqno: number;
  readonly driver: string | null;
  readonly timeline: string | null;
  readonly ts: number;
  readonly event: number;
}

/** What the device did between the two, or up to the end where no closing was seen. */
function activity(view: View, death: Death): Activity {
  const to = death.closed_ts ?? view.end;
  const window = [death.process_id, death.gone_ts, to] as const;
  const fences = view.all<LateFence>(
    `SELECT id AS fence_id, context, seqno, driver, timeline, signaled_ts AS ts,
            signaled_event AS event
       FROM fence WHERE owner_process_id = ? AND signaled_ts > ? AND signaled_ts < ?
        AND coalesce(container, 0) = 0 ORDER BY signaled_ts`,
    ...window,
  );
  const faults = view.all<{ ts: number; event: number }>(
    `SELECT start_ts AS ts, start_event AS event FROM device_fault
      WHERE process_id = ? AND start_ts > ? AND start_ts < ? AND start_event IS NOT NULL
      ORDER BY start_ts`,
    ...window,
  );
  const runs = view.all<{ ts: number; event: number }>(
    `SELECT run_ts AS ts, run_event AS event FROM job
      WHERE owner_process_id = ? AND run_ts > ? AND run_ts < ? ORDER BY run_ts`,
    ...window,
  );
  const all = [...fences, ...faults, ...runs].sort((a, b) => a.ts - b.ts);
  return {
    last: all.at(-1),
    // without a closing the window is open: faults then are post-exit-gpu-fault's
    faults: death.closed_ts === null ? 0 : faults.length,
    jobsRun: runs.length,
    fences,
    events: all.slice(0, EVIDENCE_EVENTS).map(({ event }) => event),
  };
}

function gapFinding(view: View, death: Death, inside: Activity, closed: number): FindingDraft {
  const owner = processActor(view, death.process_id);
  const gap = closed - death.gone_ts;
  const busy = inside.last !== undefined;
  return {
    severity: busy ? 'warn' : 'info',
    confidence: confidenceOf(view, death),
    summary: summaryOf(owner, death, inside, gap),
    from: death.gone_ts,
    to: closed,
    objects: [
      ...(owner?.refs ?? []),
      { kind: 'address_space', id: death.address_space_id, label: `mm ${hex(death.mm)}` },
      ...inside.fences.slice(0, EVIDENCE_EVENTS).map(fenceRef),
    ],
    details: known([
      detail.duration('without memory', gap),
      detail.count('device faults in it', inside.faults),
      detail.count('jobs started in it', inside.jobsRun),
      detail.count('jobs finished in it', inside.fences.length),
      death.closed_ts === null ? undefined : detail.time('files closed', death.closed_ts),
      detail.address('mm', death.mm),
    ]),
    evidence: evidence(death.gone_event, ...inside.events, death.closed_event),
    next: [
      'Stop the context in the release callback of the notifier (or the mm release of the PASID), not when the file is closed.',
      'See who used what those jobs produced (dead-client-fence).',
    ],
    identity: [owner?.comm ?? '', death.closed_ts === null ? 'no closing seen' : 'closed'],
    key: { ...(owner === undefined ? {} : { pid: owner.pid }), mm: hex(death.mm) },
  };
}

function summaryOf(owner: Actor | undefined, death: Death, inside: Activity, gap: number): string {
  const who = owner?.label ?? 'a process';
  const [fence] = inside.fences;
  const work = [
    counted(inside.faults, 'device fault'),
    counted(inside.jobsRun, 'job started', 'jobs started'),
    inside.fences.length === 1 && fence !== undefined
      ? `${fenceLabel(fence)} signalled`
      : counted(inside.fences.length, 'job finished', 'jobs finished'),
  ].filter((text) => text !== '');
  const what = work.length === 0 ? '' : `: ${work.join(', ')} in between`;
  return death.closed_ts === null
    ? `The device worked for ${who} up to ${duration(gap)} after its memory was gone${what}.`
    : `The device file of ${who} was closed ${duration(gap)} after its memory was gone${what}.`;
}

function counted(count: number, one: string, many = `${one}s`): string {
  return count === 0 ? '' : `${count} ${count === 1 ? one : many}`;
}

function confidenceOf(view: View, death: Death): Confidence {
  if (death.sure !== 1 || death.closed_ts === null) return 'suspect';
  const lost = view.lossBetween(death.gone_ts, death.closed_ts) ? 1 : 0;
  return mayBeMissing(view, lost) ? 'suspect' : 'likely';
}
