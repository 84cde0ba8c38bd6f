import { type Expression, parsePrintFormat } from './expression.ts';
import { parseFormatString } from './printf.ts';

/** Anything that could show bytes; formats without it are not parsed here. */
const SHOWS_BYTES = /__print_(?:hex|array|dynamic_array)|sockaddr|%[-\d*]*p[UmMiIhb]/;

/**
 * Names of the fields a print format shows byte by byte (a UUID in a `char[16]`): their `char`
 * arrays are no strings, so nothing of them may be cut at the first NUL.
 */
export function namesShownAsBytes(printFormat: string): ReadonlySet<string> {
  const names = new Set<string>();
  if (!SHOWS_BYTES.test(printFormat)) return names;
  try {
    const parsed = parsePrintFormat(printFormat);
    for (const name of shownByPointer(parsed.format, parsed.arguments)) names.add(name);
    for (const argument of parsed.arguments) collect(argument, names);
  } catch (error) {
    // Fields of a format nobody can parse are shown as text or bytes by what they hold.
    if (!(error instanceof SyntaxError)) throw error;
  }
  return names;
}

function* shownByPointer(format: string, args: readonly Expression[]): Generator<string> {
  let next = 0;
  for (const piece of parseFormatString(format)) {
    if (typeof piece === 'string') continue;
    next += Number(piece.width === '*') + Number(piece.precision === '*');
    const argument = args[next++];
    if (argument && /^[UmMiIhb]/.test(piece.pointer)) yield* namesIn(argument);
  }
}

const BYTE_HELPERS = /^__print_(?:hex|hex_str|hex_dump|array|dynamic_array)$|sockaddr/;

function collect(expression: Expression, names: Set<string>): void {
  if (expression.kind === 'call' && BYTE_HELPERS.test(expression.name)) {
    for (const argument of expression.arguments) {
      for (const name of namesIn(argument)) names.add(name);
    }
  }
  for (const part of partsOf(expression)) collect(part, names);
}

function* namesIn(expression: Expression): Generator<string> {
  if (expression.kind === 'field' || expression.kind === 'name') yield expression.name;
  for (const part of partsOf(expression)) yield* namesIn(part);
}

function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'cast':
    case 'unary':
      return [expression.operand];
    case 'binary':
      return [expression.left, expression.right];
    case 'conditional':
      return [expression.test, expression.yes, expression.no];
    case 'index':
      return [expression.array, expression.index];
    case 'call':
      return expression.arguments;
    case 'pair':
      return expression.items;
    default:
      return [];
  }
}
