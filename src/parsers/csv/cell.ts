/** How values are written in the cells of a CSV capture, and read back exactly. */
import type { FieldKind, FieldValue } from '../parser.ts';
import { decimal, hexadecimal } from '../text/value.ts';

/**
 * Text a spreadsheet would take for a formula gets an apostrophe in front. What begins with
 * apostrophes already gets one more, so that taking one away is exact.
 */
export const FORMULA: RegExp = /^'*[=+\-@\t\r]/;

/** As {@link FORMULA}; the empty text too, as an empty cell is no value. */
export const EVENT_TEXT: RegExp = /^'*(?:[=+\-@\t\r]|$)/;

const INTEGER = /^-?\d{1,20}$/;
const HEXADECIMAL = /^0x[0-9a-fA-F]{1,16}$/;
const LARGEST = 2n ** 64n - 1n;
const SMALLEST = -(2n ** 63n);

/** The text a cell was made from. */
export function textOf(cell: string): string {
  return cell.startsWith("'") && EVENT_TEXT.test(cell) ? cell.slice(1) : cell;
}

/** An integer of 64 bits, signed or not; undefined when the cell is none. */
export function integerOf(cell: string): number | bigint | undefined {
  if (HEXADECIMAL.test(cell)) return hexadecimal(cell.slice(2));
  if (!INTEGER.test(cell)) return undefined;
  const value = decimal(cell);
  if (typeof value !== 'bigint') return value;
  return value <= LARGEST && value >= SMALLEST ? value : undefined;
}

/** The value of a cell that is not empty; undefined when it is none of its kind. */
export function fieldOf(cell: string, kind: FieldKind): FieldValue | undefined {
  if (kind === 'integer') return integerOf(cell);
  const text = textOf(cell);
  if (kind === 'string') return text;
  if (kind === 'bytes') {
    return /^(?:[0-9a-f]{2})*$/i.test(text) ? Buffer.from(text, 'hex') : undefined;
  }
  const values = (text === '' ? [] : text.split(' ')).map(integerOf);
  const whole = values.filter((value) => value !== undefined);
  return whole.length === values.length ? whole : undefined;
}

/** What is written for a value; numbers stay numbers, so that `-1` is not taken for a formula. */
export function cellOf(value: FieldValue | undefined): string | number | bigint | null {
  if (value === undefined) return null;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value === 'object') return value.join(' ');
  return value;
}

/** A column's heading: the field's name, and its kind where that is not integer. */
export function headingOf(name: string, kind: FieldKind): string {
  return kind === 'integer' ? name : `${name}:${kind}`;
}
