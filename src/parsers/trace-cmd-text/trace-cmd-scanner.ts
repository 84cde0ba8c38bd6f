import type { Facts, LostEvents, Scanner } from '../text/dialect.ts';
import { scanEvent } from '../text/event-name.ts';
import { scanCall } from '../text/graph-call.ts';
import { scanLatency } from '../text/latency-line.ts';
import {
  EVENT,
  find,
  type Line,
  LOSS,
  REST,
  SKIP,
  SPACE,
  scanTask,
  setComm,
  skipDifference,
  skipSpaces,
  startsWith,
} from '../text/line.ts';

/** trace_show_data of trace-cmd's trace-read.c: `%16s-%-5d`, and ` %s: %-20s`. */
const COMM_COLUMN = 16;
const NAME_COLUMN = 20;

/** What `trace-cmd report` prints, with -t, -l, -R, -N and several buffers. */
export class TraceCmdScanner implements Scanner {
  readonly hasNoTime = false;
  readonly #facts: Facts;

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  scan(bytes: Buffer, start: number, end: number, line: Line): void {
    line.start = start;
    line.bufferStart = start;
    line.bufferEnd = start;
    let event = scanTask(bytes, start, end, line);
    if (event < 0) event = scanLatency(bytes, start, end, line);
    if (event < 0) {
      this.#scanRest(bytes, start, end, line);
      return;
    }
    splitBuffer(bytes, start, line);
    scanEvent(bytes, skipDifference(bytes, event, end), end, line, NAME_COLUMN);
    if (line.form === EVENT && startsWith(bytes, line.nameStart, line.nameEnd, 'funcgraph_')) {
      this.#scanCall(bytes, end, line);
    }
  }

  lost(bytes: Buffer, start: number, end: number): LostEvents {
    const match = /CPU:(\d+) \[(\d+)? ?EVENTS DROPPED\]/.exec(bytes.toString('latin1', start, end));
    return { cpu: Number(match?.[1] ?? 0), events: match?.[2] ? Number(match[2]) : null };
  }

  /** `! 205.082 us |      name();`; with -R the fields, which are read like any others. */
  #scanCall(bytes: Buffer, end: number, line: Line): void {
    if (find(bytes, '|', line.payloadStart, end) < 0) return;
    const { nameStart } = line;
    scanCall(bytes, line.payloadStart, end, line);
    if (line.form === EVENT) line.nameStart = Math.max(line.nameStart, nameStart);
  }

  #scanRest(bytes: Buffer, start: number, end: number, line: Line): void {
    line.form = REST;
    if (start === end) line.form = SKIP;
    else if (find(bytes, 'EVENTS DROPPED]', start, end) >= 0) line.form = LOSS;
    else if (startsWith(bytes, start, end, 'CPU ')) line.form = SKIP;
    else if (startsWith(bytes, start, end, 'cpus=')) {
      line.form = SKIP;
      this.#facts.cpus = Number(bytes.toString('latin1', start + 5, end)) || 0;
    } else if (startsWith(bytes, start, end, 'version = ')) {
      line.form = SKIP;
      this.#facts.facts['file version'] = bytes.toString('latin1', start + 10, end);
    }
  }
}

/** `gpu:          svmload-1128`: the comm has its column, what stands ahead of it is the buffer's name. */
function splitBuffer(bytes: Buffer, start: number, line: Line): void {
  const dash = bytes.indexOf(45, line.commEnd);
  const commStart = dash - COMM_COLUMN;
  if (commStart <= start || line.commStart >= commStart) return;
  let last = commStart;
  while (last > start && bytes[last - 1] === SPACE) last--;
  if (bytes[last - 1] !== 58) return;
  line.bufferStart = skipSpaces(bytes, start, last);
  line.bufferEnd = last - 1;
  setComm(bytes, commStart, dash, line);
}
