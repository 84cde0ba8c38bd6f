import type { KernelSymbol } from '../parser.ts';

/** The symbols of one kernel, from the text of /proc/kallsyms. */
export interface SymbolTable {
  /** The symbol an address lies in; undefined below the first and above the last one. */
  lookup(address: number | bigint): KernelSymbol | undefined;
}

/** Sorted by address; of a line only where it starts is kept until somebody asks for its name. */
interface Sorted {
  readonly hi: Uint32Array;
  readonly lo: Uint32Array;
  /** Where the name of the symbol starts in the text. */
  readonly name: Uint32Array;
}

/** Addresses looked up last: call sites repeat, and each look-up is a bisection of 200 000 symbols. */
const REMEMBERED = 8192;

/** Reads nothing until the first look-up: most analyses need few symbols or none. */
export function parseKallsyms(text: Uint8Array): SymbolTable {
  let sorted: Sorted | undefined;
  const decoder = new TextDecoder('latin1');
  const known = new Map<number | bigint, KernelSymbol | undefined>();
  const find = (address: number | bigint): KernelSymbol | undefined => {
    sorted ??= sortByAddress(readLines(text));
    const wide = BigInt.asUintN(64, BigInt(address));
    const hi = Number(wide >> 32n);
    const lo = Number(wide & 0xffffffffn);
    const at = findSymbol(sorted, hi, lo);
    if (at < 0) return undefined;
    const { name, module } = namesOf(sorted, at, text, decoder);
    const offset = (hi - word(sorted.hi, at)) * 4294967296 + (lo - word(sorted.lo, at));
    return module === undefined ? { name, offset } : { name, offset, module };
  };
  return {
    lookup(address) {
      const remembered = known.get(address);
      if (remembered !== undefined || known.has(address)) return remembered;
      const symbol = find(address);
      if (known.size >= REMEMBERED) known.clear();
      known.set(address, symbol);
      return symbol;
    },
  };
}

/** `name`, or `name\t[module]` of modules, up to the end of the line. */
function namesOf(sorted: Sorted, at: number, text: Uint8Array, decoder: TextDecoder) {
  const start = word(sorted.name, at);
  const newline = text.indexOf(NEWLINE, start);
  const line = decoder.decode(text.subarray(start, newline < 0 ? text.length : newline));
  const [name = '', rest] = line.split(/[ \t]/, 2);
  if (rest === undefined || !rest.startsWith('[')) return { name, module: undefined };
  const close = rest.indexOf(']');
  return { name, module: rest.slice(1, close < 0 ? rest.length : close) };
}

function word(column: Uint32Array, index: number): number {
  return column[index] as number;
}

/**
 * Symbols that share an address are common (aliases). Which of them is shown follows from the
 * order of the bisection, so it is the same bisection as libtraceevent's __find_func (bsearch over
 * a table in which aliases stand in reverse order of the file).
 */
function findSymbol(sorted: Sorted, hi: number, lo: number): number {
  let low = 0;
  let high = sorted.hi.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = compare(hi, lo, sorted, middle);
    if (order === 0) return middle;
    if (order < 0) {
      high = middle;
      continue;
    }
    if (middle + 1 < sorted.hi.length && compare(hi, lo, sorted, middle + 1) < 0) return middle;
    low = middle + 1;
  }
  return -1;
}

function compare(hi: number, lo: number, sorted: Sorted, at: number): number {
  const otherHi = word(sorted.hi, at);
  return hi === otherHi ? lo - word(sorted.lo, at) : hi - otherHi;
}

function sortByAddress(table: Sorted): Sorted {
  const count = table.hi.length;
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  order.sort((a, b) => {
    const high = word(table.hi, a) - word(table.hi, b);
    if (high !== 0) return high;
    const low = word(table.lo, a) - word(table.lo, b);
    return low !== 0 ? low : b - a;
  });
  const pick = (column: Uint32Array) => {
    const picked = new Uint32Array(count);
    for (let i = 0; i < count; i++) picked[i] = word(column, word(order, i));
    return picked;
  };
  return { hi: pick(table.hi), lo: pick(table.lo), name: pick(table.name) };
}

const NEWLINE = 0x0a;
/** A line is at least an address of 8 digits, a type, a letter, two blanks and its end. */
const SHORTEST_LINE = 13;

/**
 * Lines are `ffffffff81000000 T name`. One loop over the bytes: a kernel has 200 000 symbols, and a
 * call for each of their lines took longer than the rest.
 */
function readLines(text: Uint8Array): Sorted {
  const most = Math.ceil(text.length / SHORTEST_LINE) + 1;
  const his = new Uint32Array(most);
  const los = new Uint32Array(most);
  const names = new Uint32Array(most);
  let count = 0;
  let at = 0;
  while (at < text.length) {
    const start = at;
    let hi = 0;
    let lo = 0;
    let digit = hexDigit(text[at] as number);
    while (digit >= 0 && at - start < 16) {
      hi = (hi << 4) | (lo >>> 28);
      lo = (lo << 4) | digit;
      digit = hexDigit(text[++at] as number);
    }
    const name = at + 3;
    if (at > start && isSymbol(text, at) && count < most) {
      his[count] = hi;
      los[count] = lo;
      names[count++] = name;
    }
    while (at < text.length && text[at] !== NEWLINE) at++;
    at++;
  }
  return { hi: his.slice(0, count), lo: los.slice(0, count), name: names.slice(0, count) };
}

/** Whether ` T name` follows at `at`, of a function: see {@link isNoFunction}. */
function isSymbol(text: Uint8Array, at: number): boolean {
  const first = text[at + 3];
  if (!isBlank(text[at]) || first === undefined || text[at + 1] === NEWLINE) return false;
  if (text[at + 2] === NEWLINE || first === NEWLINE) return false;
  return !isNoFunction(text[at + 1], first);
}

/**
 * The mapping symbols of ARM ($a, $d, $x) and the per-CPU offsets of x86-64 (type A) lie at
 * addresses of functions and are none (libtracecmd leaves them out as well).
 */
function isNoFunction(type: number | undefined, firstOfName: number | undefined): boolean {
  return type === 0x41 || type === 0x61 || firstOfName === 0x24;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09;
}
