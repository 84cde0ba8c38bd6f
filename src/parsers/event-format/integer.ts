/**
 * Arithmetic of print formats: everything is an unsigned 64-bit integer, as in libtraceevent's
 * eval_num_arg. A value is a number while a number is exact (up to 2^53 - 1), else a bigint; equal
 * values are therefore always `===`.
 */
export type Unsigned = number | bigint;

const LARGEST = Number.MAX_SAFE_INTEGER;
const LARGEST_BIG = BigInt(LARGEST);

export function unsigned(value: bigint): Unsigned {
  const wrapped = BigInt.asUintN(64, value);
  return wrapped <= LARGEST_BIG ? Number(wrapped) : wrapped;
}

/** A decoded field of `size` bytes as the unsigned integer its bytes are (no sign extension). */
export function unsignedOf(value: number | bigint, size: number): Unsigned {
  if (value >= 0) return value;
  if (size === 8) return unsigned(BigInt(value));
  return Number(BigInt.asUintN(size * 8, BigInt(value)));
}

export function signed64(value: Unsigned): bigint {
  return BigInt.asIntN(64, BigInt(value));
}

/** The low 32 bits as a signed integer, C's `(int)value`. */
export function int32(value: Unsigned): number {
  return typeof value === 'number' ? value | 0 : Number(BigInt.asIntN(32, value));
}

export function uint32(value: Unsigned): number {
  return typeof value === 'number' ? value >>> 0 : Number(BigInt.asUintN(32, value));
}

type Operation = (left: Unsigned, right: Unsigned) => Unsigned;

const TWO_32 = 4294967296;

function exact(fast: (a: number, b: number) => number, wide: (a: bigint, b: bigint) => bigint) {
  return (left: Unsigned, right: Unsigned): Unsigned => {
    if (typeof left === 'number' && typeof right === 'number') {
      const result = fast(left, right);
      if (result >= 0 && result <= LARGEST) return result;
    }
    return unsigned(wide(BigInt(left), BigInt(right)));
  };
}

function bitwise(fast: (a: number, b: number) => number, wide: (a: bigint, b: bigint) => bigint) {
  return (left: Unsigned, right: Unsigned): Unsigned =>
    left < TWO_32 && right < TWO_32
      ? fast(Number(left), Number(right)) >>> 0
      : unsigned(wide(BigInt(left), BigInt(right)));
}

function truth(test: (left: Unsigned, right: Unsigned) => boolean): Operation {
  return (left, right) => (test(left, right) ? 1 : 0);
}

/** The binary operators but `&&` and `||`. Division by zero gives 0: nothing may throw here. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  '+': exact(
    (a, b) => a + b,
    (a, b) => a + b,
  ),
  '-': exact(
    (a, b) => a - b,
    (a, b) => a - b,
  ),
  '*': exact(
    (a, b) => a * b,
    (a, b) => a * b,
  ),
  '/': (left, right) => {
    if (right === 0) return 0;
    if (typeof left === 'number' && typeof right === 'number') return Math.floor(left / right);
    return unsigned(BigInt(left) / BigInt(right));
  },
  '%': (left, right) => {
    if (right === 0) return 0;
    if (typeof left === 'number' && typeof right === 'number') return left % right;
    return unsigned(BigInt(left) % BigInt(right));
  },
  '&': bitwise(
    (a, b) => a & b,
    (a, b) => a & b,
  ),
  '|': bitwise(
    (a, b) => a | b,
    (a, b) => a | b,
  ),
  '^': bitwise(
    (a, b) => a ^ b,
    (a, b) => a ^ b,
  ),
  // x86 takes the shift count modulo 64; C leaves more than that undefined.
  '<<': (left, right) => unsigned(BigInt(left) << (BigInt(right) & 63n)),
  '>>': (left, right) =>
    typeof left === 'number' && right < 64
      ? Math.floor(left / 2 ** Number(right))
      : unsigned(BigInt(left) >> (BigInt(right) & 63n)),
  '==': truth((a, b) => a === b),
  '!=': truth((a, b) => a !== b),
  '<': truth((a, b) => a < b),
  '>': truth((a, b) => a > b),
  '<=': truth((a, b) => a <= b),
  '>=': truth((a, b) => a >= b),
};

/**
 * What a cast does to a value; undefined where it leaves it. libtraceevent's eval_type_str widens
 * no sign either.
 */
export function castTo(type: string): ((value: Unsigned) => Unsigned) | undefined {
  const size = CAST_SIZES[type.replace(/^(?:const )?(?:unsigned |signed )?/, '')];
  if (size === 4) return uint32;
  if (size === 2) return (value) => uint32(value) & 0xffff;
  return size === 1 ? (value) => uint32(value) & 0xff : undefined;
}

const CAST_SIZES: Readonly<Record<string, number>> = {
  u8: 1,
  s8: 1,
  char: 1,
  u16: 2,
  s16: 2,
  short: 2,
  u32: 4,
  s32: 4,
  int: 4,
};
