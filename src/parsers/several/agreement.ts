import type { Moments } from './scout.ts';

/** What happenings found in two inputs say of their clocks. */
export interface Agreement {
  /** ns to add to the second input's stamps to get the first's. */
  readonly shift: number;
  /** ± ns: how far the happenings that agree are apart. */
  readonly spread: number;
  /** How many agree. */
  readonly anchors: number;
  /** How many are in both inputs, once in each. */
  readonly shared: number;
}

/**
 * How far apart the shifts of one boot's clocks may be and still be one shift. In recordings of Linux
 * 6.12 and 7.2 console lines agree within 0.7 ms; where the console is slow, kernels before 5.10 record
 * a line as late as it is printed.
 */
const TIGHT_NS = 2e6;
const LOOSE_NS = 200e6;
/** So many must agree loosely: two runs of one test have a few marks as far apart by chance. */
const LOOSE_ANCHORS = 5;

/**
 * The shift most of the happenings agree on; undefined when there is none in both inputs, or they
 * contradict each other.
 */
export function agreement(
  first: ReadonlyMap<string, Moments>,
  second: ReadonlyMap<string, Moments>,
): Agreement | 'contradiction' | undefined {
  const shifts = sharedShifts(first, second);
  if (shifts.length === 0) return undefined;
  for (const [width, least] of [
    [TIGHT_NS, 1],
    [LOOSE_NS, LOOSE_ANCHORS],
  ] as const) {
    const agreeing = densest(shifts, width);
    if (agreeing.length < least || agreeing.length * 2 <= shifts.length) continue;
    return { ...centre(agreeing), anchors: agreeing.length, shared: shifts.length };
  }
  return 'contradiction';
}

/** Ascending; of what occurs once in each input. */
function sharedShifts(
  first: ReadonlyMap<string, Moments>,
  second: ReadonlyMap<string, Moments>,
): number[] {
  const shifts: number[] = [];
  for (const [text, [moment, ...more]] of second) {
    const other = first.get(text);
    if (moment === undefined || more.length > 0 || other?.length !== 1) continue;
    shifts.push((other[0] as number) - moment);
  }
  return shifts.sort((a, b) => a - b);
}

/** The longest run of shifts that are not further apart than `width`. */
function densest(shifts: readonly number[], width: number): number[] {
  let from = 0;
  let best: readonly [from: number, to: number] = [0, 0];
  shifts.forEach((shift, to) => {
    while (shift - (shifts[from] as number) > width) from += 1;
    if (to + 1 - from > best[1] - best[0]) best = [from, to + 1];
  });
  return shifts.slice(...best);
}

/** One in this many of the outermost on each side is left out of the spread. */
const OUTLIERS = 20;

function centre(shifts: readonly number[]): Pick<Agreement, 'shift' | 'spread'> {
  const cut = Math.floor(shifts.length / OUTLIERS);
  const low = shifts[cut] as number;
  const high = shifts[shifts.length - 1 - cut] as number;
  const middle = shifts.length >> 1;
  const median =
    shifts.length % 2 === 1
      ? (shifts[middle] as number)
      : ((shifts[middle - 1] as number) + (shifts[middle] as number)) / 2;
  return { shift: Math.round(median), spread: Math.ceil(Math.max(median - low, high - median)) };
}
