import { payloadText } from '../text/payload-text.ts';
import type { TextSource } from '../text/text-source.ts';
import { readEntries } from './journal-entries.ts';
import { byteCharacters, decodedLines, logLines } from './log-lines.ts';
import type { LogNotes, LogRecord } from './log-record.ts';
import type { LogStyle } from './log-style.ts';
import { TextRecords } from './text-records.ts';
import { WallClock } from './wall-clock.ts';

/** The records of a log in the order of its lines; `clock` learns what their dates leave out. */
export function readLog(
  source: TextSource,
  style: LogStyle,
  notes: LogNotes,
  clock: WallClock = new WallClock(),
): Generator<LogRecord, void, undefined> {
  const raw = logLines(source, notes, style.layout === 'export' ? byteCharacters : payloadText);
  if (style.layout !== 'lines') return readEntries(style.layout, raw, notes);
  const lines = style.isQuotedPrintable ? decodedLines(raw) : raw;
  return new TextRecords(style, notes, clock).read(lines);
}
