import { ProblemLog } from '../problem-log.ts';
import type { Dialect, Facts, LostEvents } from './dialect.ts';
import { END, EventReader, MADE, READ } from './event-reader.ts';
import { EventRegistry, type TextEventType } from './event-registry.ts';
import { eventsOf } from './event-systems.ts';
import type { Line } from './line.ts';
import { payloadText } from './payload-text.ts';
import { isBefore, type Stamp } from './stamp.ts';
import type { TextSource } from './text-source.ts';

/** Fields are learnt from the first events of a type, and from one in so many after them. */
const LEARN_FIRST = 32;
const LEARN_EVERY = 128;
const SAMPLE_LINES = 5;
const MOST_BUFFERS = 256;
const SAMPLE_CHARACTERS = 100;

/** Small systems whose events nobody enables one by one. */
const SYSTEMS_ENABLED_AS_ONE = ['dma_fence'];

/** A gap, in the text's own time. */
export interface TextLoss {
  readonly cpu: number;
  readonly events: number | null;
  readonly from: Stamp | undefined;
  to: Stamp | undefined;
}

/**
 * What has to be known before the first event can be given out: the event types with their fields,
 * the first time stamp, the names of the tasks. Text has no table of contents, so it is read twice.
 */
export class Survey {
  readonly registry: EventRegistry = new EventRegistry();
  readonly facts: Facts;
  readonly problems: ProblemLog = new ProblemLog();
  readonly losses: TextLoss[] = [];
  readonly comms: Map<number, string> = new Map();
  readonly tgids: Map<number, number> = new Map();
  /** Buffer names in order of appearance; the top buffer is ''. */
  readonly buffers: string[] = [''];
  readonly cpus: Set<number> = new Set();
  readonly unknownLines: string[] = [];
  base: Stamp | undefined;
  isTicks = false;
  hasNoTime = false;
  events = 0;
  unknown = 0;
  /** Time of the last event. */
  #high = 0;
  #low = 0;
  /** By CPU: the last event's time, and the gap that waits for the next. */
  readonly #lastOf: { high: number; low: number }[] = [];
  readonly #firstOf = new Map<number, Stamp>();
  readonly #open = new Map<number, TextLoss>();
  readonly #commHashes = new Map<number, number>();
  #outOfOrder = 0;
  #cut = 0;
  /** By CPU: events of a thread that no line names. */
  readonly #unnamed = new Map<number, number>();

  /** @param firstTasks by CPU, where an earlier survey learnt them from later lines. */
  constructor(source: TextSource, dialect: Dialect, firstTasks: Facts['firstTasks'] = new Map()) {
    this.facts = {
      overwritten: 0,
      cpus: 0,
      uname: undefined,
      facts: {},
      showsKernelTasks: false,
      firstTasks,
      comms: this.comms,
    };
    const reader = new EventReader(source, dialect, this.facts, {
      lost: (lost) => this.#lost(lost),
      unknown: (bytes, start, end) => this.#unknownLine(bytes, start, end),
      cut: () => {
        this.#cut++;
      },
    });
    for (let step = reader.next(); step !== END; step = reader.next()) {
      if (step === READ) this.#line(source.bytes, reader.line);
      else if (step === MADE && reader.made !== undefined) {
        const { made } = reader;
        const type = this.registry.named('ftrace', made.name);
        if (isSampled(type)) type.learn(made.fields);
        this.#count(type, made, made.cpu, made.tid, made.isTicks);
        this.#nameTask(source.bytes, reader.line);
      }
    }
    this.hasNoTime = reader.hasNoTime;
    dialect.conclude?.(this.facts);
    for (const system of SYSTEMS_ENABLED_AS_ONE) this.#assumeEnabled(system);
    this.#report();
  }

  /** Since when no CPU's start is overwritten any more, as far as the text shows. */
  get allFrom(): Stamp | undefined {
    let latest: Stamp | undefined;
    for (const stamp of this.#firstOf.values()) {
      if (!latest || isBefore(latest, stamp)) latest = stamp;
    }
    return latest;
  }

  #line(bytes: Buffer, line: Line): void {
    const type = this.registry.find(bytes, line);
    if (isSampled(type)) {
      type.learn(type.read(payloadText(bytes, line.payloadStart, line.payloadEnd)));
    }
    this.#count(type, line, line.cpu, line.tid, line.isTicks);
    this.#nameTask(bytes, line);
    if (line.bufferEnd > line.bufferStart) this.#nameBuffer(bytes, line);
  }

  #count(
    type: TextEventType,
    { high, low }: Stamp,
    cpu: number,
    tid: number,
    isTicks: boolean,
  ): void {
    if (type.events === 0) {
      type.firstHigh = high;
      type.firstLow = low;
    }
    type.events++;
    type.lastHigh = high;
    type.lastLow = low;
    if (tid < 0) this.#unnamed.set(cpu, (this.#unnamed.get(cpu) ?? 0) + 1);
    if (this.events === 0) {
      this.base = { high, low };
      this.isTicks = isTicks;
    } else if (high < this.#high || (high === this.#high && low < this.#low)) {
      this.#outOfOrder++;
      if (isBefore({ high, low }, this.base as Stamp)) this.base = { high, low };
    }
    this.#high = high;
    this.#low = low;
    this.events++;
    this.#atCpu(cpu, high, low);
  }

  #atCpu(cpu: number, high: number, low: number): void {
    const last = this.#lastOf[cpu];
    if (last) {
      last.high = high;
      last.low = low;
    } else {
      this.#lastOf[cpu] = { high, low };
      this.cpus.add(cpu);
      this.#firstOf.set(cpu, { high, low });
    }
    if (this.#open.size === 0) return;
    const gap = this.#open.get(cpu);
    if (!gap) return;
    gap.to = { high, low };
    this.#open.delete(cpu);
  }

  #lost({ cpu, events }: LostEvents): void {
    const last = this.#lastOf[cpu];
    const gap: TextLoss = { cpu, events, from: last && { ...last }, to: undefined };
    this.losses.push(gap);
    this.#open.set(cpu, gap);
  }

  /** A task is called what its last event calls it, as saved_cmdlines does. */
  #nameTask(bytes: Buffer, { tid, tgid, commStart, commEnd }: Line): void {
    if (tgid >= 0) this.tgids.set(tid, tgid);
    let hash = commEnd - commStart;
    for (let at = commStart; at < commEnd; at++) hash = (hash * 31 + (bytes[at] as number)) | 0;
    if (commEnd === commStart || this.#commHashes.get(tid) === hash) return;
    this.#commHashes.set(tid, hash);
    const comm = payloadText(bytes, commStart, commEnd);
    if (comm !== '<...>') this.comms.set(tid, comm);
  }

  /** Each buffer once, in order of appearance. */
  #nameBuffer(bytes: Buffer, { bufferStart, bufferEnd }: Line): void {
    const name = payloadText(bytes, bufferStart, bufferEnd);
    if (this.buffers.length < MOST_BUFFERS && !this.buffers.includes(name)) this.buffers.push(name);
  }

  #unknownLine(bytes: Buffer, start: number, end: number): void {
    this.unknown++;
    if (this.unknownLines.length >= SAMPLE_LINES) return;
    this.unknownLines.push(
      payloadText(bytes, start, Math.min(end, start + SAMPLE_CHARACTERS)).trim(),
    );
  }

  /** The events of the system that did not occur are taken for enabled, where most of the others did. */
  #assumeEnabled(system: string): void {
    const names = eventsOf(system);
    const seen = this.registry.types.filter((type) => type.system === system);
    if (seen.length * 2 <= names.length || seen.length === names.length) return;
    const others = names.filter((name) => !seen.some((type) => type.name === name));
    for (const name of others) this.registry.named(system, name);
    this.problems.add(
      'assumed-enabled',
      'info',
      `text does not say which events were enabled; as most of ${system} occur, these are taken for enabled too: ${others.join(', ')}`,
    );
  }

  #report(): void {
    const add = (code: string, severity: 'info' | 'data-loss', message: string, count = 1) =>
      this.problems.add(code, severity, message, { count });
    if (this.unknown > 0) {
      const [first] = this.unknownLines;
      add(
        'unrecognised-line',
        'data-loss',
        `lines that are no event were left out, the first: ${first}`,
        this.unknown,
      );
    }
    if (this.#outOfOrder > 0 && !this.hasNoTime) {
      add(
        'out-of-order',
        'info',
        'events stand after events that came later; they are read in the order of the file',
        this.#outOfOrder,
      );
    }
    if (this.#cut > 0) {
      add('long-line', 'data-loss', 'lines of more than a megabyte were cut', this.#cut);
    }
    if (this.hasNoTime) {
      add(
        'no-absolute-time',
        'data-loss',
        'the lines have no time stamps: times are put together from the durations of the calls, so each call is as long as recorded, but the time between outermost calls is not known and times of different CPUs cannot be compared; record with `echo 1 > /sys/kernel/tracing/options/funcgraph-abstime`',
      );
    }
    const unnamed = [...this.#unnamed.values()].reduce((sum, events) => sum + events, 0);
    if (unnamed > 0) {
      add(
        'unknown-task',
        'data-loss',
        'the lines do not say which thread runs: events of a CPU are taken for one thread; record with `echo 1 > /sys/kernel/tracing/options/funcgraph-proc`',
        unnamed,
      );
    }
    const { overwritten } = this.facts;
    if (overwritten > 0) this.facts.facts['events overwritten'] = String(overwritten);
  }
}

function isSampled(type: TextEventType): boolean {
  return type.events < LEARN_FIRST || type.events % LEARN_EVERY === 0;
}
