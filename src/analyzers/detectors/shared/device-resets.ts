/** Resets that events or probed functions tell of: the SMI events of amdkfd, functions of the drivers. */
import type { View } from '../../detector.ts';
import type { Detail, FindingDraft } from '../../finding.ts';
import { detail, evidence, known } from './details.ts';
import type { TimedOutJob } from './timed-out-job.ts';
import { actor, duration } from './wording.ts';

export interface ToldReset {
  readonly id: number;
  readonly driver: string;
  readonly cause: string | null;
  readonly sequence: number | null;
  readonly start_ts: number;
  readonly start_event: number;
  readonly end_ts: number | null;
  readonly end_event: number | null;
}

export function toldResets(view: View): ToldReset[] {
  return view.all<ToldReset>(
    'SELECT * FROM device_reset WHERE start_ts IS NOT NULL ORDER BY start_ts',
  );
}

/** The reset that began next after a job timed out; no event says that it was for this job. */
export function resetAfter(
  view: View,
  resets: readonly ToldReset[],
  job: TimedOutJob,
  within: number,
): ToldReset | undefined {
  const timeout = job.timeout_event ?? job.signaled_event;
  return resets.find(({ start_ts, start_event }) => {
    const error = view.clockError(timeout, start_event);
    return start_ts >= job.to - error && start_ts <= job.to + within + error;
  });
}

/** For the finding that the log gives of the same reset. */
export function resetDetails(view: View, resets: readonly ToldReset[]): Detail[] {
  return resets.map((reset) => detail.text('events say', `${whatOf(reset)}${endOf(view, reset)}`));
}

export function resetEvents(resets: readonly ToldReset[]): number[] {
  return evidence(...resets.flatMap(({ start_event, end_event }) => [start_event, end_event]));
}

export function toldResetFinding(view: View, reset: ToldReset, within: number): FindingDraft {
  const fault = faultBefore(view, reset, within);
  const who = fault === undefined ? undefined : actor(view, fault.tid ?? 0, fault.process_id).label;
  return {
    severity: 'warn',
    confidence: 'proven',
    summary: `${reset.driver}: ${whatOf(reset)}${endOf(view, reset)}; whose work hung is not in this recording.`,
    from: reset.start_ts,
    to: reset.end_ts ?? reset.start_ts,
    objects: [{ kind: 'device_reset', id: reset.id, label: `reset of ${reset.driver}` }],
    details: known([
      detail.text('driver', reset.driver),
      reset.cause === null ? undefined : detail.text('cause', reset.cause),
      reset.sequence === null ? undefined : detail.count('number of the reset', reset.sequence),
      who === undefined ? undefined : detail.text('last GPU page fault not served before it', who),
    ]),
    evidence: evidence(fault?.start_event, reset.start_event, reset.end_event),
    next: [
      'Give svm-trace the kernel log beside the recording: it names the ring and the process whose job hung.',
      'All that ran on the device is lost with it: see fence-error for the jobs that were innocent.',
    ],
    identity: ['event', reset.driver, (reset.cause ?? '').replaceAll(/\d+/g, 'N')],
    key: { what: 'event', driver: reset.driver },
  };
}

function whatOf({ cause, sequence }: ToldReset): string {
  const number = sequence === null ? '' : ` ${sequence}`;
  return `the GPU was reset${number === '' ? '' : ` (reset${number})`}${cause === null ? '' : `: ${cause}`}`;
}

function endOf(view: View, { start_ts, end_ts }: ToldReset): string {
  if (end_ts === null) return '; its end was not told';
  // SMI events of a reset have no time of their own: both that of the event before them
  return view.clock.unit === 'ns' && end_ts > start_ts
    ? `, over ${duration(end_ts - start_ts)} later`
    : '';
}

interface Unserved {
  readonly tid: number | null;
  readonly process_id: number | null;
  readonly start_event: number | null;
}

/** The last fault that the same driver could not serve: KFD's VMFAULT, which has no address. */
function faultBefore(view: View, reset: ToldReset, within: number): Unserved | undefined {
  if (reset.driver !== 'amdgpu') return undefined;
  const [fault] = view.all<Unserved>(
    `SELECT tid, process_id, start_event FROM device_fault
      WHERE function = 'amdkfd' AND source = 'tracepoint' AND address IS NULL
        AND start_ts BETWEEN ? AND ? ORDER BY start_ts DESC LIMIT 1`,
    reset.start_ts - within,
    reset.start_ts,
  );
  return fault;
}
