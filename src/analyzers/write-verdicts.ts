import {
  detectorRunTable,
  eventTextTable,
  evidenceTable,
  findingObjectTable,
  findingTable,
  metricTable,
} from '../store/schema.ts';
import type { StoreWriter } from '../store/writer.ts';
import type { Verdicts } from './build-result.ts';
import type { MetricRow } from './metrics/measure.ts';
import type { DrawnLifetimes } from './result.ts';
import { insertAll } from './write-facts.ts';

/** Rows of how the detectors ended, what they found, and of the metrics of the capture. */
export function writeVerdicts(
  writer: StoreWriter,
  { findings, runs }: Verdicts,
  metrics: readonly MetricRow[],
): void {
  insertAll(
    writer,
    detectorRunTable,
    runs.map(({ detector, outcome, findings: count, reason, enable }) => ({
      detector,
      outcome,
      findings: count,
      reason: reason ?? null,
      enable: enable === undefined ? null : JSON.stringify(enable),
    })),
  );
  insertAll(
    writer,
    findingTable,
    findings.map((finding) => ({
      finding: finding.id,
      detector: finding.detector,
      severity: finding.severity,
      confidence: finding.confidence,
      summary: finding.summary,
      from_ts: finding.from,
      to_ts: finding.to,
      details: JSON.stringify(finding.details),
      next: JSON.stringify(finding.next),
      identity: JSON.stringify(finding.identity),
      key: JSON.stringify(finding.key),
      evidence_omitted: finding.evidenceOmitted,
      chain: finding.chain === undefined ? null : JSON.stringify(finding.chain),
    })),
  );
  insertAll(
    writer,
    findingObjectTable,
    findings.flatMap(({ objects }, n) =>
      objects.map(({ kind, id, label }) => ({ finding_id: n + 1, kind, object_id: id, label })),
    ),
  );
  insertAll(
    writer,
    evidenceTable,
    findings.flatMap(({ evidence }, n) =>
      evidence.map(({ event, stamp, comm, ...line }) => ({
        finding_id: n + 1,
        event_id: event,
        stamp: stamp ?? null,
        comm: comm ?? null,
        ...line,
      })),
    ),
  );
  insertAll(
    writer,
    metricTable,
    metrics.map(({ quantiles, ...metric }) => ({
      ...metric,
      quantiles: quantiles && JSON.stringify(quantiles),
    })),
  );
}

/** What a report of the database alone could not write out again. */
export function writeEventTexts(writer: StoreWriter, { events }: DrawnLifetimes): void {
  insertAll(
    writer,
    eventTextTable,
    events.map(({ event, tid, comm, text }) => ({
      event_id: event,
      tid,
      comm: comm ?? null,
      text,
    })),
  );
}
