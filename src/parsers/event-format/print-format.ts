import type { Fields } from '../parser.ts';
import { compileNumber, type Scope, type TextOf } from './evaluate.ts';
import { compileText } from './evaluate-text.ts';
import { type Expression, parsePrintFormat } from './expression.ts';
import { compilePointer } from './pointer.ts';
import { type Conversion, integerFormatter, padText, parseFormatString } from './printf.ts';

/** Text of a print format, or one of its conversions with the argument it shows. */
export type PrintItem =
  | { readonly text: string }
  | { readonly argument: Expression; readonly print: TextOf };

/**
 * Compiles the print format of an event type.
 * @throws SyntaxError where it cannot be parsed.
 */
export function compilePrintFormat(scope: Scope): PrintItem[] {
  const parsed = parsePrintFormat(scope.format.printFormat);
  const left = [...parsed.arguments];
  const next = () => {
    const argument = left.shift();
    if (!argument) throw new SyntaxError('more conversions than arguments');
    return argument;
  };
  return parseFormatString(parsed.format).map((piece) =>
    typeof piece === 'string' ? { text: piece } : compileConversion(piece, next, scope),
  );
}

function compileConversion(
  conversion: Conversion,
  next: () => Expression,
  scope: Scope,
): PrintItem {
  const width = compileSize(conversion.width, next, scope);
  const precision = compileSize(conversion.precision, next, scope);
  const argument = next();
  return { argument, print: compileArgument(conversion, width, precision, argument, scope) };
}

function compileArgument(
  conversion: Conversion,
  width: Size | undefined,
  precision: Size | undefined,
  argument: Expression,
  scope: Scope,
): TextOf {
  switch (conversion.conversion) {
    case 's':
      return compileString(conversion, width, precision, argument, scope);
    case 'p':
      return compilePointer(conversion, argument, width ?? nothing, scope);
    case 'c': {
      const value = compileNumber(argument, scope);
      return (fields) => String.fromCharCode(Number(value(fields)) & 0xff);
    }
    default:
      return compileInteger(conversion, width, precision, argument, scope);
  }
}

type Size = (fields: Fields) => number | undefined;

const nothing: Size = () => undefined;

/** A hostile record could ask for a width of gigabytes. */
const WIDEST = 4096;

function compileSize(
  size: number | '*' | undefined,
  next: () => Expression,
  scope: Scope,
): Size | undefined {
  if (size === undefined) return undefined;
  if (size !== '*') return () => size;
  const value = compileNumber(next(), scope);
  return (fields) => Math.min(Number(value(fields)) & 0x7fffffff, WIDEST);
}

function compileString(
  conversion: Conversion,
  width: Size | undefined,
  precision: Size | undefined,
  argument: Expression,
  scope: Scope,
): TextOf {
  const { flags } = conversion;
  if (!width && !precision) return compileText(argument, scope, (text) => text);
  if (conversion.width === '*' || conversion.precision === '*') {
    const text = compileText(argument, scope, (plain) => plain);
    return (fields) => padText(text(fields), flags, width?.(fields), precision?.(fields));
  }
  const [wide, precise] = [width?.({}), precision?.({})];
  return compileText(argument, scope, (text) => padText(text, flags, wide, precise));
}

function compileInteger(
  conversion: Conversion,
  width: Size | undefined,
  precision: Size | undefined,
  argument: Expression,
  scope: Scope,
): TextOf {
  const value = compileNumber(argument, scope);
  if (conversion.width === '*' || conversion.precision === '*') {
    return (fields) =>
      integerFormatter(conversion, width?.(fields), precision?.(fields))(value(fields));
  }
  const format = integerFormatter(conversion, width?.({}), precision?.({}));
  return (fields) => format(value(fields));
}
