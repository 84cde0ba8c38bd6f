/** What must be alike on both sides before a difference can be laid at the kernel’s door. */
import type { Difference, Side } from './comparison.ts';
import type { Run } from './run.ts';
import { median } from './statistics/sample.ts';

/** Fewer runs have no scatter to speak of. */
export const LEAST_RUNS = 3;
/** Losing more of the events biases counts and tails. */
const MOST_LOSS = 0.01;
/** Losses differing by this factor bias one side more; of no weight below one in a thousand. */
const LOSS_RATIO = 2;
const SOME_LOSS = 0.001;
const MUCH_LONGER = 10;
const LONGER = 2;

export interface Comparability {
  readonly obstacles: readonly string[];
  readonly notes: readonly string[];
  /** The sides differ in more than the kernel: what is new need not be its fault. */
  readonly different: boolean;
  /** Times cannot be compared, only rates per object. */
  readonly clock: string | undefined;
}

export function comparability(base: Side, next: Side, allow: readonly Difference[]): Comparability {
  const found: [Difference, string | undefined][] = [
    ['loss', lossDifference(base, next)],
    ['workload', workloadDifference(base, next)],
    ['host', hostDifference(base, next)],
    ['duration', durationDifference(base, next, MUCH_LONGER)],
  ];
  const obstacles: string[] = [];
  const notes: string[] = [];
  for (const [difference, reason] of found) {
    if (reason === undefined) continue;
    if (allow.includes(difference)) notes.push(`${reason} (allowed)`);
    else obstacles.push(`${reason}; --allow ${difference} compares all the same`);
  }
  const different = obstacles.length > 0;
  obstacles.unshift(...[base, next].flatMap(tooFewRuns));
  const longer = durationDifference(base, next, LONGER);
  if (longer && found[3]?.[1] === undefined) {
    notes.push(`${longer}: only rates and quantiles are compared, never totals`);
  }
  const shared = base.runs.filter(({ identity }) =>
    next.runs.some((run) => run.identity === identity),
  ).length;
  if (shared > 0) notes.push(`${shared} of the captures are on both sides`);
  const clock = clockDifference([...base.runs, ...next.runs]);
  if (clock && allow.includes('clock')) notes.push(`${clock} (allowed)`);
  return { obstacles, notes, different, clock: allow.includes('clock') ? undefined : clock };
}

function tooFewRuns({ label, runs }: Side): string[] {
  if (runs.length >= LEAST_RUNS) return [];
  const many = runs.length === 1 ? 'one run' : `${runs.length} runs`;
  return [`${label} has ${many}: ${LEAST_RUNS} are needed to see the noise, 5 to gate`];
}

/**
 * The earlier builds that were measured as these two are: on such a host, by such a clock, with such
 * a load; and a sentence on the others.
 */
export function likeBuilds(
  history: readonly Side[],
  base: Side,
): { readonly like: readonly Side[]; readonly note: string | undefined } {
  const [first] = base.runs;
  const like = history.filter(
    (build) =>
      build.runs.length > 0 &&
      hostDifference(base, build) === undefined &&
      workloadDifference(base, build) === undefined &&
      (lossRatio(build) ?? 1) <= MOST_LOSS &&
      build.runs.every(({ clock }) => clock.name === first?.clock.name),
  );
  const others = history.length - like.length;
  const note =
    others === 0
      ? undefined
      : `${others} of ${history.length} earlier builds are left out: another host, clock or load, or events lost`;
  return { like, note };
}

/** What takes the times away: several clocks, or one of unknown unit. */
export function clockDifference(runs: readonly Run[]): string | undefined {
  const names = [...new Set(runs.map(({ clock }) => clock.name))].sort();
  if (names.length > 1) return `other trace clocks (${names.join(', ')})`;
  return runs.some(({ clock }) => clock.unit === 'ticks')
    ? 'the trace clock counts ticks of unknown length'
    : undefined;
}

/** Whether so much was lost that counts and tails mean nothing. */
export function isLossy(side: Side): boolean {
  return (lossRatio(side) ?? 1) > MOST_LOSS;
}

function lossDifference(base: Side, next: Side): string | undefined {
  const ratios = [base, next].map(lossRatio);
  const unknown = [base, next].find((_, n) => ratios[n] === undefined);
  if (unknown) return `events were lost in ${unknown.label}, and nobody counted them`;
  const [before = 0, after = 0] = ratios.map((ratio) => ratio ?? 0);
  const percent = (ratio: number): string => `${Number((ratio * 100).toPrecision(2))} %`;
  const both = `${percent(before)} of the events of ${base.label} and ${percent(after)} of those of ${next.label} were lost`;
  if (Math.max(before, after) > MOST_LOSS) return both;
  const uneven = Math.max(before, after) > LOSS_RATIO * Math.min(before, after);
  return uneven && Math.max(before, after) > SOME_LOSS ? both : undefined;
}

/** Lost events of all there were; undefined = not counted. */
function lossRatio({ runs }: Side): number | undefined {
  if (runs.some(({ lost }) => lost === null)) return undefined;
  const lost = runs.reduce((sum, run) => sum + (run.lost ?? 0), 0);
  const events = runs.reduce((sum, run) => sum + run.events, 0);
  return lost === 0 ? 0 : lost / (lost + events);
}

function workloadDifference(base: Side, next: Side): string | undefined {
  const [before, after] = [programsOf(base), programsOf(next)];
  if (before.length === 0 || after.length === 0) return undefined;
  if (before.some((program) => after.includes(program))) return undefined;
  const digits = [...before, ...after].some((name) => name.includes('N')) ? ' (N: digits)' : '';
  return `another load ran: ${before.join(', ')} in ${base.label}, ${after.join(', ')} in ${next.label}${digits}`;
}

function programsOf({ runs }: Side): string[] {
  return [...new Set(runs.flatMap(({ programs }) => programs))].sort();
}

function hostDifference(base: Side, next: Side): string | undefined {
  const [before, after] = [base, next].map((side) =>
    [...new Set(side.runs.map(hostClass))].sort().join(' and '),
  );
  if (before === after || before === '' || after === '') return undefined;
  return `another class of host: ${before} in ${base.label}, ${after} in ${next.label}`;
}

/** What decides how fast a machine of an unknown model is, as far as captures say. */
export function hostClass({ host }: Run): string {
  const cpus = `${host.cpus} ${host.cpus === 1 ? 'CPU' : 'CPUs'}`;
  return `${host.machine ?? `${host.endian}-endian machine`} with ${cpus}`;
}

function durationDifference(base: Side, next: Side, factor: number): string | undefined {
  const lengths = [base, next].map(({ runs }) => median(runs.map((run) => run.durationNs)));
  const [before = 0, after = 0] = lengths;
  if (!(Math.max(before, after) > factor * Math.min(before, after))) return undefined;
  const times = Number((Math.max(before, after) / Math.min(before, after)).toPrecision(2));
  const [longer, shorter] = after > before ? [next, base] : [base, next];
  return `the runs of ${longer.label} are ${times} times as long as those of ${shorter.label}`;
}
