/**
 * Devices used after drm_dev_unplug(). It marks the device as gone at once and then waits (SRCU) for
 * those inside drm_dev_enter(); from its entry on a use must be refused with -ENODEV. Refused uses
 * tell of a client that does not notice; one that gets through reaches hardware that is not there.
 */
import type { Word } from '../../kernel/occurrence.ts';
import type { Detector, View } from '../detector.ts';
import type { Confidence, FindingDraft, Severity } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { atMost, detail, evidence, known } from './shared/details.ts';
import { deviceUses, unplugs } from './shared/device-needs.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import { actor, duration, errno, hex, isKernelThread } from './shared/wording.ts';

const REFUSALS: Threshold = {
  name: 'refusals',
  unit: 'count',
  default: 2,
  doc: 'So many refused ioctls are a client that does not notice; fewer are how it learns of it.',
};
const ENODEV = -19;
const FINDINGS_PER_DEVICE = 16;

export const useAfterUnplug: Detector = {
  meta: {
    id: 'use-after-unplug',
    number: 'D20',
    title: 'Device used after it was unplugged',
    description:
      'A device was used after drm_dev_unplug() began. Refused uses are harmless: the client did not notice that its device is gone. A use that gets through touches registers or memory that are no longer there.',
    severity: 'critical',
    needs: [unplugs, deviceUses],
    uses: [],
    thresholds: [REFUSALS],
    traps: [
      'While drm_dev_unplug() waits, those who entered before it may still finish: only uses that began after its return count as getting through.',
      'drm_dev_enter() saying no is the good sign.',
      'The pointer of a device that is gone may be given to a new one.',
    ],
    references: [
      'drivers/gpu/drm/drm_drv.c: drm_dev_unplug, drm_dev_enter',
      'drivers/gpu/drm/drm_ioctl.c: drm_ioctl',
      'https://docs.kernel.org/gpu/drm-uapi.html#device-hot-unplug',
    ],
  },

  *detect(view) {
    const findings = usesByProcess(view).flatMap((use) => useFinding(view, use) ?? []);
    yield* atMost(FINDINGS_PER_DEVICE, [...findings, ...jobsAfterGone(view)]);
  },
};

interface Use {
  readonly device_id: number;
  readonly pointer: Word;
  readonly driver: string | null;
  readonly unplug_ts: number;
  readonly unplug_event: number;
  readonly unplugged_ts: number | null;
  readonly unplugged_event: number | null;
  readonly tid: number;
  readonly process_id: number | null;
  readonly first_ts: number;
  readonly last_ts: number;
  readonly first_event: number;
  readonly last_event: number;
  readonly refused_ioctls: number;
  readonly ioctls_through: number;
  readonly entered: number;
  readonly through_event: number | null;
  readonly lossy: number | null;
}

/** Began after the unplug had returned and was let in all the same. */
const THROUGH = 'u.start_ts > d.unplugged_ts';

function usesByProcess(view: View): Use[] {
  return view.all<Use>(
    `SELECT d.id AS device_id, d.pointer, d.driver, d.end_ts AS unplug_ts, d.end_event AS unplug_event,
            d.unplugged_ts, d.unplugged_event, min(u.tid) AS tid, u.process_id,
            min(u.start_ts) AS first_ts, max(u.end_ts) AS last_ts,
            min(u.start_event) AS first_event, max(u.end_event) AS last_event,
            count(*) FILTER (WHERE u.what = 'ioctl' AND u.ret = ${ENODEV}) AS refused_ioctls,
            count(*) FILTER (WHERE u.what = 'ioctl' AND u.ret >= 0 AND ${THROUGH}) AS ioctls_through,
            count(*) FILTER (WHERE u.what = 'enter' AND u.ret <> 0 AND ${THROUGH}) AS entered,
            min(u.end_event) FILTER (WHERE ${THROUGH} AND ((u.what = 'ioctl' AND u.ret >= 0)
              OR (u.what = 'enter' AND u.ret <> 0))) AS through_event,
            max(u.lossy) AS lossy
       FROM device_use u JOIN device d ON d.id = u.device_id
      WHERE d.end_ts IS NOT NULL
      GROUP BY d.id, coalesce(u.process_id, -u.tid) ORDER BY first_ts`,
  );
}

interface Verdict {
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly text: string;
  readonly kind: string;
}

function useFinding(view: View, use: Use): FindingDraft | undefined {
  const user = actor(view, use.tid, use.process_id);
  const verdict = verdictOf(view, use);
  if (verdict === undefined || (verdict.kind === 'refused' && isKernelThread(user.comm))) {
    return undefined;
  }
  const timed = view.clock.unit === 'ns';
  const name = `device ${hex(use.pointer)}${use.driver === null ? '' : ` (${use.driver})`}`;
  return {
    severity: verdict.severity,
    confidence: verdict.confidence,
    summary: `${user.label} used ${name} after it was unplugged: ${verdict.text}.`,
    from: use.first_ts,
    to: use.last_ts,
    objects: [{ kind: 'device', id: use.device_id, label: name }, ...user.refs],
    details: known([
      detail.count('ioctls refused', use.refused_ioctls),
      use.refused_ioctls > 0 ? detail.errno('answer', ENODEV) : undefined,
      use.ioctls_through > 0
        ? detail.count('ioctls that succeeded', use.ioctls_through)
        : undefined,
      use.entered > 0 ? detail.count('times drm_dev_enter let it in', use.entered) : undefined,
      timed ? detail.duration('last use after the unplug', use.last_ts - use.unplug_ts) : undefined,
      timed && use.unplugged_ts !== null
        ? detail.duration('drm_dev_unplug took', use.unplugged_ts - use.unplug_ts)
        : undefined,
    ]),
    evidence: evidence(
      use.unplug_event,
      use.unplugged_event,
      use.first_event,
      use.through_event,
      use.last_event,
    ),
    next: nextSteps(verdict),
    identity: [use.driver ?? '', user.comm, verdict.kind],
    key: { dev: hex(use.pointer), pid: user.pid, tid: use.tid },
  };
}

function verdictOf(view: View, use: Use): Verdict | undefined {
  const isLossy = mayBeMissing(view, use.lossy);
  if (use.ioctls_through > 0) {
    return {
      severity: isLossy ? 'error' : 'critical',
      confidence: isLossy ? 'suspect' : 'likely',
      text: `${times(use.ioctls_through, 'ioctl')} succeeded after drm_dev_unplug had returned`,
      kind: 'ioctl',
    };
  }
  if (use.entered > 0) {
    return {
      severity: 'error',
      confidence: 'suspect',
      text: `drm_dev_enter let it in ${times(use.entered, 'time')}, or the memory is that of a new device`,
      kind: 'enter',
    };
  }
  if (use.refused_ioctls === 0) return undefined;
  return {
    severity: use.refused_ioctls >= view.limit(REFUSALS) ? 'warn' : 'info',
    confidence: isLossy ? 'likely' : 'proven',
    text: `${times(use.refused_ioctls, 'ioctl')} refused with ${errno(ENODEV)}`,
    kind: 'refused',
  };
}

function times(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function nextSteps({ kind }: Verdict): readonly string[] {
  return kind === 'refused'
    ? [
        'See why the client goes on: it should close the device at the first -ENODEV, or at the hotplug event of udev.',
        'What it holds of the device, mappings and dma-bufs, stays until it closes them (see dmabuf-outlives-device).',
      ]
    : [
        'See which path reaches the device without drm_dev_enter()/drm_dev_exit() around it.',
        'Look in the kernel log for page faults in the driver or "device lost from bus".',
      ];
}

interface LateJob {
  readonly id: number;
  readonly name: string;
  readonly ring: string | null;
  readonly owner_tid: number | null;
  readonly owner_process_id: number | null;
  readonly gone_ts: number;
  readonly gone_event: number;
  readonly run_ts: number;
  readonly run_event: number;
  readonly jobs: number;
}

/** Jobs given to a device its bus has taken away: the scheduler names it as the bus does. */
function* jobsAfterGone(view: View): Iterable<FindingDraft> {
  const late = view.all<LateJob>(
    `SELECT min(j.id) AS id, e.name, j.ring, min(j.owner_tid) AS owner_tid, min(j.owner_process_id) AS owner_process_id,
            e.start_ts AS gone_ts, e.start_event AS gone_event, min(j.run_ts) AS run_ts,
            min(j.run_event) AS run_event, count(*) AS jobs
       FROM device_event e JOIN job j ON j.dev = e.name
      WHERE e.what = 'gone' AND j.run_ts > e.start_ts
      GROUP BY e.id, j.ring ORDER BY run_ts`,
  );
  for (const job of late) {
    const owner =
      job.owner_tid === null ? undefined : actor(view, job.owner_tid, job.owner_process_id);
    const after = view.clock.unit === 'ns' ? ` ${duration(job.run_ts - job.gone_ts)}` : '';
    yield {
      severity: 'error',
      confidence: 'likely',
      summary: `${job.jobs} jobs were run on ${job.ring} of ${job.name}, the first${after} after the device was removed.`,
      from: job.gone_ts,
      to: job.run_ts,
      objects: [
        { kind: 'job', id: job.id, label: `job on ${job.ring} of ${job.name}` },
        ...(owner?.refs ?? []),
      ],
      details: [detail.count('jobs', job.jobs)],
      evidence: evidence(job.gone_event, job.run_event),
      next: [
        'See why the driver did not stop its scheduler (drm_sched_stop) before it let the device go, or whether the device was plugged in again.',
      ],
      identity: ['jobs', job.ring ?? ''],
      key: { dev: job.name, ...(owner === undefined ? {} : { pid: owner.pid }) },
    };
  }
}
