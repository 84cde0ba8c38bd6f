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
  let entry: Entry | undefined;
  for (const line of lines) {
    const head = HEAD.exec(line);
    if (head) {
      if (entry) yield entry.fields;
      entry = new Entry(head);
    } else if (line === '' || line.startsWith('-- ')) notes.skipped();
    else if (!entry?.add(line)) notes.unknown(line);
  }
  if (entry) yield entry.fields;
}

class Entry {
  readonly fields: Map<string, string>;
  #last = '';

  constructor([, boot = '', monotonic = '', realtime = '']: RegExpExecArray) {
    this.fields = new Map([
      ['_BOOT_ID', boot],
      ['__MONOTONIC_TIMESTAMP', decimal(monotonic)],
      ['__REALTIME_TIMESTAMP', decimal(realtime)],
    ]);
  }

  /** False when the line belongs to no entry. */
  add(line: string): boolean {
    const [, name, value = ''] = FIELD.exec(line) ?? [];
    if (name === undefined) return this.#goOn(line);
    this.#last = name;
    if (isUsed(name)) this.fields.set(name, value);
    return true;
  }

  /** A value in several lines is set in as far as its first. */
  #goOn(line: string): boolean {
    if (!/^\s/.test(line)) return false;
    const value = this.fields.get(this.#last);
    if (value === undefined || value.length > MOST_CHARACTERS) return true;
    const column = ' '.repeat(4 + this.#last.length + 1);
    const text = line.startsWith(column) ? line.slice(column.length) : line;
    this.fields.set(this.#last, `${value}\n${text}`);
    return true;
  }
}

function decimal(hexadecimal: string): string {
  return String(Number.parseInt(hexadecimal, 16));
}
