import type { FieldKind, Fields, FieldValue } from '../parser.ts';
import { anyValue, hexadecimal } from './value.ts';

/** The field that holds an event's text as recorded. */
export const PAYLOAD = 'payload';

/**
 * Fields of a payload nobody described: `name=value` and `name:value` in a row, the values with or
 * without commas behind them. Words without a name belong to the value before them.
 */
export function keyValues(text: string, fields: Record<string, FieldValue> = {}): Fields {
  let name = '';
  let value = '';
  const end = text.length;
  for (let at = 0, words = 0; at <= end && words < MOST_WORDS; words++) {
    const space = text.indexOf(' ', at);
    const stop = space < 0 ? end : space;
    const split = nameEnd(text, at, stop);
    if (split > at) {
      set(fields, name, value);
      name = text.slice(at, split);
      value = text.slice(split + 1, stop);
    } else if (stop > at) {
      value += `${value === '' ? '' : ' '}${text.slice(at, stop)}`;
    }
    at = stop + 1;
  }
  set(fields, name, value);
  return fields;
}

/** Where the name at the start of a word ends: `=`, or a colon; 0 when the word has none. */
function nameEnd(text: string, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === 61 || code === 58) return at > from ? at : 0;
    if (!isNameCode(code) || (at === from && code >= 48 && code <= 57)) return 0;
  }
  return 0;
}

/** Letters, digits, `_`, and `-`, `.`, `>` as in probe arguments without a name of their own. */
function isNameCode(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 48 && code <= 57) ||
    code === 95 ||
    (code >= 65 && code <= 90) ||
    code === 45 ||
    code === 46 ||
    code === 62
  );
}

/** No field may have the name of what every object has, such as `constructor`. */
const NOTHING: Fields = {};

/** Words ahead of the first name have none. */
function set(fields: Record<string, FieldValue>, name: string, text: string): void {
  if (name === '' || name in NOTHING) return;
  const value = name.startsWith('__probe_') ? place(text) : anyValue(plain(text));
  for (let n = 1; n <= MOST_OF_A_NAME; n++) {
    const own = n === 1 ? name : `${name}_${n}`;
    if (Object.hasOwn(fields, own)) continue;
    fields[own] = value;
    return;
  }
}

/** No event has more; a damaged or hostile line may. */
const MOST_OF_A_NAME = 8;
const MOST_WORDS = 256;

/** Without the comma behind it and the quotes around it. */
function plain(text: string): string {
  const value = text.endsWith(',') ? text.slice(0, -1) : text;
  return value.length > 1 && value.startsWith('"') && value.endsWith('"')
    ? value.slice(1, -1)
    : value;
}

/**
 * A probe's payload: `(function+0x4/0x70) name=value…`, a return `(caller+0x1ef/0x610 [module] <-
 * function) …` (kernel/trace/trace_kprobe.c, trace_fprobe.c). trace-cmd and perf print addresses, the
 * function's first: `(ffffffff814776d4)`, `(ffffffff9d3ff2f4 <- ffffffffc04c57ef)`.
 */
export function probeFields(text: string): Fields | undefined {
  if (!text.startsWith('(')) return undefined;
  const close = text.indexOf(')');
  if (close < 0) return undefined;
  const fields: Record<string, FieldValue> = {};
  const arrow = text.indexOf(' <- ');
  if (arrow > 0 && arrow < close) {
    const left = place(text.slice(1, arrow));
    const right = place(text.slice(arrow + 4, close));
    const isText = typeof left === 'string';
    fields.__probe_func = isText ? right : left;
    fields.__probe_ret_ip = isText ? left : right;
  } else {
    fields.__probe_ip = place(text.slice(1, close));
  }
  return keyValues(text.slice(close + 1).trimStart(), fields);
}

/** A symbol stays text: its address is not in the recording. */
function place(text: string): FieldValue {
  return hexadecimal(text.startsWith('0x') ? text.slice(2) : text) ?? text;
}

/** `callee <-caller`, with func-args `callee(name=value, …) <-caller`. */
export function functionFields(text: string): Record<string, FieldValue> {
  const arrow = text.lastIndexOf(' <-');
  const call = arrow < 0 ? text : text.slice(0, arrow);
  const caller = arrow < 0 ? '' : text.slice(arrow + 3).replace(/^-? */, '');
  const { name, args } = callOf(call);
  return { ip: name, parent_ip: caller, ...(args ? { args } : {}) };
}

/** `name(a=0x1, b=0x2)`, `name [module](…)` or a name alone; the arguments by position. */
export function callOf(text: string): { name: string; args: (number | bigint)[] | undefined } {
  const open = text.indexOf('(');
  if (open < 0) return { name: text.trim(), args: undefined };
  const name = text.slice(0, open).trim();
  const inside = text.slice(open + 1, text.lastIndexOf(')'));
  if (inside === '') return { name, args: undefined };
  const values = inside.split(', ').map((one) => anyValue(one.slice(one.indexOf('=') + 1)));
  const words = values.filter((value) => typeof value === 'number' || typeof value === 'bigint');
  return { name, args: words.length === values.length ? words : undefined };
}

/**
 * Arguments of a system call: hexadecimal, up to 6.12 without 0x (trace_syscalls.c). `trace-cmd report
 * -R` prints them as any other fields.
 */
export function syscallArguments(text: string): Fields {
  if (text.includes('=')) return keyValues(text);
  const fields: Record<string, FieldValue> = {};
  for (const one of text.split(', ')) {
    const colon = one.indexOf(': ');
    if (colon < 0) continue;
    const value = one.slice(colon + 2);
    const digits = value.startsWith('0x') ? value.slice(2) : value;
    const name = one.slice(0, colon).trim();
    if (!(name in NOTHING)) fields[name] = hexadecimal(digits) ?? value;
  }
  return fields;
}

export function kindOf(value: FieldValue): FieldKind {
  if (typeof value === 'number' || typeof value === 'bigint') return 'integer';
  if (typeof value === 'string') return 'string';
  return value instanceof Uint8Array ? 'bytes' : 'integers';
}
