import type { ProblemLog } from '../problem-log.ts';
import type { FileSource } from '../trace-dat/byte-reader.ts';
import { readU64, TRACEPOINT } from './attribute.ts';
import { EventIndex, type IndexedEvent } from './event-index.ts';
import { CHANGE, EventQueue } from './event-queue.ts';
import { KeptBytes } from './kept-bytes.ts';
import { LossLog } from './loss-log.ts';
import { MergedRecords } from './merged-records.ts';
import type { PerfFile } from './perf-file.ts';
import { RecordReader, type RecordStream } from './record-reader.ts';
import { RECORD } from './record-types.ts';
import { SideRecords } from './side-records.ts';
import { type ThreadChange, ThreadNames } from './thread-names.ts';
import { TimeOrigin } from './time-origin.ts';

const WORD = 8;
/**
 * What may wait for the end of a round. perf record ends a round each time it has emptied all ring
 * buffers, so this is rarely reached; a file without rounds is delivered in halves once so much
 * waits, as perf does when it is out of memory (OE_FLUSH__HALF in ordered-events.c).
 */
const MOST_WAITING_BYTES = 48 * 1024 * 1024;
const MOST_WAITING_EVENTS = 768 * 1024;
const UNKNOWN_CPU = -1;
const NO_CHAIN = -1;

/** Reads records: what is ordered by time goes into the queue, everything else is used at once. */
export class Intake {
  readonly queue: EventQueue = new EventQueue();
  readonly losses: LossLog = new LossLog();
  readonly names: ThreadNames = new ThreadNames();
  /** Entries up to this time may be used: nothing earlier follows. */
  limit: number = Number.NEGATIVE_INFINITY;
  readonly origin: TimeOrigin;
  /** By the event's place in the index: samples that are no tracepoint's. */
  readonly others: Map<number, number> = new Map();
  /** Whether samples of an event (by its place in the index) are to be decoded. */
  keeps: (event: number) => boolean = () => true;
  readonly #perf: PerfFile;
  readonly #problems: ProblemLog;
  readonly #reader: RecordStream;
  readonly #side: SideRecords;
  readonly #kept = new KeptBytes();
  readonly #littleEndian: boolean;
  #index: EventIndex | undefined;
  #endOfRound = Number.NEGATIVE_INFINITY;
  #hasEnded = false;

  constructor(perf: PerfFile, file: FileSource, problems: ProblemLog) {
    this.#perf = perf;
    this.#problems = problems;
    this.#littleEndian = perf.littleEndian;
    this.origin = new TimeOrigin(perf.littleEndian, perf.facts.sampleTime);
    this.#reader = this.#open(file);
    this.#side = new SideRecords({
      perf,
      file,
      reader: this.#reader,
      origin: this.origin,
      losses: this.losses,
      problems,
      trailer: () => this.index.trailer,
      hasChains: () => this.index.hasChains,
      eventsChanged: () => {
        this.#index = undefined;
      },
      changed: (change, time) => this.#changed(change, time),
    });
  }

  /** The events as known so far. */
  get index(): EventIndex {
    this.#index ??= new EventIndex(this.#perf.attributes, this.#littleEndian);
    return this.#index;
  }

  /** Threads perf was told to record, -1 standing for all; undefined where the file does not say. */
  get threads(): readonly number[] | undefined {
    return this.#side.threads;
  }

  get position(): number {
    return this.#reader.position;
  }

  /** The records end before the file says they do. */
  get isCut(): boolean {
    return this.#reader.isCut;
  }

  close(): void {
    this.#reader.close();
  }

  #open(file: FileSource): RecordStream {
    const { records, parts, littleEndian } = this.#perf;
    const main = new RecordReader(file, records, littleEndian, this.#problems);
    if (parts.length === 0) return main;
    const others = parts.map((part) => {
      const range = { start: 0, end: part.size };
      return new RecordReader(part, range, littleEndian, this.#problems);
    });
    return new MergedRecords(main, others, (reader) => this.#timeOf(reader));
  }

  /** Time of a record that is not used yet. */
  #timeOf({ type, view, offset, size }: RecordStream): number | undefined {
    if (type === RECORD.sample) {
      const { layout } = this.index.events[this.#eventOf(view, offset, size)] ?? {};
      const isThere = layout && layout.time >= 0 && layout.time + WORD <= size;
      return isThere ? this.origin.relative(view, offset + layout.time) : undefined;
    }
    const place = type < RECORD.attribute ? (this.index.trailer?.time ?? 0) : 0;
    if (place === 0 || size < WORD + place) return undefined;
    return this.origin.relative(view, offset + size - place);
  }

  /** Reads on until entries may be used; false when the file has ended and all may. */
  advance(): boolean {
    while (!this.#hasEnded && this.#reader.next()) {
      const { type } = this.#reader;
      if (type === RECORD.sample) {
        this.#sample();
        if (this.#isFull()) return this.#releaseHalf();
      } else if (type === RECORD.finishedRound) {
        if (this.#finishRound()) return true;
      } else {
        this.#side.read();
      }
    }
    this.#hasEnded = true;
    this.limit = Number.POSITIVE_INFINITY;
    return false;
  }

  /** What one ring buffer gave in this round may be earlier than what another gave in the last. */
  #finishRound(): boolean {
    this.limit = this.#endOfRound;
    this.#endOfRound = this.queue.latest;
    return this.limit > Number.NEGATIVE_INFINITY;
  }

  #isFull(): boolean {
    return this.queue.length >= MOST_WAITING_EVENTS || this.queue.bytes >= MOST_WAITING_BYTES;
  }

  #releaseHalf(): true {
    this.queue.sort();
    this.limit = this.queue.timeAt(this.queue.length >> 1);
    return true;
  }

  #changed(change: ThreadChange, time: number | undefined): void {
    if (time === undefined) {
      this.names.apply(change);
      return;
    }
    const row = this.queue.add(time, 0);
    this.queue.columns.type[row] = CHANGE;
    this.queue.columns.source[row] = change;
  }

  #sample(): void {
    const { view, offset, size } = this.#reader;
    const event = this.#eventOf(view, offset, size);
    const known = this.index.events[event];
    if (!known || size < known.layout.least || !known.layout.locate(view, offset, size)) {
      this.#problems.add(
        'unknown-event',
        'data-loss',
        'samples belong to no event the file lists, or are shorter than they must be',
      );
    } else if (known.attribute.type !== TRACEPOINT) {
      this.others.set(event, (this.others.get(event) ?? 0) + 1);
    } else {
      this.#keep(known, event);
    }
  }

  #eventOf(view: DataView, offset: number, size: number): number {
    const { index } = this;
    const at = index.idAt;
    if (at < 0) return this.#eventWithoutId(view, offset, size);
    return at + WORD > size ? -1 : index.eventOf(readU64(view, offset + at, this.#littleEndian));
  }

  /** common_type begins the raw data of every tracepoint (struct trace_entry). */
  #eventWithoutId(view: DataView, offset: number, size: number): number {
    const { events } = this.index;
    const [first] = events;
    if (!first || events.length === 1) return 0;
    if (!first.layout.locate(view, offset, size) || first.layout.rawSize < 2) return -1;
    return this.index.eventOfType(view.getUint16(first.layout.rawAt, this.#littleEndian));
  }

  #keep({ layout }: IndexedEvent, event: number): void {
    const { view, offset } = this.#reader;
    const littleEndian = this.#littleEndian;
    const time = layout.time < 0 ? undefined : this.origin.relative(view, offset + layout.time);
    if (time === undefined) {
      this.#problems.add(
        'impossible-time',
        'data-loss',
        'samples without a time stamp, or with an impossible one, are left out',
      );
      return;
    }
    const cpu = layout.cpu < 0 ? UNKNOWN_CPU : view.getInt32(offset + layout.cpu, littleEndian);
    const isKept = this.keeps(event);
    // of a record that is asked for, what is decoded later: the chain and the raw data behind it
    const first = layout.chainAt || layout.rawAt;
    const bytes = isKept ? layout.rawAt + layout.rawSize - first : 0;
    const row = this.queue.add(time, bytes);
    const { columns } = this.queue;
    columns.type[row] = event;
    columns.cpu[row] = cpu;
    columns.tid[row] = layout.tid < 0 ? -1 : view.getInt32(offset + layout.tid + 4, littleEndian);
    columns.rawSize[row] = layout.rawSize;
    if (isKept) {
      const kept = this.#kept.keep(this.#reader.bytes.subarray(first, first + bytes));
      const at = this.#kept.end - bytes;
      columns.source[row] = kept;
      columns.rawAt[row] = at + layout.rawAt - first;
      columns.chainAt[row] = layout.chainAt === 0 ? NO_CHAIN : at;
    } else {
      columns.source[row] = undefined;
    }
    this.losses.seen(cpu, time);
  }
}
