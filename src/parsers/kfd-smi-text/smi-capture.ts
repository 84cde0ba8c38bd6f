import { TraceError } from '../../errors.ts';
import { BatchRows } from '../batch-rows.ts';
import type {
  Capture,
  CaptureHeader,
  Clock,
  EventBatch,
  EventType,
  EventTypeCount,
  Fields,
  Loss,
  Problem,
  ReadOptions,
} from '../parser.ts';
import { ProblemLog } from '../problem-log.ts';
import { progressOf, wantedTypes } from '../read-options.ts';
import { TextSource } from '../text/text-source.ts';
import { readEvents, type SmiEvent, type TimeBase, timeBaseOf } from './smi-reader.ts';
import type { Shape } from './smi-shapes.ts';

const CAPACITY = 4096;
/** The driver's events are on no CPU. */
const NO_CPU = -1;
const SYSTEM = 'kfd_smi';
const SAMPLE_CHARACTERS = 100;

/** @throws TraceError when the file holds no event. */
export function openKfdSmi(path: string): Capture {
  const source = new TextSource(path);
  try {
    return new KfdSmiCapture(path, source);
  } catch (error) {
    source.close();
    throw error;
  }
}

/** What the first walk finds out about one kind of event. */
interface Seen {
  readonly index: number;
  readonly shape: Shape;
  events: number;
  first: bigint;
  last: bigint;
}

/** Text has no table of contents: it is read once for types and the first time, once for the rows. */
class KfdSmiCapture implements Capture {
  readonly header: CaptureHeader;
  readonly counts: readonly EventTypeCount[];
  readonly losses: readonly Loss[];
  readonly #log = new ProblemLog();
  readonly #source: TextSource;
  readonly #times: TimeBase;
  readonly #seen = new Map<Shape, Seen>();
  readonly #byName = new Map<string, Shape>();
  readonly #comms = new Map<number, string>();
  #isWalked = false;
  #unrecognised = 0;

  constructor(path: string, source: TextSource) {
    this.#source = source;
    this.#times = timeBaseOf(source);
    const { base, losses } = this.#survey();
    if (base === undefined) {
      throw new TraceError(`${path} holds no KFD SMI event`, {
        hint: 'save what the file of AMDKFD_IOC_SMI_EVENTS gives, or the output of rocm-smi --showevents',
      });
    }
    this.counts = [...this.#seen.values()].map(({ events, first, last }) => ({
      events,
      first: Number(first - base),
      last: Number(last - base),
    }));
    this.losses = losses.map(({ from, to, ...loss }) => ({
      ...loss,
      from: from === undefined ? null : Number(from - base),
      to: Number(to - base),
    }));
    const clock = clockOf(this.#times, base);
    const types = [...this.#seen.values()].map(({ shape, index }) => eventType(shape, index));
    for (const { shape } of this.#seen.values()) this.#byName.set(shape.name, shape);
    this.header = {
      format: 'KFD SMI events',
      version: 'text',
      // text has no byte order
      endian: 'little',
      clock,
      cpus: 0,
      buffers: [{ name: '', clock: clock.name, cpus: [] }],
      eventTypes: types,
      sizeBytes: source.size,
      lines: { total: source.lines, unrecognised: this.#unrecognised },
      facts: {
        'lost events':
          losses.length > 0
            ? 'counted by the driver'
            : 'not recorded: when the reader is too slow the kernel drops events without a word',
      },
    };
  }

  get problems(): readonly Problem[] {
    return this.#log.list;
  }

  *batches(options: ReadOptions = {}): Generator<EventBatch, void, undefined> {
    if (this.#isWalked) throw new Error('the batches of a capture can be walked once');
    this.#isWalked = true;
    const rows = new SmiRows();
    const wanted = wantedTypes(this.header.eventTypes, options);
    const { base } = this.header.clock;
    let ordinal = 0;
    const progress = progressOf(() => this.#source.consumed, options);
    for (const event of readEvents(this.#source, this.#times, () => {})) {
      ordinal++;
      const type = this.#seen.get(event.shape)?.index ?? -1;
      if (wanted[type]) rows.add(event, type, ordinal, Number(event.ts - base));
      progress();
      if (!rows.isFull) continue;
      yield rows;
      rows.length = 0;
    }
    if (rows.length > 0) yield rows;
  }

  comm(tid: number): string | undefined {
    return this.#comms.get(tid);
  }

  symbol(): undefined {
    return undefined;
  }

  print(type: EventType, fields: Fields): string {
    const shape = this.#byName.get(type.name);
    const { own_time: ownTime, ...values } = fields;
    const parts = Object.entries(values).map(([name, value]) => printed(shape, name, value));
    return [...parts, ...(ownTime === 0 ? ['(time of the event before)'] : [])].join(' ');
  }

  close(): void {
    this.#source.close();
  }

  #survey(): { base: bigint | undefined; losses: AbsoluteLoss[] } {
    const losses: AbsoluteLoss[] = [];
    let base: bigint | undefined;
    let last: bigint | undefined;
    const unknown = (text: string) => this.#unknownLine(text);
    for (const event of readEvents(this.#source, this.#times, unknown)) {
      const { ts, fields, tid, comm } = event;
      this.#checkTime(event, last);
      if (base === undefined || ts < base) base = ts;
      if (event.shape.name === 'dropped_event') losses.push(lossOf(fields, last, ts));
      if (comm !== undefined && tid >= 0) this.#comms.set(tid, comm);
      last = ts;
      this.#count(event);
    }
    return { base, losses };
  }

  #checkTime({ ts, hasTime }: SmiEvent, last: bigint | undefined): void {
    if (last !== undefined && ts < last) this.#problem(UNORDERED);
    if (!hasTime) this.#problem(this.#times.kind === 'order' ? NO_TIME : BORROWED);
    if (hasTime && this.#times.kind === 'printed') this.#problem(PRINTED);
  }

  #count({ shape, ts }: SmiEvent): void {
    const seen = this.#seen.get(shape);
    if (!seen) {
      this.#seen.set(shape, { index: this.#seen.size, shape, events: 1, first: ts, last: ts });
      return;
    }
    seen.events++;
    seen.last = ts;
  }

  #unknownLine(text: string): void {
    this.#unrecognised++;
    const shown = text.replaceAll('\0', '').trim().slice(0, SAMPLE_CHARACTERS);
    this.#log.add(
      'unrecognised-line',
      'data-loss',
      `lines that are no event were left out, the first: ${shown}`,
      { key: '' },
    );
  }

  #problem({ code, severity, message }: Omit<Problem, 'count'>): void {
    this.#log.add(code, severity, message);
  }
}

interface AbsoluteLoss extends Pick<Loss, 'buffer' | 'cpu' | 'events' | 'kind'> {
  readonly from: bigint | undefined;
  readonly to: bigint;
}

function lossOf(fields: Fields, from: bigint | undefined, to: bigint): AbsoluteLoss {
  return { buffer: 0, cpu: NO_CPU, events: Number(fields.drop_count), kind: 'dropped', from, to };
}

const UNORDERED: Omit<Problem, 'count'> = {
  code: 'out-of-order',
  severity: 'info',
  message: 'an event is earlier than the one before it; the order of the file is kept',
};
const BORROWED: Omit<Problem, 'count'> = {
  code: 'no-own-time',
  severity: 'info',
  message:
    'the kernel gives VM faults, throttling, resets and processes no time: they have that of the event before them (own_time=0)',
};
const PRINTED: Omit<Problem, 'count'> = {
  code: 'printed-time',
  severity: 'data-loss',
  message:
    'the kernel gave the event no time: it has the time of day at which rocm-smi printed it, in whole seconds',
};
const NO_TIME: Omit<Problem, 'count'> = {
  code: 'no-time',
  severity: 'data-loss',
  message: 'no event of the file has a time: only their order is known',
};

function clockOf(times: TimeBase, base: bigint): Clock {
  if (times.kind === 'boot') return { name: 'boot', unit: 'ns', base };
  return { name: 'unknown', unit: times.kind === 'printed' ? 'ns' : 'ticks', base };
}

function eventType({ name, fields }: Shape, index: number): EventType {
  return { index, id: -1, system: SYSTEM, name, fields, printFormat: '' };
}

const PAGES: ReadonlySet<string> = new Set(['start', 'size', 'addr']);
const NODES: ReadonlySet<string> = new Set(['from', 'to', 'node', 'prefetch_loc', 'preferred_loc']);

function printed(shape: Shape | undefined, name: string, value: Fields[string]): string {
  if (typeof value !== 'number' && typeof value !== 'bigint') return `${name}=${String(value)}`;
  if (PAGES.has(name)) return `${name}=0x${value.toString(16)}`;
  if (NODES.has(name)) return `${name}=${value === 0 ? 'system' : value.toString(16)}`;
  const called = name === 'trigger' ? shape?.triggers[Number(value)] : undefined;
  return called === undefined ? `${name}=${value}` : `${name}=${called} (${value})`;
}

class SmiRows extends BatchRows {
  readonly #fields: Fields[] = [];

  constructor() {
    super(CAPACITY);
    this.cpu.fill(NO_CPU);
  }

  add({ tid, fields }: SmiEvent, type: number, id: number, ts: number): void {
    const row = this.length++;
    this.id[row] = id;
    this.ts[row] = ts;
    this.tid[row] = tid;
    this.type[row] = type;
    this.#fields[row] = fields;
  }

  fields(i: number): Fields {
    return this.#fields[i] ?? {};
  }

  flags(): number {
    return 0;
  }
}
