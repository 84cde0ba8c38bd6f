import { isUsed } from './journal-record.ts';
import type { LogNotes } from './log-record.ts';

/** An object longer than that is damage. */
const MOST_CHARACTERS = 1024 * 1024;
/** RFC 7464, journalctl -o json-seq. */
const RECORD_SEPARATOR = '\u001e';
/** Server-sent events, journalctl -o json-sse. */
const EVENT = 'data: ';

/** What an object of JSON holds, by the names of the journal. */
export type JsonEntry = Map<string, string>;

/** The line without what separates objects. */
export function jsonOf(line: string): string {
  const text = line.startsWith(RECORD_SEPARATOR) ? line.slice(1) : line;
  return text.startsWith(EVENT) ? text.slice(EVENT.length) : text;
}

/**
 * The objects of journalctl -o json, json-pretty, json-sse and json-seq, and of dmesg --json, whose
 * objects are in an array.
 */
export function* jsonEntries(
  lines: Iterable<string>,
  notes: LogNotes,
): Generator<JsonEntry, void, undefined> {
  const objects = new JsonObjects(notes);
  for (const line of lines) {
    const text = objects.add(jsonOf(line).trim());
    const entry = text === undefined ? undefined : entryOf(text, notes);
    if (entry) yield entry;
  }
  const entry = objects.begun === undefined ? undefined : entryOf(objects.begun, notes);
  if (entry) yield entry;
}

/** Puts objects together that take several lines. */
class JsonObjects {
  begun: string | undefined;
  readonly #notes: LogNotes;

  constructor(notes: LogNotes) {
    this.#notes = notes;
  }

  /** The object that ends with the line. */
  add(line: string): string | undefined {
    return this.begun === undefined ? this.#begin(line) : this.#goOn(this.begun, line);
  }

  #begin(line: string): string | undefined {
    if (line.length > 1 && line.startsWith('{')) return line;
    if (line === '{') this.begun = line;
    else if (/^[[\]}]*,?$/.test(line)) this.#notes.skipped();
    else this.#notes.unknown(line);
    return undefined;
  }

  #goOn(begun: string, line: string): string | undefined {
    if (/^\}(?:,\s*\{?)?$/.test(line)) {
      this.begun = line.endsWith('{') ? '{' : undefined;
      return `${begun}}`;
    }
    // the array of dmesg, or damage
    const isArray = /^"dmesg" ?: ?\[$/.test(line);
    this.begun = isArray || begun.length > MOST_CHARACTERS ? undefined : begun + line;
    return undefined;
  }
}

function entryOf(text: string, notes: LogNotes): JsonEntry | undefined {
  const value = parsed(text);
  if (typeof value !== 'object' || value === null) {
    notes.unknown(text);
    return undefined;
  }
  const entry: JsonEntry = new Map();
  for (const [name, field] of Object.entries(value)) {
    const known = DMESG_NAMES.get(name) ?? name;
    const content = textOf(known, field);
    if (content !== undefined && isUsed(known)) entry.set(known, content);
  }
  return entry;
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
