import {
  isDigit,
  type Line,
  MOST_CPUS,
  numberIn,
  SPACE,
  scanFlags,
  scanTime,
  setComm,
  skipSpaces,
} from './line.ts';

const DASH = 45;
const MOST_FLAGS = 6;
const TRACE_CMD_FLAGS = 5;

/**
 * ```
 *  svmload-360       1..... 83322us!: mni_insert: (…        options/latency-format
 *     bash-9511    1.....  1772.663963: sched_switch: …     trace-cmd report -l
 *      cmd-pid   cpu flags   time
 * ```
 * The flags follow the CPU's number without a space, and the comm is cut to eight characters.
 * Returns where the event begins; -1 when the line is no such line.
 */
export function scanLatency(bytes: Uint8Array, start: number, end: number, line: Line): number {
  const limit = Math.min(end, start + 64);
  for (let dash = start; dash < limit; dash++) {
    if (bytes[dash] !== DASH || !isDigit(bytes[dash + 1])) continue;
    let at = dash + 1;
    while (at < end && isDigit(bytes[at])) at++;
    if (bytes[at] !== SPACE) continue;
    const event = scanCpuAndFlags(bytes, at, end, line);
    if (event < 0) continue;
    line.tid = numberIn(bytes, dash + 1, at);
    if (line.tid < 0) continue;
    line.tgid = -1;
    setComm(bytes, start, dash, line);
    return event;
  }
  return -1;
}

function scanCpuAndFlags(bytes: Uint8Array, from: number, end: number, line: Line): number {
  let at = skipSpaces(bytes, from, end);
  const first = at;
  let cpu = 0;
  while (at < end && isDigit(bytes[at])) cpu = cpu * 10 + (bytes[at++] as number) - 48;
  const flags = at;
  while (at < end && bytes[at] !== SPACE) at++;
  // trace-cmd puts ticks of more than twelve digits right behind its five letters
  if (at - flags > MOST_FLAGS) at = flags + TRACE_CMD_FLAGS;
  if (flags === first || at - flags < 4 || cpu > MOST_CPUS) return -1;
  const event = scanTime(bytes, skipSpaces(bytes, at, end), end, line);
  if (event < 0) return -1;
  line.cpu = cpu;
  line.flags = scanFlags(bytes, flags, at);
  return event;
}

// `            cc1    6295   1 0 00000001 00000000 [64acadc3] 16.683ms (+0.052ms): evt`
//              comm   pid cpu flags preempt  index  µs, hex   since the trace began
const VERBOSE =
  /^\s*(.{1,16}?)\s+(\d{1,9})\s+(\d{1,4}) ([0-9a-f]+) ([0-9a-f]{8}) [0-9a-f]{8,} \[([0-9a-f]{1,14})\] -?\d+\.\d+ms \(\+-?\d+\.\d+ms\): /;

/** Lines of `latency-format` with `verbose`: the time in microseconds stands in brackets. */
export function scanVerbose(bytes: Buffer, start: number, end: number, line: Line): number {
  const match = VERBOSE.exec(bytes.toString('latin1', start, Math.min(end, start + 200)));
  if (!match) return -1;
  const [head, comm = '', tid, cpu, flags = '', preempt = '', microseconds = ''] = match;
  const time = BigInt(`0x${microseconds}`);
  line.high = Number(time / 1_000_000n);
  line.low = Number(time % 1_000_000n) * 1000;
  line.isTicks = false;
  line.tid = Number(tid);
  line.tgid = -1;
  line.cpu = Number(cpu);
  line.flags = (Number.parseInt(flags, 16) & 0xff) | (Number.parseInt(preempt, 16) << 8);
  line.commStart = start + head.indexOf(comm);
  line.commEnd = line.commStart + comm.length;
  return start + head.length;
}
