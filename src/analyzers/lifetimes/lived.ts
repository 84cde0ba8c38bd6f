import type { LifetimeContext } from './lifetime.ts';
import type { Mark } from './live-objects.ts';

/** The columns of `span()`: when an object lived and whether events were lost meanwhile. */
export function lived(
  context: LifetimeContext,
  start: Mark | undefined,
  end: Mark | undefined,
): {
  start_ts: number | null;
  end_ts: number | null;
  start_event: number | null;
  end_event: number | null;
  lossy: number;
} {
  const from = start?.ts ?? null;
  const to = end?.ts ?? null;
  return {
    start_ts: from,
    end_ts: to,
    start_event: start?.event ?? null,
    end_event: end?.event ?? null,
    lossy: context.lossBetween(from, to) ? 1 : 0,
  };
}

/** SQLite has no booleans: NULL = unknown. */
export function flag(value: boolean | undefined): number | null {
  return value === undefined ? null : Number(value);
}

export function markOf(moment: { readonly ts: number; readonly event: number }): Mark {
  return { ts: moment.ts, event: moment.event };
}
