/** Tokens of the C that print formats are written in. */
export type Token =
  | { readonly kind: 'number'; readonly text: string; readonly value: number | bigint }
  | { readonly kind: 'string' | 'name' | 'operator'; readonly text: string };

/**
 * One token: a string, a character, a number with its suffix, a name, or an operator. Names may
 * hold what kernels left in macros, so `$` and `@` are not refused.
 */
const TOKEN =
  /\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)+)'|(0[xX][0-9a-fA-F]+|\d+)[uUlL]*|([A-Za-z_]\w*)|(->|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>?:,.()[\]{}]))/sy;

/** @throws SyntaxError at what is no token. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw new SyntaxError(`no C: ${text.slice(at, at + 20)}`);
    tokens.push(tokenOf(match));
  }
  return tokens;
}

function tokenOf(match: RegExpExecArray): Token {
  const [, string, character, number, name, operator] = match;
  if (string !== undefined) return { kind: 'string', text: unescaped(string) };
  if (character !== undefined) {
    return { kind: 'number', text: character, value: unescaped(character).charCodeAt(0) };
  }
  if (number !== undefined) return { kind: 'number', text: number, value: integer(number) };
  if (name !== undefined) return { kind: 'name', text: name };
  return { kind: 'operator', text: operator ?? '' };
}

/** C's octal 010 is 8. */
function integer(text: string): number | bigint {
  const octal = /^0\d+$/.test(text);
  if (octal && /[89]/.test(text)) return 0;
  const wide = BigInt(octal ? `0o${text.slice(1)}` : text);
  return wide <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(wide) : BigInt.asUintN(64, wide);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0' };

/** The escapes of a C string; an unknown one stands for its character. */
export function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, (_, character: string) => ESCAPES[character] ?? character);
}
