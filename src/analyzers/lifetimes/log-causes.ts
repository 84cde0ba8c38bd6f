/**
 * What follows from a reset or kill: faults of a device that is being reset say nothing of what went
 * wrong. Only the same device, or the process that was killed, is joined; time alone joins nothing.
 */
import type { LogClass } from '../../kernel/log-lines/log-record.ts';
import type { OccurrenceOf } from '../../kernel/occurrence.ts';

type LogOccurrence = OccurrenceOf<'log.record'>;

interface Cause {
  readonly id: number;
  readonly boot: number;
  readonly device: string | undefined;
  readonly event: number;
  ts: number;
}

/** A reset, and the driver's work after it, take seconds. */
const AFTERMATH_NS = 10e9;
/** `Waiting for fences timed out!` comes 10 s after what it waits for. */
const FENCE_AFTERMATH_NS = 15e9;

const RESETS: ReadonlySet<LogClass> = new Set([
  'gpu-reset',
  'engine-reset',
  'ring-reset',
  'channel-killed',
  'unplug',
]);
/** The reset goes on: its aftermath begins anew. */
const STEPS: ReadonlySet<LogClass> = new Set(['gpu-reset-step', 'gpu-reset-done', 'reset-failed']);

export class LogCauses {
  /** By boot, driver and device. */
  readonly #resets = new Map<string, Cause>();
  /** By boot and driver: where several devices were reset, a line without a device is nobody's. */
  readonly #devices = new Map<string, Set<string | undefined>>();
  /** By boot and pid. */
  readonly #kills = new Map<string, Cause>();

  add(record: LogOccurrence, id: number): void {
    const { boot, device, event, ts } = record;
    if (record.class === 'oom-kill' && record.pid !== undefined) {
      this.#kills.set(`${boot} ${record.pid}`, { id, boot, device, event, ts });
    }
    const driver = `${boot} ${driverOf(record)}`;
    const before = this.#resets.get(`${driver} ${device}`);
    if (STEPS.has(record.class) && before) before.ts = record.lastTs;
    if (!RESETS.has(record.class) || this.of(record) !== undefined) return;
    this.#resets.set(`${driver} ${device}`, { id, boot, device, event, ts: record.lastTs });
    const devices = this.#devices.get(driver) ?? new Set();
    this.#devices.set(driver, devices.add(device));
  }

  /** log_record.id of the reset or kill the record follows from. */
  of(record: LogOccurrence): number | undefined {
    const killed =
      record.pid !== undefined && FAULTS.has(record.class)
        ? this.#kills.get(`${record.boot} ${record.pid}`)
        : undefined;
    if (killed && isAfter(record, killed, AFTERMATH_NS)) return killed.id;
    const within = aftermathOf(record);
    if (within === undefined) return undefined;
    const reset = this.#resetBefore(record);
    return reset && isAfter(record, reset, within) ? reset.id : undefined;
  }

  #resetBefore(record: LogOccurrence): Cause | undefined {
    if (record.source === 'amd-vi' || record.source === 'vt-d') {
      // an IOMMU reports for the driver of the device
      for (const cause of this.#resets.values()) {
        const same = cause.boot === record.boot && cause.device === record.device;
        if (same && cause.device !== undefined) return cause;
      }
      return undefined;
    }
    const driver = `${record.boot} ${driverOf(record)}`;
    if (record.device !== undefined) {
      return (
        this.#resets.get(`${driver} ${record.device}`) ?? this.#resets.get(`${driver} undefined`)
      );
    }
    const [only, ...others] = this.#devices.get(driver) ?? [];
    return others.length === 0 ? this.#resets.get(`${driver} ${only}`) : undefined;
  }
}

const FAULTS: ReadonlySet<LogClass> = new Set([
  'gpu-page-fault',
  'cat-error',
  'iommu-fault',
  'page-request-error',
]);

/** How long after a reset a record of its kind still follows from it; undefined = it never does. */
function aftermathOf(record: LogOccurrence): number | undefined {
  switch (record.class) {
    case 'submit-refused':
      // -ECANCELED: the context was lost in a reset, however long ago
      return Number.POSITIVE_INFINITY;
    case 'fence-timeout':
    case 'flip-timeout':
      return FENCE_AFTERMATH_NS;
    case 'gpu-page-fault':
      return record.pasid === 0 || record.pid === 0 ? AFTERMATH_NS : undefined;
    case 'engine-reset':
      return record.engine?.startsWith('bcs') ? AFTERMATH_NS : undefined;
    case 'iommu-fault':
    case 'cat-error':
    case 'context-reset':
    case 'queue-evict-failed':
    case 'queue-restore-failed':
    case 'firmware-timeout':
      return AFTERMATH_NS;
    default:
      return undefined;
  }
}

function isAfter(record: LogOccurrence, cause: Cause, within: number): boolean {
  return record.event > cause.event && record.ts - cause.ts <= within;
}

/** The KFD is a part of amdgpu, the display of every driver. */
function driverOf({ source, owner }: LogOccurrence): string {
  if (source === 'amdkfd') return 'amdgpu';
  return source === 'drm' ? (owner ?? source) : source;
}
