import type { Fields } from '../parser.ts';
import type { RecordLayout } from './decoder.ts';
import { fieldNamed, type Scope, withoutCasts } from './evaluate.ts';
import type { FormatField } from './format.ts';
import { int32, unsignedOf } from './integer.ts';
import { bytesOf, hex } from './memory.ts';
import type { Print } from './plugin.ts';
import type { PrintItem } from './print-format.ts';

/**
 * ` name=value` of every field, as `trace-cmd report -R` (libtraceevent's tep_print_fields). A
 * number is shown as the print format shows it, where the format shows the field as it is.
 */
export function compileRawPrint(scope: Scope, items: readonly PrintItem[] | undefined): Print {
  const shown = items ? new ShownFields(scope, items) : undefined;
  const parts = scope.format.fields.map((field): [string, Print] => [
    ` ${field.recordedName}=`,
    (isArray(field) ? undefined : shown?.next(field)) ??
      compileField(field, scope.environment.layout),
  ]);
  return (fields) => {
    let text = '';
    for (const [label, print] of parts) text += label + print(fields);
    return text;
  };
}

function isArray(field: FormatField): boolean {
  return field.storage !== 'fixed' || field.open || field.arrayLength !== undefined;
}

/**
 * Finds the conversion of each field in turn, going on from the last one found and round to the
 * start (print_field of event-parse.c). After the format's last item the search is over for good.
 */
class ShownFields {
  readonly #items: readonly PrintItem[];
  readonly #fields: readonly (FormatField | undefined)[];
  #at: number;

  constructor(scope: Scope, items: readonly PrintItem[]) {
    this.#items = items;
    this.#at = 0;
    this.#fields = items.map((item) => {
      const inner = 'text' in item ? undefined : withoutCasts(item.argument);
      return inner?.kind === 'field' ? fieldNamed(scope, inner.name) : undefined;
    });
  }

  next(field: FormatField): Print | undefined {
    const count = this.#items.length;
    if (this.#at >= count) return undefined;
    let prefix = '';
    for (let step = 0; step < count; step++) {
      const index = (this.#at + step) % count;
      const item = this.#items[index] as PrintItem;
      if ('text' in item) {
        prefix = item.text.endsWith('0x') ? '0x' : '';
      } else if (this.#fields[index] === field) {
        this.#at = index + 1;
        const { print } = item;
        return (fields) => (fields[field.name] === undefined ? '' : prefix + print(fields));
      } else {
        prefix = '';
      }
    }
    return undefined;
  }
}

function compileField(field: FormatField, layout: RecordLayout): Print {
  if (isArray(field)) return compileArray(field, layout);
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
    if (isText) {
      const shown = typeof value === 'string' ? value : latin1(bytesOf(fields, field, layout));
      if (PRINTABLE.test(shown)) return shown;
    }
    isText = false;
    return `ARRAY[${hex(arrayBytes(fields, field, layout), ', ')}]`;
  };
}

/** Bytes up to the first NUL as characters of the same numbers. */
function latin1(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('latin1');
}

/** A fixed array has its whole length, whatever its string's. */
function arrayBytes(fields: Fields, field: FormatField, layout: RecordLayout): Uint8Array {
  const bytes = bytesOf(fields, field, layout);
  if (field.storage !== 'fixed' || field.open || field.kind !== 'string') return bytes;
  const whole = new Uint8Array(field.totalSize);
  whole.set(bytes.subarray(0, field.totalSize));
  return whole;
}
