import type { RecordReader, RecordStream } from './record-reader.ts';
import { RECORD } from './record-types.ts';

/** Time of the record a reader holds; undefined for records without one. */
export type TimeOf = (reader: RecordReader) => number | undefined;

interface Part {
  readonly reader: RecordReader;
  time: number;
}

/**
 * The records of a directory made by `perf record --threads`: those of `data`, then those of `data.0`,
 * `data.1`, … in the order of time. Each of these is one ring buffer, which is in order
 * (record__mmap_read_evlist in tools/perf/builtin-record.c).
 */
export class MergedRecords implements RecordStream {
  readonly #main: RecordReader;
  readonly #readers: readonly RecordReader[];
  readonly #timeOf: TimeOf;
  #parts: Part[] | undefined;
  #current: RecordReader;

  constructor(main: RecordReader, others: readonly RecordReader[], timeOf: TimeOf) {
    this.#main = main;
    this.#current = main;
    this.#readers = [main, ...others];
    this.#timeOf = timeOf;
  }

  get view(): DataView {
    return this.#current.view;
  }

  get bytes(): Uint8Array {
    return this.#current.bytes;
  }

  get offset(): number {
    return this.#current.offset;
  }

  get size(): number {
    return this.#current.size;
  }

  get type(): number {
    return this.#current.type;
  }

  get misc(): number {
    return this.#current.misc;
  }

  get isCut(): boolean {
    return this.#readers.some((reader) => reader.isCut);
  }

  get position(): number {
    return this.#readers.reduce((sum, { position }) => sum + position, 0);
  }

  next(): boolean {
    while (!this.#parts && this.#main.next()) {
      // its rounds say nothing of the other files
      if (this.#main.type !== RECORD.finishedRound) return true;
    }
    if (this.#parts) this.#pass(this.#parts);
    else this.#parts = this.#begin();
    const [first, ...others] = this.#parts;
    if (!first) return false;
    let earliest = first;
    for (const part of others) if (part.time < earliest.time) earliest = part;
    this.#current = earliest.reader;
    return true;
  }

  skip(bytes: number): void {
    this.#current.skip(bytes);
  }

  close(): void {
    for (const reader of this.#readers) reader.close();
  }

  #begin(): Part[] {
    const parts: Part[] = [];
    for (const reader of this.#readers) {
      if (reader === this.#main || !reader.next()) continue;
      parts.push({ reader, time: this.#timeOf(reader) ?? Number.NEGATIVE_INFINITY });
    }
    return parts;
  }

  /** Goes on in the file whose record was used. */
  #pass(parts: Part[]): void {
    const at = parts.findIndex(({ reader }) => reader === this.#current);
    const part = parts[at];
    if (!part) return;
    if (part.reader.next()) part.time = this.#timeOf(part.reader) ?? part.time;
    else parts.splice(at, 1);
  }
}
