/** Faults that reach another process, because a PASID was given away while the old owner's device still used it. */
import type { Word } from '../../../kernel/occurrence.ts';
import type { View } from '../../detector.ts';
import type { FindingDraft, ObjectRef } from '../../finding.ts';
import { detail, evidence, known } from './details.ts';
import { mayBeMissing } from './incomplete.ts';
import { duration, hex } from './wording.ts';

interface Reuse {
  readonly id: number;
  readonly table: 'page_request' | 'device_fault';
  readonly pasid: number;
  readonly dev: string | null;
  readonly address: Word | null;
  readonly fault_ts: number;
  readonly fault_event: number | null;
  readonly end_event: number | null;
  readonly given_ts: number;
  readonly given_event: number | null;
  readonly old_id: number;
  readonly old_pid: number | null;
  readonly old_comm: string | null;
  readonly new_id: number;
  readonly new_pid: number | null;
  readonly new_comm: string | null;
  readonly lossy: number | null;
  readonly code: number | null;
}

const OWNERS = `
  op.pid AS old_pid, op.comm AS old_comm, old.process_id AS old_id,
  np.pid AS new_pid, np.comm AS new_comm, new.process_id AS new_id`;
/** Who had the number, and who had it next; a process counts once. */
const NEXT = `
  JOIN pasid new ON new.pasid = old.pasid AND new.driver = old.driver AND new.start_ts =
       (SELECT min(n.start_ts) FROM pasid n WHERE n.pasid = old.pasid AND n.driver = old.driver
         AND n.start_ts > old.start_ts)
  JOIN process op ON op.id = old.process_id
  JOIN process np ON np.id = new.process_id
    AND coalesce(np.merged_into, np.id) <> coalesce(op.merged_into, op.id)`;

/** Requests made for one process, still open when the number was another's, and answered then or never. */
const PENDING = `
  SELECT r.id, 'page_request' AS "table", r.pasid, r.dev, r.address, r.due_ts AS fault_ts,
         r.start_event AS fault_event, r.end_event, new.start_ts AS given_ts,
         new.start_event AS given_event, r.lossy, r.code, ${OWNERS}
    FROM page_request r
    JOIN pasid old ON old.pasid = r.pasid AND old.driver = 'iommu'
     AND old.start_ts <= r.start_ts AND old.process_id = r.process_id ${NEXT}
   WHERE r.due_ts < new.start_ts AND r.superseded = 0 AND r.end_ts > new.start_ts`;

/** Requests of a device on which the number was bound for the old owner alone. */
const WRONG_DEVICE = `
  SELECT d.id, 'device_fault' AS "table", d.pasid, d.dev, d.address, d.start_ts AS fault_ts,
         d.start_event AS fault_event, d.end_event, new.start_ts AS given_ts,
         new.start_event AS given_event, d.lossy, NULL AS code, ${OWNERS}
    FROM device_fault d
    JOIN pasid new ON new.id = d.pasid_id AND new.driver = 'iommu'
    JOIN pasid old ON old.pasid = new.pasid AND old.driver = new.driver AND old.start_ts =
         (SELECT max(o.start_ts) FROM pasid o WHERE o.pasid = new.pasid AND o.driver = new.driver
           AND o.start_ts < new.start_ts)
    JOIN process op ON op.id = old.process_id
    JOIN process np ON np.id = new.process_id
      AND coalesce(np.merged_into, np.id) <> coalesce(op.merged_into, op.id)
   WHERE d.dev IS NOT NULL AND new.dev IS NOT NULL AND old.dev IS NOT NULL
     AND instr(',' || new.dev || ',', ',' || d.dev || ',') = 0
     AND instr(',' || old.dev || ',', ',' || d.dev || ',') > 0`;

/** Faults at an address that only the old owner had mapped, though the new one's mappings were recorded. */
const OLD_ADDRESS = `
  SELECT d.id, 'device_fault' AS "table", d.pasid, d.dev, d.address, d.start_ts AS fault_ts,
         d.start_event AS fault_event, d.end_event, new.start_ts AS given_ts,
         new.start_event AS given_event, d.lossy, NULL AS code, ${OWNERS}
    FROM device_fault d
    JOIN pasid new ON new.id = d.pasid_id AND new.driver <> 'iommu'
    JOIN pasid old ON old.pasid = new.pasid AND old.driver = new.driver AND old.start_ts =
         (SELECT max(o.start_ts) FROM pasid o WHERE o.pasid = new.pasid AND o.driver = new.driver
           AND o.start_ts < new.start_ts)
    JOIN process op ON op.id = old.process_id
    JOIN process np ON np.id = new.process_id
      AND coalesce(np.merged_into, np.id) <> coalesce(op.merged_into, op.id)
   WHERE d.address IS NOT NULL AND d.source = 'tracepoint'
     AND EXISTS (SELECT 1 FROM gpu_mapping m WHERE m.process_id = old.process_id
                  AND d.address >= m.range_start AND d.address < m.range_end)
     AND NOT EXISTS (SELECT 1 FROM gpu_mapping m WHERE m.process_id = new.process_id
                  AND d.address >= m.range_start AND d.address < m.range_end)
     AND EXISTS (SELECT 1 FROM gpu_mapping m WHERE m.process_id = new.process_id
                  AND m.start_ts < d.start_ts)`;

const EVIDENCE_FAULTS = 8;

/** Of the PASIDs an IOMMU knows. */
export function* reusedIommuPasids(view: View): Iterable<FindingDraft> {
  for (const all of byOwners(ordered(view, PENDING))) {
    yield finding(
      view,
      all,
      (first) =>
        `asked for memory of ${oldOwner(first)} and ${all.length === 1 ? 'was' : 'were'} still open when the number was given to ${newOwner(first)}, in whose time the answer came`,
    );
  }
  for (const all of byOwners(ordered(view, WRONG_DEVICE))) {
    yield finding(
      view,
      all,
      (first) =>
        `came from ${first.dev}, on which the number was bound for ${oldOwner(first)} alone, after it had been given to ${newOwner(first)}`,
    );
  }
}

/** Of the PASIDs a driver gives away itself. */
export function* reusedDriverPasids(view: View): Iterable<FindingDraft> {
  for (const all of byOwners(ordered(view, OLD_ADDRESS))) {
    yield finding(
      view,
      all,
      (first) =>
        `reached for addresses that only ${oldOwner(first)} had mapped, after the number had been given to ${newOwner(first)}`,
    );
  }
}

/** Those whose fault and giving away the clocks of their inputs can put in order. */
function ordered(view: View, sql: string): Reuse[] {
  return view.all<Reuse>(sql).filter(({ fault_ts, fault_event, given_ts, given_event }) => {
    const error = view.clockError(fault_event, given_event);
    return error === 0 || Math.abs(fault_ts - given_ts) > error;
  });
}

function byOwners(rows: readonly Reuse[]): Reuse[][] {
  const groups = new Map<string, Reuse[]>();
  for (const row of rows) {
    const name = `${row.pasid}|${row.old_id}|${row.new_id}`;
    const group = groups.get(name);
    if (group) group.push(row);
    else groups.set(name, [row]);
  }
  return [...groups.values()];
}

function finding(view: View, all: readonly Reuse[], how: (first: Reuse) => string): FindingDraft {
  const [first] = all as readonly [Reuse, ...Reuse[]];
  const last = all.at(-1) ?? first;
  const lossy = all.some((one) => mayBeMissing(view, one.lossy));
  const apart = Math.abs(first.fault_ts - first.given_ts);
  return {
    severity: 'critical',
    confidence: lossy ? 'suspect' : 'likely',
    summary: `${all.length === 1 ? 'A fault' : `${all.length} faults`} of PASID ${first.pasid} ${how(first)}: the device may have read or written the memory of another process.`,
    from: Math.min(first.fault_ts, first.given_ts),
    to: Math.max(last.fault_ts, first.given_ts),
    objects: [
      { kind: 'process', id: first.old_id, label: oldOwner(first) },
      { kind: 'process', id: first.new_id, label: newOwner(first) },
      ...all.slice(0, EVIDENCE_FAULTS).map(
        (one): ObjectRef => ({
          kind: one.table,
          id: one.id,
          label: `fault of PASID ${one.pasid}${one.address === null ? '' : ` at ${hex(one.address)}`}`,
        }),
      ),
    ],
    details: known([
      detail.count('faults', all.length),
      detail.time('number given to the next process', first.given_ts),
      view.clock.unit === 'ns' ? detail.text('between fault and that', duration(apart)) : undefined,
      first.address === null ? undefined : detail.address('first address', first.address),
      first.dev === null ? undefined : detail.text('device', first.dev),
    ]),
    evidence: evidence(
      ...all.slice(0, EVIDENCE_FAULTS).flatMap((one) => [one.fault_event, one.end_event]),
      first.given_event,
    ),
    next: [
      'Drain the PASID before its number is freed: stop the queues, wait for the page requests (intel_iommu_drain_pasid_prq), then free.',
      'Treat what both processes computed as suspect.',
    ],
    identity: ['cross-process', first.old_comm ?? '', first.new_comm ?? ''],
    key: {
      what: 'cross-process',
      pasid: first.pasid,
      ...(first.old_pid === null ? {} : { pid: first.old_pid }),
      ...(first.new_pid === null ? {} : { victim: first.new_pid }),
    },
  };
}

function oldOwner(reuse: Reuse): string {
  return `${reuse.old_comm ?? 'a process'} (pid ${reuse.old_pid})`;
}

function newOwner(reuse: Reuse): string {
  return `${reuse.new_comm ?? 'a process'} (pid ${reuse.new_pid})`;
}
