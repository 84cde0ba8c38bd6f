import type { Fields, PrintStyle } from '../parser.ts';
import { compileBprint } from './bprint.ts';
import { compileNumber, type Scope } from './evaluate.ts';
import { compileText, type TextOf } from './evaluate-text.ts';
import { type Expression, parsePrintFormat } from './expression.ts';
import type { EventFormat } from './format.ts';
import { PLUGINS } from './plugins.ts';
import { compilePointer } from './pointer.ts';
import type { PrintEnvironment } from './print-environment.ts';
import { compileRawPrint } from './print-raw.ts';
import { type Conversion, integerFormatter, padText, parseFormatString } from './printf.ts';

/** Prints the payload of one event from its decoded fields alone. */
export type Print = (fields: Fields) => string;

/**
 * Compiles how one event type prints in a style of `trace-cmd report`. Never throws: where the
 * print format cannot be parsed the fields are printed, and the environment is told.
 */
export function compilePrint(
  system: string,
  format: EventFormat,
  environment: PrintEnvironment,
  style: PrintStyle,
): Print {
  if (style === 'raw') return compileRawPrint(format, environment.layout);
  const scope: Scope = { format, environment };
  const pretty = compilePretty(system, scope);
  const plugin = PLUGINS[`${system}:${format.name}`];
  const isBuiltIn = plugin?.library === 'libtracecmd';
  const chosen = plugin && (style === 'plugins' || isBuiltIn) ? plugin : undefined;
  const print = chosen?.compile(scope, pretty, style) ?? pretty;
  return (fields) => {
    try {
      return print(fields);
    } catch {
      return compileRawPrint(format, environment.layout)(fields);
    }
  };
}

function compilePretty(system: string, scope: Scope): Print {
  const { format, environment } = scope;
  if (system === 'ftrace' && format.name === 'bprint') return compileBprint(scope);
  try {
    const parsed = parsePrintFormat(format.printFormat);
    return compileFormat(parsed.format, parsed.arguments, scope);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    environment.unparsed?.(`${system}:${format.name}`, reason);
    const raw = compileRawPrint(format, environment.layout);
    return (fields) => `[FAILED TO PARSE]${raw(fields)}`;
  }
}

function compileFormat(format: string, args: readonly Expression[], scope: Scope): Print {
  const left = [...args];
  const next = () => {
    const argument = left.shift();
    if (!argument) throw new SyntaxError('more conversions than arguments');
    return argument;
  };
  const parts = parseFormatString(format).map((piece) =>
    typeof piece === 'string' ? piece : compileConversion(piece, next, scope),
  );
  return (fields) => {
    let text = '';
    for (const part of parts) text += typeof part === 'string' ? part : part(fields);
    return text;
  };
}

function compileConversion(conversion: Conversion, next: () => Expression, scope: Scope): TextOf {
  const width = compileSize(conversion.width, next, scope);
  const precision = compileSize(conversion.precision, next, scope);
  const argument = next();
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
