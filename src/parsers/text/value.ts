import type { FieldValue } from '../parser.ts';

const EXACT_DIGITS = 15;
const EXACT_HEX_DIGITS = 13;
/** `%p` of a 64-bit kernel: the hash of a pointer, without 0x (lib/vsprintf.c, ptr_to_id). */
const HASHED = /^[0-9a-f]{16}$/;
const DECIMAL = /^-?\d+$/;
const HEXADECIMAL = /^[0-9a-fA-F]+$/;

export function decimal(text: string): number | bigint | undefined {
  if (!DECIMAL.test(text)) return undefined;
  return text.length <= EXACT_DIGITS ? Number(text) : safe(BigInt(text));
}

/** Digits without 0x. */
export function hexadecimal(text: string): number | bigint | undefined {
  if (!HEXADECIMAL.test(text)) return undefined;
  return text.length <= EXACT_HEX_DIGITS ? Number.parseInt(text, 16) : safe(BigInt(`0x${text}`));
}

/** A raw pointer as number, a hashed one as the text it is; `(nil)` and `(null)` as 0. */
export function pointer(text: string): number | bigint | string | undefined {
  if (text.startsWith('0x')) return hexadecimal(text.slice(2));
  if (text === '(nil)' || text === '(null)' || text === '0') return 0;
  return text === '' || text.includes(' ') ? undefined : text;
}

/** What a value of unknown meaning is: a number where it is written as one, else text. */
export function anyValue(text: string): FieldValue {
  const first = text.charCodeAt(0);
  const isDigit = first >= 48 && first <= 57;
  if (!isDigit && first !== 45) return text;
  if (first === 48 && text.charCodeAt(1) === 120) return hexadecimal(text.slice(2)) ?? text;
  if (HASHED.test(text)) return text;
  return decimal(text) ?? text;
}

function safe(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
    ? Number(value)
    : value;
}
