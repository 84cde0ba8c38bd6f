import type { Alignment, Clock } from '../parser.ts';
import { agreement } from './agreement.ts';
import type { Scout } from './scout.ts';
import { unsharedKind } from './unshared-kind.ts';

/** What makes the stamps of a second input comparable with those of a first. */
export interface Tie {
  readonly how: Exclude<Alignment['how'], 'reference' | 'none'>;
  /** ns to add to the second input's relative stamps to get the first's. */
  readonly shift: number;
  /** ± ns. */
  readonly error: number;
  readonly anchors: number;
  readonly reason: string;
}

/** Why nothing ties two inputs. */
export interface NoTie {
  readonly how: 'none';
  readonly reason: string;
}

const MICROSECOND = 1e3;
const MILLISECOND = 1e6;
const SECOND = 1e9;

/**
 * The event of a console line is recorded some time after the line got its stamp: in recordings the
 * shifts of one boot are stable to 0.1 ms, with one of 50 pairs 0.7 ms apart.
 */
const LINE_ERROR_NS = 100 * MICROSECOND;
/** A single happening is confirmed by nothing. */
const SINGLE_ERROR_NS = MILLISECOND;
/** Two recorders of one event run one after the other. */
const EVENT_ERROR_NS = 20 * MICROSECOND;
/** A mark and a line of the same text are two writes of one program. */
const MARK_LINE_ERROR_NS = 5 * MILLISECOND;

/** The strongest tie of `second` to `first`. */
export function tie(first: Scout, second: Scout): Tie | NoTie {
  const kernels = [first, second].map(({ capture }) => releaseOf(capture.header.uname));
  if (isGuestOf(second, first) || isGuestOf(first, second)) return hostTie(first, second);
  if (kernels[0] && kernels[1] && kernels[0] !== kernels[1]) {
    return none(`they are of different kernels, ${kernels[0]} and ${kernels[1]}`);
  }
  const hosts = [first, second].map(hostOf);
  if (hosts[0] !== undefined && hosts[1] !== undefined && hosts[0] !== hosts[1]) {
    return none(`they are of different machines, ${hosts[0]} and ${hosts[1]}`);
  }
  if (first.capture.header.clock.unit !== second.capture.header.clock.unit) {
    return none('one of them counts ticks of unknown length');
  }
  const anchored = anchorTie(first, second);
  if (anchored) return anchored.how === 'none' ? anchored : believable(first, second, anchored);
  return clockTie(first, second) ?? wallTie(first, second) ?? none(missing(first, second));
}

interface AnchorKind {
  readonly how: 'lines' | 'marks' | 'events';
  readonly of: readonly ['lines' | 'marks' | 'events', 'lines' | 'marks' | 'events'];
  readonly error: number;
  readonly noun: string;
  /** Fewer say nothing: fences have the same numbers in every boot. */
  readonly least?: number;
}

const ANCHOR_KINDS: readonly AnchorKind[] = [
  { how: 'events', of: ['events', 'events'], error: EVENT_ERROR_NS, noun: 'event', least: 3 },
  { how: 'lines', of: ['lines', 'lines'], error: LINE_ERROR_NS, noun: 'console line' },
  { how: 'marks', of: ['marks', 'marks'], error: EVENT_ERROR_NS, noun: 'mark' },
  { how: 'marks', of: ['marks', 'lines'], error: MARK_LINE_ERROR_NS, noun: 'mark' },
  { how: 'marks', of: ['lines', 'marks'], error: MARK_LINE_ERROR_NS, noun: 'mark' },
];

function anchorTie(first: Scout, second: Scout): Tie | NoTie | undefined {
  let refused: NoTie | undefined;
  for (const { how, of, error, noun, least = 1 } of ANCHOR_KINDS) {
    const agreed = agreement(first[of[0]], second[of[1]]);
    if (agreed === 'contradiction') {
      refused ??= none(`they share ${noun}s, but the times between these differ: not one boot`);
    } else if (agreed && agreed.anchors >= least) {
      const { shift, spread, anchors, shared } = agreed;
      const floor = anchors === 1 ? Math.max(error, SINGLE_ERROR_NS) : error;
      const odd = shared > anchors ? ` (${shared - anchors} more disagree)` : '';
      const reason = `${anchors} ${noun}${anchors === 1 ? '' : 's'} in both${odd}`;
      return { how, shift, error: Math.max(spread, floor) + MICROSECOND, anchors, reason };
    }
  }
  return refused;
}

/** Clocks that start with the machine, and run on without regard to suspend. */
const SINCE_BOOT: ReadonlySet<string> = new Set([
  'local',
  'global',
  'perf',
  'mono',
  'mono_raw',
  'printk',
]);
/** sched_clock begins some time before the timekeeping does: -26 to +55 ms in recordings. */
const START_NS = SECOND;
/** What time adjustment may change, adjtimex(2): 500 ppm. */
const SLEW = 500e-6;

/** Clocks that must nearly agree, and do not, are of different boots. */
function believable(first: Scout, second: Scout, found: Tie): Tie | NoTie {
  const clocks = [first, second].map(({ capture }) => capture.header.clock) as [Clock, Clock];
  if ([first, second].some(isMoved)) return found;
  const offset = Math.abs(found.shift - sameStampShift(first, second));
  const same = clocks[0].name === clocks[1].name && EXACT.has(clocks[0].name);
  const uptime = Number(first.base) + first.last;
  const close = clocks.every(({ name }) => SINCE_BOOT.has(name));
  const most = same ? found.error + MILLISECOND : START_NS + SLEW * uptime;
  if (!(same || close) || offset <= most) return found;
  return none(
    `${found.reason}, but by these the clocks ${clocks[0].name} and ${clocks[1].name} differ by ${(offset / SECOND).toFixed(3)} s: not one boot`,
  );
}

/** What is read of these clocks at one moment is the same everywhere in the machine. */
const EXACT: ReadonlySet<string> = new Set(['mono', 'mono_raw', 'boot', 'tai', 'global', 'printk']);
/** These differ from CPU to CPU, or from recorder to recorder. */
const NEARLY: ReadonlySet<string> = new Set(['local', 'perf', 'x86-tsc']);

function clockTie(first: Scout, second: Scout): Tie | NoTie | undefined {
  const reason = sameClock(first.capture.header.clock.name, second.capture.header.clock.name);
  if (reason === undefined || [first, second].some(isMoved)) return undefined;
  const shift = sameStampShift(first, second);
  if (!overlaps(first, second, shift)) {
    return none(`${reason}, but at different times: nothing shows that it is one boot`);
  }
  const unshared = unsharedKind(first, second, shift);
  if (unshared !== undefined) {
    return none(`${reason}, but they have no ${unshared} in common: not one boot`);
  }
  const isNearly = NEARLY.has(first.capture.header.clock.name);
  const named = sameNames(first, second) + sameNames(second, first);
  return {
    how: 'clock',
    shift,
    error: isNearly ? MILLISECOND : MICROSECOND,
    anchors: named,
    reason: named === 0 ? reason : `${reason}, and name ${named} of the same processes`,
  };
}

/** Threads with one number and one name in both: a sign that it is one boot. */
function sameNames({ names }: Scout, { capture }: Scout): number {
  return [...names].filter(([tid, name]) => capture.comm(tid) === name).length;
}

/** How two clocks are one; undefined when they are not. */
function sameClock(first: string, second: string): string | undefined {
  if (first === second) {
    return EXACT.has(first) || NEARLY.has(first) ? `both use the clock ${first}` : undefined;
  }
  // two recordings of seconds would not overlap after any suspend
  return [first, second].sort().join() === 'boot,mono'
    ? 'boot and mono are one clock until the machine is suspended'
    : undefined;
}

/** Logs get their wall-clock stamps late, or in whole seconds. */
const LOG_WALL_ERROR_NS = SECOND;

function wallTie(first: Scout, second: Scout): Tie | undefined {
  const [a, b] = [wallOffset(first), wallOffset(second)];
  if (a === undefined || b === undefined) return undefined;
  const bases = second.base - first.base;
  const shift = Number(bases + b - a);
  if (!overlaps(first, second, shift)) return undefined;
  const isLog = first.capture.header.isLog || second.capture.header.isLog;
  const error = isLog ? LOG_WALL_ERROR_NS : MILLISECOND + slew(first) + slew(second);
  return {
    how: 'wall',
    shift,
    error: Math.ceil(error),
    anchors: 0,
    reason: 'both tell the wall-clock time',
  };
}

/** ns from the input's clock to the wall clock. */
function wallOffset({ capture }: Scout): bigint | undefined {
  const { wall, name } = capture.header.clock;
  if (wall) return wall.wall - wall.clock;
  return name === 'realtime' ? 0n : undefined;
}

/** How far the wall clock may have been adjusted between its reading and the events. */
function slew({ capture, base, first, last }: Scout): number {
  const { wall } = capture.header.clock;
  if (!wall || wall.wall === wall.clock) return 0;
  const read = Number(wall.clock - base);
  return SLEW * Math.max(Math.abs(first - read), Math.abs(last - read));
}

/** TIME_SHIFT names the trace id of the host: the guest's stamps were converted when it was opened. */
function isGuestOf(guest: Scout, host: Scout): boolean {
  const id = host.capture.header.facts['trace id'];
  return id !== undefined && guest.capture.header.facts['host trace id'] === id;
}

function hostTie(first: Scout, second: Scout): Tie {
  return {
    how: 'host',
    shift: sameStampShift(first, second),
    error: MILLISECOND,
    anchors: 0,
    reason: 'its recorder measured the clock of the guest against that of the host',
  };
}

/** The shift if both clocks are one. */
function sameStampShift(first: Scout, second: Scout): number {
  return Number(second.base - first.base);
}

/** Its stamps are no longer those of the clock it names. */
function isMoved({ capture }: Scout): boolean {
  const { clock, facts } = capture.header;
  return facts['time offset'] !== undefined || clock.converted !== undefined;
}

function overlaps(first: Scout, second: Scout, shift: number): boolean {
  return second.first + shift <= first.last && second.last + shift >= first.first;
}

/** `6.12.117-svmlab` of `Linux host 6.12.117-svmlab x86_64` or `Linux version 6.12.117-svmlab (…`. */
function releaseOf(uname: string | undefined): string | undefined {
  return /^\S+ \S+ (\d+\.\d+\S*)/.exec(uname ?? '')?.[1];
}

/** What uname -n and syslog lines say where nobody gave the machine a name. */
const NO_NAME: ReadonlySet<string> = new Set(['(none)', 'unknown', 'localhost', '']);

function hostOf({ capture }: Scout): string | undefined {
  const { facts, uname } = capture.header;
  const name = facts.host ?? /^Linux (\S+) \d/.exec(uname ?? '')?.[1] ?? '';
  const [short = ''] = name.split('.');
  return NO_NAME.has(short) ? undefined : short;
}

function missing(first: Scout, second: Scout): string {
  const names = [first, second].map(({ capture }) => capture.header.clock.name);
  const log = [first, second].find(({ capture }) => capture.header.isLog);
  const trace = [first, second].find(({ capture }) => !capture.header.isLog);
  if (!log || !trace)
    return `they have nothing in common, and their clocks are ${names.join(' and ')}`;
  return trace.lines.size === 0
    ? 'the recording holds no console lines to find in the log: record printk:console as well'
    : 'no console line of the recording is in the log: it is of another boot, or leaves them out';
}

function none(reason: string): NoTie {
  return { how: 'none', reason };
}
