import type { EventType, KernelSymbol } from '../parsers/parser.ts';
import { eventNames, probeRoles, probeRules } from './catalogue.ts';
import type { ProbeRole, ProbeSource, Word } from './occurrence.ts';
import type { Rule, SymbolLookup } from './subsystem.ts';

/** Which end of a function a record marks. */
export type Edge = 'enter' | 'return';

/** A kind of record that marks the entry or the return of kernel functions. */
export interface ProbeShape {
  readonly source: ProbeSource;
  readonly edge: Edge;
  /** The field that holds the function's address. */
  readonly address: string;
}

/** The function a probe record is about, and what the catalogue knows of it. */
export interface ProbeTarget {
  readonly function: string;
  readonly module: string | undefined;
  readonly rule: Rule | undefined;
  readonly role: ProbeRole;
  /** Meaning of the parameters by position, where known. */
  readonly parameters: readonly string[];
  /** The symbol table did not hold the address: the function is guessed from the event's name. */
  readonly guessed: boolean;
}

/**
 * A probe at a function's entry lies at most this far behind its symbol: endbr64 and the patchable
 * area come first. Further in, the table is trimmed and the nearest earlier symbol is another's.
 */
const ENTRY_MAX_BYTES = 16;

const TRACER_SHAPES: ReadonlyMap<string, ProbeShape> = new Map([
  ['function', { source: 'function', edge: 'enter', address: 'ip' }],
  ['funcgraph_entry', { source: 'function_graph', edge: 'enter', address: 'func' }],
  ['funcgraph_retaddr_entry', { source: 'function_graph', edge: 'enter', address: 'func' }],
  ['funcgraph_exit', { source: 'function_graph', edge: 'return', address: 'func' }],
]);

/**
 * kernel/trace/trace_probe.h: entry records of kprobes, fprobes and tracepoint probes begin with
 * __probe_ip, return records with __probe_func and __probe_ret_ip. Undefined for all other events.
 */
export function probeShape(type: EventType): ProbeShape | undefined {
  if (type.system === 'ftrace') return TRACER_SHAPES.get(type.name);
  const names = type.fields.map((field) => field.name);
  if (names.includes('__probe_func')) {
    return { source: 'probe', edge: 'return', address: '__probe_func' };
  }
  if (names.includes('__probe_ip'))
    return { source: 'probe', edge: 'enter', address: '__probe_ip' };
  return undefined;
}

/**
 * The function at an address, or the one the event's name stands for. Text recordings show the symbol
 * instead of the address.
 */
export function resolveTarget(
  address: Word | string | undefined,
  shape: ProbeShape,
  type: EventType,
  symbol: SymbolLookup,
): ProbeTarget | undefined {
  const found = symbolAt(address, symbol);
  if (found && found.offset <= ENTRY_MAX_BYTES) {
    return target(plainName(found.name), found.module, shape.edge, false);
  }
  // the function tracers' records are all of one type: its name says nothing
  if (shape.source !== 'probe') return undefined;
  return target(functionOfEventName(type.name), undefined, shape.edge, true);
}

function symbolAt(
  address: Word | string | undefined,
  symbol: SymbolLookup,
): KernelSymbol | undefined {
  if (address === undefined) return undefined;
  return typeof address === 'string' ? symbolOf(address) : symbol(address);
}

/** `sl_ioctl+0x1ef/0x610 [svmlab]` as the kernel prints it (%pS); without an offset it is the start. With options/sym-addr the address follows. */
function symbolOf(text: string): KernelSymbol | undefined {
  const match =
    /^([^\s+]+)(?:\+0x([0-9a-f]+)(?:\/0x[0-9a-f]+)?)?(?: \[([^\]\s]+)[^\]]*\])?(?: <[0-9a-f]+>)?$/.exec(
      text,
    );
  const [, name, offset, module] = match ?? [];
  if (name === undefined) return undefined;
  return {
    name,
    offset: offset === undefined ? 0 : Number.parseInt(offset, 16),
    ...(module === undefined ? {} : { module }),
  };
}

/** What a probe of this event name would be, before any record showed its address. */
export function presumedTarget(shape: ProbeShape, type: EventType): ProbeTarget {
  return target(functionOfEventName(type.name), undefined, shape.edge, true);
}

function target(
  name: string,
  module: string | undefined,
  edge: Edge,
  guessed: boolean,
): ProbeTarget {
  const known = probeRules.get(name);
  return {
    function: name,
    module,
    rule: known?.[edge],
    role: probeRoles.get(name) ?? 'unknown',
    parameters: known?.parameters ?? [],
    guessed,
  };
}

/**
 * Without the suffixes of the compiler (`.isra.0`, `.constprop.0`, `.part.0`, `.cold`) and the
 * prefixes under which a tracepoint probe finds its tracepoint.
 */
function plainName(symbolName: string): string {
  return symbolName
    .replace(/\.(isra|constprop|part|cold|llvm)\b.*$/, '')
    .replace(/^__(traceiter|probestub)_/, '');
}

/**
 * Events are named after the function, or as a known recipe names them, with something about the kind
 * of probe before or behind: `p_SYMBOL_0` and `r_SYMBOL_0` where no name was given (kernel/trace/
 * trace_kprobe.c), `SYMBOL__entry` and `SYMBOL__exit` (trace_fprobe.c), `SYMBOL__return` and a number
 * behind further ones (perf probe), or what the user found clear.
 */
function functionOfEventName(eventName: string): string {
  let names = [eventName];
  for (let round = 0; round < AFFIXES_MOST; round += 1) {
    for (const name of names) {
      const known = functionNamed(name);
      if (known !== undefined) return known;
    }
    names = names.flatMap((name) => [name.replace(SUFFIX, ''), name.replace(PREFIX, '')]);
  }
  // so that the entry and the return of a function nobody knows have one name
  return eventName
    .replace(/^[pr]_(.+)_\d+$/, '$1')
    .replace(/__?(ret|return|exit|entry|enter)$/, '');
}

const AFFIXES_MOST = 4;
const PREFIX = /^(?:[prkftm]|kp|kr|krp|kprobe|kretprobe|fprobe|probe|trace|my|ev|on)_/;
// not `done`, `start` or `end`: with them other functions of the same driver are named
const SUFFIX = /__?(?:\d+|ret|retval|return|exit|leave|out|entry|enter|in)$/;

function functionNamed(name: string): string | undefined {
  return probeRules.has(name) || probeRoles.has(name) ? name : eventNames.get(name);
}
