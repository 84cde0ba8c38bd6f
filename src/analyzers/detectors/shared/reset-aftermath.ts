/** Resets before a fault: what a device does wrong while it is reset is no cause of anything. */
import type { View } from '../../detector.ts';
import type { Threshold } from '../../threshold.ts';

export interface Reset {
  readonly ts: number;
  readonly event: number | null;
  /** What tells of it, for a sentence. */
  readonly what: string;
}

interface KnownReset extends Reset {
  /** Driver, or null where only the device is known. */
  readonly driver: string | null;
  readonly device: string | null;
}

/** Each detector has one of its own. */
export const RESET_AFTERMATH: Threshold = {
  name: 'aftermath',
  unit: 'ns',
  default: 10e9,
  doc: 'A fault at most this long after a reset of its device is a consequence of it: a reset, and the work of the driver after it, take seconds.',
};

const LOG_CLASSES =
  "('gpu-reset', 'gpu-reset-step', 'gpu-reset-done', 'engine-reset', 'ring-reset', 'reset-failed')";

const known = new WeakMap<View, readonly KnownReset[]>();

/**
 * The last reset of the same device, or of the only device of the driver, shortly before. Time alone
 * joins nothing.
 */
export function resetBefore(
  view: View,
  ts: number,
  of: { readonly driver: string | null; readonly dev: string | null },
  within: number,
): Reset | undefined {
  if (view.clock.unit !== 'ns') return undefined;
  return resets(view).findLast(
    (reset) => reset.ts <= ts && ts - reset.ts <= within && isOf(reset, of),
  );
}

function isOf(
  reset: KnownReset,
  { driver, dev }: { readonly driver: string | null; readonly dev: string | null },
): boolean {
  if (reset.device !== null && dev !== null) return isSameDevice(reset.device, dev);
  return reset.driver !== null && reset.driver === familyOf(driver);
}

/** The log leaves out the domain 0000 in places. */
function isSameDevice(a: string, b: string): boolean {
  return a === b || a.endsWith(`:${b}`) || b.endsWith(`:${a}`);
}

function familyOf(driver: string | null): string | null {
  return driver === 'amdkfd' ? 'amdgpu' : driver;
}

function resets(view: View): readonly KnownReset[] {
  let all = known.get(view);
  if (!all) {
    all = view.all<KnownReset>(
      `SELECT start_ts AS ts, start_event AS event, driver, NULL AS device,
              coalesce(cause, 'an event of the driver') AS what
         FROM device_reset WHERE start_ts IS NOT NULL
       UNION ALL
       SELECT start_ts, start_event, source, device, 'the kernel log' FROM log_record
        WHERE class IN ${LOG_CLASSES} AND start_ts IS NOT NULL
       UNION ALL
       SELECT timeout_ts, timeout_event, source, dev, 'a job that ran into its time limit' FROM job
        WHERE timeout_ts IS NOT NULL
       ORDER BY ts`,
    );
    known.set(view, all);
  }
  return all;
}
