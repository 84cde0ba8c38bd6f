import type { Fields } from '../parser.ts';
import type { Expression } from './expression.ts';
import { type EventFormat, type FormatField, sizeOfType } from './format.ts';
import { castTo, OPERATIONS, type Unsigned, unsigned, unsignedOf } from './integer.ts';
import { bytesOf, elementBytes, integerAt, lengthOf } from './memory.ts';
import type { PrintEnvironment } from './print-environment.ts';

/** What the expressions of one event type are compiled against. */
export interface Scope {
  readonly format: EventFormat;
  readonly environment: PrintEnvironment;
}

export type NumberOf = (fields: Fields) => Unsigned;
export type BytesOf = (fields: Fields) => Uint8Array;
export type TextOf = (fields: Fields) => string;
/** Applies the width and precision of the conversion to one string. */
export type Pad = (text: string) => string;

/** The first field of the name, as libtraceevent's tep_find_field finds it. */
export function fieldNamed(scope: Scope, name: string): FormatField {
  const { fields, common } = scope.format;
  const found =
    fields.find((field) => field.recordedName === name) ??
    common.find((field) => field.recordedName === name);
  if (!found) throw new SyntaxError(`no field ${name}`);
  return found;
}

/**
 * Compiles an expression that is a number. The semantics are those of libtraceevent's eval_num_arg,
 * 64 bits without sign, because its output is what people compare with.
 * @throws SyntaxError for what no number can come of.
 */
export function compileNumber(expression: Expression, scope: Scope): NumberOf {
  switch (expression.kind) {
    case 'number':
      return constant(expression.value);
    case 'string':
    case 'pair':
      return constant(0);
    case 'name':
      return constant(NAMED_CONSTANTS[expression.name] ?? 0);
    case 'field':
      return fieldNumber(fieldNamed(scope, expression.name), scope);
    case 'cast': {
      const operand = compileNumber(expression.operand, scope);
      const cast = castTo(expression.type);
      return cast ? (fields) => cast(operand(fields)) : operand;
    }
    case 'sizeof':
      return constant(sizeOf(expression.type, scope));
    case 'unary':
      return compileUnary(expression, scope);
    case 'binary':
      return compileBinary(expression, scope);
    case 'conditional': {
      const test = compileNumber(expression.test, scope);
      const yes = compileNumber(expression.yes, scope);
      const no = compileNumber(expression.no, scope);
      return (fields) => (test(fields) === 0 ? no(fields) : yes(fields));
    }
    case 'index':
      return compileElement(expression.array, compileNumber(expression.index, scope), scope);
    case 'call':
      return compileCall(expression, scope);
  }
}

function constant(value: number | bigint): NumberOf {
  const fixed = typeof value === 'bigint' ? unsigned(value) : value;
  return () => fixed;
}

/**
 * Constants some kernels leave by name in their formats: the soft interrupts and hrtimer's, which
 * libtraceevent knows too, and enum pipe of i915.
 */
export const NAMED_CONSTANTS: Readonly<Record<string, number>> = {
  HI_SOFTIRQ: 0,
  TIMER_SOFTIRQ: 1,
  NET_TX_SOFTIRQ: 2,
  NET_RX_SOFTIRQ: 3,
  BLOCK_SOFTIRQ: 4,
  IRQ_POLL_SOFTIRQ: 5,
  TASKLET_SOFTIRQ: 6,
  SCHED_SOFTIRQ: 7,
  HRTIMER_SOFTIRQ: 8,
  RCU_SOFTIRQ: 9,
  HRTIMER_NORESTART: 0,
  HRTIMER_RESTART: 1,
  PIPE_A: 0,
  PIPE_B: 1,
  PIPE_C: 2,
  PIPE_D: 3,
};

function fieldNumber(field: FormatField, scope: Scope): NumberOf {
  const { name, totalSize } = field;
  if (field.kind === 'integer') {
    if (!field.signed) return (fields) => (fields[name] as Unsigned | undefined) ?? 0;
    return (fields) => unsignedOf((fields[name] as number | bigint | undefined) ?? 0, totalSize);
  }
  // An array's name is its address, which the capture does not hold. libtraceevent reads the
  // array's own bytes where they are as many as an integer has.
  if (field.storage !== 'fixed' || ![1, 2, 4, 8].includes(totalSize)) return constant(0);
  const { layout } = scope.environment;
  return (fields) =>
    integerAt(bytesOf(fields, field, layout), 0, totalSize, layout.littleEndian) as Unsigned;
}

function sizeOf(type: string, scope: Scope): number {
  const { longSize } = scope.environment.layout;
  const member = /^\(?\s*REC -> (\w+)\s*\)?(\s*\[.*\])?$/.exec(type);
  if (member?.[1] !== undefined) {
    const field = fieldNamed(scope, member[1]);
    return member[2] === undefined
      ? field.totalSize
      : elementBytes(field, scope.environment.layout);
  }
  if (/^(?:unsigned )?long(?: int)?$|\*$|^size_t$/.test(type)) return longSize;
  const size = sizeOfType(type);
  if (size === 1 && !/char|8|bool/.test(type)) throw new SyntaxError(`sizeof(${type})`);
  return size;
}

function compileUnary(expression: Expression & { kind: 'unary' }, scope: Scope): NumberOf {
  const { operator, operand } = expression;
  if (operator === '*') return compileElement(operand, constant(0), scope);
  if (operator === '&') return constant(0);
  const value = compileNumber(operand, scope);
  if (operator === '!') return (fields) => (value(fields) === 0 ? 1 : 0);
  if (operator === '~') return (fields) => unsigned(~BigInt(value(fields)));
  if (operator === '-') return (fields) => unsigned(-BigInt(value(fields)));
  return value;
}

function compileBinary(expression: Expression & { kind: 'binary' }, scope: Scope): NumberOf {
  const left = compileNumber(expression.left, scope);
  const right = compileNumber(expression.right, scope);
  if (expression.operator === '&&') {
    return (fields) => (left(fields) !== 0 && right(fields) !== 0 ? 1 : 0);
  }
  if (expression.operator === '||') {
    return (fields) => (left(fields) !== 0 || right(fields) !== 0 ? 1 : 0);
  }
  const operation = OPERATIONS[expression.operator];
  if (!operation) throw new SyntaxError(`operator ${expression.operator}`);
  return (fields) => operation(left(fields), right(fields));
}

/** `array[index]`, also of a dynamic array and through a cast: `((u32 *)__get_dynamic_array(x))[1]`. */
function compileElement(array: Expression, index: NumberOf, scope: Scope): NumberOf {
  const { layout } = scope.environment;
  const [inner, cast] = throughCasts(array);
  const field = storedField(inner, scope);
  if (field && cast === undefined && field.kind === 'integers') {
    const size = elementBytes(field, layout);
    const { name } = field;
    return (fields) => {
      const value = (fields[name] as readonly (number | bigint)[] | undefined)?.[
        Number(index(fields))
      ];
      return unsignedOf(value ?? 0, size);
    };
  }
  const memory = compileBytes(inner, scope);
  const size = cast === undefined ? 1 : pointedSize(cast, scope);
  return (fields) =>
    integerAt(memory(fields), Number(index(fields)) * size, size, layout.littleEndian) as Unsigned;
}

function pointedSize(type: string, scope: Scope): number {
  const pointed = type.replace(/\s*\*$/, '');
  const size = sizeOf(pointed, scope);
  return [1, 2, 4, 8].includes(size) ? size : 1;
}

/** The expression under its casts, and the outermost pointer cast. */
function throughCasts(expression: Expression): [Expression, string | undefined] {
  let inner = expression;
  let pointer: string | undefined;
  while (inner.kind === 'cast') {
    if (pointer === undefined && inner.type.endsWith('*')) pointer = inner.type;
    inner = inner.operand;
  }
  return [inner, pointer];
}

export function withoutCasts(expression: Expression): Expression {
  return throughCasts(expression)[0];
}

const DYNAMIC_ARRAYS = new Set([
  '__get_dynamic_array',
  '__get_rel_dynamic_array',
  '__get_str',
  '__get_rel_str',
  '__get_bitmask',
  '__get_rel_bitmask',
  '__get_cpumask',
  '__get_rel_cpumask',
  '__get_sockaddr',
  '__get_rel_sockaddr',
  '__get_sockaddr_rel',
]);

/** The field whose bytes an expression names; undefined where it names none. */
export function storedField(expression: Expression, scope: Scope): FormatField | undefined {
  const inner = withoutCasts(expression);
  if (inner.kind === 'field') return fieldNamed(scope, inner.name);
  if (inner.kind === 'unary' && inner.operator === '&') return storedField(inner.operand, scope);
  if (inner.kind !== 'call' || !DYNAMIC_ARRAYS.has(inner.name)) return undefined;
  const [named] = inner.arguments;
  if (named?.kind === 'name') return fieldNamed(scope, named.name);
  // String arrays of probes: __get_str(name[1]) is the second field of that name.
  if (named?.kind === 'index' && named.array.kind === 'name' && named.index.kind === 'number') {
    const { name } = named.array;
    const all = scope.format.fields.filter((field) => field.recordedName === name);
    const field = all[Number(named.index.value)];
    if (field) return field;
  }
  throw new SyntaxError(`${inner.name} of no field`);
}

/** The memory an expression points to; `&array[2]` starts at the third element. */
export function compileBytes(expression: Expression, scope: Scope): BytesOf {
  const { layout } = scope.environment;
  const inner = withoutCasts(expression);
  const address = inner.kind === 'unary' && inner.operator === '&' ? inner.operand : undefined;
  if (address?.kind === 'index') {
    const field = storedField(address.array, scope);
    if (!field) throw new SyntaxError('address of no field');
    const index = compileNumber(address.index, scope);
    const size = elementBytes(field, layout);
    return (fields) => bytesOf(fields, field, layout).subarray(Number(index(fields)) * size);
  }
  const field = storedField(inner, scope);
  if (!field) throw new SyntaxError('no memory of the record');
  return (fields) => bytesOf(fields, field, layout);
}

type Call = Expression & { kind: 'call' };

/** Kernel functions that print formats call and that are plain arithmetic. */
const NUMERIC_FUNCTIONS: Readonly<Record<string, (value: Unsigned) => Unsigned>> = {
  // libtraceevent's jbd2 plugin gives jiffies back unchanged: HZ is not recorded.
  jiffies_to_msecs: (jiffies) => jiffies,
  is_writable_pte: (pte) => OPERATIONS['&']?.(pte, 2) ?? 0,
  pte_val: (value) => value,
  pmd_val: (value) => value,
  pud_val: (value) => value,
  p4d_val: (value) => value,
  pgd_val: (value) => value,
  native_make_pte: (value) => value,
  native_make_pmd: (value) => value,
  native_make_pud: (value) => value,
  native_make_p4d: (value) => value,
  native_make_pgd: (value) => value,
  __print_ns_to_secs: (nanoseconds) => OPERATIONS['/']?.(nanoseconds, 1_000_000_000) ?? 0,
  __print_ns_without_secs: (nanoseconds) => OPERATIONS['%']?.(nanoseconds, 1_000_000_000) ?? 0,
};

function compileCall(call: Call, scope: Scope): NumberOf {
  const [first] = call.arguments;
  if (!first) throw new SyntaxError(`function ${call.name} not defined`);
  if (/^__get_(?:rel_)?dynamic_array_len$/.test(call.name) && first.kind === 'name') {
    const field = fieldNamed(scope, first.name);
    return (fields) => lengthOf(fields, field, scope.environment.layout);
  }
  if (call.name === '__builtin_expect') return compileNumber(first, scope);
  if (DYNAMIC_ARRAYS.has(call.name)) {
    storedField(call, scope);
    return constant(0);
  }
  const rectangle = RECTANGLE_SIDES[call.name];
  if (rectangle) return compileRectangleSide(first, rectangle, scope);
  const numeric = NUMERIC_FUNCTIONS[call.name];
  if (!numeric) throw new SyntaxError(`function ${call.name} not defined`);
  const value = compileNumber(first, scope);
  return (fields) => numeric(value(fields));
}

/** Offsets of the far and the near edge in struct drm_rect { int x1, y1, x2, y2 }. */
const RECTANGLE_SIDES: Readonly<Record<string, readonly [far: number, near: number]>> = {
  drm_rect_width: [8, 0],
  drm_rect_height: [12, 4],
};

function compileRectangleSide(
  rectangle: Expression,
  [far, near]: readonly [number, number],
  scope: Scope,
): NumberOf {
  const memory = compileBytes(rectangle, scope);
  const { littleEndian } = scope.environment.layout;
  return (fields) => {
    const bytes = memory(fields);
    const edge = (at: number) => BigInt(integerAt(bytes, at, 4, littleEndian));
    return unsigned(edge(far) - edge(near));
  };
}
