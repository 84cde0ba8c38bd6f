/** Rows of log_record for detectors, made of lines by the catalogue and the lifetimes. */
import type { RowOf } from './detector-view.ts';
import { type LogOccurrence, records } from './log-records.ts';
import { type Happening, type Lived, live } from './run-lifetimes.ts';

/** What the lifetimes make of records. */
export function livedRecords(found: readonly LogOccurrence[]): Lived {
  return live(
    found.map(({ ts, event: _event, cpu: _cpu, tid, ...data }): Happening => [ts / 1e6, tid, data]),
  );
}

export function logRowsOf(...lines: readonly string[]): readonly RowOf[] {
  return livedRecords(records(...lines)).rows('log_record') as readonly RowOf[];
}
