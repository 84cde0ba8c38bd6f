import {
  compileNumber,
  NAMED_CONSTANTS,
  type NumberOf,
  type Pad,
  type Scope,
  type TextOf,
  withoutCasts,
} from './evaluate.ts';
import type { Expression } from './expression.ts';
import { signed64, type Unsigned } from './integer.ts';

/** One `{ value, "NAME" }`. */
interface Entry {
  readonly value: bigint;
  readonly text: string;
}

/** Values of one event type repeat: their texts are kept, up to this many. */
const REMEMBERED = 1024;

/** __print_flags: the names of the bits that are set, the rest as a number. */
export function flagsText(
  value: NumberOf,
  delimiter: string,
  pairs: readonly Expression[],
  scope: Scope,
  pad: Pad,
): TextOf {
  const entries = readEntries(pairs, scope);
  return remembering(value, (bits) => {
    let left = signed64(bits);
    const parts: string[] = [];
    for (const entry of entries) {
      // An entry libtraceevent cannot evaluate counts as -1 and names "nothing set".
      if (left === 0n && entry.value < 0n) {
        parts.push(pad(entry.text));
        break;
      }
      if (entry.value <= 0n || (left & entry.value) !== entry.value) continue;
      parts.push(pad(entry.text));
      left &= ~entry.value;
    }
    if (left !== 0n) parts.push(`0x${BigInt.asUintN(64, left).toString(16)}`);
    return parts.join(delimiter);
  });
}

/** __print_symbolic: the name of the value, or the value. */
export function symbolicText(
  value: NumberOf,
  pairs: readonly Expression[],
  scope: Scope,
  pad: Pad,
): TextOf {
  const entries = readEntries(pairs, scope);
  return remembering(value, (number) => {
    const wanted = signed64(number);
    const entry = entries.find((candidate) => candidate.value === wanted);
    return entry ? pad(entry.text) : `0x${number.toString(16)}`;
  });
}

function remembering(value: NumberOf, render: (value: Unsigned) => string): TextOf {
  const known = new Map<Unsigned, string>();
  return (fields) => {
    const number = value(fields);
    let text = known.get(number);
    if (text === undefined) {
      text = render(number);
      if (known.size < REMEMBERED) known.set(number, text);
    }
    return text;
  };
}

function readEntries(pairs: readonly Expression[], scope: Scope): Entry[] {
  const entries: Entry[] = [];
  for (const pair of pairs) {
    if (pair.kind !== 'pair') throw new SyntaxError('a flag table of no pairs');
    const [value, name] = pair.items;
    if (!value || !name) throw new SyntaxError('a flag without value or name');
    const text = withoutCasts(name);
    // `{ -1, NULL }` and `{ 0, ((void *)0) }` end a table and name nothing.
    if (text.kind !== 'string') continue;
    entries.push({ value: flagValue(value, scope), text: text.text });
  }
  return entries;
}

/** Negative values and names nobody resolved are -1 to libtraceevent's eval_flag. */
function flagValue(expression: Expression, scope: Scope): bigint {
  const inner = withoutCasts(expression);
  if (inner.kind === 'number') return signed64(inner.value);
  if (inner.kind === 'name') return BigInt(NAMED_CONSTANTS[inner.name] ?? -1);
  const value = signed64(compileNumber(inner, scope)({}));
  return value < 0n ? -1n : value;
}
