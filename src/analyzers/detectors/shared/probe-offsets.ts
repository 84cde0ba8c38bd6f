import type { View } from '../../detector.ts';

/**
 * Why a rule about ranges, reasons or flags of invalidations cannot decide: a probe has the offsets of
 * another kernel, so what it recorded is rubbish. Undefined = the arguments can be believed.
 */
export function wrongOffsets(view: View): string | undefined {
  return view.saneProbes
    ? undefined
    : 'A probe recorded impossible arguments (offsets of another kernel), so ranges, reasons and flags of invalidations say nothing.';
}
