import type { Fields } from '../parser.ts';
import {
  type BytesOf,
  compileBytes,
  compileNumber,
  fieldNamed,
  type NumberOf,
  type Pad,
  type Scope,
  storedField,
  type TextOf,
  withoutCasts,
} from './evaluate.ts';
import type { Expression } from './expression.ts';
import { flagsText, symbolicText } from './flag-tables.ts';
import type { FormatField } from './format.ts';
import { hexDump } from './hex-dump.ts';
import { int32 } from './integer.ts';
import { bytesOf, elementBytes, hex, integerAt, textOfBytes } from './memory.ts';
import { pageRequestText } from './page-request.ts';
import { printkText } from './printk.ts';

type Call = Expression & { kind: 'call' };

/**
 * Compiles the argument of a `%s`. The parts of __print_flags are padded one by one and values
 * without a name not at all, as libtraceevent's print_str_arg does.
 * @throws SyntaxError for what no text can come of.
 */
export function compileText(expression: Expression, scope: Scope, pad: Pad): TextOf {
  const inner = withoutCasts(expression);
  switch (inner.kind) {
    case 'string':
      return fixed(pad(inner.text));
    case 'name':
      return fixed(pad(inner.name));
    case 'number':
      return fixed(pad(String(inner.value)));
    case 'field':
      return fieldText(fieldNamed(scope, inner.name), scope, pad);
    case 'conditional': {
      const test = compileNumber(inner.test, scope);
      const yes = compileText(inner.yes, scope, pad);
      const no = compileText(inner.no, scope, pad);
      return (fields) => (test(fields) === 0 ? no(fields) : yes(fields));
    }
    case 'call':
      return compileCallText(inner, scope, pad);
    default: {
      const field = storedField(inner, scope);
      if (field) return fieldText(field, scope, pad);
      const memory = compileBytes(inner, scope);
      return (fields) => pad(textOfBytes(memory(fields)));
    }
  }
}

function fixed(text: string): TextOf {
  return () => text;
}

/** A `%s` of a scalar of pointer size is a string of the kernel, known if it is a printk format. */
function fieldText(field: FormatField, scope: Scope, pad: Pad): TextOf {
  const { name } = field;
  const { environment } = scope;
  if (field.kind === 'string') return (fields) => pad((fields[name] as string | undefined) ?? '');
  if (field.kind === 'integer' && field.totalSize === environment.layout.longSize) {
    return (fields) => {
      const address = (fields[name] as number | bigint | undefined) ?? 0;
      const text = environment.printk(address);
      return text === undefined
        ? BigInt.asUintN(64, BigInt(address)).toString(16)
        : printkText(text);
    };
  }
  return (fields) => pad(textOfBytes(bytesOf(fields, field, environment.layout)));
}

type CompileCall = (call: Call, scope: Scope, pad: Pad) => TextOf;

const TEXT_FUNCTIONS: Readonly<Record<string, CompileCall>> = {
  __print_flags: (call, scope, pad) => {
    const [value, delimiter, ...pairs] = call.arguments;
    const of = compileNumber(required(value, call), scope);
    return flagsText(of, textLiteral(delimiter), pairs, scope, pad);
  },
  __print_flags_u64: (call, scope, pad) => text(TEXT_FUNCTIONS.__print_flags, call, scope, pad),
  __print_symbolic: (call, scope, pad) => {
    const [value, ...pairs] = call.arguments;
    return symbolicText(compileNumber(required(value, call), scope), pairs, scope, pad);
  },
  __print_symbolic_u64: (call, scope, pad) =>
    text(TEXT_FUNCTIONS.__print_symbolic, call, scope, pad),
  __print_hex: (call, scope) => hexText(call, scope, ' '),
  __print_hex_str: (call, scope) => hexText(call, scope, ''),
  __print_array: arrayText,
  __print_dynamic_array: dynamicArrayText,
  __print_hex_dump: (call, scope) => {
    const [prefix, , rowSize, groupSize, buffer, length, ascii] = call.arguments;
    const number = (argument: Expression | undefined) =>
      compileNumber(required(argument, call), scope);
    const memory = bounded(buffer, length, call, scope);
    const [row, group, withText] = [number(rowSize), number(groupSize), number(ascii)];
    const label = textLiteral(prefix);
    const { littleEndian } = scope.environment.layout;
    return (fields) =>
      hexDump(memory(fields), {
        prefix: label,
        rowSize: Number(row(fields)),
        groupSize: Number(group(fields)),
        ascii: withText(fields) !== 0,
        littleEndian,
      });
  },
  __get_bitmask: (call, scope, pad) => maskText(call, scope, pad, bitmaskText),
  __get_rel_bitmask: (call, scope, pad) => maskText(call, scope, pad, bitmaskText),
  __get_cpumask: (call, scope, pad) => maskText(call, scope, pad, bitListText),
  __get_rel_cpumask: (call, scope, pad) => maskText(call, scope, pad, bitListText),
  str_yes_no: (call, scope, pad) => choice(call, scope, pad, 'yes', 'no'),
  str_on_off: (call, scope, pad) => choice(call, scope, pad, 'on', 'off'),
  str_true_false: (call, scope, pad) => choice(call, scope, pad, 'true', 'false'),
  str_enabled_disabled: (call, scope, pad) => choice(call, scope, pad, 'enabled', 'disabled'),
  str_enable_disable: (call, scope, pad) => choice(call, scope, pad, 'enable', 'disable'),
  str_read_write: (call, scope, pad) => choice(call, scope, pad, 'read', 'write'),
  decode_prq_descriptor: (call, scope, pad) => {
    const words = call.arguments.slice(2, 6).map((word) => compileNumber(word, scope));
    if (words.length < 4) throw new SyntaxError(`${call.name} lacks an argument`);
    return (fields) => pad(pageRequestText(words.map((word) => BigInt(word(fields)))));
  },
  jbd2_dev_to_name: (call, scope) => {
    const device = compileNumber(required(call.arguments[0], call), scope);
    return (fields) => deviceText(int32(device(fields)) >>> 0);
  },
};

function text(compile: CompileCall | undefined, call: Call, scope: Scope, pad: Pad): TextOf {
  if (!compile) throw new SyntaxError(`function ${call.name} not defined`);
  return compile(call, scope, pad);
}

function compileCallText(call: Call, scope: Scope, pad: Pad): TextOf {
  if (Object.hasOwn(TEXT_FUNCTIONS, call.name)) {
    return text(TEXT_FUNCTIONS[call.name], call, scope, pad);
  }
  const field = storedField(call, scope);
  if (!field) throw new SyntaxError(`function ${call.name} not defined`);
  return fieldText(field, scope, pad);
}

function required(expression: Expression | undefined, call: Call): Expression {
  if (!expression) throw new SyntaxError(`${call.name} lacks an argument`);
  return expression;
}

function textLiteral(expression: Expression | undefined): string {
  const inner = expression && withoutCasts(expression);
  return inner?.kind === 'string' ? inner.text : '';
}

function choice(call: Call, scope: Scope, pad: Pad, yes: string, no: string): TextOf {
  const value = compileNumber(required(call.arguments[0], call), scope);
  return (fields) => pad(value(fields) === 0 ? no : yes);
}

/** MKDEV of include/linux/kdev_t.h. */
function deviceText(device: number): string {
  return `${device >>> 20}:${device & 0xfffff}`;
}

/** The first `length` bytes of a buffer, or as many as the record has. */
function bounded(
  buffer: Expression | undefined,
  length: Expression | undefined,
  call: Call,
  scope: Scope,
): BytesOf {
  const memory = compileBytes(required(buffer, call), scope);
  const size: NumberOf = compileNumber(required(length, call), scope);
  return (fields) => memory(fields).subarray(0, Math.max(0, int32(size(fields))));
}

function hexText(call: Call, scope: Scope, separator: string): TextOf {
  const memory = bounded(call.arguments[0], call.arguments[1], call, scope);
  return (fields) => hex(memory(fields), separator);
}

/** Decimal and with spaces, where the kernel itself prints `{0x1,0x2}`. */
function arrayText(call: Call, scope: Scope): TextOf {
  const [buffer, count, elementSize] = call.arguments;
  const memory = compileBytes(required(buffer, call), scope);
  const elements = compileNumber(required(count, call), scope);
  const size = compileNumber(required(elementSize, call), scope);
  const { littleEndian } = scope.environment.layout;
  return (fields) => {
    const step = Number(size(fields));
    if (![1, 2, 4, 8].includes(step)) return `BAD SIZE:${step}`;
    const bytes = memory(fields);
    const available = Math.floor(bytes.length / step);
    const wanted = Math.min(Math.max(0, int32(elements(fields))), available);
    const texts = Array.from({ length: wanted }, (_, index) =>
      String(integerAt(bytes, index * step, step, littleEndian)),
    );
    return texts.join(' ');
  };
}

/**
 * `{0x1,0x2}`, as trace_print_array_seq of the kernel: trace-cmd 3.1.6 does not know
 * __print_dynamic_array.
 */
function dynamicArrayText(call: Call, scope: Scope): TextOf {
  const [named, elementSize] = call.arguments;
  if (named?.kind !== 'name') throw new SyntaxError(`${call.name} of no field`);
  const field = fieldNamed(scope, named.name);
  const size = compileNumber(required(elementSize, call), scope);
  const { layout } = scope.environment;
  return (fields) => {
    const step = Number(size(fields));
    if (![1, 2, 4, 8].includes(step)) return `BAD SIZE:${step}`;
    const bytes = bytesOf(fields, field, layout);
    const texts = Array.from({ length: Math.floor(bytes.length / step) }, (_, index) =>
      integerAt(bytes, index * step, step, layout.littleEndian).toString(16),
    );
    return `{${texts.map((digits) => `0x${digits}`).join(',')}}`;
  };
}

/** Bits of a mask, the least significant word first. */
function maskText(
  call: Call,
  scope: Scope,
  pad: Pad,
  render: (words: Uint8Array) => string,
): TextOf {
  const field = storedField(call, scope);
  if (!field) throw new SyntaxError(`${call.name} of no field`);
  const { layout } = scope.environment;
  return (fields) => pad(render(littleEndianBytes(fields, field, scope, layout.littleEndian)));
}

function littleEndianBytes(
  fields: Fields,
  field: FormatField,
  scope: Scope,
  littleEndian: boolean,
): Uint8Array {
  const bytes = bytesOf(fields, field, scope.environment.layout);
  if (littleEndian) return bytes;
  const size = elementBytes(field, scope.environment.layout);
  const swapped = Uint8Array.from(bytes);
  for (let at = 0; at < swapped.length; at += size) swapped.subarray(at, at + size).reverse();
  return swapped;
}

/** Hexadecimal with a comma every 32 bits, as bitmap_print of the kernel. */
export function bitmaskText(bytes: Uint8Array): string {
  let digits = '';
  for (const [index, byte] of bytes.entries()) {
    const comma = index > 0 && index % 4 === 0 ? ',' : '';
    digits = byte.toString(16).padStart(2, '0') + comma + digits;
  }
  return digits;
}

/** `0-3,7`. */
export function bitListText(bytes: Uint8Array): string {
  const ranges: string[] = [];
  const isSet = (bit: number) => (((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 1;
  const bits = bytes.length * 8;
  for (let bit = 0; bit < bits; bit++) {
    if (!isSet(bit)) continue;
    const first = bit;
    while (bit + 1 < bits && isSet(bit + 1)) bit++;
    ranges.push(first === bit ? String(first) : `${first}-${bit}`);
  }
  return ranges.join(',');
}
