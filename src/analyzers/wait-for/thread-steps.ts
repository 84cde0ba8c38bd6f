/** What stands as long as the thread does that works on it: faults of devices, migrations, reclaim. */
import type { Word } from '../../kernel/occurrence.ts';
import type { View } from '../detector.ts';
import { evidence } from '../detectors/shared/details.ts';
import { actor, hex, range } from '../detectors/shared/wording.ts';
import { doingAt, insideOf } from './inside.ts';
import { endsHere, type Here, type Place, type Step, type StepRule } from './step.ts';

interface Worked {
  readonly id: number;
  readonly tid: number | null;
  readonly process_id: number | null;
  readonly start_ts: number | null;
  readonly start_event: number | null;
  readonly end_ts: number | null;
}

/** Goes on with what the thread is inside of besides, or ends with what it does. */
function workedOn(view: View, row: Worked, place: Place, here: Here, at: number): Step {
  if (row.end_ts !== null && row.end_ts <= at)
    return endsHere(here, 'moving', 'it was over by then');
  if (row.tid === null) return endsHere(here, 'lost', 'who works on it was not recorded');
  const inside = insideOf(view, row.tid, at, { place, since: row.start_ts });
  if (inside !== undefined) return { here, next: inside };
  const doing = doingAt(view, row.tid, at);
  const text =
    doing.state === undefined ? doing.end.text : `its thread ${doing.state}: ${doing.end.text}`;
  const seen = evidence(...here.evidence, ...doing.evidence);
  return { here: { ...here, evidence: seen }, next: { ...doing.end, text } };
}

interface DeviceFaultRow extends Worked {
  readonly function: string | null;
  readonly address: Word | null;
}

/** A fault of a device, in the function that serves it. */
export const deviceFaultStep: StepRule = (view, id, at) => {
  const [row] = view.all<DeviceFaultRow>('SELECT * FROM device_fault WHERE id = ?', id);
  if (row === undefined) return undefined;
  const where = row.address === null ? '' : ` at ${hex(row.address)}`;
  const who = row.tid === null ? '' : ` by ${actor(view, row.tid, null).label}`;
  const here: Here = {
    object: {
      kind: 'device_fault',
      id,
      label: `the device fault${where} in ${row.function}${who}`,
    },
    state: 'was being served',
    since: row.start_ts,
    evidence: evidence(row.start_event),
  };
  return workedOn(view, row, { kind: 'device_fault', id }, here, at);
};

interface MigrationRow extends Worked {
  readonly range_start: Word | null;
  readonly range_end: Word | null;
  readonly direction: string | null;
  readonly reason: string | null;
}

/** Pages under way: whoever touches them waits for their new place (mm/migrate.c, migration_entry_wait). */
export const migrationStep: StepRule = (view, id, at) => {
  const [row] = view.all<MigrationRow>('SELECT * FROM migration WHERE id = ?', id);
  if (row === undefined) return undefined;
  const where =
    row.range_start === null || row.range_end === null
      ? ''
      : ` of ${range(row.range_start, row.range_end)}`;
  const who = row.tid === null ? '' : ` by ${actor(view, row.tid, null).label}`;
  const here: Here = {
    object: { kind: 'migration', id, label: `the migration${where}${who}` },
    state: `was under way${row.direction === null ? '' : ` ${row.direction}`}${row.reason === null ? '' : ` (${row.reason})`}`,
    since: row.start_ts,
    evidence: evidence(row.start_event),
  };
  return workedOn(view, row, { kind: 'migration', id }, here, at);
};

interface ReclaimRow extends Worked {
  readonly what: string;
}

/** Memory that is to be freed before there is any: it may stand behind the device it invalidates. */
export const reclaimStep: StepRule = (view, id, at) => {
  const [row] = view.all<ReclaimRow>('SELECT * FROM reclaim WHERE id = ?', id);
  if (row === undefined) return undefined;
  const who = row.tid === null ? '' : ` by ${actor(view, row.tid, row.process_id).label}`;
  const here: Here = {
    object: { kind: 'reclaim', id, label: `${row.what}${who}` },
    state: 'had not given back memory',
    since: row.start_ts,
    evidence: evidence(row.start_event),
  };
  return workedOn(view, row, { kind: 'reclaim', id }, here, at);
};

interface FenceWaitRow extends Worked {
  readonly fence_id: number | null;
  readonly source: string | null;
}

/** A wait for fences; where a probe on dma_resv_wait_timeout alone shows it, nothing names them. */
export const fenceWaitStep: StepRule = (view, id, at) => {
  const [row] = view.all<FenceWaitRow>('SELECT * FROM fence_wait WHERE id = ?', id);
  if (row === undefined) return undefined;
  const who = row.tid === null ? '' : ` of ${actor(view, row.tid, row.process_id).label}`;
  const here: Here = {
    object: { kind: 'fence_wait', id, label: `the fence wait${who}` },
    state: 'was not over',
    since: row.start_ts,
    evidence: evidence(row.start_event),
  };
  if (row.end_ts !== null && row.end_ts <= at)
    return endsHere(here, 'moving', 'it was over by then');
  return endsHere(here, 'lost', 'no event names the fences it waits for', [
    'dma_fence:dma_fence_wait_start',
    'dma_fence:dma_fence_wait_end',
  ]);
};

interface PageRequestRow {
  readonly dev: string | null;
  readonly pasid: number | null;
  readonly address: Word | null;
  readonly due_ts: number | null;
  readonly start_ts: number;
  readonly start_event: number;
  readonly end_ts: number | null;
}

/** A device whose page request nobody has answered (drivers/iommu/io-pgfault.c). */
export const pageRequestStep: StepRule = (view, id, at) => {
  const [row] = view.all<PageRequestRow>('SELECT * FROM page_request WHERE id = ?', id);
  if (row === undefined) return undefined;
  const where = row.address === null ? '' : ` for ${hex(row.address)}`;
  const here: Here = {
    object: {
      kind: 'page_request',
      id,
      label: `the page request of ${row.dev ?? 'a device'}${where} (PASID ${row.pasid})`,
    },
    state: 'was not answered',
    since: row.start_ts,
    evidence: evidence(row.start_event),
  };
  if (row.end_ts !== null && row.end_ts <= at)
    return endsHere(here, 'moving', 'it was answered by then');
  const [handler] = view.all<{ id: number; start_event: number | null }>(
    `SELECT id, start_event FROM device_fault
      WHERE source = 'probe' AND pasid = ? AND (address = ? OR address IS NULL)
        AND start_ts >= ? AND start_ts <= ? AND coalesce(end_ts, ?) > ?
      ORDER BY start_ts DESC LIMIT 1`,
    row.pasid,
    row.address,
    row.start_ts,
    at,
    at + 1,
    at,
  );
  if (handler !== undefined) {
    const place = { kind: 'device_fault', id: handler.id } as const;
    const seen = evidence(handler.start_event);
    return {
      here,
      next: { place, relation: 'is served in', certainty: 'recorded', evidence: seen },
    };
  }
  return endsHere(here, 'lost', 'which worker serves it was not recorded', ['sched:sched_switch']);
};
