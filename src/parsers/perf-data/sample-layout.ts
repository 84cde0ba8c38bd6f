import { type EventAttribute, READ_FORMAT, readU64, SAMPLE } from './attribute.ts';

const HEADER_BYTES = 8;
const WORD = 8;

/** Fields of one word each, in the order the kernel writes them (perf_output_sample, kernel/events/core.c). */
const LEADING: readonly number[] = [
  SAMPLE.identifier,
  SAMPLE.ip,
  SAMPLE.tid,
  SAMPLE.time,
  SAMPLE.addr,
  SAMPLE.id,
  SAMPLE.streamId,
  SAMPLE.cpu,
  SAMPLE.period,
];

/** What other records end with where sample_id_all is set (perf_event__output_id_sample). */
const TRAILING: readonly number[] = [
  SAMPLE.tid,
  SAMPLE.time,
  SAMPLE.id,
  SAMPLE.streamId,
  SAMPLE.cpu,
  SAMPLE.identifier,
];

const ABSENT = -1;

/** Where the fields of one event's samples stand. Places are counted from the record's start. */
export class SampleLayout {
  readonly id: number;
  readonly tid: number;
  readonly time: number;
  readonly cpu: number;
  /** Bytes a sample has at least. */
  readonly least: number;
  readonly hasCallchain: boolean;
  readonly hasRaw: boolean;
  /** Of the sample last asked for, by `locate`. */
  rawAt = 0;
  rawSize = 0;
  /** Where its callchain's count stands; 0 without one. */
  chainAt = 0;
  readonly #readFormat: number | undefined;
  readonly #littleEndian: boolean;

  constructor({ sampleType, readFormat }: EventAttribute, littleEndian: boolean) {
    const present = LEADING.filter((bit) => (sampleType & bit) !== 0);
    const place = (bit: number) => {
      const index = present.indexOf(bit);
      return index < 0 ? ABSENT : HEADER_BYTES + index * WORD;
    };
    this.id = place(SAMPLE.identifier) === ABSENT ? place(SAMPLE.id) : place(SAMPLE.identifier);
    this.tid = place(SAMPLE.tid);
    this.time = place(SAMPLE.time);
    this.cpu = place(SAMPLE.cpu);
    this.least = HEADER_BYTES + present.length * WORD;
    this.hasCallchain = (sampleType & SAMPLE.callchain) !== 0;
    this.hasRaw = (sampleType & SAMPLE.raw) !== 0;
    this.#readFormat = (sampleType & SAMPLE.read) === 0 ? undefined : readFormat;
    this.#littleEndian = littleEndian;
  }

  /** Finds the parts of variable size; false where they do not fit the record. */
  locate(view: DataView, offset: number, size: number): boolean {
    const end = offset + size;
    let at = offset + this.least;
    this.rawAt = 0;
    this.rawSize = 0;
    this.chainAt = 0;
    if (this.#readFormat !== undefined) at = this.#afterRead(view, at, end, this.#readFormat);
    if (this.hasCallchain && at + WORD <= end) {
      this.chainAt = at;
      at += WORD + readU64(view, at, this.#littleEndian) * WORD;
    }
    this.rawAt = at;
    if (!this.hasRaw) return at <= end;
    if (at + 4 > end) return false;
    this.rawAt = at + 4;
    this.rawSize = view.getUint32(at, this.#littleEndian);
    return this.rawAt + this.rawSize <= end;
  }

  #afterRead(view: DataView, at: number, end: number, format: number): number {
    const has = (bit: number) => ((format & bit) === 0 ? 0 : 1);
    const times = has(READ_FORMAT.totalTimeEnabled) + has(READ_FORMAT.totalTimeRunning);
    const perValue = 1 + has(READ_FORMAT.id) + has(READ_FORMAT.lost);
    if (has(READ_FORMAT.group) === 0) return at + (times + perValue) * WORD;
    const values = at + WORD <= end ? readU64(view, at, this.#littleEndian) : 0;
    return at + (1 + times + values * perValue) * WORD;
  }
}

/** Where time, CPU and id stand in all other records, counted back from the record's end. */
export class TrailerLayout {
  readonly time: number;
  readonly cpu: number;
  readonly id: number;
  readonly size: number;

  constructor({ sampleType, sampleIdAll }: EventAttribute) {
    const present = sampleIdAll ? TRAILING.filter((bit) => (sampleType & bit) !== 0) : [];
    const place = (bit: number) => {
      const index = present.indexOf(bit);
      return index < 0 ? 0 : (present.length - index) * WORD;
    };
    this.time = place(SAMPLE.time);
    this.cpu = place(SAMPLE.cpu);
    this.id = place(SAMPLE.identifier) || place(SAMPLE.id);
    this.size = present.length * WORD;
  }
}
