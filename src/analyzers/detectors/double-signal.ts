/**
 * Fences that are used after their end: signalled or waited for after the last reference was dropped,
 * signalled twice, or made with the number of one that is still alive.
 *
 * dma_fence_signal() on a fence that has signalled is legal and does nothing (it returns -EINVAL):
 * calls with the signalled bit set in the flags do not count.
 */
import type { Detector, View } from '../detector.ts';
import type { Confidence, FindingDraft, Severity } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { atMost, detail, evidence, known } from './shared/details.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import { fenceBirths, fenceErrors, fenceSignals } from './shared/needs.ts';
import { LONG_LIVED } from './shared/pending-fences.ts';
import { IS_IN_ORDER } from './shared/signal-order.ts';
import {
  actor,
  capital,
  duration,
  type FenceName,
  fenceKey,
  fenceLabel,
  fenceRef,
  stableTimeline,
} from './shared/wording.ts';

const FORCED_SIGNAL: Threshold = {
  name: 'forced-signal',
  unit: 'ns',
  default: 100e6,
  doc: 'A signal by the task that dropped the last reference is the one of the kernel itself up to here: dma_fence_release() signals what nobody did, after the destroy event and a long WARN.',
};
const FINDINGS_PER_CAUSE = 8;

export const doubleSignal: Detector = {
  meta: {
    id: 'double-signal',
    number: 'D31',
    title: 'Fence signalled twice or used after its end',
    description:
      'A dma_fence was signalled, waited for or enabled after its last reference was dropped, signalled a second time, or created with the number of one that is still alive. The first is a use after free; the others make waiters take one job for another.',
    severity: 'error',
    needs: [fenceBirths, fenceSignals],
    uses: [fenceErrors],
    thresholds: [FORCED_SIGNAL],
    traps: [
      'A call on a fence that has signalled, as many release paths make, changes nothing: only calls that find it pending count.',
      'Where events were lost, a new fence with an old number looks like the old one.',
      'Context 0, containers and the stub share their numbers by design.',
      'A fence released unsignalled is signalled by the kernel itself right after: fence-never-signalled tells of it.',
    ],
    references: [
      'drivers/dma-buf/dma-fence.c: dma_fence_signal_timestamp_locked, dma_fence_release',
      'https://docs.kernel.org/driver-api/dma-buf.html#dma-fences',
    ],
  },

  *detect(view) {
    const findings = [...usedAfterDestroy(view), ...signalledTwice(view), ...sameNumbers(view)];
    yield* atMost(FINDINGS_PER_CAUSE, findings);
  },
};

interface Misused extends FenceName {
  readonly owner_tid: number | null;
  readonly owner_process_id: number | null;
  /** The end it was used after, or the first of the two. */
  readonly before_ts: number;
  readonly before_event: number | null;
  readonly after_ts: number;
  readonly after_event: number | null;
  readonly lossy: number | null;
}

const NAME =
  'f.id AS fence_id, f.context, f.seqno, f.driver, f.timeline, f.owner_tid, f.owner_process_id';
/** Numbers that are a name: no container, no context that all share. */
const HAS_OWN_NUMBER =
  "f.context <> 0 AND coalesce(f.container, 0) = 0 AND coalesce(f.driver, '') <> 'mock'";

/** A fence without a birth whose number another had: the other one, which is gone. */
function* usedAfterDestroy(view: View): Iterable<FindingDraft> {
  const reborn = view.all<Misused>(
    `SELECT ${NAME}, f.destroy_ts AS before_ts, f.destroy_event AS before_event, g.first_ts AS after_ts,
            g.first_event AS after_event, max(coalesce(f.lossy, 0), coalesce(g.lossy, 0)) AS lossy
       FROM fence g JOIN fence f
         ON f.context = g.context AND f.seqno = g.seqno AND f.generation = g.generation - 1
      WHERE g.init_ts IS NULL AND g.generation > 0 AND f.destroy_ts <= g.first_ts AND f.init_ts IS NOT NULL
        AND coalesce(f.ambiguous, 0) = 0 AND ${HAS_OWN_NUMBER}
     UNION ALL
     SELECT ${NAME}, f.destroy_ts, f.destroy_event, f.signaled_ts, f.signaled_event, f.lossy
       FROM fence f
      WHERE f.signaled_ts > f.destroy_ts AND coalesce(f.ambiguous, 0) = 0 AND ${HAS_OWN_NUMBER}
        AND (f.signaled_tid IS NOT f.destroy_tid OR f.signaled_ts - f.destroy_ts > ?)
     ORDER BY after_ts`,
    view.limit(FORCED_SIGNAL),
  );
  for (const fence of reborn) {
    const isLossy = mayBeMissing(view, fence.lossy);
    if (isLossy || view.lossBetween(fence.before_ts, fence.after_ts)) continue;
    yield misuse(view, fence, {
      severity: 'error',
      confidence: 'likely',
      kind: 'after destroy',
      text: `was used ${after(view, fence)} its last reference was dropped`,
      next: [
        `See who still holds a pointer to fence ${fenceKey(fence)}: a reference is missing (dma_fence_get), and the memory is freed after a grace period.`,
        'Run the load on a kernel with KASAN: it names the use after free.',
      ],
    });
  }
}

function* signalledTwice(view: View): Iterable<FindingDraft> {
  const twice = view.all<Misused & { readonly signal_calls: number }>(
    `SELECT ${NAME}, f.first_ts AS before_ts, coalesce(f.init_event, f.first_event) AS before_event,
            f.signaled_ts AS after_ts, f.signaled_event AS after_event, f.lossy
       FROM fence f
      WHERE f.signal_calls > 1 AND f.signaled_ts IS NOT NULL AND coalesce(f.ambiguous, 0) = 0 AND ${HAS_OWN_NUMBER}
      ORDER BY f.signaled_ts`,
  );
  for (const fence of twice) {
    if (mayBeMissing(view, fence.lossy)) continue;
    yield misuse(view, fence, {
      severity: 'warn',
      confidence: 'suspect',
      kind: 'signalled twice',
      text: 'was signalled more than once while it was pending',
      next: [
        'See whether its memory was used for a new fence with the same number, or two paths complete one job.',
      ],
    });
  }
}

/** Two alive with one number, of a driver whose numbers are an order. */
function* sameNumbers(view: View): Iterable<FindingDraft> {
  const doubles = view.all<Misused>(
    `SELECT ${NAME}, f.init_ts AS before_ts, f.init_event AS before_event, g.init_ts AS after_ts,
            g.init_event AS after_event, max(coalesce(f.lossy, 0), coalesce(g.lossy, 0)) AS lossy
       FROM fence g JOIN fence f
         ON f.context = g.context AND f.seqno = g.seqno AND f.generation = g.generation - 1
      WHERE g.ambiguous = 1 AND f.ambiguous = 1 AND g.init_ts IS NOT NULL AND f.init_ts IS NOT NULL
        AND coalesce(${IS_IN_ORDER}, 0) AND NOT coalesce(${LONG_LIVED}, 0) AND ${HAS_OWN_NUMBER}
      ORDER BY g.init_ts`,
  );
  for (const fence of doubles) {
    if (mayBeMissing(view, fence.lossy)) continue;
    yield misuse(view, fence, {
      severity: 'warn',
      confidence: 'likely',
      kind: 'same number',
      text: `was alive when another was created with its number ${after(view, fence)} it`,
      next: [
        'See where the driver takes the sequence numbers from: dma_resv keeps one fence of a context and forgets the other.',
      ],
    });
  }
}

interface Misuse {
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly kind: string;
  readonly text: string;
  readonly next: readonly string[];
}

function misuse(view: View, fence: Misused, how: Misuse): FindingDraft {
  const owner =
    fence.owner_tid === null ? undefined : actor(view, fence.owner_tid, fence.owner_process_id);
  return {
    severity: how.severity,
    confidence: view.perTask ? 'suspect' : how.confidence,
    summary: `${capital(fenceLabel(fence))}${owner === undefined ? '' : ` of ${owner.label}`} ${how.text}.`,
    from: fence.before_ts,
    to: fence.after_ts,
    objects: [fenceRef(fence), ...(owner?.refs ?? [])],
    details: known([
      view.clock.unit === 'ns'
        ? detail.duration('time between', fence.after_ts - fence.before_ts)
        : undefined,
    ]),
    evidence: evidence(fence.before_event, fence.after_event),
    next: how.next,
    identity: [how.kind, fence.driver ?? '', stableTimeline(fence.timeline)],
    key: { fence: fenceKey(fence), ...(owner === undefined ? {} : { pid: owner.pid }) },
  };
}

function after(view: View, { before_ts, after_ts }: Misused): string {
  return view.clock.unit === 'ns' ? `${duration(after_ts - before_ts)} after` : 'after';
}
