/** Findings about memory taken away under a job, and the unmappings they are about. */
import type { Word } from '../../../kernel/occurrence.ts';
import type { View } from '../../detector.ts';
import type { FindingDraft } from '../../finding.ts';
import { detail, evidence } from './details.ts';
import type { Judgement } from './given-up.ts';
import {
  actor,
  type FenceName,
  fenceKey,
  fenceLabel,
  fenceRef,
  hex,
  range,
  reasonName,
} from './wording.ts';

export interface Range {
  readonly id: number;
  readonly mm: Word;
  readonly tid: number;
  readonly process_id: number;
  readonly range_start: Word;
  readonly range_end: Word;
  readonly reason: number;
  readonly start_ts: number;
  readonly start_event: number | null;
  readonly over_ts: number;
  readonly over_event: number | null;
  readonly lossy: number | null;
  readonly call: string | null;
}

export interface Unmap extends Range, FenceName {
  readonly init_event: number | null;
  readonly signaled_ts: number | null;
  readonly signaled_event: number | null;
}

export const RANGE_COLUMNS: string = `i.id, i.mm, i.tid, i.process_id, i.range_start, i.range_end, i.reason,
  i.start_ts, i.start_event, coalesce(i.end_ts, i.return_ts) AS over_ts,
  coalesce(i.end_event, i.return_event) AS over_event, i.lossy, s.name AS call`;

export const UNMAP_COLUMNS: string = `${RANGE_COLUMNS}, f.id AS fence_id, f.context, f.seqno, f.driver, f.timeline, f.init_event,
  f.signaled_ts, f.signaled_event`;

export interface Fate extends Judgement {
  readonly kind: string;
  readonly details: FindingDraft['details'];
  readonly events: readonly (number | null)[];
  readonly next: readonly string[];
}

export function unmapFinding(view: View, unmap: Unmap, fate: Fate): FindingDraft {
  const who = actor(view, unmap.tid, unmap.process_id);
  const where = range(unmap.range_start, unmap.range_end);
  const what = unmap.call ?? `an invalidation (${reasonName(unmap.reason)})`;
  return {
    severity: fate.severity,
    confidence: fate.confidence,
    summary: `${who.label} took away ${where} by ${what} while its job ${fenceLabel(unmap)} was pending: ${fate.fate}.`,
    from: unmap.start_ts,
    to: unmap.over_ts,
    objects: [
      { kind: 'invalidation', id: unmap.id, label: `invalidation by ${who.comm}` },
      ...who.refs,
      fenceRef(unmap),
    ],
    details: [
      detail.text('range', where),
      detail.object('pending', fenceRef(unmap)),
      ...fate.details,
      detail.address('mm', unmap.mm),
    ],
    evidence: evidence(
      unmap.init_event,
      unmap.start_event,
      ...fate.events,
      unmap.over_event,
      unmap.signaled_event,
    ),
    next: fate.next,
    identity: [fate.kind, who.comm, what],
    key: {
      pid: who.pid,
      tid: unmap.tid,
      mm: hex(unmap.mm),
      start: hex(unmap.range_start),
      end: hex(unmap.range_end),
      fences: fenceKey(unmap),
    },
  };
}
