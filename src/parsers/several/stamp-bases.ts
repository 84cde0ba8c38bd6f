import type { CaptureHeader } from '../parser.ts';

/**
 * By buffer: what relative times are added to. Inputs that are aligned have the stamps of the reference;
 * of those that are not the stamps are their own.
 */
export function stampBases({ inputs, buffers, clock }: CaptureHeader): bigint[] {
  return buffers.map((_, buffer) => {
    const input = inputs?.findLast(({ buffers: own }) => own.first <= buffer);
    return !input || input.alignment.error !== undefined
      ? clock.base
      : clock.base - input.alignment.offset;
  });
}
