import type { Fields } from '../parser.ts';
import { addressText, ip4Text, ip6Text, sockaddrText } from './addresses.ts';
import {
  type BytesOf,
  compileBytes,
  compileNumber,
  type Scope,
  storedField,
  type TextOf,
} from './evaluate.ts';
import { bitListText, bitmaskText } from './evaluate-text.ts';
import type { Expression } from './expression.ts';
import type { Unsigned } from './integer.ts';
import { hex } from './memory.ts';
import type { PrintEnvironment } from './print-environment.ts';
import type { Conversion } from './printf.ts';

/** Gives the width an argument or the format states. */
export type Size = (fields: Fields) => number | undefined;

/** Compiles a `%p` and its extensions (lib/vsprintf.c, pointer()). */
export function compilePointer(
  conversion: Conversion,
  argument: Expression,
  width: Size,
  scope: Scope,
): TextOf {
  const kind = conversion.pointer[0] ?? '';
  if ('fFsSB'.includes(kind) && kind !== '') {
    const address = compileNumber(argument, scope);
    const withOffset = kind !== 's' && kind !== 'f';
    return (fields) => symbolText(address(fields), withOffset, scope.environment);
  }
  if ('mMiIUhb'.includes(kind) && kind !== '') {
    const render = memoryRenderer(conversion.pointer, scope);
    const memory = compileMemory(argument, scope);
    if (render && memory) return (fields) => render(memory(fields), width(fields));
  }
  const address = compileNumber(argument, scope);
  return (fields) => pointerText(address(fields));
}

/** glibc's `%p`. */
function pointerText(address: Unsigned): string {
  return address === 0 ? '(nil)' : `0x${address.toString(16)}`;
}

export function symbolText(
  address: Unsigned,
  withOffset: boolean,
  environment: PrintEnvironment,
): string {
  const symbol = environment.symbol(address);
  if (!symbol) return `0x${address.toString(16)}`;
  return withOffset ? `${symbol.name}+0x${symbol.offset.toString(16)}` : symbol.name;
}

function compileMemory(argument: Expression, scope: Scope): BytesOf | undefined {
  return storedField(argument, scope) || argument.kind === 'unary'
    ? compileBytes(argument, scope)
    : undefined;
}

type Render = (bytes: Uint8Array, width: number | undefined) => string;

function memoryRenderer(pointer: string, scope: Scope): Render | undefined {
  switch (pointer[0]) {
    case 'm':
    case 'M':
      return (bytes) => addressText(bytes, pointer);
    case 'U':
      return (bytes) => uuidText(bytes, pointer);
    case 'h':
      return (bytes, width) => hex(bytes.subarray(0, width ?? 1), HEX_SEPARATORS[pointer] ?? ' ');
    case 'b': {
      const render = pointer === 'bl' ? bitListText : bitmaskText;
      return (bytes, width) => render(bytes.subarray(0, ((width ?? 8) + 7) >> 3));
    }
    default:
      return internetRenderer(pointer, scope.environment.layout.littleEndian);
  }
}

const HEX_SEPARATORS: Readonly<Record<string, string>> = { hC: ':', hD: '-', hN: '' };

function internetRenderer(pointer: string, littleEndian: boolean): Render | undefined {
  if (pointer[1] === '4') return (bytes) => ip4Text(bytes, pointer);
  if (pointer[1] === '6') return (bytes) => ip6Text(bytes, pointer);
  return pointer[1] === 'S' ? (bytes) => sockaddrText(bytes, pointer, littleEndian) : undefined;
}

const GUID_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

/** %pU[bBlL]: l and L are little-endian GUIDs, capital letters print capitals. */
function uuidText(bytes: Uint8Array, pointer: string): string {
  if (bytes.length < 16) return 'INVALIDUUID';
  const order = /[lL]/.test(pointer[1] ?? '') ? GUID_ORDER : [...GUID_ORDER.keys()];
  const digits = order.map((index) => (bytes[index] ?? 0).toString(16).padStart(2, '0')).join('');
  const text = digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return /[BL]/.test(pointer[1] ?? '') ? text.toUpperCase() : text;
}
