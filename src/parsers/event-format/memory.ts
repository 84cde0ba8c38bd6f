import type { Fields } from '../parser.ts';
import type { RecordLayout } from './decoder.ts';
import type { FormatField } from './format.ts';
import { decodeText, readInteger } from './read-values.ts';

const encoder = new TextEncoder();
const EMPTY = new Uint8Array(0);

/** Bytes of one element, with the recorded kernel's `long`. */
export function elementBytes(field: FormatField, layout: RecordLayout): number {
  return field.long ? layout.longSize : field.elementSize;
}

/** The bytes a field had in its record, made again from its decoded value. */
export function bytesOf(fields: Fields, field: FormatField, layout: RecordLayout): Uint8Array {
  const value = fields[field.name];
  if (value === undefined) return EMPTY;
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return encoder.encode(`${value}\0`);
  const isScalar = typeof value === 'number' || typeof value === 'bigint';
  const elements = isScalar ? [value] : value;
  const size = isScalar ? field.totalSize : elementBytes(field, layout);
  const bytes = new Uint8Array(elements.length * size);
  const view = new DataView(bytes.buffer);
  for (const [index, element] of elements.entries()) {
    writeInteger(view, index * size, size, element, layout.littleEndian);
  }
  return bytes;
}

function writeInteger(
  view: DataView,
  at: number,
  size: number,
  value: number | bigint,
  littleEndian: boolean,
): void {
  if (size === 8) view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), littleEndian);
  else if (size === 4) view.setUint32(at, Number(value), littleEndian);
  else if (size === 2) view.setUint16(at, Number(value), littleEndian);
  else view.setUint8(at, Number(value));
}

/** Length in bytes of a dynamic array; of a string with its NUL. */
export function lengthOf(fields: Fields, field: FormatField, layout: RecordLayout): number {
  return bytesOf(fields, field, layout).length;
}

/** Unsigned integer at a byte position; 0 beyond the end. */
export function integerAt(
  bytes: Uint8Array,
  at: number,
  size: number,
  littleEndian: boolean,
): number | bigint {
  if (at < 0 || at + size > bytes.length) return 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return readInteger(view, at, size, false, littleEndian);
}

/** C string: up to the first NUL. */
export function textOfBytes(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeText(end < 0 ? bytes : bytes.subarray(0, end));
}

export function hex(bytes: Uint8Array, separator: string): string {
  let text = '';
  for (const [index, byte] of bytes.entries()) {
    if (index > 0) text += separator;
    text += byte < 16 ? `0${byte.toString(16)}` : byte.toString(16);
  }
  return text;
}
