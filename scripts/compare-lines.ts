/** A line on which trace-cmd and we are known to differ. */
export interface KnownException {
  /** Why, and why we do not do as trace-cmd does. */
  readonly reason: string;
  /** Regular expressions for trace-cmd's line and ours. */
  readonly theirs: string;
  readonly ours: string;
}

export interface Difference {
  readonly path: string;
  /** Line of trace-cmd's report, from 1. */
  readonly line: number;
  readonly theirs: string;
  readonly ours: string;
}

export interface Comparison {
  compared: number;
  equal: number;
  readonly exceptions: (Difference & { reason: string })[];
  readonly differences: Difference[];
}

/** How far a line missing on one side is looked for. */
const WINDOW = 200;
const ABSENT = '(no such line)';

export function compareLines(
  theirText: string,
  ourText: string,
  path: string,
  known: readonly KnownException[],
): Comparison {
  const theirs = theirText.split('\n');
  const ours = ourText.split('\n');
  const result: Comparison = { compared: 0, equal: 0, exceptions: [], differences: [] };
  const patterns = known.map(({ reason, theirs: t, ours: o }) => ({
    reason,
    theirs: new RegExp(t),
    ours: new RegExp(o),
  }));
  const differ = (line: number, their: string, our: string) => {
    result.compared++;
    if (their === our) {
      result.equal++;
      return;
    }
    const difference = { path, line: line + 1, theirs: their, ours: our };
    const found = patterns.find((p) => p.theirs.test(their) && p.ours.test(our));
    if (found) result.exceptions.push({ ...difference, reason: found.reason });
    else result.differences.push(difference);
  };
  let t = 0;
  let o = 0;
  while (t < theirs.length || o < ours.length) {
    if (t < theirs.length && theirs[t] === ours[o]) {
      result.compared++;
      result.equal++;
      t++;
      o++;
      continue;
    }
    const [skipTheirs, skipOurs] = resync(theirs, t, ours, o);
    for (let i = 0; i < Math.max(skipTheirs, skipOurs); i++) {
      differ(
        t + Math.min(i, skipTheirs),
        i < skipTheirs ? (theirs[t + i] ?? ABSENT) : ABSENT,
        i < skipOurs ? (ours[o + i] ?? ABSENT) : ABSENT,
      );
    }
    t += skipTheirs;
    o += skipOurs;
  }
  return result;
}

/** How many lines to pass on each side until both agree again. */
function resync(
  theirs: readonly string[],
  t: number,
  ours: readonly string[],
  o: number,
): [number, number] {
  // An empty line agrees with any other: it counts at the end of both texts only.
  const agree = (at: number, to: number) =>
    theirs[at] !== undefined &&
    theirs[at] === ours[to] &&
    (theirs[at] !== '' || (at === theirs.length - 1 && to === ours.length - 1));
  for (let distance = 1; distance <= WINDOW; distance++) {
    for (let skip = 0; skip <= distance; skip++) {
      if (agree(t + distance - skip, o + skip)) return [distance - skip, skip];
    }
  }
  return [Math.min(1, theirs.length - t), Math.min(1, ours.length - o)];
}
