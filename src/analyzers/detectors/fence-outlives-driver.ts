/**
 * Fences that outlive their driver: its device was unplugged or unbound, or its module unloaded, and
 * they are still pending. Nobody will signal them, and before 6.17 their names and callbacks are code of
 * the driver.
 */
import type { Detector, View } from '../detector.ts';
import type { FindingDraft } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { atMost, detail, evidence, known } from './shared/details.ts';
import { driverRemovals } from './shared/device-needs.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import { fenceBirths, fenceSignals } from './shared/needs.ts';
import { IS_SCHEDULED_FENCE } from './shared/scheduled-fence.ts';
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

/** A driver that goes away signals what it has with an error; that takes no longer. */
const GRACE: Threshold = {
  name: 'grace',
  unit: 'ns',
  default: 1e9,
  doc: 'A fence still pending so long after its device or driver went away is reported.',
};
const FINDINGS_PER_DRIVER = 16;

export const fenceOutlivesDriver: Detector = {
  meta: {
    id: 'fence-outlives-driver',
    number: 'D18',
    title: 'Fence pending after its driver is gone',
    description:
      'A dma_fence was still pending after its device was unplugged or unbound, or after the module of its driver was unloaded. Waiters in other drivers and processes hang; once the module is gone, asking the fence for its name or to signal calls into freed code.',
    severity: 'critical',
    needs: [driverRemovals, fenceBirths, fenceSignals],
    uses: [],
    traps: [
      'A fence names its driver as the driver likes: only names that are those of the device or the module are matched.',
      'With several devices of one driver a name does not tell which of them is gone.',
      'A driver may be bound again: fences created afterwards do not count.',
      'Since 6.17 a fence that has signalled no longer calls into its driver; a pending one does in every version.',
    ],
    thresholds: [GRACE],
    references: [
      'include/linux/dma-fence.h: struct dma_fence_ops',
      'drivers/gpu/drm/drm_drv.c: drm_dev_unplug',
      'https://github.com/NVIDIA/open-gpu-kernel-modules/issues/1336',
    ],
  },

  cannotDecide(view) {
    return view.clock.unit === 'ns' ? undefined : 'the clock counts no time';
  },

  *detect(view) {
    const findings = survivors(view).map((fence) => survivorFinding(view, fence));
    yield* atMost(FINDINGS_PER_DRIVER, findings);
  },
};

interface Survivor extends FenceName {
  readonly owner_tid: number | null;
  readonly owner_process_id: number | null;
  readonly init_event: number | null;
  readonly signaled_ts: number | null;
  readonly signaled_event: number | null;
  readonly lossy: number | null;
  readonly what: string;
  readonly gone_ts: number;
  readonly gone_event: number;
  readonly gone_name: string | null;
  /** The fence or its job carries the name of the very device. */
  readonly exact: number;
  readonly used_event: number | null;
}

/** Each pending fence with the first end of its driver. Bare columns are those of the row with the minimum. */
function survivors(view: View): Survivor[] {
  const until = view.limit(GRACE);
  return view.all<Survivor>(
    `WITH ends AS (
       SELECT what, coalesce(end_ts, start_ts) AS gone_ts, coalesce(end_event, start_event) AS gone_event,
              driver, name
         FROM device_event WHERE what IN ('unplug', 'remove', 'gone', 'module freed'))
     SELECT f.id AS fence_id, f.context, f.seqno, f.driver, f.timeline, f.owner_tid, f.owner_process_id,
            f.init_event, f.signaled_ts, f.signaled_event, f.lossy, e.what, min(e.gone_ts) AS gone_ts,
            e.gone_event, coalesce(e.name, e.driver) AS gone_name,
            e.what = 'module freed' OR (e.name IS NOT NULL AND e.name IN (f.driver, j.dev)) AS exact,
            (SELECT min(w.start_event) FROM fence_wait w WHERE w.fence_id = f.id AND w.start_ts > e.gone_ts) AS used_event
       FROM fence f LEFT JOIN job j ON j.id = f.job_id
       JOIN ends e ON e.driver = f.driver OR e.name = f.driver OR e.name = j.dev
      WHERE f.init_ts < e.gone_ts AND coalesce(f.signaled_ts, ?) - e.gone_ts >= ?
        AND (f.destroy_ts IS NULL OR f.destroy_ts > e.gone_ts + ?)
        AND coalesce(f.container, 0) = 0 AND coalesce(f.ambiguous, 0) = 0
        AND NOT coalesce(${IS_SCHEDULED_FENCE}, 0)
      GROUP BY f.id ORDER BY f.init_ts`,
    view.end,
    until,
    until,
  );
}

function survivorFinding(view: View, fence: Survivor): FindingDraft {
  const owner =
    fence.owner_tid === null ? undefined : actor(view, fence.owner_tid, fence.owner_process_id);
  const isUnloaded = fence.what === 'module freed';
  const end = fence.signaled_ts ?? view.end;
  const label = `${fenceLabel(fence)}${owner === undefined ? '' : ` of ${owner.label}`}`;
  const unsure = mayBeMissing(view, fence.lossy) || view.perTask || fence.exact === 0;
  return {
    severity: isUnloaded ? 'critical' : 'error',
    confidence: unsure ? 'suspect' : 'likely',
    summary: `${capital(label)} was still pending ${duration(end - fence.gone_ts)} after ${goneText(fence)}${fence.used_event === null ? '' : ', and was waited for meanwhile'}.`,
    from: fence.gone_ts,
    to: end,
    objects: [fenceRef(fence), ...(owner?.refs ?? [])],
    details: known([
      detail.duration('pending afterwards', end - fence.gone_ts),
      detail.text('what ended', isUnloaded ? 'module' : fence.what),
      detail.text('signalled', fence.signaled_ts === null ? 'not while it was recorded' : 'late'),
    ]),
    evidence: evidence(fence.init_event, fence.gone_event, fence.used_event, fence.signaled_event),
    next: [
      'See why the driver did not signal its fences with an error (dma_fence_set_error, -ENODEV) when the device went away.',
      `See who holds fence ${fenceKey(fence)}: a sync_file or dma_resv of another driver keeps it, and a reference to the module is missing.`,
    ],
    identity: [fence.driver ?? '', stableTimeline(fence.timeline), fence.what],
    key: { fence: fenceKey(fence), ...(owner === undefined ? {} : { pid: owner.pid }) },
  };
}

function goneText({ what, gone_name: name }: Survivor): string {
  if (what === 'module freed') return `the module ${name} was unloaded`;
  return `its device${name === null ? '' : ` (${name})`} ${what === 'unplug' ? 'was unplugged' : 'was removed'}`;
}
