/** Faults of devices with what is known of whose memory they were for, and when that went. */
import type { Word } from '../../../kernel/occurrence.ts';
import type { View } from '../../detector.ts';

/** What a handler returns when mmget_not_zero failed: the mm is gone. */
const ESRCH = -3;
/**
 * No threshold: mmget_not_zero fails a little before the memory goes, as __mmput (kernel/fork.c) has
 * exit_aio and others to run first. Who dies later than that was not the one who was refused.
 */
const DYING_NS = 10e6;

export type FaultSource = 'probe' | 'tracepoint' | 'iommu' | 'log' | 'iommu-log';

export interface DeviceFault {
  readonly id: number;
  readonly function: string | null;
  readonly module: string | null;
  readonly pasid: number | null;
  readonly address: Word | null;
  readonly ret: number | null;
  readonly source: FaultSource;
  readonly start_ts: number;
  readonly start_event: number | null;
  readonly end_event: number | null;
  readonly lossy: number | null;
  readonly process_id: number | null;
  readonly pid: number | null;
  readonly comm: string | null;
  readonly death_ts: number | null;
  readonly death_event: number | null;
  readonly files_closed_ts: number | null;
  readonly dev: string | null;
  /** What went away: the process's memory, or before it the GPU's address space or the PASID. */
  readonly gone: 'memory' | 'gpu_vm' | 'pasid';
  /** The PASID was unbound or freed. */
  readonly unbound_ts: number | null;
}

/** By PASID, owner and what reports them, each in the order of time. */
export function faultsByOwner(view: View, sources: readonly FaultSource[]): DeviceFault[][] {
  const rows = view.all<FaultRow>(
    `SELECT d.id, d.function, d.module, d.pasid, d.address, d.ret, d.source, d.start_ts,
            d.start_event, d.end_event, d.lossy, d.dev,
            coalesce(p.merged_into, d.process_id) AS process_id, p.pid, p.comm, p.files_closed_ts,
            coalesce(a.release_ts, a.end_ts, p.end_ts) AS memory_ts,
            coalesce(a.release_event, a.end_event, p.end_event) AS memory_event,
            v.end_ts AS vm_ts, v.end_event AS vm_event,
            b.end_ts AS unbound_ts, b.end_event AS unbound_event
       FROM device_fault d
       LEFT JOIN address_space a ON a.id = d.address_space_id
       LEFT JOIN process p ON p.id = d.process_id
       LEFT JOIN gpu_vm v ON v.id = d.gpu_vm_id
       LEFT JOIN pasid b ON b.id = d.pasid_id
      WHERE d.start_ts IS NOT NULL AND d.source IN (${sources.map(() => '?').join()})
      ORDER BY d.start_ts`,
    ...sources,
  );
  const groups = new Map<string, DeviceFault[]>();
  for (const row of rows.map((one) => owned(view, withEnd(one)))) {
    const group = `${row.pasid}|${row.process_id}|${row.function}`;
    const faults = groups.get(group);
    if (faults === undefined) groups.set(group, [row]);
    else faults.push(row);
  }
  return [...groups.values()];
}

export function isRefused({ source, ret }: Pick<DeviceFault, 'source' | 'ret'>): boolean {
  return source === 'probe' && ret === ESRCH;
}

/** A process that lived on is not the one whose memory was gone: the number had another owner. */
function owned(view: View, fault: DeviceFault): DeviceFault {
  const { death_ts, death_event, start_ts, start_event } = fault;
  if (!isRefused(fault) || death_ts === null) return fault;
  const slack = Math.max(view.clockError(start_event, death_event), DYING_NS);
  return death_ts - start_ts > slack ? { ...fault, ...NOBODY } : fault;
}

const NOBODY = {
  process_id: null,
  pid: null,
  comm: null,
  death_ts: null,
  death_event: null,
  files_closed_ts: null,
  unbound_ts: null,
} as const;

interface FaultRow extends Omit<DeviceFault, 'death_ts' | 'death_event' | 'gone'> {
  readonly memory_ts: number | null;
  readonly memory_event: number | null;
  readonly vm_ts: number | null;
  readonly vm_event: number | null;
  readonly unbound_event: number | null;
}

/** The end a fault is held against: of the memory, else of what went before the fault came. */
function withEnd(row: FaultRow): DeviceFault {
  const memory = {
    death_ts: row.memory_ts,
    death_event: row.memory_event,
    gone: 'memory',
  } as const;
  const ends = [
    memory,
    { death_ts: row.vm_ts, death_event: row.vm_event, gone: 'gpu_vm' },
    { death_ts: row.unbound_ts, death_event: row.unbound_event, gone: 'pasid' },
  ] as const;
  const before = ends.find(({ death_ts: end }) => end !== null && end <= row.start_ts);
  return { ...row, ...(before ?? memory) };
}
