import type { Facts, LostEvents, Scanner } from '../text/dialect.ts';
import { scanEvent } from '../text/event-name.ts';
import {
  isDigit,
  type Line,
  LOSS,
  MOST_CPUS,
  REST,
  SKIP,
  SPACE,
  scanTime,
  setComm,
  skipSpaces,
  startsWith,
} from '../text/line.ts';

const HASH = 35;
const TAB = 9;
const MOST_HEAD_BYTES = 160;
const MOST_PID = 0x7fff_ffff;

/** What `perf script` prints for tracepoints: tools/perf/builtin-script.c, perf_sample__fprintf_start. */
export class PerfScriptScanner implements Scanner {
  readonly hasNoTime = false;
  readonly #facts: Facts;

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  scan(bytes: Buffer, start: number, end: number, line: Line): void {
    line.start = start;
    line.bufferEnd = line.bufferStart;
    line.flags = 0;
    if (start === end || bytes[start] === HASH) {
      line.form = SKIP;
      if (bytes[start] === HASH) headerLine(bytes.toString('utf8', start, end), this.#facts);
      return;
    }
    // frames of a callchain
    if (bytes[start] === TAB) {
      line.form = SKIP;
      return;
    }
    const time = scanHead(bytes, start, end, line);
    if (time < 0) {
      line.form = REST;
      return;
    }
    if (line.tid === 0 || startsWith(bytes, line.commStart, end, 'kworker/')) {
      this.#facts.showsKernelTasks = true;
    }
    scanEvent(bytes, skipPeriod(bytes, time, end), end, line, 0);
    if (startsWith(bytes, line.nameStart, end, 'PERF_RECORD_')) {
      line.form = startsWith(bytes, line.nameStart, end, 'PERF_RECORD_LOST') ? LOSS : SKIP;
    }
  }

  lost(bytes: Buffer, start: number, end: number): LostEvents {
    const text = bytes.toString('latin1', start, end);
    const cpu = /\[(\d+)\]/.exec(text)?.[1];
    const events = /lost (\d+)/.exec(text)?.[1];
    return { cpu: Number(cpu ?? -1), events: events === undefined ? null : Number(events) };
  }
}

// ```
//          svmload  1894 [001]   239.303076:          sched:sched_process_exec: filename=…
//    perf-exec 489/489 [000]    27.887898:          1 mmap:exit_mmap: mt_mod …
//    comm      pid/tid  cpu     time        period    event
// ```
/** Where the time's colon is passed; -1 when the line is no sample. Every space may end the comm. */
function scanHead(bytes: Buffer, start: number, end: number, line: Line): number {
  const limit = Math.min(end, start + MOST_HEAD_BYTES);
  for (let at = start + 1; at < limit; at++) {
    if (bytes[at - 1] !== SPACE || !isDigit(bytes[at])) continue;
    const time = scanFrom(bytes, at, end, line);
    if (time < 0) continue;
    setComm(bytes, start, at, line);
    if (line.commEnd > line.commStart) return time;
  }
  return -1;
}

function scanFrom(bytes: Buffer, from: number, end: number, line: Line): number {
  let at = scanIds(bytes, from, end, line);
  if (bytes[at] !== SPACE || line.tid > MOST_PID || line.tgid > MOST_PID) return -1;
  at = skipSpaces(bytes, at, end);
  // the column is missing where only one thread was recorded
  line.cpu = 0;
  if (bytes[at] === 91) {
    at++;
    while (at < end && isDigit(bytes[at])) line.cpu = line.cpu * 10 + (bytes[at++] as number) - 48;
    if (bytes[at] !== 93 || line.cpu > MOST_CPUS) return -1;
    at = skipSpaces(bytes, at + 1, end);
  }
  const time = scanTime(bytes, at, end, line);
  return time >= 0 && !line.isTicks ? time : -1;
}

/** `tid`, or `pid/tid`. */
function scanIds(bytes: Buffer, from: number, end: number, line: Line): number {
  let at = from;
  line.tid = 0;
  line.tgid = -1;
  for (; at < end && (isDigit(bytes[at]) || bytes[at] === 47); at++) {
    if (bytes[at] === 47) {
      line.tgid = line.tid;
      line.tid = 0;
    } else line.tid = line.tid * 10 + (bytes[at] as number) - 48;
  }
  return at;
}

function skipPeriod(bytes: Buffer, from: number, end: number): number {
  let at = skipSpaces(bytes, from, end);
  const first = at;
  while (at < end && isDigit(bytes[at])) at++;
  return at > first && bytes[at] === SPACE ? skipSpaces(bytes, at, end) : first;
}

/** `perf script --header`: `# os release : 6.12.117-svmlab`. */
function headerLine(text: string, facts: Facts): void {
  const match = /^# ([a-z][a-z ]*?) ?: (.+)$/.exec(text);
  if (!match) return;
  const [, name = '', value = ''] = match;
  if (name === 'os release') facts.uname = `Linux (none) ${value}`;
  else if (name === 'nrcpus online') facts.cpus = Number(value) || 0;
  if (HEADER_FACTS.has(name)) facts.facts[name] = value.slice(0, 200);
}

const HEADER_FACTS: ReadonlySet<string> = new Set([
  'hostname',
  'captured on',
  'perf version',
  'arch',
  'cpudesc',
  'cmdline',
]);
