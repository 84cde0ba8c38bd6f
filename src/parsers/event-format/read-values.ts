/**
 * Readers of single values out of a record, exact to the last bit: a 64-bit value is a number
 * where a number can hold it, else a bigint.
 */

const TWO_32 = 4294967296;
/** High words below this make numbers up to 2^53 - 1. */
const EXACT_HIGH = 0x200000;

export type Integers = readonly (number | bigint)[];

export function readU64(view: DataView, at: number, littleEndian: boolean): number | bigint {
  const high = view.getUint32(littleEndian ? at + 4 : at, littleEndian);
  if (high >= EXACT_HIGH) return view.getBigUint64(at, littleEndian);
  return high * TWO_32 + view.getUint32(littleEndian ? at : at + 4, littleEndian);
}

export function readS64(view: DataView, at: number, littleEndian: boolean): number | bigint {
  const high = view.getInt32(littleEndian ? at + 4 : at, littleEndian);
  // -2^53 itself is no safe integer, so the lowest high word is left to bigint.
  if (high >= EXACT_HIGH || high <= -EXACT_HIGH) return view.getBigInt64(at, littleEndian);
  return high * TWO_32 + view.getUint32(littleEndian ? at : at + 4, littleEndian);
}

/** Integer of 1, 2, 4 or 8 bytes. */
export function readInteger(
  view: DataView,
  at: number,
  size: number,
  signed: boolean,
  littleEndian: boolean,
): number | bigint {
  switch (size) {
    case 1:
      return signed ? view.getInt8(at) : view.getUint8(at);
    case 2:
      return signed ? view.getInt16(at, littleEndian) : view.getUint16(at, littleEndian);
    case 4:
      return signed ? view.getInt32(at, littleEndian) : view.getUint32(at, littleEndian);
    default:
      return signed ? readS64(view, at, littleEndian) : readU64(view, at, littleEndian);
  }
}

export function readIntegers(
  view: DataView,
  at: number,
  count: number,
  size: number,
  signed: boolean,
  littleEndian: boolean,
): Integers {
  const values: (number | bigint)[] = [];
  for (let i = 0; i < count; i++) {
    values.push(readInteger(view, at + i * size, size, signed, littleEndian));
  }
  return values;
}

/** A copy: the record's buffer is reused by the parser. */
export function readBytes(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length).slice();
}

const CACHE_SLOTS = 4096;
const LONGEST_CACHED = 64;
const cache: string[] = new Array<string>(CACHE_SLOTS).fill('');

/**
 * The string of at most `length` bytes that ends at the first NUL. Traces repeat few strings (task
 * names, driver names) millions of times, so ASCII strings come from a cache by hash.
 */
export function readString(view: DataView, at: number, length: number): string {
  let hash = 0;
  let seen = 0;
  let end = 0;
  for (; end < length; end++) {
    const byte = view.getUint8(at + end);
    if (byte === 0) break;
    seen |= byte;
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  if (end === 0) return '';
  if (seen > 0x7f) return decodeText(new Uint8Array(view.buffer, view.byteOffset + at, end));
  if (end > LONGEST_CACHED) return asciiString(view, at, end);
  const slot = (hash ^ (hash >>> 12)) & (CACHE_SLOTS - 1);
  const cached = cache[slot] as string;
  if (equalsAscii(cached, view, at, end)) return cached;
  const text = asciiString(view, at, end);
  cache[slot] = text;
  return text;
}

function equalsAscii(text: string, view: DataView, at: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== view.getUint8(at + i)) return false;
  return true;
}

const latin1 = new TextDecoder('latin1');
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function asciiString(view: DataView, at: number, length: number): string {
  return latin1.decode(new Uint8Array(view.buffer, view.byteOffset + at, length));
}

/** Text as UTF-8; what is not UTF-8 keeps its bytes as `\xe9` escapes. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    let text = '';
    for (const byte of bytes) {
      text += byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`;
    }
    return text;
  }
}
