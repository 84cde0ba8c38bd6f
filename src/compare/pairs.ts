/** Which runs of both sides belong together: those recorded one right after the other. */
import { LEAST_RUNS } from './comparability.ts';
import type { Side } from './comparison.ts';
import type { Run } from './run.ts';

/** Indices of a run of the base and of its partner in the new build. */
export type Pair = readonly [base: number, next: number];

/** Trace clocks that go on while a machine boots (Documentation/trace/ftrace.rst, trace_clock). */
const WALL_CLOCKS: readonly string[] = ['tai', 'realtime'];

interface Recorded {
  readonly index: number;
  readonly isNew: boolean;
  readonly from: number;
  readonly to: number;
}

/**
 * The pairs of runs recorded in turn, one of each side at a time; undefined where they were not, or
 * where the captures do not say: clocks that start anew with every boot order only runs of one boot.
 */
export function recordedInTurn(base: Side, next: Side): Pair[] | undefined {
  const runs = [...base.runs, ...next.runs];
  const { length } = base.runs;
  if (length < LEAST_RUNS || length !== next.runs.length || !hasOneClock(runs)) return undefined;
  const order = [...recorded(base, false), ...recorded(next, true)].sort((a, b) => a.from - b.from);
  if (order.some(({ from }, n) => from < (order[n - 1]?.to ?? from))) return undefined;
  const pairs: Pair[] = [];
  for (let n = 0; n < order.length; n += 2) {
    const [first, second] = [order[n], order[n + 1]];
    if (!first || !second || first.isNew === second.isNew) return undefined;
    pairs.push(first.isNew ? [second.index, first.index] : [first.index, second.index]);
  }
  return pairs;
}

function recorded({ runs }: Side, isNew: boolean): Recorded[] {
  return runs.map(({ startNs, durationNs }, index) => ({
    index,
    isNew,
    from: startNs,
    to: startNs + durationNs,
  }));
}

function hasOneClock(runs: readonly Run[]): boolean {
  const clocks = new Set(runs.map(({ clock }) => `${clock.name} ${clock.unit}`));
  const [first] = runs;
  if (!first || clocks.size !== 1 || first.clock.unit !== 'ns') return false;
  // one boot is of one kernel
  const kernels = new Set(runs.map(({ uname }) => uname));
  return WALL_CLOCKS.includes(first.clock.name) || (kernels.size === 1 && first.uname !== null);
}

/** The nth runs of both sides, where the user says that they belong together. */
export function inGivenOrder({ runs }: Side): Pair[] {
  return runs.map((_, n) => [n, n]);
}
