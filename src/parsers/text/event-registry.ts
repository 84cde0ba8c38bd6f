import type { EventType, Field, FieldKind, Fields, FieldValue } from '../parser.ts';
import { systemOf } from './event-systems.ts';
import {
  type Form,
  FUNCTION,
  type Line,
  STACK,
  SYSCALL_ENTER,
  SYSCALL_EXIT,
  USER_STACK,
} from './line.ts';
import { compilePattern, type Pattern } from './pattern.ts';
import {
  functionFields,
  keyValues,
  kindOf,
  PAYLOAD,
  probeFields,
  syscallArguments,
} from './payload.ts';
import { payloadText } from './payload-text.ts';
import { PRINT_PATTERNS } from './print-patterns.ts';
import { hexadecimal } from './value.ts';

/** Prose can look like fields, with other names in each event. */
const MOST_FIELDS = 64;

/** How the payload of one event type is read. */
export type ReadPayload = (text: string) => Fields;

/** One event type of the text, as it is found out. */
export class TextEventType {
  readonly system: string;
  readonly name: string;
  readonly read: ReadPayload;
  events = 0;
  firstHigh = 0;
  firstLow = 0;
  lastHigh = 0;
  lastLow = 0;
  /** Its place in the header. */
  index = -1;
  readonly #fields = new Map<string, { kind: FieldKind; signed: boolean }>();

  constructor(system: string, name: string, read: ReadPayload, pattern: Pattern | undefined) {
    this.system = system;
    this.name = name;
    this.read = read;
    for (const { name: field, kind, signed } of pattern?.fields ?? []) {
      this.#fields.set(field, { kind, signed });
    }
  }

  /** Learns the fields from an event of the type. */
  learn(fields: Fields): void {
    for (const name in fields) {
      if (name === PAYLOAD) continue;
      const value = fields[name] as FieldValue;
      const kind = kindOf(value);
      const known = this.#fields.get(name);
      const signed = kind === 'integer' && (value as number) < 0;
      if (!known) {
        if (this.#fields.size < MOST_FIELDS) this.#fields.set(name, { kind, signed });
      } else {
        known.signed ||= signed;
        // text can hold numbers, numbers no text
        if (known.kind !== kind) known.kind = 'string';
      }
    }
  }

  /** The type for the header; the text itself is the last field. */
  eventType(index: number): EventType {
    this.index = index;
    const fields: Field[] = [...this.#fields].map(([name, { kind, signed }]) => ({
      name,
      declaration: kind === 'string' ? `text ${name}` : `number ${name}`,
      kind,
      signed,
      size: 8,
    }));
    fields.push({
      name: PAYLOAD,
      declaration: 'the event as recorded',
      kind: 'string',
      signed: false,
      size: 0,
    });
    const { system, name } = this;
    return { index, id: -1, system, name, fields, printFormat: '' };
  }
}

interface Entry {
  readonly form: Form;
  readonly bytes: Uint8Array;
  readonly type: TextEventType;
  readonly next: Entry | undefined;
}

/** The event types by the bytes of their names: no string is made for a line of a known type. */
export class EventRegistry {
  readonly types: TextEventType[] = [];
  readonly #entries = new Map<number, Entry>();
  readonly #byName = new Map<string, TextEventType>();

  /** The type of the line's event. */
  find(bytes: Buffer, line: Line): TextEventType {
    const { form, nameStart, nameEnd } = line;
    let hash = form;
    for (let at = nameStart; at < nameEnd; at++) hash = (hash * 31 + (bytes[at] as number)) | 0;
    const first = this.#entries.get(hash);
    for (let entry = first; entry; entry = entry.next) {
      if (entry.form === form && isEqual(entry.bytes, bytes, nameStart, nameEnd)) return entry.type;
    }
    return this.#add(bytes, line, hash, first);
  }

  #add(bytes: Buffer, line: Line, hash: number, next: Entry | undefined): TextEventType {
    const { form, nameStart, nameEnd, payloadStart, payloadEnd } = line;
    const name = bytes.toString('utf8', nameStart, nameEnd);
    const type = this.#intern(form, name, payloadText(bytes, payloadStart, payloadEnd));
    const copy = Uint8Array.from(bytes.subarray(nameStart, nameEnd));
    this.#entries.set(hash, { form, bytes: copy, type, next });
    return type;
  }

  /** A type of the function tracers. */
  named(system: string, name: string): TextEventType {
    return this.#known(system, name, keyValues);
  }

  #intern(form: Form, text: string, payload: string): TextEventType {
    if (form === SYSCALL_ENTER) return this.#syscall('enter', text);
    if (form === SYSCALL_EXIT) return this.#syscall('exit', text);
    if (form === FUNCTION) return this.#known('ftrace', 'function', functionFields);
    if (form === STACK) return this.#known('ftrace', 'kernel_stack', frames);
    if (form === USER_STACK) return this.#known('ftrace', 'user_stack', frames);
    if (text === '' || text === 'tracing_mark_write') {
      return this.#known('ftrace', 'print', text === '' ? nameless : markWrite);
    }
    const colon = text.indexOf(':');
    const name = text.slice(colon + 1);
    const said = colon < 0 ? undefined : text.slice(0, colon);
    return this.#event(said, name, payload);
  }

  #event(said: string | undefined, name: string, payload: string): TextEventType {
    const own = systemOf(name);
    // the kmem plugin of trace-cmd puts `(function+0x8)` ahead of its events
    const isProbe = probeFields(payload) !== undefined && own !== 'kmem';
    if (isProbe)
      return this.#known(said ?? '', name, (text) => probeFields(text) ?? keyValues(text));
    const system = said ?? own;
    if (system === 'syscalls') {
      const isExit = name.startsWith('sys_exit_');
      return this.#known(system, name, isExit ? syscallReturn : syscallArguments);
    }
    if (system === 'ftrace')
      return this.#known(system, name, FTRACE_READERS.get(name) ?? keyValues);
    const formats = PRINT_PATTERNS.get(name);
    if (!formats || (own !== '' && system !== own)) return this.#known(system, name, keyValues);
    const pattern = compilePattern(formats);
    return this.#known(system, name, (text) => pattern.read(text) ?? keyValues(text), pattern);
  }

  #syscall(edge: 'enter' | 'exit', text: string): TextEventType {
    const name = `sys_${edge}_${text.slice('sys_'.length)}`;
    return this.#known('syscalls', name, edge === 'enter' ? syscallArguments : syscallReturn);
  }

  #known(system: string, name: string, read: ReadPayload, pattern?: Pattern): TextEventType {
    const key = `${system}:${name}`;
    const known = this.#byName.get(key);
    if (known) return known;
    // damage can make a new name of every line
    if (this.types.length >= MOST_TYPES && name !== OTHERS)
      return this.#known('', OTHERS, keyValues);
    const type = new TextEventType(system, name, withPayload(read), pattern);
    this.types.push(type);
    this.#byName.set(key, type);
    return type;
  }
}

/** Kernels have about 3000. */
const MOST_TYPES = 5000;
const OTHERS = 'others';

function isEqual(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[start + i]) return false;
  return true;
}

function withPayload(read: ReadPayload): ReadPayload {
  return (text) => {
    const fields = read(text) as Record<string, FieldValue>;
    fields[PAYLOAD] = text;
    return fields;
  };
}

function syscallReturn(text: string): Fields {
  if (text.includes('=')) return keyValues(text);
  const ret = hexadecimal(text.startsWith('0x') ? text.slice(2) : text);
  return ret === undefined ? {} : { ret };
}

/** `tracing_mark_write: text`, where the name was taken for the event's. */
function markWrite(text: string): Fields {
  return { ip: 'tracing_mark_write', buf: text };
}

function nameless(text: string): Fields {
  return { buf: text };
}

/** `function: text` of `print`, `bprint` and `bputs` as trace-cmd prints them. */
function printed(field: string): ReadPayload {
  return (text) => {
    const colon = text.indexOf(': ');
    return colon < 0
      ? { [field]: text }
      : { ip: text.slice(0, colon), [field]: text.slice(colon + 2) };
  };
}

/** Innermost first, one on each line. */
function frames(text: string): Fields {
  // the first line is `<stack trace>`
  const [, ...lines] = text.split('\n').map((line) => line.trim().replace(/^=>\s*/, ''));
  return { caller: lines.filter((line) => line !== '').join('\n') };
}

/** As `trace-cmd report -N` prints them: `--> sl_open (0)`, `<-- sl_open (0) (start: 33e9 end: 33ea) over: 0`. */
function graphWithoutPlugin(text: string): Fields {
  const match =
    /^(?:-->|<--) (.+?) \((\d+)\)(?: \(start: ([0-9a-f]+) +end: ([0-9a-f]+)\) over: (\d+))?/.exec(
      text,
    );
  const [, func, depth, calltime, rettime, overrun] = match ?? [];
  if (func === undefined) return keyValues(text);
  return {
    func,
    depth: Number(depth),
    ...(calltime === undefined || rettime === undefined
      ? {}
      : {
          calltime: hexadecimal(calltime) ?? 0,
          rettime: hexadecimal(rettime) ?? 0,
          overrun: Number(overrun),
        }),
  };
}

const FTRACE_READERS: ReadonlyMap<string, ReadPayload> = new Map([
  ['function', functionFields],
  ['kernel_stack', frames],
  ['user_stack', frames],
  ['print', printed('buf')],
  ['funcgraph_entry', graphWithoutPlugin],
  ['funcgraph_exit', graphWithoutPlugin],
  ['bprint', printed('fmt')],
  ['bputs', printed('str')],
]);
