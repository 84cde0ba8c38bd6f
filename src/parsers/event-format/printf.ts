import { int32, signed64, type Unsigned, uint32 } from './integer.ts';

/** One `%` conversion of a format. */
export interface Conversion {
  readonly conversion: string;
  /** Flags as written: any of `-+ #0`. */
  readonly flags: string;
  /** Fixed width or precision; `*` where an argument gives it. */
  readonly width: number | '*' | undefined;
  readonly precision: number | '*' | undefined;
  /** `hh` -2, `h` -1, none 0, `l` and `z` 1, `ll` and `L` 2. */
  readonly length: number;
  /** What follows `%p`: `s`, `I4`, `Ub`, … */
  readonly pointer: string;
}

export type FormatPiece = string | Conversion;

/** `%-5.3lld`; the letters after `%p` are matched separately. */
const CONVERSION =
  /%(?:%|([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+)?)?((?:hh|h|ll|l|L|z|Z|q|j|t)*)([a-zA-Z]))/g;

/** The extensions of lib/vsprintf.c's pointer() that take letters. */
const POINTER =
  /^(?:[fF](?!w)|fw[fP]?|[sSB]R?|[rR]|h[CDN]?|bl?|[mM][RF]?|[iI](?:4[hnbl]?|6c?|S[pfsc]*[hnbl]?c?)|U[bBlL]?|E\w*|V|K|N\w*|a[dp]?|d[234]?|D[234]?|g|t[RTrdtsu]*|C[nr]?|G[fgpFV]?|O\w*|x|e|ua?)?/;

/** Splits a format into text and conversions; `%%` is text. */
export function parseFormatString(format: string): FormatPiece[] {
  const pieces: FormatPiece[] = [];
  let text = '';
  let at = 0;
  CONVERSION.lastIndex = 0;
  for (let match = CONVERSION.exec(format); match; match = CONVERSION.exec(format)) {
    text += format.slice(at, match.index);
    at = CONVERSION.lastIndex;
    const [all, flags = '', width, precision, length = '', conversion] = match;
    if (conversion === undefined) {
      text += '%';
      continue;
    }
    const pointer = conversion === 'p' ? (POINTER.exec(format.slice(at))?.[0] ?? '') : '';
    at += pointer.length;
    CONVERSION.lastIndex = at;
    if (text !== '') pieces.push(text);
    text = '';
    pieces.push({
      conversion,
      flags,
      width: sizeOf(width),
      precision: all.includes('.') ? (sizeOf(precision) ?? 0) : undefined,
      length: lengthOf(length),
      pointer,
    });
  }
  text += format.slice(at);
  if (text !== '') pieces.push(text);
  return pieces;
}

function sizeOf(text: string | undefined): number | '*' | undefined {
  if (text === undefined) return undefined;
  // A hostile width would make a string of any length.
  return text === '*' ? '*' : Math.min(Number(text), 1024);
}

function lengthOf(letters: string): number {
  if (/[Lqj]/.test(letters)) return 2;
  if (/[zZt]/.test(letters)) return 1;
  let length = 0;
  for (const letter of letters) length += letter === 'h' ? -1 : 1;
  return Math.max(-2, Math.min(2, length));
}

/** Renders integers for one conversion with fixed width and precision. */
export function integerFormatter(
  conversion: Conversion,
  width: number | undefined,
  precision: number | undefined,
): (value: Unsigned) => string {
  const digits = digitsFormatter(conversion);
  const { flags } = conversion;
  if (width === undefined && precision === undefined && !/[-+ #]/.test(flags)) return digits;
  return (value) => decorate(digits(value), conversion, width, precision);
}

/** Digits with a minus sign where the conversion is signed. */
function digitsFormatter({ conversion, length }: Conversion): (value: Unsigned) => string {
  switch (conversion) {
    case 'd':
    case 'i':
      return signedDigits(length);
    case 'x':
      return (value) => narrowed(value, length).toString(16);
    case 'X':
      return (value) => narrowed(value, length).toString(16).toUpperCase();
    case 'o':
      return (value) => narrowed(value, length).toString(8);
    default:
      return (value) => String(narrowed(value, length));
  }
}

function signedDigits(length: number): (value: Unsigned) => string {
  if (length === 0) return (value) => String(int32(value));
  if (length === -1) return (value) => String((int32(value) << 16) >> 16);
  if (length === -2) return (value) => String((int32(value) << 24) >> 24);
  return (value) => String(typeof value === 'number' ? value : signed64(value));
}

function narrowed(value: Unsigned, length: number): Unsigned {
  if (length > 0) return value;
  const word = uint32(value);
  return length === 0 ? word : word & (length === -1 ? 0xffff : 0xff);
}

function decorate(
  plain: string,
  { conversion, flags }: Conversion,
  width: number | undefined,
  precision: number | undefined,
): string {
  const negative = plain.startsWith('-');
  let digits = negative ? plain.slice(1) : plain;
  if (precision !== undefined) {
    digits = precision === 0 && digits === '0' ? '' : digits.padStart(precision, '0');
  }
  const prefix = negative ? '-' : prefixOf(conversion, flags, plain);
  const total = width ?? 0;
  if (flags.includes('-')) return (prefix + digits).padEnd(total);
  if (flags.includes('0') && precision === undefined) {
    return prefix + digits.padStart(total - prefix.length, '0');
  }
  return (prefix + digits).padStart(total);
}

function prefixOf(conversion: string, flags: string, plain: string): string {
  if (conversion === 'd' || conversion === 'i') {
    return flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  }
  if (!flags.includes('#') || plain === '0') return '';
  return conversion === 'x' ? '0x' : conversion === 'X' ? '0X' : conversion === 'o' ? '0' : '';
}

/** `%-10.4s`. */
export function padText(
  text: string,
  flags: string,
  width: number | undefined,
  precision: number | undefined,
): string {
  const cut = precision === undefined ? text : text.slice(0, precision);
  if (width === undefined) return cut;
  return flags.includes('-') ? cut.padEnd(width) : cut.padStart(width);
}
