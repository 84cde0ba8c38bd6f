import { CallStacks, graphLeaf } from './event-format/function-tracer.ts';
import type { Capture, EventBatch, EventType, Fields, PrintStyle } from './parser.ts';
import { stampBases } from './several/stamp-bases.ts';

/** Which of `trace-cmd report`'s options the lines follow. */
export interface LineOptions {
  /** Default, `-N` or `-R`. */
  readonly style: PrintStyle;
  /** `-t`: all digits of the time stamp. */
  readonly nanoseconds?: boolean;
  /** `-l`: irq, preemption and reschedule state of each event. */
  readonly latency?: boolean;
}

/** More than any thread id. */
const BUFFER = 2 ** 32;

/** A record as the line printer needs it, kept beyond its batch. */
interface Moment {
  readonly type: EventType;
  readonly buffer: number;
  readonly cpu: number;
  readonly tid: number;
  readonly ts: number;
  readonly flags: number;
}

/** The call of the function-graph tracer that waits for its line: a leaf shares it with its return. */
interface OpenCall {
  readonly fields: Fields;
  readonly moment: Moment;
  /** What is printed before the payload. */
  readonly start: string;
  /** Lines of other buffers that follow it. */
  following: string;
}

/**
 * Makes the lines of `trace-cmd report` 3.1.6 (trace_show_data in its trace-read.c): state that
 * runs from event to event is kept here, so one object prints one capture from its start.
 */
export class TraceCmdLines {
  readonly #capture: Capture;
  readonly #options: LineOptions;
  readonly #prefixes: readonly string[];
  readonly #clocks: readonly ((ts: number) => string)[];
  readonly #losses: LossLines;
  readonly #stacks = new CallStacks();
  readonly #symbol: Capture['symbol'];
  readonly #tasks = new Map<number, string>();
  readonly #learned = new Map<number, string>();
  readonly #names: string[] = [];
  #open: OpenCall | undefined;

  constructor(capture: Capture, options: LineOptions) {
    this.#capture = capture;
    this.#options = options;
    this.#prefixes = bufferPrefixes(capture);
    const bases = stampBases(capture.header);
    this.#clocks = capture.header.buffers.map(({ clock }, buffer) => {
      const base = bases[buffer] ?? capture.header.clock.base;
      const isAligned = capture.header.inputs !== undefined && base === capture.header.clock.base;
      return clockOf(capture, isAligned ? capture.header.clock.name : clock, base, options);
    });
    this.#losses = new LossLines(capture);
    this.#symbol = (address) => capture.symbol(address);
  }

  head(): string {
    return `cpus=${this.#capture.header.cpus}\n`;
  }

  /** To be called with each batch before its events. */
  begin(batch: EventBatch): void {
    this.#losses.refresh(batch);
  }

  /** The lines of event `i`; empty where they come with a later event. */
  add(batch: EventBatch, i: number): string {
    const type = this.#capture.header.eventTypes[batch.type[i] as number] as EventType;
    const moment: Moment = {
      type,
      buffer: batch.buffer[i] as number,
      cpu: batch.cpu[i] as number,
      tid: batch.tid[i] as number,
      ts: batch.ts[i] as number,
      flags: this.#options.latency ? batch.flags(i) : 0,
    };
    const fields = batch.fields(i);
    const open = this.#open;
    if (!open) return this.#line(moment, fields);
    if (open.moment.buffer !== moment.buffer) {
      this.#open = undefined;
      open.following += this.#line(moment, fields);
      if (this.#open) open.following += this.end();
      this.#open = open;
      return '';
    }
    this.#open = undefined;
    if (isReturnOf(open, moment, fields)) {
      this.#losses.forget(moment);
      return `${open.start}${graphLeaf(open.fields, fields, this.#symbol)}\n${open.following}`;
    }
    return this.#finish(open) + this.#line(moment, fields);
  }

  /** What is left once there are no more events. */
  end(): string {
    const open = this.#open;
    this.#open = undefined;
    return open ? this.#finish(open) : '';
  }

  #finish({ start, fields, moment, following }: OpenCall): string {
    return `${start}${this.#capture.print(moment.type, fields, this.#options.style)}\n${following}`;
  }

  #line(moment: Moment, fields: Fields): string {
    const prefix = this.#prefixes[moment.buffer] ?? '';
    const { type } = moment;
    const start = `${prefix}${this.#losses.before(moment)}${this.#place(moment)}${this.#nameOf(type)}`;
    const { style } = this.#options;
    // text recordings (types without an id) have these lines as they were printed
    if (type.system === 'ftrace' && type.id >= 0 && style === 'plugins') {
      if (type.name === 'funcgraph_entry') {
        this.#open = { fields, moment, start, following: '' };
        return '';
      }
      if (type.name === 'function') {
        return `${start}${this.#stacks.print(fields, moment.cpu, this.#symbol)}\n`;
      }
    }
    const payload = this.#capture.print(type, fields, style);
    if (style === 'plugins' && type.system === 'sched') this.#learn(type, fields);
    return `${start}${payload.endsWith('\n') ? payload : `${payload}\n`}`;
  }

  /** Task, CPU and time. */
  #place({ tid, cpu, ts, buffer, flags }: Moment): string {
    const time = this.#clocks[buffer]?.(ts) ?? '';
    // inputs of several machines have threads of one number
    const key = tid + buffer * BUFFER;
    let task = this.#tasks.get(key);
    if (task === undefined) {
      task = this.#taskOf(tid, buffer);
      this.#tasks.set(key, task);
    }
    // what has no CPU (events of a GPU, lines of a log) says so
    const number = cpu < 0 ? '---' : String(cpu).padStart(3, '0');
    if (!this.#options.latency) return `${task} [${number}]${time}`;
    const state =
      this.#options.style === 'raw' ? `-0x${(flags & 0xff).toString(16)}` : latencyFlags(flags);
    return `${task} ${cpu < 0 ? number : String(cpu).padStart(3)}${state}${time}`;
  }

  #taskOf(tid: number, buffer: number): string {
    const known = tid === 0 ? '<idle>' : this.#capture.comm(tid, buffer);
    const comm = known ?? this.#learned.get(tid) ?? '<...>';
    const shown = this.#options.latency ? padBytes(comm, 8, 8) : padBytes(comm, 16);
    return `${shown}-${(tid < 0 ? '?' : String(tid)).padEnd(5)}`;
  }

  /** The sched plugin registers the tasks it prints: their later events have a name even where the saved command lines lack it. */
  #learn({ name }: EventType, fields: Fields): void {
    if (name === 'sched_switch') {
      this.#learnOne(fields.prev_pid, fields.prev_comm);
      this.#learnOne(fields.next_pid, fields.next_comm);
    } else if (name === 'sched_wakeup' || name === 'sched_wakeup_new') {
      this.#learnOne(fields.pid, fields.comm);
    }
  }

  #learnOne(tid: unknown, comm: unknown): void {
    if (typeof tid !== 'number' || typeof comm !== 'string' || this.#learned.has(tid)) return;
    this.#learned.set(tid, comm);
    this.#capture.header.buffers.forEach((_, buffer) => {
      this.#tasks.delete(tid + buffer * BUFFER);
    });
  }

  #nameOf(type: EventType): string {
    let name = this.#names[type.index];
    if (name === undefined) {
      name = ` ${type.name}: ${' '.repeat(Math.max(0, 20 - type.name.length))}`;
      this.#names[type.index] = name;
    }
    return name;
  }
}

function isReturnOf(open: OpenCall, moment: Moment, fields: Fields): boolean {
  return (
    moment.type.system === 'ftrace' &&
    moment.type.name === 'funcgraph_exit' &&
    moment.tid === open.moment.tid &&
    fields.func === open.fields.func
  );
}

/** Instances are named at the start of the line, the top buffer's lines are as far in. */
function bufferPrefixes({ header }: Capture): string[] {
  const width = Math.max(0, ...header.buffers.map(({ name }) => name.length));
  return header.buffers.map(({ name }) => {
    if (width === 0) return '';
    return name === '' ? ' '.repeat(width + 2) : `${name.padStart(width)}: `;
  });
}

/**
 * The clocks whose unit libtracecmd takes to be a nanosecond (extract_trace_clock), and those of logs;
 * not `boot`.
 */
const NANOSECOND_CLOCK =
  /^(?:local|global|uptime|perf|mono.*|tai|tsc2nsec|unknown|printk|realtime)$/;

const SECOND = 1_000_000_000;
const ZEROS = '000000000';

function clockOf(
  { header }: Capture,
  clock: string,
  base: bigint,
  { nanoseconds }: LineOptions,
): (ts: number) => string {
  const { converted, unit } = header.clock;
  const isUnknown = clock === 'unknown' && unit === 'ticks';
  if (isUnknown || (!NANOSECOND_CLOCK.test(clock) && converted !== 'tsc2nsec')) {
    return (ts) => `${String(base + BigInt(ts)).padStart(12)}:`;
  }
  const baseSeconds = Number(base / BigInt(SECOND));
  const baseRest = Number(base % BigInt(SECOND));
  return (ts) => {
    const rest = baseRest + ts;
    if (nanoseconds) return secondsText(baseSeconds + Math.floor(rest / SECOND), rest % SECOND, 9);
    const microseconds = Math.floor((rest + 500) / 1000);
    return secondsText(
      baseSeconds + Math.floor(microseconds / 1_000_000),
      microseconds % 1_000_000,
      6,
    );
  };
}

function secondsText(seconds: number, fraction: number, digits: number): string {
  const shown = String(fraction);
  return ` ${String(seconds).padStart(5)}.${ZEROS.slice(0, digits - shown.length)}${shown}:`;
}

/** printf's widths count bytes. */
function padBytes(text: string, width: number, most: number = Number.POSITIVE_INFINITY): string {
  const bytes = Buffer.from(text);
  const shown = bytes.length > most ? bytes.subarray(0, most).toString() : text;
  return ' '.repeat(Math.max(0, width - Buffer.byteLength(shown))) + shown;
}

/** TRACE_FLAG_* of include/linux/trace_events.h. */
const FLAG = { irqsOff: 1, irqsUnknown: 2, needResched: 4, hardirq: 8, softirq: 16 };

function latencyFlags(flags: number): string {
  const irqs = flags & FLAG.irqsOff ? 'd' : flags & FLAG.irqsUnknown ? 'X' : '.';
  const resched = flags & FLAG.needResched ? 'N' : '.';
  const preemption = (flags >> 8) & 0xff;
  const digit = (value: number) => (value === 0 ? '.' : value.toString(16));
  return `${irqs}${resched}${interruptLetter(flags)}${digit(preemption & 0xf)}${digit(preemption >> 4)}`;
}

function interruptLetter(flags: number): string {
  const hard = (flags & FLAG.hardirq) !== 0;
  const soft = (flags & FLAG.softirq) !== 0;
  if (hard) return soft ? 'H' : 'h';
  return soft ? 's' : '.';
}

/** `CPU:2 [92 EVENTS DROPPED]` ahead of the first event after a gap. */
class LossLines {
  readonly #capture: Capture;
  /** By buffer and CPU, in time order, those not shown yet. */
  readonly #waiting = new Map<number, { to: number; events: number | null }[]>();
  readonly #shown = new Map<number, number>();

  constructor(capture: Capture) {
    this.#capture = capture;
  }

  refresh(batch: EventBatch): void {
    this.#waiting.clear();
    const last = batch.ts[batch.length - 1] ?? Number.NEGATIVE_INFINITY;
    for (const { buffer, cpu, to, events } of this.#capture.losses) {
      const key = keyOf(buffer, cpu);
      if (to === null || to > last || to <= (this.#shown.get(key) ?? -1)) continue;
      const list = this.#waiting.get(key) ?? [];
      list.push({ to, events });
      this.#waiting.set(key, list);
    }
    for (const list of this.#waiting.values()) list.sort((a, b) => a.to - b.to);
  }

  before({ buffer, cpu, ts }: Moment): string {
    if (this.#waiting.size === 0) return '';
    const key = keyOf(buffer, cpu);
    const list = this.#waiting.get(key);
    let text = '';
    for (let loss = list?.[0]; loss && loss.to <= ts; loss = list?.[0]) {
      const count = loss.events === null ? '' : `${loss.events} `;
      text += `CPU:${cpu < 0 ? '?' : cpu} [${count}EVENTS DROPPED]\n`;
      this.#shown.set(key, loss.to);
      list?.shift();
    }
    return text;
  }

  /** The event is not printed, nor what was lost before it. */
  forget(moment: Moment): void {
    this.before(moment);
  }
}

function keyOf(buffer: number, cpu: number): number {
  return buffer * 65_536 + cpu;
}
