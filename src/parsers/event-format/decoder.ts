import type { Fields, FieldValue } from '../parser.ts';
import type { EventFormat, FormatField } from './format.ts';
import {
  readBytes,
  readInteger,
  readIntegers,
  readS64,
  readString,
  readU64,
} from './read-values.ts';

/** How the recorded machine lays out its records. */
export interface RecordLayout {
  readonly littleEndian: boolean;
  readonly longSize: 4 | 8;
}

/**
 * Decodes the record of `size` bytes at `offset`, where its common_type stands. Reads nothing
 * beyond it: of a record cut short the fields that are there are given, the others are absent.
 */
export type Decode = (view: DataView, offset: number, size: number) => Fields;

/**
 * Generates the decoder of one event type: straight-line code that builds one object literal, so
 * that all events of a type share one hidden class (a loop over field descriptions is several
 * times slower).
 */
export function compileDecoder(format: EventFormat, layout: RecordLayout): Decode {
  const fields = format.fields;
  const needed = fields.reduce((end, field) => Math.max(end, field.offset + fixedSize(field)), 0);
  const entries = fields.map(
    (field, index) => `${key(field.name)}: ${expression(field, index, layout)}`,
  );
  const source = `return (view, offset, size) => size < ${needed}
    ? decodeShort(view, offset, size)
    : { ${entries.join(',\n')} };`;
  const make = new Function('readU64', 'readS64', 'readString', 'located', 'decodeShort', source);
  const located = (view: DataView, offset: number, size: number, index: number): FieldValue =>
    readLocated(view, offset, size, fields[index] as FormatField, layout);
  const decodeShort: Decode = (view, offset, size) =>
    decodeFields(fields, layout, view, offset, size);
  const generated = make(readU64, readS64, readString, located, decodeShort) as Decode;
  return generated;

  /** The expression that reads one field whose fixed part lies within the record. */
  function expression(field: FormatField, index: number, to: RecordLayout): string {
    const at = `offset + ${field.offset}`;
    const little = String(to.littleEndian);
    if (field.storage === 'fixed' && !field.open) {
      if (field.kind === 'integer') return integerExpression(field, at, little);
      if (field.kind === 'string') return `readString(view, ${at}, ${field.totalSize})`;
    }
    return `located(view, offset, size, ${index})`;
  }
}

/** A computed key keeps `__proto__` a plain property. */
function key(name: string): string {
  return name === '__proto__' ? '["__proto__"]' : JSON.stringify(name);
}

function integerExpression(field: FormatField, at: string, little: string): string {
  const sign = field.signed ? 'Int' : 'Uint';
  if (field.totalSize === 8)
    return `${field.signed ? 'readS64' : 'readU64'}(view, ${at}, ${little})`;
  const argument = field.totalSize === 1 ? '' : `, ${little}`;
  return `view.get${sign}${field.totalSize * 8}(${at}${argument})`;
}

function fixedSize(field: FormatField): number {
  if (field.open) return 0;
  return field.storage === 'fixed' ? field.totalSize : 4;
}

function decodeFields(
  fields: readonly FormatField[],
  layout: RecordLayout,
  view: DataView,
  offset: number,
  size: number,
): Fields {
  const decoded: [string, FieldValue][] = [];
  for (const field of fields) {
    if (field.offset + fixedSize(field) > size) continue;
    const value =
      field.kind === 'integer'
        ? readInteger(
            view,
            offset + field.offset,
            field.totalSize,
            field.signed,
            layout.littleEndian,
          )
        : readLocated(view, offset, size, field, layout);
    decoded.push([field.name, value]);
  }
  return Object.fromEntries(decoded);
}

/** Arrays, strings and bytes, wherever in the record they lie. */
function readLocated(
  view: DataView,
  offset: number,
  size: number,
  field: FormatField,
  layout: RecordLayout,
): FieldValue {
  let start = field.offset;
  let length = field.open ? size - start : field.totalSize;
  if (field.storage !== 'fixed') {
    // The location is length << 16 | offset; __rel_loc counts from the end of the location itself.
    const location = view.getUint32(offset + field.offset, layout.littleEndian);
    start = (location & 0xffff) + (field.storage === 'rel_loc' ? field.offset + 4 : 0);
    length = location >>> 16;
  }
  start = Math.min(start, size);
  length = Math.min(length, size - start);
  if (field.kind === 'string') return readString(view, offset + start, length);
  if (field.kind === 'bytes') return readBytes(view, offset + start, length);
  const element = field.long ? layout.longSize : field.elementSize;
  const count = Math.floor(length / element);
  return readIntegers(view, offset + start, count, element, field.signed, layout.littleEndian);
}
