import type { Fields } from '../parser.ts';
import type { RecordLayout } from './decoder.ts';
import type { EventFormat, FormatField } from './format.ts';
import { int32, unsignedOf } from './integer.ts';
import { bytesOf, hex, textOfBytes } from './memory.ts';
import type { Print } from './print.ts';

/** ` name=value` of every field, as `trace-cmd report -R` (libtraceevent's tep_print_fields). */
export function compileRawPrint(format: EventFormat, layout: RecordLayout): Print {
  const parts = format.fields.map((field): [string, Print] => [
    ` ${field.recordedName}=`,
    compileField(field, layout),
  ]);
  return (fields) => {
    let text = '';
    for (const [label, print] of parts) text += label + print(fields);
    return text;
  };
}

function compileField(field: FormatField, layout: RecordLayout): Print {
  const isArray = field.storage !== 'fixed' || field.open || field.arrayLength !== undefined;
  if (isArray) return compileArray(field, layout);
  if (field.kind !== 'integer') return () => '0';
  const print = integerPrinter(field);
  return (fields) => {
    const value = fields[field.name];
    return typeof value === 'number' || typeof value === 'bigint' ? print(value) : '';
  };
}

/** Addresses in hexadecimal: pointers, and every `long`, which the kernel keeps addresses in. */
function integerPrinter(field: FormatField): (value: number | bigint) => string {
  const { totalSize, typeName } = field;
  const hexadecimal = (value: number | bigint) => `0x${unsignedOf(value, totalSize).toString(16)}`;
  if (typeName.includes('*')) return hexadecimal;
  const isLong = /\blong\b/.test(typeName);
  if (!field.signed) return isLong ? hexadecimal : String;
  if (totalSize === 4 && isLong) return hexadecimal;
  if (totalSize === 2) return (value) => String(int32(value as number)).padStart(2);
  return String;
}

const PRINTABLE = /^[\t-\r -~]*$/;

/**
 * Text where the type is of characters and they are printable. Once one value of a field is not,
 * libtraceevent shows all later ones byte by byte as well.
 */
function compileArray(field: FormatField, layout: RecordLayout): Print {
  let isText = /char|[us]8/.test(field.typeName);
  return (fields: Fields) => {
    const value = fields[field.name];
    if (value === undefined) return '';
    const text = typeof value === 'string' ? value : undefined;
    if (isText) {
      const shown = text ?? textOfBytes(bytesOf(fields, field, layout));
      if (PRINTABLE.test(shown)) return shown;
    }
    isText = false;
    return `ARRAY[${hex(arrayBytes(fields, field, layout), ', ')}]`;
  };
}

/** A fixed array has its whole length, whatever its string's. */
function arrayBytes(fields: Fields, field: FormatField, layout: RecordLayout): Uint8Array {
  const bytes = bytesOf(fields, field, layout);
  if (field.storage !== 'fixed' || field.open || field.kind !== 'string') return bytes;
  const whole = new Uint8Array(field.totalSize);
  whole.set(bytes.subarray(0, field.totalSize));
  return whole;
}
