/**
 * An invalidation that never comes back. invalidate_range_start runs with mmap_lock held, so when the
 * fence it waits for needs that lock, or the end of this very invalidation (a device fault asleep in
 * mmu_interval_read_begin), nothing ever moves again.
 */
import type { Word } from '../../kernel/occurrence.ts';
import type { Detector, View } from '../detector.ts';
import type { Confidence, FindingDraft, ObjectRef, Severity } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import type { Chain } from '../wait-for/chain.ts';
import { waitChain } from '../wait-for/wait-for.ts';
import { atMost, detail, evidence, known } from './shared/details.ts';
import { hungInvalidations, hungTasks } from './shared/hung-tasks.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import { lockWaiters } from './shared/lock-waiters.ts';
import { MOVED_ON } from './shared/moved-on.ts';
import {
  anyOf,
  deviceFaults,
  fenceBirths,
  fenceWaits,
  invalidationReturns,
  invalidations,
  kernelLog,
  lockWaits,
  readBegins,
} from './shared/needs.ts';
import { actor, duration, hex, processActor, range } from './shared/wording.ts';

const HANG: Threshold = {
  name: 'hang',
  unit: 'ns',
  default: 5e9,
  doc: 'Begun this long before the end of the recording, it has not come back.',
};
const FINDINGS_PER_CAUSE = 20;

export const invalidateDeadlock: Detector = {
  meta: {
    id: 'invalidate-deadlock',
    number: 'D7',
    title: 'Invalidation that never came back',
    description:
      'invalidate_range_start had not returned when the recording ended, five seconds or more after it began. Where what it waits for waits in turn for this invalidation, directly or for the lock its caller holds, that is a deadlock; every page fault of the process queues up behind it. Without such a ring it is a hang whose end was not seen. The kernel log may tell of the same: a task hung inside it.',
    severity: 'critical',
    needs: [anyOf(invalidationReturns, kernelLog)],
    uses: [invalidations, fenceWaits, fenceBirths, readBegins, deviceFaults, lockWaits],
    thresholds: [HANG],
    traps: [
      'A ring through the hardware cannot be seen: it is called a hang, or perhaps a deadlock.',
      'A return that was not recorded looks like none; what the thread did later tells.',
      'A wait that would have been given up a second later looks the same.',
    ],
    references: [
      'mm/mmu_notifier.c: mn_itree_invalidate, mmu_interval_read_begin',
      'Documentation/driver-api/dma-buf.rst: "DMA Fence Signalling", fences and memory allocation or mmap_lock',
      'https://github.com/QubesOS/qubes-issues/issues/7481 (two notifiers wait for each other)',
    ],
  },

  cannotDecide(view) {
    const blind = view.observed('invalidation.begin_return')
      ? view.clock.unit !== 'ns' && 'The clock counts ticks of unknown length.'
      : 'The kernel log tells only of tasks hung for minutes: a probe on the return of __mmu_notifier_invalidate_range_start shows what did not come back.';
    return blind === false || hungTasks(view).length > 0 ? undefined : blind;
  },

  *detect(view) {
    const recorded = view.observed('invalidation.begin_return') && view.clock.unit === 'ns';
    const open = recorded ? openInvalidations(view) : [];
    const hangs = open.map((row) => hangFinding(view, row));
    yield* atMost(FINDINGS_PER_CAUSE, hangs);
    yield* hungInvalidations(view, new Set(open.map(({ tid }) => tid)));
  },
};

interface Open {
  readonly id: number;
  readonly mm: Word | null;
  readonly tid: number;
  readonly process_id: number | null;
  readonly victim_process_id: number | null;
  readonly range_start: Word | null;
  readonly range_end: Word | null;
  readonly start_ts: number;
  readonly start_event: number | null;
  readonly sane: number | null;
  readonly lossy: number | null;
  readonly call: string | null;
}

function openInvalidations(view: View): Open[] {
  return view.all<Open>(
    `SELECT i.*, s.name AS call FROM invalidation i LEFT JOIN syscall s ON s.id = i.syscall_id
      WHERE i.return_ts IS NULL AND i.end_ts IS NULL AND i.start_ts <= ?
        AND i.source IN ('probe', 'function_graph', 'release') AND NOT (${MOVED_ON})
      ORDER BY i.start_ts`,
    view.end - view.limit(HANG),
  );
}

/** Why it hangs: a ring in the graph of who waits for whom, or one closed by who else is stuck. */
interface Ring {
  readonly text: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly refs: readonly ObjectRef[];
  readonly evidence: readonly number[];
}

function hangFinding(view: View, open: Open): FindingDraft {
  const who = actor(view, open.tid, open.process_id);
  const chain = waitChain(view, { kind: 'invalidation', id: open.id }, view.end);
  const ring = ringOf(view, open, chain);
  const missing = mayBeMissing(view, open.lossy);
  const sane = open.sane !== 0 && view.saneProbes;
  const where =
    sane && open.range_start !== null && open.range_end !== null
      ? ` on ${range(open.range_start, open.range_end)}`
      : '';
  const long = view.end - open.start_ts;
  const waiters = lockWaiters(view, open.tid, open.start_ts, view.end);
  return {
    severity: ring.severity,
    confidence: missing ? 'suspect' : ring.confidence,
    summary: `${open.call ?? 'An invalidation'} by ${who.label}${where} had not come back from invalidate_range_start ${duration(long)} later, when the recording ended: ${ring.text}.`,
    from: open.start_ts,
    to: view.end,
    objects: [
      { kind: 'invalidation', id: open.id, label: `invalidation by ${who.comm}` },
      ...who.refs,
      ...ring.refs,
    ],
    details: known([
      detail.duration('held up', long),
      ...waiters.details,
      ...(chain?.hops ?? []).map((hop) => detail.text('waits', `${hop.object.label} ${hop.state}`)),
      sane && open.mm !== null ? detail.address('mm', open.mm) : undefined,
    ]),
    evidence: evidence(
      open.start_event,
      ...(chain?.hops ?? []).flatMap((hop) => hop.evidence),
      ...ring.evidence,
      ...waiters.evidence,
    ),
    next: [
      'Look in the kernel log for tasks blocked for more than 120 seconds, and at the stacks of the tasks named here (sysrq-w).',
      'What a notifier callback waits for must never need mmap_lock, a memory allocation or another notifier: signal the fence, or preempt the device, without them.',
      ...(view.observed('mmap_lock.acquired')
        ? []
        : ['Record mmap_lock:* to see who holds the lock, and who queues up behind it.']),
    ],
    identity: [who.comm.replaceAll(/\d+/g, 'N'), open.call ?? '', ring.severity],
    key: {
      pid: who.pid,
      tid: open.tid,
      ...(sane && open.mm !== null ? { mm: hex(open.mm) } : {}),
    },
  };
}

function ringOf(view: View, open: Open, chain: Chain | undefined): Ring {
  const refs = (chain?.hops ?? []).slice(1).map(({ object }) => object);
  if (chain?.end.kind === 'deadlock' || chain?.end.kind === 'cycle') {
    return {
      text: chain.end.text,
      severity: 'critical',
      confidence: chain.end.kind === 'deadlock' ? 'proven' : 'likely',
      refs,
      evidence: [],
    };
  }
  const fault = stuckDeviceFault(view, open);
  if (fault !== undefined) {
    return {
      text: `perhaps a deadlock: ${fault.function ?? 'a device fault handler'} of the same memory has not come back either, and may wait for the lock that is held here`,
      severity: 'critical',
      confidence: 'suspect',
      refs: [
        ...refs,
        { kind: 'device_fault', id: fault.id, label: fault.function ?? 'device fault' },
      ],
      evidence: evidence(fault.start_event),
    };
  }
  const last = chain?.hops.at(-1);
  const text =
    chain === undefined || last === undefined || chain.hops.length === 1
      ? 'what it waits for was not recorded'
      : `it stands behind ${last.object.label}; ${chain.end.text}`;
  return { text, severity: 'error', confidence: 'likely', refs, evidence: [] };
}

interface StuckFault {
  readonly id: number;
  readonly function: string | null;
  readonly start_event: number | null;
}

/** A handler of a fault in the same mm that was entered and has not returned. */
function stuckDeviceFault(view: View, open: Open): StuckFault | undefined {
  const owner = processActor(view, open.victim_process_id);
  const [fault] = view.all<StuckFault>(
    `SELECT id, function, start_event FROM device_fault
      WHERE source = 'probe' AND end_ts IS NULL AND ret IS NULL AND (mm = ? OR process_id = ?)
        AND start_ts <= ? ORDER BY start_ts DESC LIMIT 1`,
    open.mm,
    owner?.processId ?? null,
    view.end - view.limit(HANG) / 2,
  );
  return fault;
}
