import type { EvidenceLine } from '../analyzers/finding.ts';
import type { ResultClock } from '../analyzers/result.ts';

/** TASK_COMM_LEN of the kernel, and the width trace-cmd gives it. */
const COMM_WIDTH = 16;
/** The width trace-cmd gives the name of an event; its colon and a space come on top. */
const NAME_WIDTH = 20;

/** An event as `trace-cmd report` prints it, so that it can be searched for there. */
export function eventLine(line: EvidenceLine, clock: ResultClock): string {
  const comm = (line.comm ?? '<...>').padStart(COMM_WIDTH);
  // what has no CPU or thread (events of a GPU, lines of a log) says so
  const cpu = line.cpu < 0 ? '---' : String(line.cpu).padStart(3, '0');
  const tid = line.tid < 0 ? '?' : String(line.tid);
  const name = line.type.slice(line.type.indexOf(':') + 1);
  const stamp = absoluteTime(line, clock);
  const gap = ' '.repeat(Math.max(0, NAME_WIDTH - name.length));
  return `${comm}-${tid.padEnd(5)} [${cpu}]${stamp}: ${name}: ${gap}${line.text}`;
}

/** What relative times are added to: `25.891390107 s`. */
export function firstStamp(clock: ResultClock): string {
  if (clock.unit === 'ticks') return `tick ${clock.base}`;
  const base = BigInt(clock.base);
  return `${base / 1_000_000_000n}.${String(base % 1_000_000_000n).padStart(9, '0')} s`;
}

/** print_event_time() of libtraceevent: seconds, rounded to microseconds; ticks as they are. */
function absoluteTime({ ts, stamp: own }: EvidenceLine, clock: ResultClock): string {
  const stamp = own === undefined ? BigInt(clock.base) + BigInt(Math.round(ts)) : BigInt(own);
  if (clock.unit === 'ticks') return String(stamp).padStart(12);
  const micros = (stamp + 500n) / 1000n;
  const fraction = String(micros % 1_000_000n).padStart(6, '0');
  return ` ${String(micros / 1_000_000n).padStart(5)}.${fraction}`;
}
