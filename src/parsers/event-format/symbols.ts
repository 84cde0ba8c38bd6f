import type { KernelSymbol } from '../parser.ts';

/** The symbols of one kernel, from the text of /proc/kallsyms. */
export interface SymbolTable {
  /** The symbol an address lies in; undefined below the first and above the last one. */
  lookup(address: number | bigint): KernelSymbol | undefined;
}

/** Sorted by address; names stay bytes of the text until somebody asks. */
interface Sorted {
  readonly hi: Uint32Array;
  readonly lo: Uint32Array;
  readonly nameStart: Uint32Array;
  readonly nameEnd: Uint32Array;
  /** 0 where the symbol belongs to the kernel itself. */
  readonly moduleStart: Uint32Array;
  readonly moduleEnd: Uint32Array;
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

function namesOf(sorted: Sorted, at: number, text: Uint8Array, decoder: TextDecoder) {
  const slice = (from: number, to: number) => decoder.decode(text.subarray(from, to));
  const moduleStart = word(sorted.moduleStart, at);
  return {
    name: slice(word(sorted.nameStart, at), word(sorted.nameEnd, at)),
    module: moduleStart === 0 ? undefined : slice(moduleStart, word(sorted.moduleEnd, at)),
  };
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
  return {
    hi: pick(table.hi),
    lo: pick(table.lo),
    nameStart: pick(table.nameStart),
    nameEnd: pick(table.nameEnd),
    moduleStart: pick(table.moduleStart),
    moduleEnd: pick(table.moduleEnd),
  };
}

const NEWLINE = 0x0a;

/** Lines are `ffffffff81000000 T name` with `\t[module]` after the symbols of modules. */
function readLines(text: Uint8Array): Sorted {
  let lines = 1;
  for (const byte of text) if (byte === NEWLINE) lines++;
  const column = () => new Uint32Array(lines);
  const table = {
    hi: column(),
    lo: column(),
    nameStart: column(),
    nameEnd: column(),
    moduleStart: column(),
    moduleEnd: column(),
  };
  let count = 0;
  for (let start = 0; start < text.length; ) {
    let end = text.indexOf(NEWLINE, start);
    if (end < 0) end = text.length;
    if (readLine(text, start, end, table, count)) count++;
    start = end + 1;
  }
  return {
    hi: table.hi.subarray(0, count),
    lo: table.lo.subarray(0, count),
    nameStart: table.nameStart.subarray(0, count),
    nameEnd: table.nameEnd.subarray(0, count),
    moduleStart: table.moduleStart.subarray(0, count),
    moduleEnd: table.moduleEnd.subarray(0, count),
  };
}

function readLine(
  text: Uint8Array,
  start: number,
  end: number,
  table: Sorted,
  row: number,
): boolean {
  const digits = readAddress(text, start, end, table, row);
  const nameStart = start + digits + 3;
  if (digits === 0 || nameStart >= end || !isBlank(text[start + digits])) return false;
  if (isNoFunction(text[start + digits + 1], text[nameStart])) return false;
  let nameEnd = nameStart;
  while (nameEnd < end && !isBlank(text[nameEnd])) nameEnd++;
  table.nameStart[row] = nameStart;
  table.nameEnd[row] = nameEnd;
  const hasModule = nameEnd + 1 < end && text[nameEnd + 1] === 0x5b;
  table.moduleStart[row] = hasModule ? nameEnd + 2 : 0;
  if (hasModule) {
    const close = text.indexOf(0x5d, nameEnd);
    table.moduleEnd[row] = close > 0 && close < end ? close : end;
  }
  return true;
}

/** Number of hexadecimal digits read. */
function readAddress(
  text: Uint8Array,
  start: number,
  end: number,
  table: Sorted,
  row: number,
): number {
  let hi = 0;
  let lo = 0;
  let at = start;
  for (; at < end && at - start < 16; at++) {
    const digit = hexDigit(text[at] as number);
    if (digit < 0) break;
    hi = ((hi << 4) | (lo >>> 28)) >>> 0;
    lo = ((lo << 4) | digit) >>> 0;
  }
  table.hi[row] = hi;
  table.lo[row] = lo;
  return at - start;
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
