import type { Fields } from '../parser.ts';
import { fieldNamed, type Scope } from './evaluate.ts';
import type { Unsigned } from './integer.ts';
import { bytesOf, integerAt, textOfBytes } from './memory.ts';
import type { Print } from './plugin.ts';
import { symbolText } from './pointer.ts';
import {
  type Conversion,
  type FormatPiece,
  integerFormatter,
  padText,
  parseFormatString,
} from './printf.ts';
import { printkText } from './printk.ts';
import { unescaped } from './token.ts';

/** trace_printk(): the record holds the arguments, packed by lib/vsprintf.c's vbin_printf. */
export function compileBprint(scope: Scope): Print {
  const buffer = fieldNamed(scope, 'buf');
  const { environment } = scope;
  const parsed = new Map<string, FormatPiece[]>();
  return (fields) => {
    const caller = symbolText((fields.ip as Unsigned | undefined) ?? 0, false, environment);
    const address = (fields.fmt as Unsigned | undefined) ?? 0;
    const format = environment.printk(address);
    if (format === undefined) {
      return `${caller}: (NO FORMAT FOUND at ${address.toString(16)})`;
    }
    let pieces = parsed.get(format);
    if (!pieces) {
      pieces = parseFormatString(unescaped(printkText(format)));
      parsed.set(format, pieces);
    }
    return `${caller}: ${renderPacked(pieces, fields, scope, buffer.name)}`;
  };
}

function renderPacked(
  pieces: readonly FormatPiece[],
  fields: Fields,
  scope: Scope,
  bufferName: string,
): string {
  const buffer = fieldNamed(scope, bufferName);
  const packed = new PackedArguments(bytesOf(fields, buffer, scope.environment.layout), scope);
  return pieces.map((piece) => (typeof piece === 'string' ? piece : packed.render(piece))).join('');
}

/** Numbers are aligned to 4 bytes (8-byte ones too), strings follow unaligned with their NUL. */
class PackedArguments {
  readonly #bytes: Uint8Array;
  readonly #scope: Scope;
  #at = 0;

  constructor(bytes: Uint8Array, scope: Scope) {
    this.#bytes = bytes;
    this.#scope = scope;
  }

  render(conversion: Conversion): string {
    const width = conversion.width === '*' ? Number(this.#integer(4)) : conversion.width;
    const precision =
      conversion.precision === '*' ? Number(this.#integer(4)) : conversion.precision;
    switch (conversion.conversion) {
      case 's':
        return padText(this.#string(), conversion.flags, width, precision);
      case 'c':
        return String.fromCharCode(Number(this.#integer(1)));
      case 'p':
        return this.#pointer(conversion);
      default:
        return integerFormatter(
          conversion,
          width,
          precision,
        )(this.#integer(this.#sizeOf(conversion)));
    }
  }

  /** The kernel has formatted what it had to dereference: those pointers are stored as text. */
  #pointer({ pointer }: Conversion): string {
    const { environment } = this.#scope;
    const isAddress = pointer === '' || /^[sSxfFB]/.test(pointer);
    const first = this.#bytes[this.#at] ?? 0;
    if (!isAddress && first >= 0x20 && first < 0x7f) return this.#string();
    const address = this.#integer(environment.layout.longSize);
    if (/^[sSfFB]/.test(pointer)) return symbolText(address, /^[SFB]/.test(pointer), environment);
    return address === 0 ? '(nil)' : `0x${address.toString(16)}`;
  }

  #sizeOf({ length }: Conversion): number {
    if (length === 2) return 8;
    if (length === 1) return this.#scope.environment.layout.longSize;
    return length === 0 ? 4 : length === -1 ? 2 : 1;
  }

  #integer(size: number): Unsigned {
    const alignment = Math.min(size, 4);
    const at = Math.ceil(this.#at / alignment) * alignment;
    this.#at = at + size;
    return integerAt(this.#bytes, at, size, this.#scope.environment.layout.littleEndian);
  }

  #string(): string {
    const rest = this.#bytes.subarray(this.#at);
    const end = rest.indexOf(0);
    this.#at += (end < 0 ? rest.length : end) + 1;
    return textOfBytes(rest);
  }
}
