/**
 * Invalidations whose invalidate_range_start slept: the caller of munmap, mprotect, fork or reclaim
 * stands still, most often holding mmap_lock, until the device is done (mm/mmu_notifier.c).
 */
import type { Word } from '../../kernel/occurrence.ts';
import type { Detector, View } from '../detector.ts';
import type { Confidence, Detail, FindingDraft, Severity } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { atMost, detail, evidence, known } from './shared/details.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import { lockWaiters } from './shared/lock-waiters.ts';
import { MOVED_ON } from './shared/moved-on.ts';
import {
  driverFunctions,
  fenceWaits,
  invalidationReturns,
  invalidations,
  lockWaits,
  sleeps,
} from './shared/needs.ts';
import { CAUSE_SHARE, type Cause, causeOf, type StallParts } from './shared/stall-cause.ts';
import { actor, duration, hex, range, reasonName, ticks } from './shared/wording.ts';

const WARN: Threshold = {
  name: 'warn',
  unit: 'ns',
  default: 10e6,
  doc: 'Held up this long, an invalidation is a stall.',
};
const ERROR: Threshold = {
  name: 'error',
  unit: 'ns',
  default: 1e9,
  doc: 'Held up this long, it is an error.',
};
const FINDINGS_PER_CAUSE = 50;

export const invalidateStall: Detector = {
  meta: {
    id: 'invalidate-stall',
    number: 'D6',
    title: 'Invalidation held up by the device',
    description:
      'invalidate_range_start did not return for 10 ms or more. Until it does, the system call that changes the mapping, and often every page fault of the process behind mmap_lock, stands still. The finding names the fence waited for when that wait is at least half of the time, else the driver callback.',
    severity: 'error',
    needs: [invalidations],
    uses: [invalidationReturns, fenceWaits, driverFunctions, lockWaits, sleeps],
    thresholds: [WARN, ERROR, CAUSE_SHARE],
    traps: [
      'A task that was preempted looks stalled: without a wait or a callback inside it is only info; sched_switch tells.',
      'The function tracer has no returns, so its durations are upper bounds.',
      'The system call lasts longer than the invalidation inside it.',
    ],
    references: [
      'mm/mmu_notifier.c: __mmu_notifier_invalidate_range_start',
      'https://github.com/ROCm/ROCm/issues/6630 (fork stuck in dup_mmap behind an eviction)',
      'https://github.com/ROCm/ROCm/issues/6386 (quiesce in the notifier, then reset)',
      'dri-devel 2019-08-15, J. Gunthorpe: refcounting drivers "must sleep waiting for dma buffer references to go to zero" in invalidate_range_start',
    ],
  },

  *detect(view) {
    const stalls = stalledInvalidations(view).map((row) => stallFinding(view, row));
    yield* atMost(FINDINGS_PER_CAUSE, stalls);
  },
};

interface Stall extends StallParts {
  readonly id: number;
  readonly mm: Word | null;
  readonly tid: number;
  readonly process_id: number | null;
  readonly victim_process_id: number | null;
  readonly range_start: Word | null;
  readonly range_end: Word | null;
  readonly reason: number | null;
  readonly start_ts: number;
  readonly start_event: number;
  readonly return_ts: number | null;
  readonly return_event: number | null;
  readonly end_ts: number | null;
  readonly end_event: number | null;
  readonly callbacks: number | null;
  readonly sane: number | null;
  readonly lossy: number | null;
  readonly source: string;
  readonly syscall: string | null;
  readonly wait_end_ts: number | null;
  readonly moved_on: number;
  readonly length: Length;
}

function stalledInvalidations(view: View): Stall[] {
  const timed = view.clock.unit === 'ns';
  const least = timed ? view.limit(WARN) : 1;
  const rows = view.all<Omit<Stall, 'length'>>(
    `SELECT i.*, s.name AS syscall, w.end_ts AS wait_end_ts,
            i.return_ts IS NULL AND i.end_ts IS NULL AND (${MOVED_ON}) AS moved_on
       FROM invalidation i
       LEFT JOIN syscall s ON s.id = i.syscall_id
       LEFT JOIN fence_wait w ON w.id = i.longest_wait_id
      WHERE i.start_ts IS NOT NULL AND coalesce(i.return_ts, i.end_ts, ?) - i.start_ts >= ?
      ORDER BY i.start_ts`,
    view.end,
    least,
  );
  const stalls = rows.map((row) => ({ ...row, length: lengthOf(view, row) }));
  return stalls.filter(
    (stall) =>
      stall.length.ns >= least &&
      // Ticks cannot be compared with 10 ms: what remains is that a wait made most of it.
      (timed || (stall.longest_wait_ns ?? 0) >= view.limit(CAUSE_SHARE) * stall.length.ns),
  );
}

interface Length {
  readonly ns: number;
  /** How it is known: return seen, only the end seen, neither, or still inside at the end. */
  readonly known: 'exact' | 'at most' | 'at least' | 'so far';
}

function lengthOf(view: View, row: Omit<Stall, 'length'>): Length {
  const { start_ts } = row;
  if (row.return_ts !== null) return { ns: row.return_ts - start_ts, known: 'exact' };
  if (row.end_ts !== null) return { ns: row.end_ts - start_ts, known: 'at most' };
  const wouldShow = view.observed('invalidation.begin_return') || view.observed('invalidation.end');
  if (wouldShow && row.moved_on === 0) return { ns: view.end - start_ts, known: 'so far' };
  const waited = (row.wait_end_ts ?? start_ts) - start_ts;
  return { ns: Math.max(waited, row.callback_ns ?? 0), known: 'at least' };
}

function stallFinding(view: View, stall: Stall): FindingDraft {
  const { ns } = stall.length;
  const who = actor(view, stall.tid, stall.process_id);
  const cause = causeOf(view, stall, ns);
  const args = argumentsOf(view, stall);
  const isRelease = stall.source === 'release';
  const what = isRelease ? 'The release of memory' : (stall.syscall ?? 'An invalidation');
  const waiters = lockWaiters(view, stall.tid, stall.start_ts, stall.start_ts + ns);
  return {
    severity: severityOf(view, stall, cause, who.comm),
    confidence: confidenceOf(view, stall, cause),
    summary: `${what} by ${who.label}${isRelease ? '' : args.text} ${heldUp(view, stall)}: ${cause.text}.`,
    from: stall.start_ts,
    to: stall.start_ts + ns,
    objects: [
      { kind: 'invalidation', id: stall.id, label: `invalidation by ${who.comm}` },
      ...who.refs,
      ...cause.refs,
    ],
    details: [
      view.clock.unit === 'ns' ? detail.duration('held up', ns) : detail.text('held up', ticks(ns)),
      ...splitOf(view, stall),
      ...args.details,
      ...cause.details,
      ...waiters.details,
    ],
    evidence: evidence(
      stall.start_event,
      ...cause.evidence,
      stall.return_event,
      stall.end_event,
      ...waiters.evidence,
    ),
    next: cause.next,
    identity: [
      who.comm.replaceAll(/\d+/g, 'N'),
      stall.syscall ?? args.reason,
      cause.kind,
      ...cause.identity,
    ],
    key: { pid: who.pid, tid: stall.tid, ...args.key },
  };
}

/** Where the time went: fence waits, driver callbacks besides their waits, and the rest. */
function splitOf(view: View, stall: Stall): Detail[] {
  const { ns, known: how } = stall.length;
  if (view.clock.unit !== 'ns' || how !== 'exact') return [];
  const waits = Math.min(ns, stall.wait_ns ?? 0);
  const callbacks = Math.min(ns, stall.callback_ns ?? 0);
  const inside = Math.max(waits, callbacks);
  if (inside === 0) return [];
  return known([
    detail.duration('in fence waits', waits),
    stall.callbacks === 0
      ? undefined
      : detail.duration('in callbacks besides', Math.max(0, callbacks - waits)),
    detail.duration('in neither', ns - inside),
  ]);
}

interface Arguments {
  readonly text: string;
  readonly reason: string;
  readonly details: readonly Detail[];
  readonly key: Readonly<Record<string, string | number>>;
}

/** mm, range and reason, unless the probe's offsets are wrong: then nothing is said of them. */
function argumentsOf(view: View, stall: Stall): Arguments {
  if (stall.sane === 0 || !view.saneProbes) return { text: '', reason: '', details: [], key: {} };
  const { mm, range_start, range_end, reason } = stall;
  const where = range_start === null || range_end === null ? '' : range(range_start, range_end);
  const why = reason === null ? '' : reasonName(reason);
  return {
    text: `${where === '' ? '' : ` on ${where}`}${why === '' ? '' : ` (${why})`}`,
    reason: why,
    details: known([
      where === '' ? undefined : detail.text('range', where),
      why === '' ? undefined : detail.text('reason', why),
      mm === null ? undefined : detail.address('mm', mm),
      victimDetail(view, stall),
    ]),
    key: {
      ...(mm === null ? {} : { mm: hex(mm) }),
      ...(range_start === null ? {} : { start: hex(range_start) }),
      ...(range_end === null ? {} : { end: hex(range_end) }),
      ...(reason === null ? {} : { event: reason }),
    },
  };
}

function heldUp(view: View, stall: Stall): string {
  const { ns, known: how } = stall.length;
  const long = view.clock.unit === 'ns' ? duration(ns) : ticks(ns);
  if (stall.source === 'syscall') return `took ${long}, perhaps in an invalidation`;
  const where = PLACES[stall.source] ?? 'invalidate_range_start';
  if (how === 'so far') return `had been held up ${long} in ${where} when the recording ended`;
  return `was held up ${how === 'exact' ? '' : `${how} `}${long} in ${where}`;
}

const PLACES: Readonly<Record<string, string>> = {
  callback: 'the driver callback of an invalidation',
  release: '__mmu_notifier_release',
};

function victimDetail(view: View, stall: Stall): Detail | undefined {
  if (stall.victim_process_id === null) return;
  const owner = actor(view, stall.tid, stall.victim_process_id);
  if (owner.processId === actor(view, stall.tid, stall.process_id).processId) return;
  const [ref] = owner.refs;
  return ref === undefined ? undefined : detail.object('memory of', ref);
}

function severityOf(view: View, stall: Stall, cause: Cause, comm: string): Severity {
  const { ns } = stall.length;
  if (view.clock.unit !== 'ns') return 'info';
  if (cause.kind === 'preempted') return 'info';
  if (cause.kind === 'unexplained') return ns >= view.limit(ERROR) ? 'warn' : 'info';
  // kswapd behind a device holds up memory reclaim of the whole machine.
  if (comm.startsWith('kswapd')) return 'error';
  if (stall.source === 'syscall') return 'warn';
  return ns >= view.limit(ERROR) ? 'error' : 'warn';
}

function confidenceOf(view: View, stall: Stall, cause: Cause): Confidence {
  if (view.clock.unit !== 'ns' || stall.source === 'syscall') return 'suspect';
  if (cause.kind === 'unexplained' || cause.kind === 'not recorded') return 'suspect';
  const inferred = stall.length.known !== 'exact' || stall.source === 'release';
  return inferred || mayBeMissing(view, stall.lossy) ? 'likely' : 'proven';
}
