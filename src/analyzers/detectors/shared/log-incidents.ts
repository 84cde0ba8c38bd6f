/** Records of the kernel log that tell of one thing that happened to one device. */
import type { LogClass, Word } from '../../../kernel/occurrence.ts';
import type { View } from '../../detector.ts';
import type { ObjectRef } from '../../finding.ts';

/** A row of log_record, as far as detectors ask for it. */
export interface LogRow {
  readonly id: number;
  readonly source: string;
  readonly class: LogClass;
  readonly device: string | null;
  readonly owner: string | null;
  readonly boot: number;
  readonly count: number;
  readonly comm: string | null;
  readonly pid: number | null;
  readonly process_id: number | null;
  readonly pasid: number | null;
  readonly vmid: number | null;
  readonly asid: number | null;
  readonly queue: number | null;
  readonly address: Word | null;
  readonly access: string | null;
  readonly engine: string | null;
  readonly seqno: number | null;
  readonly emitted: number | null;
  readonly errno: number | null;
  readonly fence: string | null;
  readonly function: string | null;
  readonly meaning: string | null;
  readonly hint: string | null;
  readonly body_missing: number | null;
  readonly consequence_of: number | null;
  readonly text: string;
  /** Ordinals of its lines. */
  readonly events: readonly number[];
  readonly start_ts: number;
  readonly end_ts: number;
}

export function logRows(view: View, classes: readonly LogClass[]): LogRow[] {
  return view
    .all<Omit<LogRow, 'events'> & { readonly events: string }>(
      `SELECT id, source, class, device, owner, boot, count, comm, pid, process_id, pasid, vmid,
              asid, queue, address, access, engine, seqno, emitted, errno, fence, function, meaning, hint,
              body_missing, consequence_of, text, events, start_ts, end_ts
         FROM log_record
        WHERE start_ts IS NOT NULL AND class IN (${classes.map(() => '?').join()})
        ORDER BY start_ts, id`,
      ...classes,
    )
    .map((row) => ({ ...row, events: JSON.parse(row.events) as number[] }));
}

export interface Incident {
  readonly boot: number;
  /** Driver: amdgpu for its KFD too. */
  readonly driver: string;
  device: string | null;
  readonly rows: LogRow[];
}

/** No threshold: devices at once; of a log that names more, incidents may fall apart. */
const RECENT = 64;

/**
 * Rows that lie no further apart than `gapNs`, of one device of one boot. Lines that name no device
 * belong to the only incident of their driver there is; where there are two, they are one of their own.
 */
export function incidents(rows: readonly LogRow[], gapNs: number): Incident[] {
  const all: Incident[] = [];
  for (const row of rows) {
    const near = all
      .slice(-RECENT)
      .filter((incident) => isOf(incident, row) && row.start_ts - endOf(incident) <= gapNs);
    const exact = near.filter((incident) => incident.device === row.device);
    const fitting = exact.length > 0 ? exact : near;
    const [incident] = fitting.length === 1 ? fitting : [];
    if (incident) {
      incident.rows.push(row);
      incident.device ??= row.device;
    } else {
      all.push({ boot: row.boot, driver: driverOf(row), device: row.device, rows: [row] });
    }
  }
  return all;
}

function isOf(incident: Incident, row: LogRow): boolean {
  return (
    incident.boot === row.boot &&
    incident.driver === driverOf(row) &&
    (row.device === null || incident.device === null || row.device === incident.device)
  );
}

function endOf(incident: Incident): number {
  return Math.max(...incident.rows.slice(-4).map((row) => row.end_ts));
}

function driverOf({ source, owner }: LogRow): string {
  if (source === 'amdkfd') return 'amdgpu';
  return source === 'drm' ? (owner ?? source) : source;
}

/** `amdgpu 0000:43:00.0`. */
export function deviceName({ driver, device }: Pick<Incident, 'driver' | 'device'>): string {
  return device === null ? driver : `${driver} ${device}`;
}

export function logRef(row: LogRow): ObjectRef {
  return { kind: 'log_record', id: row.id, label: row.text.slice(0, 80) };
}

/** `game (pid 81)`, `pid 81`, or undefined where the row names nobody. */
export function processName({ comm, pid }: Pick<LogRow, 'comm' | 'pid'>): string | undefined {
  if (pid === null || pid === 0) return comm ?? undefined;
  return comm === null ? `pid ${pid}` : `${comm} (pid ${pid})`;
}
