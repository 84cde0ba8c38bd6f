/** Timeouts, hangs and resets as the kernel log tells them: what led to it, and what followed. */
import type { LogClass } from '../../../kernel/occurrence.ts';
import type { View } from '../../detector.ts';
import type { Detail, FindingDraft, Severity } from '../../finding.ts';
import type { Threshold } from '../../threshold.ts';
import { detail, evidence, known } from './details.ts';
import { resetDetails, resetEvents, type ToldReset } from './device-resets.ts';
import {
  deviceName,
  type Incident,
  incidents,
  type LogRow,
  logRef,
  logRows,
  processName,
} from './log-incidents.ts';
import type { TimedOutJob } from './timed-out-job.ts';
import { errno, hex } from './wording.ts';

export const INCIDENT_GAP: Threshold = {
  name: 'incident-gap',
  unit: 'ns',
  default: 15e9,
  doc: 'Lines of one device further apart are two incidents: drivers give a job its time again and again before they reset, and a reset takes seconds.',
};
export const CAUSE_WITHIN: Threshold = {
  name: 'cause-within',
  unit: 'ns',
  default: 30e9,
  doc: 'A fault at most this long before the timeout of the same process or queue can be what stopped it.',
};

const TIMEOUTS: readonly LogClass[] = ['job-timeout', 'ring-timeout', 'gpu-hang'];
const RESETS: readonly LogClass[] = ['gpu-reset', 'engine-reset', 'ring-reset'];
const FAILURES: readonly LogClass[] = ['reset-failed', 'ring-reset-failed'];
const AROUND: readonly LogClass[] = [
  'gpu-reset-step',
  'gpu-reset-done',
  'vram-lost',
  'device-wedged',
  'device-coredump',
  'context-reset',
  'submit-refused',
];
const FAULTS: readonly LogClass[] = ['gpu-page-fault', 'cat-error'];

export interface Reset extends Incident {
  readonly from: number;
  readonly to: number;
  /** Rings and engines named. */
  readonly engines: readonly string[];
  readonly causes: readonly LogRow[];
}

export function resets(view: View): Reset[] {
  const rows = logRows(view, [...TIMEOUTS, ...RESETS, ...FAILURES, ...AROUND]);
  const faults = logRows(view, FAULTS);
  return incidents(rows, view.limit(INCIDENT_GAP))
    .filter((incident) => of(incident, [...TIMEOUTS, ...RESETS, ...FAILURES]).length > 0)
    .map((incident) => ({
      ...incident,
      from: startOf(incident),
      to: endOf(incident),
      engines: unique(incident.rows.map((row) => row.engine)),
      causes: causesOf(incident, faults, view.limit(CAUSE_WITHIN)),
    }));
}

/**
 * Faults of the same process or queue, and before: what comes after a reset follows from it. `faults` are
 * in the order they began.
 */
function causesOf(incident: Incident, faults: readonly LogRow[], within: number): LogRow[] {
  const begun = new Map<string, number>();
  for (const row of of(incident, [...TIMEOUTS, ...RESETS])) {
    for (const name of namesOf(row)) begun.set(name, Math.max(begun.get(name) ?? 0, row.start_ts));
  }
  if (begun.size === 0) return [];
  const causes: LogRow[] = [];
  for (let n = firstSince(faults, startOf(incident) - within); n < faults.length; n += 1) {
    const fault = faults[n] as LogRow;
    if (fault.start_ts > endOf(incident)) break;
    if (
      isOfIncident(fault, incident) &&
      namesOf(fault).some((name) => precedes(fault, begun.get(name), within))
    ) {
      causes.push(fault);
    }
  }
  return causes;
}

function isOfIncident(fault: LogRow, { boot, device }: Incident): boolean {
  const same = device === null || fault.device === null || fault.device === device;
  return fault.consequence_of === null && fault.boot === boot && same;
}

/** What a fault and a timeout must share to be of one: the process, or the queue of a driver. */
function namesOf({ pid, queue, source }: LogRow): string[] {
  const names = pid !== null && pid > 0 ? [`pid ${pid}`] : [];
  return queue === null ? names : [...names, `${source} queue ${queue}`];
}

function precedes(fault: LogRow, timeout: number | undefined, within: number): boolean {
  if (timeout === undefined) return false;
  const before = timeout - fault.end_ts;
  return before >= 0 && before <= within;
}

function firstSince(rows: readonly LogRow[], ts: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle] as LogRow).start_ts < ts) low = middle + 1;
    else high = middle;
  }
  return low;
}

function startOf({ rows }: Incident): number {
  return rows.reduce((start, row) => Math.min(start, row.start_ts), Number.POSITIVE_INFINITY);
}

function endOf({ rows }: Incident): number {
  return rows.reduce((end, row) => Math.max(end, row.end_ts), 0);
}

export function resetFinding(
  view: View,
  reset: Reset,
  jobs: readonly TimedOutJob[],
  told: readonly ToldReset[] = [],
): FindingDraft {
  const rows = reset.rows;
  const guilty = unique(of(reset, TIMEOUTS).map(processName));
  const others = unique(of(reset, ['context-reset']).map(processName)).filter(
    (name) => !guilty.includes(name),
  );
  const [cause] = reset.causes;
  return {
    severity: severityOf(reset),
    confidence: 'proven',
    summary: `${whatText(reset)}${guilty.length > 0 ? ` with work of ${few(guilty)}` : ''}${outcomeText(reset)}${refusedText(reset)}${cause ? `; before it, ${causeText(cause)}` : ''}.`,
    from: reset.from,
    to: reset.to,
    objects: [
      ...rows.slice(0, 8).map(logRef),
      ...reset.causes.slice(0, 4).map(logRef),
      ...jobs.map((job) => ({ kind: 'job', id: job.job_id, label: `job on ${job.ring}` })),
    ],
    details: known([
      detail.text('device', deviceName(reset)),
      reset.engines.length > 0 ? detail.text('rings', few(reset.engines)) : undefined,
      guilty.length > 0 ? detail.text('processes whose work hung', few(guilty)) : undefined,
      others.length > 0 ? detail.text('other processes hit', few(others)) : undefined,
      ...progress(reset),
      detail.count('resets begun', count(of(reset, RESETS))),
      detail.count('resets that failed', count(of(reset, FAILURES))),
      ...of(reset, ['device-coredump']).map((row) =>
        detail.text('device coredump', row.meaning ?? row.text),
      ),
      view.clock.unit === 'ns' && reset.to > reset.from
        ? detail.duration('from first to last line', reset.to - reset.from)
        : undefined,
      ...resetDetails(view, told),
    ]),
    evidence: evidence(
      ...reset.causes.slice(0, 2).flatMap((row) => row.events),
      ...rows.slice(0, 24).flatMap((row) => row.events),
      ...jobs.flatMap((job) => [job.run_event, job.timeout_event, job.signaled_event]),
      ...resetEvents(told),
    ),
    next: [
      cause
        ? 'Look at the fault first: the job hung because its memory was gone.'
        : 'See what the job waited for before it: an eviction, a fault, a fence of another device.',
      'Save the device coredump (/sys/class/drm/card*/device/devcoredump/data, i915: …/error) at once: it goes away after 5 minutes to an hour.',
      'Record the driver’s job events and dma_fence beside the log to see which job it was.',
    ],
    identity: ['log', reset.driver, ...unique(rows.map((row) => row.class)).toSorted()],
    key: {
      what: 'log',
      driver: reset.driver,
      ...(reset.device === null ? {} : { device: reset.device }),
      ...(reset.engines[0] === undefined ? {} : { ring: reset.engines[0] }),
      ...pidKey(reset),
    },
  };
}

function pidKey(reset: Reset): { pid?: number } {
  const pid = of(reset, TIMEOUTS).find((row) => row.pid !== null && row.pid > 0)?.pid;
  return typeof pid === 'number' ? { pid } : {};
}

/** A soft recovery, or a reset nobody was seen to time out for, is no proof of a lost job. */
function severityOf(reset: Reset): Severity {
  const hard = of(reset, TIMEOUTS).some((row) => row.meaning !== 'soft recovered, no reset');
  return hard || of(reset, FAILURES).length > 0 ? 'error' : 'warn';
}

function whatText(reset: Reset): string {
  const device = deviceName(reset);
  const [timeout] = of(reset, TIMEOUTS);
  const where = reset.engines.length > 0 ? `${few(reset.engines)} of ${device}` : device;
  if (timeout === undefined) return `The GPU was reset (${where})`;
  return timeout.class === 'gpu-hang' ? `The GPU hung (${where})` : `A job on ${where} timed out`;
}

function outcomeText(reset: Reset): string {
  const failed = of(reset, FAILURES);
  const wedged = of(reset, ['device-wedged']).map((row) => row.meaning ?? row.text);
  const soft = of(reset, TIMEOUTS).some((row) => row.meaning?.startsWith('soft recovered'));
  const parts = [
    count(of(reset, RESETS)) > 0 && of(reset, TIMEOUTS).length > 0 ? 'it was reset' : '',
    of(reset, ['gpu-reset-done']).length > 0 ? 'the reset succeeded' : '',
    failed.length > 0
      ? `a reset failed${failed[0]?.errno == null ? '' : ` with ${errno(failed[0].errno)}`}`
      : '',
    of(reset, ['vram-lost']).length > 0 ? 'the device memory was lost' : '',
    wedged.length > 0 ? `the device is wedged (${wedged[0]})` : '',
    soft && of(reset, RESETS).length === 0 ? 'it recovered without a reset' : '',
  ].filter(Boolean);
  return parts.length === 0 ? '' : `; ${parts.join(', ')}`;
}

function refusedText(reset: Reset): string {
  const refused = count(of(reset, ['submit-refused']));
  if (refused === 0) return '';
  return `; ${refused} ${refused === 1 ? 'submission was' : 'submissions were'} refused afterwards`;
}

function causeText(fault: LogRow): string {
  const at = fault.address === null ? '' : ` at ${hex(fault.address)}`;
  const who = processName(fault) ?? (fault.queue === null ? undefined : `queue ${fault.queue}`);
  return `${who ?? 'it'} had a GPU page fault${at}`;
}

/** How far the ring had come when it stopped. */
function progress(reset: Reset): (Detail | undefined)[] {
  return of(reset, ['ring-timeout'])
    .filter((row) => row.seqno !== null && row.emitted !== null)
    .slice(0, 4)
    .map((row) =>
      detail.text(
        `${row.engine ?? 'ring'} had signalled`,
        row.seqno === row.emitted
          ? `${row.seqno}, all that was emitted`
          : `${row.seqno} of ${row.emitted} emitted`,
      ),
    );
}

function of(incident: Incident, classes: readonly LogClass[]): LogRow[] {
  return incident.rows.filter((row) => classes.includes(row.class));
}

function count(rows: readonly LogRow[]): number {
  return rows.reduce((sum, row) => sum + row.count, 0);
}

const NAMES_SHOWN = 4;

function few(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  const shown = names.slice(0, NAMES_SHOWN).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}

function unique(values: readonly (string | null | undefined)[]): string[] {
  return [
    ...new Set(values.filter((value) => typeof value === 'string' && value !== '')),
  ] as string[];
}
