/** The Result of a finished store: what `analyze` prints and what `report` reads again. */
import type { StoreReader } from '../store/reader.ts';
import { VERSION } from '../version.ts';
import { SEVERITY_RANK } from './complete-findings.ts';
import type { DetectorRun } from './detector.ts';
import { buildDistributions } from './distributions.ts';
import { buildLifetimes } from './drawn-lifetimes.ts';
import { type EventPrinter, storedPrinter } from './event-printer.ts';
import { buildSummaryFigures } from './figures/summary-figures.ts';
import type { EvidenceLine, Finding, FindingChain, ObjectRef } from './finding.ts';
import { groupIncidents } from './incidents.ts';
import { summariseLog } from './kernel-log.ts';
import { buildObjectTables, countObjects } from './object-tables.ts';
import {
  type Figures,
  NO_FIGURES,
  RESULT_VERSION,
  type Result,
  type ResultCapture,
  type ResultInput,
  type ResultLoss,
  type ResultProblem,
} from './result.ts';
import { buildTimeline } from './timeline.ts';

/** How the detectors ended and what they found. */
export interface Verdicts {
  readonly runs: readonly DetectorRun[];
  /** The worst first. */
  readonly findings: readonly Finding[];
}

export function buildFigures(
  store: StoreReader,
  findings: readonly Finding[],
  printer: EventPrinter,
): Figures {
  const [clock] = store.allNumbers<{ clock_unit: string }>('SELECT clock_unit FROM capture');
  const timeline = buildTimeline(store, findings);
  // ticks of unknown length are no durations
  const timed = clock?.clock_unit === 'ns';
  const distributions = timed ? buildDistributions(store) : [];
  return {
    timeline: timeline.lanes,
    timelineLanesOmitted: timeline.omitted,
    lifetimes: buildLifetimes(store, timeline.lanes, findings, printer),
    objects: buildObjectTables(store, findings),
    distributions,
    figures: timed ? buildSummaryFigures(store, distributions) : NO_FIGURES.figures,
  };
}

export function buildResult(
  store: StoreReader,
  verdicts: Verdicts = readVerdicts(store),
  figures: Figures = buildFigures(store, verdicts.findings, storedPrinter(store)),
): Result {
  const { findings, runs } = verdicts;
  return {
    schema: 'svm-trace-result',
    version: RESULT_VERSION,
    tool: { name: 'svm-trace', version: VERSION },
    capture: readCapture(store),
    losses: readLosses(store),
    problems: store.allNumbers<ResultProblem>(
      'SELECT code, severity, message, count FROM problem ORDER BY id',
    ),
    findings,
    incidents: groupIncidents(findings),
    detectors: runs,
    kernelLog: summariseLog(store),
    worst: findings.reduce<Result['worst']>(
      (worst, { severity }) =>
        worst === null || SEVERITY_RANK[severity] > SEVERITY_RANK[worst] ? severity : worst,
      null,
    ),
    objectCounts: countObjects(store),
    ...figures,
  };
}

interface CaptureRow {
  readonly path: string;
  readonly format: string;
  readonly version: string;
  readonly endian: 'little' | 'big';
  readonly size_bytes: number;
  readonly uname: string | null;
  readonly clock_name: string;
  readonly clock_unit: 'ns' | 'ticks';
  readonly clock_base: string;
  readonly clock_converted: string | null;
  readonly cpus: number;
  readonly duration_ns: number;
  readonly events: number;
}

function readCapture(store: StoreReader): ResultCapture {
  const [row] = store.allNumbers<CaptureRow>('SELECT * FROM capture');
  if (!row) throw new Error('the store has no capture row');
  const cpus = store.allNumbers<{ buffer_id: number; cpu: number }>(
    'SELECT buffer_id, cpu FROM cpu',
  );
  const facts = store.allNumbers<{ name: string; value: string }>(
    'SELECT name, value FROM capture_fact ORDER BY id',
  );
  const eventTypes = store.allNumbers<
    Omit<ResultCapture['eventTypes'][number], 'selected'> & { selected: number }
  >(
    `SELECT system, name, events, first_ts AS "first", last_ts AS "last", selected
     FROM event_type WHERE events > 0 OR selected = 1 ORDER BY id`,
  );
  return {
    path: row.path,
    inputs: store
      .allNumbers<Omit<ResultInput, 'isLog'> & { isLog: number }>(
        `SELECT path, part, format, version, size_bytes AS sizeBytes, from_ts AS "from", to_ts AS "to", uname, clock, is_log AS isLog, boot,
                aligned, offset_ns AS offsetNs, error_ns AS errorNs, anchors, reason
           FROM input ORDER BY id`,
      )
      .map(({ isLog, ...input }) => ({ ...input, isLog: isLog === 1 })),
    format: row.format,
    version: row.version,
    endian: row.endian,
    sizeBytes: row.size_bytes,
    uname: row.uname,
    clock: {
      name: row.clock_name,
      unit: row.clock_unit,
      base: row.clock_base,
      ...(row.clock_converted === null ? {} : { converted: row.clock_converted }),
    },
    cpus: row.cpus,
    buffers: store
      .all<{ id: number; name: string; clock: string }>('SELECT * FROM buffer ORDER BY id')
      .map(({ id, name, clock }) => ({
        name,
        clock,
        cpus: cpus.filter((cpu) => cpu.buffer_id === id).map((cpu) => cpu.cpu),
      })),
    facts: Object.fromEntries(facts.map(({ name, value }) => [name, value])),
    durationNs: row.duration_ns,
    events: row.events,
    eventTypes: eventTypes.map((type) => ({ ...type, selected: type.selected === 1 })),
  };
}

function readLosses(store: StoreReader): ResultLoss[] {
  return store.allNumbers<ResultLoss>(
    `SELECT coalesce(buffer.name, '') AS buffer, loss.cpu, from_ts AS "from", to_ts AS "to", events, kind
     FROM loss LEFT JOIN buffer ON buffer.id = loss.buffer_id ORDER BY loss.id`,
  );
}

interface FindingRow {
  readonly id: number;
  readonly finding: string;
  readonly detector: string;
  readonly severity: Finding['severity'];
  readonly confidence: Finding['confidence'];
  readonly summary: string;
  readonly from_ts: number;
  readonly to_ts: number;
  readonly details: string;
  readonly next: string;
  readonly identity: string;
  readonly key: string;
  readonly evidence_omitted: number;
  readonly chain: string | null;
}

interface EvidenceRow {
  readonly finding_id: number;
  readonly event_id: number;
  readonly ts: number;
  readonly cpu: number;
  readonly tid: number;
  readonly stamp: string | null;
  readonly comm: string | null;
  readonly type: string;
  readonly text: string;
}

/** The verdicts as they were when the store was written. */
export function readVerdicts(store: StoreReader): Verdicts {
  const objects = byFinding(
    store.allNumbers<ObjectRef & { finding_id: number; object_id: number }>(
      'SELECT finding_id, kind, object_id, label FROM finding_object ORDER BY id',
    ),
    ({ kind, object_id, label }): ObjectRef => ({ kind, id: object_id, label }),
  );
  const evidence = byFinding(
    store.allNumbers<EvidenceRow>('SELECT * FROM evidence ORDER BY id'),
    ({ event_id, ts, cpu, tid, stamp, comm, type, text }): EvidenceLine => ({
      event: event_id,
      ts,
      cpu,
      tid,
      ...(stamp === null ? {} : { stamp }),
      ...(comm === null ? {} : { comm }),
      type,
      text,
    }),
  );
  const findings = store.allNumbers<FindingRow>('SELECT * FROM finding ORDER BY id').map(
    (row): Finding => ({
      id: row.finding,
      detector: row.detector,
      severity: row.severity,
      confidence: row.confidence,
      summary: row.summary,
      from: row.from_ts,
      to: row.to_ts,
      objects: objects.get(row.id) ?? [],
      details: JSON.parse(row.details) as Finding['details'],
      evidence: evidence.get(row.id) ?? [],
      evidenceOmitted: row.evidence_omitted,
      next: JSON.parse(row.next) as string[],
      identity: JSON.parse(row.identity) as string[],
      key: JSON.parse(row.key) as Finding['key'],
      ...(row.chain === null ? {} : { chain: JSON.parse(row.chain) as FindingChain }),
    }),
  );
  return { findings, runs: readRuns(store) };
}

function readRuns(store: StoreReader): DetectorRun[] {
  return store
    .allNumbers<
      Omit<DetectorRun, 'reason' | 'enable'> & { reason: string | null; enable: string | null }
    >('SELECT detector, outcome, findings, reason, enable FROM detector_run ORDER BY id')
    .map(({ reason, enable, ...run }) => ({
      ...run,
      ...(reason === null ? {} : { reason }),
      ...(enable === null ? {} : { enable: JSON.parse(enable) as string[] }),
    }));
}

function byFinding<Row extends { finding_id: number }, T>(
  rows: readonly Row[],
  convert: (row: Row) => T,
): Map<number, T[]> {
  const map = new Map<number, T[]>();
  for (const row of rows) {
    const list = map.get(row.finding_id);
    if (list) list.push(convert(row));
    else map.set(row.finding_id, [convert(row)]);
  }
  return map;
}
