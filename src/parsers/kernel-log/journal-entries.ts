import { exportEntries } from './journal-export.ts';
import { jsonEntries } from './journal-json.ts';
import { recordOf } from './journal-record.ts';
import { verboseEntries } from './journal-verbose.ts';
import type { LogNotes, LogRecord } from './log-record.ts';
import type { Layout } from './log-style.ts';
import type { Prefix } from './time-formats.ts';

const READERS = {
  json: { read: jsonEntries, prefix: 'JSON' },
  export: { read: exportEntries, prefix: 'journalctl -o export' },
  verbose: { read: verboseEntries, prefix: 'journalctl -o verbose' },
} as const satisfies Record<Exclude<Layout, 'lines'>, { read: unknown; prefix: Prefix }>;

/** The records of a journal that is printed field by field. */
export function* readEntries(
  layout: Exclude<Layout, 'lines'>,
  lines: Iterable<string>,
  notes: LogNotes,
): Generator<LogRecord, void, undefined> {
  const { read, prefix } = READERS[layout];
  for (const entry of read(lines, notes)) {
    const record = recordOf(entry, prefix, notes);
    if (record) yield record;
  }
}
