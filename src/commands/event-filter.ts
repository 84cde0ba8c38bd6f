import { TraceError } from '../errors.ts';
import type { CaptureHeader, EventBatch, EventType, ReadOptions } from '../parsers/parser.ts';

/** Which events to show, in the words of the command line. */
export interface FilterOptions {
  /** First and last time stamp as printed: seconds, or ticks where the clock has no unit. */
  readonly from?: string;
  readonly to?: string;
  /** Thread ids and CPUs: `3`, `0-3,7`. */
  readonly pid?: string;
  readonly cpu?: string;
  /** `name` or `system:name`, with `*` and `?`. */
  readonly event?: readonly string[];
}

export interface EventFilter {
  readonly select: NonNullable<ReadOptions['select']>;
  matches(batch: EventBatch, i: number): boolean;
  /** Whether nothing after this batch can match. */
  isPast(batch: EventBatch): boolean;
}

/** @throws TraceError where an option means nothing in this capture. */
export function filterEvents(header: CaptureHeader, options: FilterOptions): EventFilter {
  const from = timeBound(header, options.from, '--from', -1);
  const to = timeBound(header, options.to, '--to', 1);
  const pids = numberSet(options.pid, '--pid');
  const cpus = numberSet(options.cpu, '--cpu');
  return {
    select: typeSelection(header.eventTypes, options.event),
    matches(batch, i) {
      const ts = batch.ts[i] as number;
      if (ts < from || ts > to) return false;
      if (pids && !pids(batch.tid[i] as number)) return false;
      return !cpus || cpus(batch.cpu[i] as number);
    },
    isPast: (batch) => (batch.ts[batch.length - 1] ?? 0) > to,
  };
}

/** Printed times are rounded to microseconds: a bound in microseconds includes what rounds to it. */
const ROUNDING_NS = 500;

function timeBound(
  { clock }: CaptureHeader,
  text: string | undefined,
  option: string,
  direction: -1 | 1,
): number {
  if (text === undefined) return direction * Number.POSITIVE_INFINITY;
  const [, whole, fraction] = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text.trim()) ?? [];
  if (whole === undefined) {
    throw new TraceError(`${option} ${text} is no time stamp`, {
      hint: 'give it as events prints it, for example 222.962404',
    });
  }
  if (clock.unit === 'ticks') return Number(BigInt(whole) - clock.base);
  // `boot` is printed as whole nanoseconds.
  const isWholeNanoseconds = fraction === undefined && clock.name === 'boot';
  const absolute = isWholeNanoseconds
    ? BigInt(whole)
    : BigInt(whole) * 1_000_000_000n + BigInt((fraction ?? '').padEnd(9, '0'));
  const slack = (fraction?.length ?? 0) > 6 ? 0 : direction * ROUNDING_NS;
  return Number(absolute - clock.base) + slack;
}

function numberSet(
  text: string | undefined,
  option: string,
): ((value: number) => boolean) | undefined {
  if (text === undefined) return undefined;
  const ranges = text.split(',').map((part) => {
    const [, first, last = first] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part) ?? [];
    if (first === undefined) {
      throw new TraceError(`${option} ${text} is no list of numbers`, {
        hint: 'for example 0-3,7',
      });
    }
    return [Number(first), Number(last)] as const;
  });
  return (value) => ranges.some(([first, last]) => value >= first && value <= last);
}

function typeSelection(
  types: readonly EventType[],
  patterns: readonly string[] | undefined,
): EventFilter['select'] {
  if (!patterns || patterns.length === 0) return () => 'rows';
  const wanted = new Set<number>();
  for (const pattern of patterns) {
    const glob = globOf(pattern);
    const byName = !pattern.includes(':');
    const found = types.filter(({ system, name }) =>
      glob.test(byName ? name : `${system}:${name}`),
    );
    if (found.length === 0) {
      throw new TraceError(`no event type of this capture is called ${pattern}`, {
        hint: 'svm-trace info lists them',
      });
    }
    for (const { index } of found) wanted.add(index);
  }
  return ({ index }) => (wanted.has(index) ? 'rows' : 'count');
}

function globOf(pattern: string): RegExp {
  const escaped = pattern.replace(/[\\^$.|+()[\]{}]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`);
}
