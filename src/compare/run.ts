/** One capture of one boot of one build, as far as comparing it with others goes. */
import type { DetectorRun } from '../analyzers/detector.ts';
import type { Confidence, Severity } from '../analyzers/finding.ts';
import type { MetricRow } from '../analyzers/metrics/measure.ts';
import type { StoreReader } from '../store/reader.ts';

export interface RunFinding {
  readonly id: string;
  readonly detector: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly summary: string;
  /** What makes it the same finding in another run. */
  readonly identity: readonly string[];
}

export interface Run {
  /** The capture or database it was read from. */
  readonly path: string;
  /** The same for two paths to one capture. */
  readonly identity: string;
  /** uname of the recorded kernel; null = not recorded. */
  readonly uname: string | null;
  readonly clock: { readonly name: string; readonly unit: 'ns' | 'ticks' };
  readonly host: {
    readonly cpus: number;
    readonly endian: string;
    readonly machine: string | null;
  };
  /** When it began, by its clock. */
  readonly startNs: number;
  readonly durationNs: number;
  readonly events: number;
  /** Events lost after the first one of their CPU; null = some, but not how many. */
  readonly lost: number | null;
  /** Programs that use the device; digits of their names are `N`. */
  readonly programs: readonly string[];
  readonly metrics: readonly MetricRow[];
  readonly findings: readonly RunFinding[];
  readonly detectors: readonly Pick<DetectorRun, 'detector' | 'outcome'>[];
}

/** What a finished store says of its capture. */
export function readRun(store: StoreReader, path: string): Run {
  const [capture] = store.allNumbers<CaptureRow>('SELECT * FROM capture');
  if (!capture) throw new Error('the store has no capture row');
  return {
    path,
    identity: capture.identity,
    uname: capture.uname,
    clock: { name: capture.clock_name, unit: capture.clock_unit },
    host: { cpus: capture.cpus, endian: capture.endian, machine: machineOf(capture.uname) },
    startNs: Number(BigInt(capture.clock_base) + BigInt(capture.start_ns)),
    durationNs: capture.end_ns - capture.start_ns,
    events: capture.events,
    lost: readLost(store),
    programs: readPrograms(store),
    metrics: store
      .allNumbers<Omit<MetricRow, 'quantiles'> & { quantiles: string | null }>(
        'SELECT name, kind, unit, count, sum, quantiles, denominator, duration_ns FROM metric ORDER BY id',
      )
      .map(({ quantiles, ...row }) => ({
        ...row,
        quantiles: quantiles === null ? null : (JSON.parse(quantiles) as MetricRow['quantiles']),
      })),
    findings: store
      .allNumbers<Omit<RunFinding, 'identity'> & { identity: string }>(
        `SELECT finding AS id, detector, severity, confidence, summary, identity FROM finding ORDER BY id`,
      )
      .map((row) => ({ ...row, identity: JSON.parse(row.identity) as string[] })),
    detectors: store.allNumbers('SELECT detector, outcome FROM detector_run ORDER BY id'),
  };
}

interface CaptureRow {
  readonly identity: string;
  readonly uname: string | null;
  readonly clock_name: string;
  readonly clock_unit: 'ns' | 'ticks';
  readonly clock_base: string;
  readonly cpus: number;
  readonly endian: string;
  readonly start_ns: number;
  readonly end_ns: number;
  readonly events: number;
}

/** `Linux host 6.12.1 x86_64`: recorders write sysname, node, release and machine. */
function machineOf(uname: string | null): string | null {
  return /\s(\w+)$/.exec(uname?.trim() ?? '')?.[1] ?? null;
}

/** The release of a kernel, as far as its uname says. */
export function kernelOf(run: Run): string {
  const words = run.uname?.trim().split(/\s+/) ?? [];
  return words.find((word) => /^\d+\.\d+/.test(word)) ?? run.uname ?? 'unknown kernel';
}

/** What was overwritten before the first event of a CPU only makes its capture begin later. */
function readLost(store: StoreReader): number | null {
  const [row] = store.allNumbers<{ lost: number | null; unknown: number | null }>(
    `SELECT sum(events) AS lost, sum(events IS NULL) AS unknown FROM loss
     WHERE NOT (kind = 'overwritten' AND from_ts IS NULL)`,
  );
  return row?.unknown ? null : (row?.lost ?? 0);
}

function readPrograms(store: StoreReader): string[] {
  const rows = store.all<{ comm: string }>(
    `SELECT DISTINCT comm FROM process WHERE comm IS NOT NULL AND id IN (
       SELECT owner_process_id FROM fence UNION SELECT process_id FROM range_fault
       UNION SELECT owner_process_id FROM job)`,
  );
  const names = rows.map(({ comm }) => comm.replaceAll(/\d+/g, 'N'));
  return [...new Set(names.filter((name) => !name.startsWith('kworker')))].sort();
}
