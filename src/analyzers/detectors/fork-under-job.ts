/**
 * fork while the device works on the memory of the process: dup_mmap write-protects every private
 * mapping of the parent (invalidations of reason PROTECTION_PAGE, mm/memory.c copy_page_range), so the
 * call waits for the job, and from then on the first write to a shared page moves it away.
 */
import type { Word } from '../../kernel/occurrence.ts';
import type { Detector, View } from '../detector.ts';
import type { Confidence, FindingDraft } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { BY_OWNER, touchesBound, WIDE_NOTIFIER } from './shared/bound-ranges.ts';
import { type BusyFence, fencesBusyAt } from './shared/busy-fences.ts';
import { detail, evidence, known } from './shared/details.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import { fenceBirths, fenceWaits, forks, invalidations, notifierBirths } from './shared/needs.ts';
import { unreadable } from './shared/probe-offsets.ts';
import { actor, duration, fenceLabel, fenceRef, hex, range, ticks } from './shared/wording.ts';

/** No threshold: enum mmu_notifier_event. */
const CLEAR = 1;
/** No threshold: enum mmu_notifier_event. */
const PROTECTION_PAGE = 3;
const CHILD: Threshold = {
  name: 'child',
  unit: 'ns',
  default: 100e6,
  doc: 'The child appears within this after the last mapping was copied; later ones are of another fork.',
};
const COPIES: Threshold = {
  name: 'copies',
  unit: 'ns',
  default: 1e9,
  doc: 'Pages copied by writes of the parent are counted this long after the fork.',
};
const WIDE: Threshold = { ...WIDE_NOTIFIER };
/** No threshold: the smallest page of Linux; of larger ones fewer copies are counted. */
const PAGE_BYTES = 4096;
const EVIDENCE_MAPPINGS = 4;

export const forkUnderJob: Detector = {
  meta: {
    id: 'fork-under-job',
    number: 'D9',
    title: 'Process forked while its device worked',
    description:
      'A process forked while a job of its device was pending on memory the device is bound to. fork write-protects that memory: the call stands still until the driver let go of it, every later write to it is a copy-on-write fault that invalidates it again, and a driver that only pinned the pages goes on writing to the copy of one side.',
    severity: 'warn',
    needs: [invalidations, forks, notifierBirths, fenceBirths],
    uses: [fenceWaits],
    thresholds: [CHILD, COPIES, WIDE],
    traps: [
      'sched_process_fork fires for threads, too: only a fork write-protects the mm of the parent before.',
      'vfork and posix_spawn share the mm and write-protect nothing.',
      'A pending fence alone is no finding: memory must be bound to a device.',
      'Pages pinned with FOLL_PIN are copied for the child at once since 5.12, so the device keeps the right ones.',
      'Which job uses which memory is not recorded: a job of the process may not touch the range.',
    ],
    references: [
      'kernel/fork.c: dup_mmap; mm/memory.c: copy_page_range',
      'dri-devel 2019-08-15, J. Glisse: munmap(), mremap(), fork() under a job are a bug of user space',
      'https://github.com/ROCm/ROCm/issues/6630 (fork stuck in dup_mmap behind an eviction)',
    ],
  },

  cannotDecide: (view) => unreadable(view, ['mm', 'range_start', 'range_end', 'reason']),

  *detect(view) {
    for (const mappings of byChild(protectedMappings(view))) {
      const [first] = mappings;
      if (first === undefined) continue;
      const busy = fencesBusyAt(view, first.process_id, first.start_ts);
      if (busy.length > 0) yield forkFinding(view, first, mappings, busy);
    }
  },
};

/** A bound range that a fork write-protected. */
interface Mapping {
  readonly id: number;
  readonly mm: Word;
  readonly tid: number;
  readonly process_id: number;
  readonly range_start: Word;
  readonly range_end: Word;
  readonly start_ts: number;
  readonly start_event: number | null;
  readonly left_ts: number;
  readonly end_event: number | null;
  readonly wait_ns: number | null;
  readonly waited_fence: number | null;
  readonly lossy: number | null;
  readonly child: number;
  readonly child_id: number;
  readonly child_ts: number;
  readonly child_event: number | null;
}

function protectedMappings(view: View): Mapping[] {
  return view.all<Mapping>(
    `SELECT i.id, i.mm, i.tid, i.process_id, i.range_start, i.range_end, i.start_ts, i.start_event,
            coalesce(i.return_ts, i.end_ts, i.start_ts) AS left_ts, i.end_event, i.wait_ns,
            w.fence_id AS waited_fence, i.lossy, c.tid AS child, c.id AS child_id,
            c.start_ts AS child_ts, c.start_event AS child_event
       FROM invalidation i
       JOIN task c ON c.id = (SELECT t.id FROM task t JOIN task p ON p.id = t.parent_task_id
              WHERE p.tid = i.tid AND t.is_thread = 0 AND t.start_ts >= i.start_ts
              ORDER BY t.start_ts LIMIT 1)
       LEFT JOIN fence_wait w ON w.id = i.longest_wait_id
      WHERE i.reason = ? AND i.sane = 1 AND ${BY_OWNER}
        AND c.start_ts - coalesce(i.end_ts, i.return_ts, i.start_ts) <= ?
        AND ${touchesBound(view.limit(WIDE))}
      ORDER BY i.start_ts`,
    PROTECTION_PAGE,
    view.limit(CHILD),
  );
}

function byChild(mappings: readonly Mapping[]): Mapping[][] {
  const groups = new Map<number, Mapping[]>();
  for (const mapping of mappings) {
    const group = groups.get(mapping.child_id);
    if (group === undefined) groups.set(mapping.child_id, [mapping]);
    else group.push(mapping);
  }
  return [...groups.values()];
}

function forkFinding(
  view: View,
  first: Mapping,
  mappings: readonly Mapping[],
  busy: readonly BusyFence[],
): FindingDraft {
  const who = actor(view, first.tid, first.process_id);
  const timed = view.clock.unit === 'ns';
  const stood = mappings.reduce((sum, one) => sum + one.left_ts - one.start_ts, 0);
  const waited = busy.find((fence) => mappings.some((one) => one.waited_fence === fence.fence_id));
  const fence = waited ?? busy[0];
  const copies = copiesAfter(view, first, busy);
  const where = range(first.range_start, first.range_end);
  const long = timed ? duration(stood) : ticks(stood);
  return {
    severity: 'warn',
    confidence: confidenceOf(view, mappings, waited),
    summary: `${who.label} forked pid ${first.child} while ${fence === undefined ? 'a job' : fenceLabel(fence)} was pending and ${where} was bound to the device: ${
      waited === undefined
        ? 'the driver did not wait for it'
        : `the fork stood still ${long} for it`
    }${copies.text}.`,
    from: first.start_ts,
    to: first.child_ts,
    objects: [...who.refs, ...busy.map(fenceRef)],
    details: known([
      detail.count('child', first.child),
      timed
        ? detail.duration('in invalidations of bound memory', stood)
        : detail.text('in invalidations of bound memory', long),
      ...mappings
        .slice(0, EVIDENCE_MAPPINGS)
        .map((one) => detail.text('write-protected', range(one.range_start, one.range_end))),
      ...busy.map((one) => detail.object('pending', fenceRef(one))),
      copies.count === 0 ? undefined : detail.count('pages copied by later writes', copies.count),
      detail.address('mm', first.mm),
    ]),
    evidence: evidence(
      ...busy.map((one) => one.init_event),
      ...mappings.slice(0, EVIDENCE_MAPPINGS).flatMap((one) => [one.start_event, one.end_event]),
      first.child_event,
      ...copies.events,
    ),
    next: [
      'Wait for the jobs before forking, or use posix_spawn or vfork, which do not copy the mm.',
      'Keep device memory out of the child: madvise(MADV_DONTFORK) on it.',
      'Look for writes of the parent to that memory after the fork: each moves the page away under the device.',
    ],
    identity: [who.comm, waited === undefined ? 'not waited for' : 'waited for'],
    key: { pid: who.pid, tid: first.tid, child: first.child, mm: hex(first.mm) },
  };
}

function confidenceOf(
  view: View,
  mappings: readonly Mapping[],
  waited: BusyFence | undefined,
): Confidence {
  if (view.clock.unit !== 'ns' || waited === undefined) return 'suspect';
  const missing = mappings.some((one) => mayBeMissing(view, one.lossy));
  return missing || waited.init_ts === null ? 'likely' : 'proven';
}

/** Single pages of the bound ranges invalidated by the parent after the fork: copy-on-write. */
function copiesAfter(view: View, fork: Mapping, busy: readonly BusyFence[]) {
  const rows = view.all<{ start_event: number }>(
    `SELECT i.start_event FROM invalidation i
      WHERE i.mm = ? AND i.reason = ? AND i.start_ts > ? AND i.start_ts <= ?
        AND i.range_end - i.range_start <= ? AND ${BY_OWNER}
        AND i.syscall_id IS NULL AND ${touchesBound(view.limit(WIDE))}
        AND NOT EXISTS (SELECT 1 FROM range_fault f WHERE f.tid = i.tid
          AND f.start_ts <= i.start_ts AND coalesce(f.end_ts, i.start_ts) >= i.start_ts)
      ORDER BY i.start_ts`,
    fork.mm,
    CLEAR,
    fork.child_ts,
    fork.child_ts + view.limit(COPIES),
    PAGE_BYTES,
  );
  if (rows.length === 0 || busy.length === 0) return { text: '', count: 0, events: [] };
  const pages = rows.length === 1 ? 'one page of it was' : `${rows.length} pages of it were`;
  return {
    text: `; ${pages} copied by later writes of the parent`,
    count: rows.length,
    events: rows.slice(0, EVIDENCE_MAPPINGS).map((row) => row.start_event),
  };
}
