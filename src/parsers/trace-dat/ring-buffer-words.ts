/**
 * The words of a ring-buffer page: include/linux/ring_buffer.h (enum ring_buffer_type) and
 * kernel/trace/ring_buffer.c.
 */

/** type_len: 0 is a record whose length has a word of its own, 1 to 28 its length in words. */
export const LONGEST_LENGTH = 28;
export const PADDING = 29;
export const TIME_EXTEND = 30;

/** A page's commit: the bytes of its data, and what was lost ahead of it. */
export const COMMIT_MASK = 0x07ffffff;
export const MISSING_EVENTS = 0x80000000;
/** The number of lost events stands behind the data. */
export const MISSING_STORED = 0x40000000;

export const TWO_27: number = 2 ** 27;
export const TWO_32: number = 2 ** 32;
const LOW_59 = (1n << 59n) - 1n;

export function swapWord(word: number): number {
  return ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

/** A big-endian kernel keeps type_len in the top bits; this gives the little-endian order of both. */
export function swapHeader(word: number): number {
  const value = swapWord(word);
  return (value << 5) | (value >>> 27);
}

/**
 * An absolute time stamp (type 31), relative to `origin`. It holds 59 bits; the top 5 are those of
 * `before`, the time before it, or one more where the lower bits wrapped since (rb_fix_abs_ts).
 */
export function absoluteTime(high: number, low: number, origin: bigint, before: number): number {
  const start = origin & LOW_59;
  const from = high - Number(start >> 27n);
  // Whole turns are added before the multiplication, whose result a number may no longer hold.
  const turns = Math.round((before / TWO_27 - from) / TWO_32);
  return (from + turns * TWO_32) * TWO_27 + (low - Number(start & 0x7ffffffn));
}
