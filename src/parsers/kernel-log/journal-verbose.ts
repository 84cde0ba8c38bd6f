import { isUsed } from './journal-record.ts';
import type { LogNotes } from './log-record.ts';

/** `Tue 2024-09-10 09:37:08.123456 CEST [s=…;i=…;b=…;m=…;t=…;x=…]`: the cursor tells the times. */
const HEAD =
  /^\S.* \[s=[0-9a-f]+;i=[0-9a-f]+;b=([0-9a-f]{32});m=([0-9a-f]{1,14});t=([0-9a-f]{1,14});/;
const FIELD = /^ {4,5}([A-Z_][A-Z0-9_]{0,63})=(.*)$/;
const MOST_CHARACTERS = 1024 * 1024;

export function isVerboseHead(line: string): boolean {
  return HEAD.test(line);
}

/** The entries of journalctl -o verbose: a head, and a line set in for each field. */
export function* verboseEntries(
  lines: Iterable<string>,
  notes: LogNotes,
): Generator<Map<string, string>, void, undefined> {
  let entry: Map<string, string> | undefined;
  let last = '';
  for (const line of lines) {
    const [, boot, monotonic = '', realtime = ''] = HEAD.exec(line) ?? [];
    const [, name, value = ''] = FIELD.exec(line) ?? [];
    if (boot !== undefined) {
      if (entry) yield entry;
      entry = new Map([
        ['_BOOT_ID', boot],
        ['__MONOTONIC_TIMESTAMP', decimal(monotonic)],
        ['__REALTIME_TIMESTAMP', decimal(realtime)],
      ]);
      last = '';
    } else if (entry && name !== undefined) {
      last = name;
      if (isUsed(name)) entry.set(name, value);
    } else if (entry && /^\s/.test(line)) goOn(entry, last, line);
    else if (line === '' || line.startsWith('-- ')) notes.skipped();
    else notes.unknown(line);
  }
  if (entry) yield entry;
}

/** A value in several lines is set in as far as its first. */
function goOn(entry: Map<string, string>, name: string, line: string): void {
  const value = entry.get(name);
  if (value === undefined || value.length > MOST_CHARACTERS) return;
  const column = ' '.repeat(4 + name.length + 1);
  entry.set(name, `${value}\n${line.startsWith(column) ? line.slice(column.length) : line}`);
}

function decimal(hexadecimal: string): string {
  return String(Number.parseInt(hexadecimal, 16));
}
