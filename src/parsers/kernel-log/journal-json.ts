import { isUsed } from './journal-record.ts';
import type { LogNotes } from './log-record.ts';

/** An object longer than that is damage. */
const MOST_CHARACTERS = 1024 * 1024;
/** RFC 7464 (journalctl -o json-seq), server-sent events (json-sse). */
const LEAD = /^(?:\u001e|data: )/;

/** What an object of JSON holds, by the names of the journal. */
export type JsonEntry = Map<string, string>;

/**
 * The objects of journalctl -o json, json-pretty, json-sse and json-seq, and of dmesg --json, whose
 * objects are in an array.
 */
export function* jsonEntries(
  lines: Iterable<string>,
  notes: LogNotes,
): Generator<JsonEntry, void, undefined> {
  let begun: string | undefined;
  for (const whole of lines) {
    const line = whole.replace(LEAD, '').trim();
    if (begun === undefined) {
      if (line.length > 2 && line.startsWith('{')) yield* entryOf(line, notes);
      else if (line === '{') begun = line;
      else if (/^[[\]}]*,?$/.test(line)) notes.skipped();
      else notes.unknown(whole);
      continue;
    }
    if (/^"dmesg" ?: ?\[$/.test(line)) {
      begun = undefined;
      continue;
    }
    const isEnd = /^\}(?:,\s*\{?)?$/.test(line);
    begun += isEnd ? '}' : line;
    if (isEnd) {
      yield* entryOf(begun, notes);
      begun = line.endsWith('{') ? '{' : undefined;
    } else if (begun.length > MOST_CHARACTERS) begun = undefined;
  }
  if (begun !== undefined) yield* entryOf(begun, notes);
}

function* entryOf(text: string, notes: LogNotes): Generator<JsonEntry, void, undefined> {
  const value = parsed(text);
  if (typeof value !== 'object' || value === null) {
    notes.unknown(text);
    return;
  }
  const entry: JsonEntry = new Map();
  for (const [name, field] of Object.entries(value)) {
    const known = DMESG_NAMES.get(name) ?? name;
    const content = textOf(known, field);
    if (content !== undefined && isUsed(known)) entry.set(known, content);
  }
  yield entry;
}

/** util-linux sys-utils/dmesg.c, print_record. */
const DMESG_NAMES: ReadonlyMap<string, string> = new Map([
  ['pri', 'PRIORITY'],
  ['time', '_SOURCE_MONOTONIC_TIMESTAMP'],
  ['msg', 'MESSAGE'],
]);

/** The journal writes text that is no UTF-8 as its bytes, dmesg seconds as a number. */
function textOf(name: string, value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') {
    const isTime = name === '_SOURCE_MONOTONIC_TIMESTAMP';
    return String(isTime ? Math.round(value * 1_000_000) : value);
  }
  if (!Array.isArray(value) || !value.every((byte) => typeof byte === 'number')) return undefined;
  return Buffer.from(value).toString('latin1');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
