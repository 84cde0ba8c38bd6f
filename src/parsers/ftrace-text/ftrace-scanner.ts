import type { Facts, LostEvents, Scanner, Task } from '../text/dialect.ts';
import { scanEvent } from '../text/event-name.ts';
import { scanCall } from '../text/graph-call.ts';
import { scanLatency, scanVerbose } from '../text/latency-line.ts';
import {
  find,
  isDigit,
  type Line,
  LOSS,
  MOST_CPUS,
  numberIn,
  REST,
  SKIP,
  SPACE,
  STACK,
  scanStamp,
  scanTask,
  setComm,
  skipSpaces,
  startsWith,
  USER_STACK,
} from '../text/line.ts';
import { headComment } from './head-comment.ts';

/** A comm is short; what is longer is no switch of tasks. */
const MOST_TASK_BYTES = 200;
/** How wide trace-cmd report makes the names. */
const TRACE_CMD_COLUMN = 20;
const HASH = 35;
const BAR = 124;
const CLOSE = 41;

/** A duration or a call behind the CPU; a marker's text may begin with a number and a parenthesis too. */
const GRAPH_LINE = /^ *(\d+\.\d+ \| +)?\d+\) [^|]*(?:\|[^|]*){1,3}[{};/] *(?:\/\*.*)?$/;

/** Text of tracefs: `trace` and `trace_pipe`, any tracer, any of its options. */
export class FtraceScanner implements Scanner {
  readonly #facts: Facts;
  #isGraph = false;
  /** The head was seen, so these are not lines of trace-cmd report whose first line is missing. */
  #hasHead = false;
  /** A stack's frames may follow. */
  #inStack = false;
  /** By CPU: whom function_graph said it switched to. */
  readonly #running = new Map<number, Task>();
  #hasNoTime = false;

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  get hasNoTime(): boolean {
    return this.#hasNoTime;
  }

  scan(bytes: Buffer, start: number, end: number, line: Line): void {
    line.start = start;
    line.bufferEnd = line.bufferStart;
    const first = bytes[start];
    if (first === HASH || start === end) {
      line.form = start === end && this.#inStack ? REST : SKIP;
      if (first === HASH) this.#comment(bytes.toString('latin1', start, end));
      return;
    }
    if (this.#isGraph && this.#scanGraph(bytes, start, end, line)) return;
    const event = scanTask(bytes, start, end, line);
    if (event >= 0) {
      scanEvent(bytes, event, end, line, this.#hasHead ? 0 : TRACE_CMD_COLUMN);
      this.#inStack = line.form === STACK || line.form === USER_STACK;
      return;
    }
    this.#scanRest(bytes, start, end, line);
  }

  lost(bytes: Buffer, start: number, end: number): LostEvents {
    const match = /CPU:(\d+) \[LOST (\d+)? ?EVENTS\]/.exec(bytes.toString('latin1', start, end));
    return { cpu: Number(match?.[1] ?? 0), events: match?.[2] ? Number(match[2]) : null };
  }

  #comment(text: string): void {
    headComment(text, this.#facts);
    if (text.startsWith('# tracer:')) this.#hasHead = true;
    if (text.startsWith('# tracer: function_graph')) this.#isGraph = true;
    else if (text.startsWith('# tracer:')) this.#isGraph = false;
    // the columns of function_graph: without TIME there is no absolute time
    if (this.#isGraph && text.includes('FUNCTION CALLS')) {
      this.#hasNoTime = !text.includes('TIME') || text.includes('REL TIME');
    }
  }

  /** trace_pipe has no head that names the tracer. */
  #isGraphLine(bytes: Buffer, start: number, end: number): boolean {
    const match = GRAPH_LINE.exec(bytes.toString('latin1', start, Math.min(end, start + 2000)));
    if (!match) return false;
    this.#isGraph = true;
    this.#hasNoTime = match[1] === undefined;
    return true;
  }

  #scanRest(bytes: Buffer, start: number, end: number, line: Line): void {
    if (!this.#isGraph && this.#isGraphLine(bytes, start, end)) {
      this.#scanGraph(bytes, start, end, line);
    } else if (startsWith(bytes, start, end, 'CPU:') && find(bytes, '[LOST ', start, end) >= 0) {
      line.form = LOSS;
    } else if (startsWith(bytes, start, end, '##### CPU ')) {
      line.form = SKIP;
    } else if (this.#inStack && isFrame(bytes, start, end)) {
      line.form = REST;
    } else {
      const event = Math.max(
        scanLatency(bytes, start, end, line),
        scanVerbose(bytes, start, end, line),
      );
      if (event >= 0) scanEvent(bytes, event, end, line, 0);
      else line.form = REST;
      this.#inStack = line.form === STACK || line.form === USER_STACK;
    }
  }

  // ```
  //    47.381458 |   0)  svmload-601   |  d... | + 98.024 us   |    dma_fence_context_alloc();
  //    time          cpu task             irqs   duration           call
  // ```
  /** False when the line is none of function_graph's. */
  #scanGraph(bytes: Buffer, start: number, end: number, line: Line): boolean {
    let at = skipSpaces(bytes, start, end);
    if (startsWith(bytes, at, end, '------')) {
      line.form = SKIP;
      return true;
    }
    line.flags = 0;
    line.tgid = -1;
    const cpuAt = this.#scanAbsoluteTime(bytes, at, end, line);
    const afterCpu = scanCpu(bytes, cpuAt, end, line);
    if (afterCpu < 0) return false;
    at = afterCpu;
    if (this.#scanSwitch(bytes, at, end, line)) return true;
    at = this.#scanProc(bytes, at, end, line);
    scanCall(bytes, at, end, line);
    return true;
  }

  /** Where the CPU follows. */
  #scanAbsoluteTime(bytes: Buffer, from: number, end: number, line: Line): number {
    let at = from;
    while (at < end && (isDigit(bytes[at]) || bytes[at] === 46)) at++;
    const bar = skipSpaces(bytes, at, end);
    if (at === from || bytes[bar] !== BAR) return from;
    scanStamp(bytes, from, at, line);
    return skipSpaces(bytes, bar + 1, end);
  }

  /** ` 1)  svmload-601   =>    <idle>-0` */
  #scanSwitch(bytes: Buffer, from: number, end: number, line: Line): boolean {
    const arrow = find(bytes, '=>', from, end);
    if (arrow < 0 || arrow - from > MOST_TASK_BYTES) return false;
    if (find(bytes, '|', from, arrow) >= 0) return false;
    const before = taskOf(bytes.toString('utf8', from, arrow));
    const after = taskOf(bytes.toString('utf8', arrow + 2, Math.min(end, arrow + MOST_TASK_BYTES)));
    if (!before || !after) return false;
    if (!this.#running.has(line.cpu) && !this.#facts.firstTasks.has(line.cpu)) {
      this.#facts.firstTasks.set(line.cpu, before);
    }
    this.#running.set(line.cpu, after);
    for (const { tid, comm } of [before, after]) this.#facts.comms.set(tid, comm);
    line.form = SKIP;
    return true;
  }

  /** The task of the line, from its column or from the last switch; where the duration begins. */
  #scanProc(bytes: Buffer, from: number, end: number, line: Line): number {
    const bar = find(bytes, '|', from, end);
    const task = bar < 0 ? undefined : taskAt(bytes, from, bar);
    if (task !== undefined && bar >= 0) {
      line.tid = numberIn(bytes, task + 1, bar);
      setComm(bytes, from, task, line);
      return afterFlags(bytes, bar + 1, end);
    }
    const running = this.#running.get(line.cpu) ?? this.#facts.firstTasks.get(line.cpu);
    // a thread nobody names is still told from those of other CPUs
    line.tid = running?.tid ?? -1 - line.cpu;
    line.commStart = line.start;
    line.commEnd = line.start;
    return from;
  }
}

/** ` 1) ` */
function scanCpu(bytes: Buffer, from: number, end: number, line: Line): number {
  let at = skipSpaces(bytes, from, end);
  const first = at;
  let cpu = 0;
  while (at < end && isDigit(bytes[at])) cpu = cpu * 10 + (bytes[at++] as number) - 48;
  if (at === first || bytes[at] !== CLOSE || cpu > MOST_CPUS) return -1;
  line.cpu = cpu;
  return at + 1;
}

/** Where the dash of `comm-pid   |` stands; undefined when the column holds something else. */
function taskAt(bytes: Buffer, from: number, bar: number): number | undefined {
  let at = bar - 1;
  while (at > from && bytes[at] === SPACE) at--;
  const last = at;
  while (at > from && isDigit(bytes[at])) at--;
  return at < last && bytes[at] === 45 && at > from ? at : undefined;
}

/** With latency-format a column of irq flags stands between task and duration. */
function afterFlags(bytes: Buffer, from: number, end: number): number {
  const bar = find(bytes, '|', from, end);
  if (bar < 0) return from;
  const text = bytes.toString('latin1', from, bar).trim();
  return /^[dDbX.][A-Za-z.][A-Za-z.]\S*$/.test(text) ? bar + 1 : from;
}

function taskOf(text: string): Task | undefined {
  const match = /^\s*(.*)-(\d{1,9})\s*$/.exec(text);
  return match ? { comm: match[1] ?? '', tid: Number(match[2]) } : undefined;
}

/** ` => function` and ` =>  <000000000067a982>`; trace-cmd's begin in the first column. */
function isFrame(bytes: Buffer, start: number, end: number): boolean {
  return startsWith(bytes, skipSpaces(bytes, start, end), end, '=>');
}
