import type { ProblemLog } from '../problem-log.ts';
import { decodeText, type FileSource, SliceSource } from '../trace-dat/byte-reader.ts';
import { attributeSize, readAttribute, readU64 } from './attribute.ts';
import { readFeature } from './features.ts';
import type { LossLog } from './loss-log.ts';
import type { PerfFile } from './perf-file.ts';
import type { RecordStream } from './record-reader.ts';
import { nameOfRecord, RECORD } from './record-types.ts';
import type { TrailerLayout } from './sample-layout.ts';
import type { ThreadChange } from './thread-names.ts';
import type { TimeOrigin } from './time-origin.ts';
import { readTracingData } from './tracing-data.ts';

const HEADER_BYTES = 8;
const WORD = 8;
/** PERF_RECORD_MISC_LOST_SAMPLES_BPF: left out by a BPF filter, so not lost. */
const FILTERED_OUT = 1 << 15;
const UNKNOWN_CPU = -1;
/** PERF_EVENT_UPDATE__NAME. */
const UPDATE_NAME = 2;
const NAME_IN_MMAP = 40;
/** Behind the inode or the build id, the protection and the flags. */
const NAME_IN_MMAP2 = 72;

export interface SideRecordsInput {
  readonly perf: PerfFile;
  readonly file: FileSource;
  readonly reader: RecordStream;
  readonly origin: TimeOrigin;
  readonly losses: LossLog;
  readonly problems: ProblemLog;
  /** How records other than samples end; undefined before the events are known. */
  trailer(): TrailerLayout | undefined;
  hasChains(): boolean;
  /** The events have changed (pipe mode tells them one by one). */
  eventsChanged(): void;
  /** From a time on; without a time from now on. */
  changed(change: ThreadChange, time: number | undefined): void;
}

/** All records that are no samples. */
export class SideRecords {
  /** Threads perf was told to record, -1 standing for all; undefined where the file does not say. */
  threads: readonly number[] | undefined;
  readonly #input: SideRecordsInput;
  readonly #littleEndian: boolean;
  readonly #cpuOfId = new Map<number, number>();
  readonly #handlers: Readonly<Record<number, () => void>>;

  constructor(input: SideRecordsInput) {
    this.#input = input;
    this.#littleEndian = input.perf.littleEndian;
    this.#handlers = {
      [RECORD.mmap]: () => this.#map(NAME_IN_MMAP),
      [RECORD.mmap2]: () => this.#map(NAME_IN_MMAP2),
      [RECORD.lost]: () => this.#lost(),
      [RECORD.comm]: () => this.#comm(),
      [RECORD.throttle]: () => this.#throttle(),
      [RECORD.fork]: () => this.#fork(),
      [RECORD.lostSamples]: () => this.#lostSamples(),
      [RECORD.attribute]: () => this.#attribute(),
      [RECORD.tracingData]: () => this.#tracingData(),
      [RECORD.idIndex]: () => this.#idIndex(),
      [RECORD.auxtrace]: () => this.#auxtrace(),
      [RECORD.threadMap]: () => this.#threadMap(),
      [RECORD.eventUpdate]: () => this.#eventUpdate(),
      [RECORD.feature]: () => this.#feature(),
    };
  }

  read(): void {
    const { type } = this.#input.reader;
    const handle = this.#handlers[type];
    if (handle) handle();
    else if (nameOfRecord(type) === undefined) {
      this.#input.problems.add(
        'unknown-record',
        'info',
        `records of type ${type} are not known and left out`,
      );
    }
  }

  #u32(at: number): number {
    const { reader } = this.#input;
    return at + 4 > reader.size ? 0 : reader.view.getUint32(reader.offset + at, this.#littleEndian);
  }

  #u64(at: number): number {
    const { reader } = this.#input;
    return at + WORD > reader.size
      ? 0
      : readU64(reader.view, reader.offset + at, this.#littleEndian);
  }

  #word(at: number): bigint {
    const { reader } = this.#input;
    if (at + WORD > reader.size) return 0n;
    return reader.view.getBigUint64(reader.offset + at, this.#littleEndian);
  }

  /** The bytes of the record from `at` on. */
  #bytes(at: number, end: number = this.#input.reader.size): Uint8Array {
    const { view, offset, size } = this.#input.reader;
    const from = Math.min(at, size);
    const length = Math.max(0, Math.min(end, size) - from);
    return new Uint8Array(view.buffer, view.byteOffset + offset + from, length);
  }

  #text(at: number, end?: number): string {
    const bytes = this.#bytes(at, end);
    const zero = bytes.indexOf(0);
    return decodeText(zero < 0 ? bytes : bytes.subarray(0, zero));
  }

  /** Time in the record's trailer; undefined without one. */
  #time(): number | undefined {
    const place = this.#input.trailer()?.time ?? 0;
    const { view, offset, size } = this.#input.reader;
    if (place === 0 || size < HEADER_BYTES + place) return undefined;
    return this.#input.origin.relative(view, offset + size - place);
  }

  #cpu(): number {
    const place = this.#input.trailer()?.cpu ?? 0;
    return place === 0 ? UNKNOWN_CPU : this.#u32(this.#input.reader.size - place) | 0;
  }

  #lost(): void {
    this.#input.losses.lost(this.#cpu(), this.#time(), this.#u64(16));
  }

  #lostSamples(): void {
    if ((this.#input.reader.misc & FILTERED_OUT) !== 0) return;
    const place = this.#input.trailer()?.id ?? 0;
    const id = place === 0 ? 0 : this.#u64(this.#input.reader.size - place);
    const cpu = this.#cpuOfId.get(id) ?? UNKNOWN_CPU;
    this.#input.losses.counted(cpu, this.#u64(8));
  }

  #comm(): void {
    const end = this.#input.reader.size - (this.#input.trailer()?.size ?? 0);
    this.#changed({ kind: 'comm', tid: this.#u32(12) | 0, comm: this.#text(16, end) });
  }

  #fork(): void {
    this.#changed({
      kind: 'fork',
      process: this.#u32(8) | 0,
      parentProcess: this.#u32(12) | 0,
      tid: this.#u32(16) | 0,
      parent: this.#u32(20) | 0,
    });
  }

  /** Wanted only where there are call chains to name. */
  #map(nameAt: number): void {
    if (!this.#input.hasChains()) return;
    const start = this.#word(16);
    const end = this.#input.reader.size - (this.#input.trailer()?.size ?? 0);
    const mapping = { start, end: start + this.#word(24), file: this.#text(nameAt, end) };
    this.#changed({ kind: 'map', process: this.#u32(8) | 0, mapping });
  }

  #changed(change: ThreadChange): void {
    this.#input.changed(change, this.#time());
  }

  /** The kernel stopped an event that came too often until the next tick. */
  #throttle(): void {
    this.#input.problems.add(
      'throttled',
      'data-loss',
      'the kernel stopped events that came too often for moments; what happened then is missing',
    );
  }

  /** Pipe mode's description of one event and its ids. */
  #attribute(): void {
    const { perf } = this.#input;
    const bytes = this.#bytes(HEADER_BYTES);
    const size = attributeSize(bytes, this.#littleEndian);
    if (size === undefined) return;
    const ids: number[] = [];
    for (let at = HEADER_BYTES + size; at + WORD <= this.#input.reader.size; at += WORD) {
      ids.push(this.#u64(at));
    }
    perf.attributes.push(readAttribute(bytes.subarray(0, size), this.#littleEndian, ids));
    this.#input.eventsChanged();
  }

  /** The record is followed by as many bytes as it states, rounded up to words. */
  #tracingData(): void {
    const { perf, file, reader, problems } = this.#input;
    const size = this.#u32(HEADER_BYTES);
    const source = new SliceSource(file, reader.position, size);
    perf.tracing ??= readTracingData(source, perf.metadata, problems);
    reader.skip(Math.ceil(size / WORD) * WORD);
  }

  #auxtrace(): void {
    const size = this.#u64(HEADER_BYTES);
    this.#input.reader.skip(size);
    this.#input.problems.add(
      'auxtrace',
      'info',
      'hardware traces (AUX area) are in the file and left out',
    );
  }

  /** Which CPU each id counts on: struct perf_record_id_index. */
  #idIndex(): void {
    const entry = 4 * WORD;
    const fits = Math.floor((this.#input.reader.size - 2 * WORD) / entry);
    for (let n = Math.min(this.#u64(HEADER_BYTES), fits); n > 0; n--) {
      const at = 2 * WORD + (n - 1) * entry;
      this.#cpuOfId.set(this.#u64(at), this.#u32(at + 2 * WORD + (this.#littleEndian ? 0 : 4)) | 0);
    }
  }

  #threadMap(): void {
    const entry = 3 * WORD;
    const fits = Math.floor((this.#input.reader.size - 2 * WORD) / entry);
    const count = Math.max(0, Math.min(this.#u64(HEADER_BYTES), fits));
    this.threads = Array.from(
      { length: count },
      (_, n) => this.#u32(2 * WORD + n * entry + (this.#littleEndian ? 0 : 4)) | 0,
    );
  }

  /** The name the user gave an event, by one of its ids. */
  #eventUpdate(): void {
    if (this.#u64(HEADER_BYTES) !== UPDATE_NAME) return;
    this.#input.perf.facts.eventNames.set(this.#u64(16), this.#text(24));
  }

  #feature(): void {
    const { perf } = this.#input;
    readFeature(this.#u64(HEADER_BYTES), this.#bytes(16), this.#littleEndian, perf.facts);
  }
}
