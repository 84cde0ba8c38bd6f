/**
 * One row as SQLite stores it: a record (https://sqlite.org/fileformat2.html#record_format). Types
 * and values are collected in two scratch buffers, because the types stand first.
 */
import { endianness } from 'node:os';

const TWO_32 = 4294967296;
/** Integers of 6 bytes end here. */
const SIX_BYTES = 2 ** 47;
const INTEGER_END = 2 ** 63;
const SCRATCH_BYTES = 1 << 16;

/** A bigint and its halves share memory: far cheaper than shifting it. */
const wideValue = new BigInt64Array(1);
const wideWords = new Int32Array(wideValue.buffer);
const HIGH = endianness() === 'LE' ? 1 : 0;

export class RecordWriter {
  #types: Buffer = Buffer.alloc(SCRATCH_BYTES);
  #typesEnd = 0;
  #values: Buffer = Buffer.alloc(SCRATCH_BYTES);
  #valuesEnd = 0;

  begin(): void {
    this.#typesEnd = 0;
    this.#valuesEnd = 0;
  }

  null(): void {
    this.#type(0);
  }

  /** A whole number, in as few bytes as it takes. */
  integer(value: number): void {
    if (value >= -32_768 && value <= 32_767) this.#short(value);
    else if (value >= -2_147_483_648 && value <= 2_147_483_647) {
      this.#word(value);
      this.#type(4);
    } else if (!(value < INTEGER_END && value >= -INTEGER_END)) {
      // a damaged time stamp: the nearest integer there is
      this.wide(value > 0 ? 2n ** 63n - 1n : -(2n ** 63n));
    } else {
      const high = Math.floor(value / TWO_32);
      if (value >= -SIX_BYTES && value < SIX_BYTES) {
        this.#values[this.#valuesEnd++] = high >> 8;
        this.#values[this.#valuesEnd++] = high;
        this.#type(5);
      } else {
        this.#word(high);
        this.#type(6);
      }
      this.#word(value - high * TWO_32);
    }
  }

  /** A signed 64-bit value. */
  wide(value: bigint): void {
    wideValue[0] = value;
    this.#word(wideWords[HIGH] as number);
    this.#word(wideWords[1 - HIGH] as number);
    this.#type(6);
  }

  text(value: string): void {
    const { length } = value;
    this.#reserve(length * 3);
    const values = this.#values;
    const at = this.#valuesEnd;
    let n = 0;
    for (; n < length; n += 1) {
      const code = value.charCodeAt(n);
      if (code > 0x7f) break;
      values[at + n] = code;
    }
    const bytes = n === length ? length : values.write(value, at, 'utf8');
    this.#valuesEnd = at + bytes;
    this.#type(13 + 2 * bytes);
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#values.set(value, this.#valuesEnd);
    this.#valuesEnd += value.length;
    this.#type(12 + 2 * value.length);
  }

  /** Bytes of the record. */
  get size(): number {
    return this.#headerSize() + this.#valuesEnd;
  }

  /** Writes the record; gives the position after it. */
  copyTo(target: Uint8Array, start: number): number {
    let at = writeVarint(target, start, this.#headerSize());
    const types = this.#types;
    for (let n = 0; n < this.#typesEnd; n += 1) target[at + n] = types[n] as number;
    at += this.#typesEnd;
    const values = this.#values;
    for (let n = 0; n < this.#valuesEnd; n += 1) target[at + n] = values[n] as number;
    return at + this.#valuesEnd;
  }

  /** The header counts its own length, which is a varint too. */
  #headerSize(): number {
    let size = this.#typesEnd + 1;
    while (size < this.#typesEnd + varintSize(size)) size += 1;
    return size;
  }

  #type(type: number): void {
    if (type < 0x80) this.#types[this.#typesEnd++] = type;
    else this.#typesEnd = writeVarint(this.#types, this.#typesEnd, type);
  }

  /** 0 and 1 are types of their own. */
  #short(value: number): void {
    if (value === 0) this.#type(8);
    else if (value === 1) this.#type(9);
    else if (value >= -128 && value <= 127) {
      this.#values[this.#valuesEnd++] = value;
      this.#type(1);
    } else {
      this.#values[this.#valuesEnd++] = value >> 8;
      this.#values[this.#valuesEnd++] = value;
      this.#type(2);
    }
  }

  #word(value: number): void {
    const values = this.#values;
    const at = this.#valuesEnd;
    values[at] = value >>> 24;
    values[at + 1] = value >>> 16;
    values[at + 2] = value >>> 8;
    values[at + 3] = value;
    this.#valuesEnd = at + 4;
  }

  /** Keeps room for `bytes` and for the integers that may follow: a row has at most 2000 columns. */
  #reserve(bytes: number): void {
    const needed = this.#valuesEnd + bytes + SCRATCH_BYTES / 2;
    if (needed <= this.#values.length) return;
    const larger = Buffer.alloc(2 * needed);
    this.#values.copy(larger, 0, 0, this.#valuesEnd);
    this.#values = larger;
  }
}

/** Bytes of a varint (https://sqlite.org/fileformat2.html#varint); values up to 2^53. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  let size = 4;
  for (let rest = Math.floor(value / 0x1000_0000); rest > 0; rest = Math.floor(rest / 0x80)) {
    size += 1;
  }
  return size;
}

/** Gives the position after it. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  if (value < 0x80) {
    target[at] = value;
    return at + 1;
  }
  const end = at + varintSize(value);
  let rest = value;
  let n = end - 1;
  // 7 bits at a time; bit operations as soon as the rest has 32 bits
  for (; rest >= 0x8000_0000; n -= 1) {
    target[n] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  for (; n >= at; n -= 1) {
    target[n] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[end - 1] = (target[end - 1] as number) & 0x7f;
  return end;
}
