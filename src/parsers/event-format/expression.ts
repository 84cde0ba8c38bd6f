import { type Token, tokenize } from './token.ts';

/** The arguments of a print format: C expressions over one record, as the kernel's macros leave them. */
export type Expression =
  | { readonly kind: 'number'; readonly value: number | bigint }
  | { readonly kind: 'string'; readonly text: string }
  /** A name nothing defines here: an enum constant the kernel did not resolve, or a symbol. */
  | { readonly kind: 'name'; readonly name: string }
  /** `REC->name`. */
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'cast'; readonly type: string; readonly operand: Expression }
  | { readonly kind: 'unary'; readonly operator: string; readonly operand: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'conditional';
      readonly test: Expression;
      readonly yes: Expression;
      readonly no: Expression;
    }
  | { readonly kind: 'index'; readonly array: Expression; readonly index: Expression }
  | { readonly kind: 'call'; readonly name: string; readonly arguments: readonly Expression[] }
  | { readonly kind: 'sizeof'; readonly type: string }
  /** `{ 0x1, "READ" }`, the tables of __print_flags and __print_symbolic. */
  | { readonly kind: 'pair'; readonly items: readonly Expression[] };

export interface PrintFormat {
  readonly format: string;
  readonly arguments: readonly Expression[];
}

/**
 * Parses what follows `print fmt:`.
 * @throws SyntaxError where the text is no C this grammar knows; the caller prints the fields then.
 */
export function parsePrintFormat(text: string): PrintFormat {
  const parser = new ExpressionParser(tokenize(text));
  const format = parser.string();
  const args: Expression[] = [];
  while (parser.accept(',')) args.push(parser.expression());
  parser.end();
  return { format, arguments: args };
}

/** Binding strength of C's binary operators; higher binds tighter. */
const PRECEDENCE: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '|': 3,
  '^': 4,
  '&': 5,
  '==': 6,
  '!=': 6,
  '<': 7,
  '>': 7,
  '<=': 7,
  '>=': 7,
  '<<': 8,
  '>>': 8,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '%': 10,
};

const UNARY = new Set(['-', '+', '!', '~', '*', '&']);

/** Nesting no kernel comes near; a hostile file would overflow the stack otherwise. */
const DEEPEST = 200;

class ExpressionParser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** Adjacent string literals are one. */
  string(): string {
    if (this.#peek()?.kind !== 'string') throw this.#unexpected();
    let text = '';
    while (this.#peek()?.kind === 'string') text += this.#next().text;
    return text;
  }

  accept(operator: string): boolean {
    if (!this.#is(operator)) return false;
    this.#at++;
    return true;
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw this.#unexpected();
  }

  expression(): Expression {
    if (++this.#depth > DEEPEST) throw new SyntaxError('nested too deeply');
    const test = this.#binary(1);
    let result = test;
    if (this.accept('?')) {
      // `a ?: b` is GNU C for `a ? a : b`.
      const yes = this.#is(':') ? test : this.expression();
      this.#expect(':');
      result = { kind: 'conditional', test, yes, no: this.expression() };
    }
    this.#depth--;
    return result;
  }

  #binary(weakest: number): Expression {
    let left = this.#unary();
    for (;;) {
      const token = this.#peek();
      const precedence = token?.kind === 'operator' ? PRECEDENCE[token.text] : undefined;
      if (!token || precedence === undefined || precedence < weakest) return left;
      this.#at++;
      left = {
        kind: 'binary',
        operator: token.text,
        left,
        right: this.#binary(precedence + 1),
      };
    }
  }

  #unary(): Expression {
    const token = this.#peek();
    if (token?.kind === 'operator' && UNARY.has(token.text)) {
      this.#at++;
      if (++this.#depth > DEEPEST) throw new SyntaxError('nested too deeply');
      const operand = this.#unary();
      this.#depth--;
      return { kind: 'unary', operator: token.text, operand };
    }
    const type = this.#castType();
    if (type !== undefined) return { kind: 'cast', type, operand: this.#unary() };
    return this.#postfix(this.#primary());
  }

  #postfix(start: Expression): Expression {
    let expression = start;
    for (;;) {
      if (this.accept('[')) {
        const index = this.expression();
        this.#expect(']');
        expression = { kind: 'index', array: expression, index };
      } else if (this.#is('.') || this.#is('->')) {
        this.#at++;
        expression = memberOf(expression, this.#identifier());
      } else {
        return expression;
      }
    }
  }

  #primary(): Expression {
    const token = this.#next();
    if (token.kind === 'number') return { kind: 'number', value: token.value };
    if (token.kind === 'string') {
      this.#at--;
      return { kind: 'string', text: this.string() };
    }
    if (token.kind === 'name') return this.#named(token.text);
    if (token.text === '(') {
      const inner = this.expression();
      this.#expect(')');
      return inner;
    }
    if (token.text === '{') return this.#pair();
    this.#at--;
    throw this.#unexpected();
  }

  #named(name: string): Expression {
    if (name === 'sizeof') return this.#sizeof();
    if (!this.accept('(')) return { kind: 'name', name };
    const args: Expression[] = [];
    while (!this.accept(')')) {
      args.push(this.expression());
      if (!this.#is(')')) this.#expect(',');
    }
    return { kind: 'call', name, arguments: args };
  }

  #sizeof(): Expression {
    this.#expect('(');
    const words: string[] = [];
    for (let open = 1; ; ) {
      const { text } = this.#next();
      if (text === '(') open++;
      if (text === ')' && --open === 0) break;
      words.push(text);
    }
    return { kind: 'sizeof', type: words.join(' ') };
  }

  #pair(): Expression {
    const items: Expression[] = [];
    while (!this.accept('}')) {
      items.push(this.expression());
      if (!this.#is('}')) this.#expect(',');
    }
    return { kind: 'pair', items };
  }

  /** `(type)` before something to cast, consumed; undefined for a parenthesised expression. */
  #castType(): string | undefined {
    if (!this.#is('(')) return undefined;
    const words: string[] = [];
    let at = this.#at + 1;
    for (; ; at++) {
      const token = this.#tokens[at];
      const isTypeWord = token?.kind === 'name' || (token?.text === '*' && words.length > 0);
      if (!token || !isTypeWord) break;
      words.push(token.text);
    }
    if (words.length === 0 || words[0] === 'REC' || words[0] === 'sizeof') return undefined;
    if (this.#tokens[at]?.text !== ')') return undefined;
    const type = words.join(' ');
    if (!startsOperand(this.#tokens[at + 1], type)) return undefined;
    this.#at = at + 1;
    return type;
  }

  #identifier(): string {
    const token = this.#next();
    if (token.kind !== 'name') throw new SyntaxError(`a name expected before ${token.text}`);
    return token.text;
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #next(): Token {
    const token = this.#tokens[this.#at++];
    if (!token) throw new SyntaxError('ends too early');
    return token;
  }

  #is(operator: string): boolean {
    const token = this.#peek();
    return token?.kind === 'operator' && token.text === operator;
  }

  #expect(operator: string): void {
    if (!this.accept(operator)) throw this.#unexpected();
  }

  #unexpected(): SyntaxError {
    return new SyntaxError(`unexpected ${this.#peek()?.text ?? 'end'}`);
  }
}

/** `REC->a` is the field a, `REC->a.b` the field the kernel declares as `a.b` or a part of `a`. */
function memberOf(object: Expression, member: string): Expression {
  if (object.kind === 'name' && object.name === 'REC') return { kind: 'field', name: member };
  if (object.kind === 'field') return { kind: 'field', name: `${object.name}.${member}` };
  throw new SyntaxError(`member ${member} of something that is no field`);
}

const TYPE_WORD =
  /^(?:unsigned|signed|char|short|int|long|bool|void|const|struct|union|enum|size_t|\w+_t|(?:__)?[us](?:8|16|32|64)|__[lb]e\d+|.*\*)$/;

/** Whether what follows `(type)` is its operand. `(a) & b` is no cast of `&b` unless a is a type. */
function startsOperand(token: Token | undefined, type: string): boolean {
  if (!token) return false;
  if (token.kind !== 'operator' || token.text === '(') return true;
  return UNARY.has(token.text) && type.split(' ').some((word) => TYPE_WORD.test(word));
}
