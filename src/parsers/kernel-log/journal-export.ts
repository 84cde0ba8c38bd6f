import { payloadText } from '../text/payload-text.ts';
import { isUsed } from './journal-record.ts';
import type { LogNotes } from './log-record.ts';

/** Ahead of a value that may hold line feeds: its length, little endian. */
const LENGTH_BYTES = 8;
const MOST_BYTES = 1024 * 1024;

/**
 * The entries of journalctl -o export (systemd.io/JOURNAL_EXPORT_FORMATS): a line `NAME=value` per
 * field, and an empty line behind each entry. A value with line feeds stands behind a line `NAME`.
 * @param lines their bytes as characters
 */
export function* exportEntries(
  lines: Iterable<string>,
  notes: LogNotes,
): Generator<Map<string, string>, void, undefined> {
  let entry = new Map<string, string>();
  let binary: BinaryField | undefined;
  for (const line of lines) {
    if (binary) {
      if (!binary.add(line)) continue;
      entry.set(binary.name, binary.value);
      binary = undefined;
    } else if (line === '') {
      if (entry.size > 0) yield entry;
      entry = new Map();
    } else binary = fieldOf(line, entry, notes);
  }
  if (entry.size > 0) yield entry;
}

function fieldOf(
  line: string,
  entry: Map<string, string>,
  notes: LogNotes,
): BinaryField | undefined {
  if (/^[A-Z_][A-Z0-9_]{0,63}$/.test(line)) return new BinaryField(line);
  const equals = line.indexOf('=');
  const name = line.slice(0, equals);
  if (equals <= 0) notes.unknown(line);
  else if (isUsed(name)) entry.set(name, utf8(Buffer.from(line.slice(equals + 1), 'latin1')));
  return undefined;
}

/** A value put together from the lines its line feeds make of it. */
class BinaryField {
  readonly name: string;
  value = '';
  #bytes: Buffer | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** True when all of it is there. */
  add(line: string): boolean {
    const bytes = Buffer.from(line, 'latin1');
    this.#bytes = this.#bytes ? Buffer.concat([this.#bytes, LINE_FEED, bytes]) : bytes;
    const size = this.#bytes.length - LENGTH_BYTES;
    if (size < 0) return false;
    const length = Number(this.#bytes.readBigUInt64LE(0));
    if (size < length && size < MOST_BYTES) return false;
    this.value = utf8(this.#bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length));
    return true;
  }
}

const LINE_FEED = Buffer.from('\n');

function utf8(bytes: Buffer): string {
  return payloadText(bytes, 0, bytes.length);
}
