/**
 * Jobs that ran into the time limit of the scheduler, hangs, and the resets that follow: told by the
 * kernel log, by events of the drivers, or by the error a worker puts on the fence of a job that ran
 * and was never done (drivers/gpu/drm/scheduler/sched_main.c, drm_sched_job_timedout).
 */
import type { Detector, View } from '../detector.ts';
import type { Threshold } from '../threshold.ts';
import { atMost } from './shared/details.ts';
import {
  resetAfter,
  type ToldReset,
  toldResetFinding,
  toldResets,
} from './shared/device-resets.ts';
import { anyOf, deviceResets, fenceErrors, jobTimeouts, kernelLog } from './shared/needs.ts';
import {
  CAUSE_WITHIN,
  INCIDENT_GAP,
  type Reset,
  resetFinding,
  resets,
} from './shared/reset-incident.ts';
import { ONE_GO, type TimedOutJob, timedOutJobs, timeoutFinding } from './shared/timed-out-job.ts';

const FINDINGS_PER_RING = 16;
const SAME: Threshold = {
  name: 'same',
  unit: 'ns',
  default: 2e9,
  doc: 'The log and the trace tell of one timeout of a ring when they are this close together.',
};

export const jobTimeoutReset: Detector = {
  meta: {
    id: 'job-timeout-reset',
    number: 'D22',
    title: 'Job timed out, or GPU reset',
    description:
      'A job did not end within the time its scheduler allows, or the GPU hung. Its fences are signalled with an error, its process may be banned, and a reset takes innocent jobs, and at times all of the device memory, with it.',
    severity: 'error',
    needs: [anyOf(kernelLog, jobTimeouts, fenceErrors, deviceResets)],
    uses: [kernelLog, jobTimeouts, fenceErrors, deviceResets],
    thresholds: [SAME, INCIDENT_GAP, CAUSE_WITHIN, ONE_GO],
    traps: [
      'A soft recovery ends the job and resets nothing.',
      'Faults of the device after its reset are consequences; only those before, of the same process or queue, can be the cause.',
      'A timeout of one process and a fault of another are not joined by time.',
      'Without the kernel log, and without events of the reset, nothing says whether the device was reset.',
      'A reset that follows a timeout is told with it, but no event says that it was for that job.',
      'Long compute jobs run into the limit without any fault: see the timeout of the driver.',
    ],
    references: [
      'drivers/gpu/drm/scheduler/sched_main.c: drm_sched_job_timedout',
      'drivers/gpu/drm/amd/amdgpu/amdgpu_job.c: amdgpu_job_timedout',
      'drivers/gpu/drm/xe/xe_guc_submit.c: guc_exec_queue_timedout_job',
      'drivers/gpu/drm/i915/gt/intel_reset.c: intel_gt_handle_error',
    ],
  },

  *detect(view) {
    const told = resets(view);
    const jobs = timedOutJobs(view);
    const inLog = new Map<TimedOutJob, Reset>();
    for (const job of jobs) {
      const reset = told.find((one) => tellsOf(view, one, job));
      if (reset) inLog.set(job, reset);
    }
    const byEvent = toldResets(view);
    const jobsOf = (reset: Reset): TimedOutJob[] => jobs.filter((job) => inLog.get(job) === reset);
    const eventsOf = (reset: Reset): ToldReset[] =>
      byEvent.filter((one) => isSame(view, reset, one));
    const inJob = new Map(
      jobs
        .filter((job) => !inLog.has(job))
        .map((job) => [job, resetAfter(view, byEvent, job, view.limit(SAME))]),
    );
    const elsewhere = new Set([...told.flatMap(eventsOf), ...inJob.values()]);
    const findings = [
      ...told.map((reset) => resetFinding(view, reset, jobsOf(reset), eventsOf(reset))),
      ...[...inJob].map(([job, reset]) => timeoutFinding(view, job, reset)),
      ...byEvent
        .filter((reset) => !elsewhere.has(reset))
        .map((reset) => toldResetFinding(view, reset, view.limit(CAUSE_WITHIN))),
    ];
    yield* atMost(
      FINDINGS_PER_RING,
      findings.toSorted((a, b) => a.from - b.from),
    );
  },
};

/** The same ring at the same time; a log that names no ring is not enough. */
function tellsOf(view: View, reset: Reset, job: TimedOutJob): boolean {
  const [line] = reset.rows;
  const error = view.clockError(line?.events[0] ?? null, job.signaled_event ?? job.timeout_event);
  if (!Number.isFinite(error)) return false;
  const within = view.limit(SAME) + error;
  const near = job.to >= reset.from - within && job.to <= reset.to + within;
  return near && job.ring !== null && reset.engines.includes(job.ring);
}

/** One driver, and the log tells of it meanwhile. */
function isSame(view: View, reset: Reset, told: ToldReset): boolean {
  const [line] = reset.rows;
  const error = view.clockError(line?.events[0] ?? null, told.start_event);
  if (!Number.isFinite(error) || reset.driver !== told.driver) return false;
  const within = view.limit(SAME) + error;
  return told.start_ts >= reset.from - within && told.start_ts <= reset.to + within;
}
