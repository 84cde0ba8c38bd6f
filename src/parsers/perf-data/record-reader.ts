import type { ProblemLog } from '../problem-log.ts';
import type { FileSource } from '../trace-dat/byte-reader.ts';
import { ByteWindow } from './byte-window.ts';
import {
  type CompressedPayloads,
  compressedPayloads,
  sizeOfCompressed2,
} from './compressed-record.ts';
import { CompressedStream } from './compressed-stream.ts';
import { RECORD } from './record-types.ts';
import { findRecords } from './resync.ts';

const CHUNK_BYTES = 256 * 1024;
const HEADER_BYTES = 8;
/** Damage longer than this is given up at. */
const LONGEST_SEARCH = 4 * 1024 * 1024;

/** The records of a recording, one in hand at a time; its bytes are valid until the next one. */
export interface RecordStream {
  readonly view: DataView;
  /** What `view` is a view of. */
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly size: number;
  readonly type: number;
  readonly misc: number;
  /** The file ended before its records did, or they could not be followed to the end. */
  readonly isCut: boolean;
  /** File position of what follows the record in hand. */
  readonly position: number;
  /** Goes to the next record; false at the end. */
  next(): boolean;
  /** Passes bytes that follow the record in hand and are none of its own. */
  skip(bytes: number): void;
  close(): void;
}

/**
 * Walks the records of a file in file order, compressed ones unpacked where they stand. The fields
 * describe the record in hand; its bytes are valid until the next one.
 */
export class RecordReader implements RecordStream {
  view: DataView;
  /** What `view` is a view of. */
  bytes: Uint8Array;
  offset = 0;
  size = 0;
  type = 0;
  misc = 0;
  /** The file ended before its records did, or they could not be followed to the end. */
  isCut = false;
  readonly #file: FileSource;
  readonly #littleEndian: boolean;
  readonly #problems: ProblemLog;
  readonly #end: number;
  readonly #window = new ByteWindow();
  /** File position of the end of the window. */
  #read: number;
  readonly #stream = new CompressedStream();
  readonly #unpacked = new ByteWindow();
  readonly #waiting: Uint8Array[] = [];

  constructor(
    file: FileSource,
    range: { readonly start: number; readonly end: number },
    littleEndian: boolean,
    problems: ProblemLog,
  ) {
    this.#file = file;
    this.#littleEndian = littleEndian;
    this.#problems = problems;
    this.#read = range.start;
    this.#end = Math.min(range.end, file.size);
    this.isCut = range.end > file.size;
    this.view = this.#window.view;
    this.bytes = this.#window.bytes;
  }

  /** File position of what follows the record in hand. */
  get position(): number {
    return this.#read - this.#window.left;
  }

  /** Goes to the next record; false at the end. */
  next(): boolean {
    for (;;) {
      if (this.#nextUnpacked()) return true;
      if (!this.#nextOfFile()) return false;
      if (!this.#isCompressed()) return true;
    }
  }

  /** Passes bytes that follow the record in hand and are none of its own. */
  skip(bytes: number): void {
    if (bytes <= this.#window.left) {
      this.#window.at += bytes;
      return;
    }
    this.#read = Math.min(this.#end, this.position + bytes);
    this.#window.clear();
  }

  close(): void {
    this.#stream.close();
  }

  #nextOfFile(): boolean {
    for (;;) {
      if (!this.#fill(HEADER_BYTES)) return this.#finish();
      this.#readHeader(this.#window);
      if (this.#isCompressed()) {
        if (this.#takeCompressed()) return true;
      } else if (this.size >= HEADER_BYTES) {
        if (!this.#fill(this.size)) return this.#finish();
        this.#take(this.#window);
        return true;
      }
      if (!this.#resync()) return false;
    }
  }

  #isCompressed(): boolean {
    return this.type === RECORD.compressed || this.type === RECORD.compressed2;
  }

  #readHeader({ view, at }: ByteWindow): void {
    this.type = view.getUint32(at, this.#littleEndian);
    this.misc = view.getUint16(at + 4, this.#littleEndian);
    this.size = view.getUint16(at + 6, this.#littleEndian);
  }

  #take(window: ByteWindow): void {
    this.view = window.view;
    this.bytes = window.bytes;
    this.offset = window.at;
    window.at += this.size;
  }

  /** Makes `bytes` bytes visible in the window. */
  #fill(bytes: number): boolean {
    if (this.#window.left >= bytes) return true;
    const more = Math.min(Math.max(CHUNK_BYTES, bytes), this.#end - this.#read);
    if (this.#window.left + more < bytes) return false;
    const room = this.#window.room(more);
    const got = this.#file.readInto(this.#read, room);
    this.#read += got;
    this.#window.filled(got);
    return this.#window.left >= bytes;
  }

  #finish(): false {
    if (this.#window.left > 0) {
      this.isCut = true;
      this.#window.clear();
    }
    if (this.#unpacked.left > 0) this.isCut = true;
    return false;
  }

  /** Lines up what a compressed record holds; false when its size cannot be. */
  #takeCompressed(): boolean {
    const found = this.#payloads();
    if (!found) return false;
    this.#waiting.push(...found.payloads);
    this.#window.at += found.size;
    return true;
  }

  #payloads(): CompressedPayloads | undefined {
    const wanted = this.type === RECORD.compressed ? this.size : this.#sizeOfCompressed2();
    if (wanted === undefined || wanted < HEADER_BYTES || !this.#fill(wanted)) return undefined;
    const { bytes, at } = this.#window;
    return compressedPayloads(bytes.subarray(at, at + wanted), this.#littleEndian, this.size);
  }

  #sizeOfCompressed2(): number | undefined {
    if (!this.#fill(2 * HEADER_BYTES)) return undefined;
    const { view, at } = this.#window;
    const available = this.#end - this.position;
    return sizeOfCompressed2(view, at, this.size, this.#littleEndian, available);
  }

  #nextUnpacked(): boolean {
    const window = this.#unpacked;
    for (;;) {
      if (window.left >= HEADER_BYTES) {
        this.#readHeader(window);
        if (this.size < HEADER_BYTES) {
          this.#drop('a record among the compressed ones has an impossible size');
          continue;
        }
        if (window.left >= this.size) {
          this.#take(window);
          return true;
        }
      }
      if (!this.#unpack()) return false;
    }
  }

  /** Unpacks a piece more; false when the file must be read on for it. */
  #unpack(): boolean {
    for (;;) {
      const made = this.#stream.unpack((bytes) => {
        this.#unpacked.room(bytes.length).set(bytes);
        this.#unpacked.filled(bytes.length);
      });
      if (made === 'some') return true;
      if (made === 'damaged') this.#drop('a compressed record does not decompress');
      const payload = this.#waiting.shift();
      if (!payload) return false;
      if (!this.#stream.feed(payload)) this.#drop('a compressed record follows a damaged one');
    }
  }

  /** Compressed records continue each other: after damage, what is left of the last one is no use. */
  #drop(message: string): void {
    this.#unpacked.clear();
    this.isCut = true;
    this.#problems.add('damaged-compression', 'data-loss', message);
  }

  /** Looks for the next records behind one that cannot be. */
  #resync(): boolean {
    const from = this.position;
    const { left } = this.#window;
    const search = Math.min(LONGEST_SEARCH, this.#end - from);
    this.#fill(Math.max(left, search));
    const { bytes, at, end } = this.#window;
    const isEnd = this.#read >= this.#end;
    const found = findRecords(bytes.subarray(at, end), this.#littleEndian, isEnd);
    this.isCut = true;
    this.#problems.add(
      'damaged-record',
      'data-loss',
      found === undefined
        ? `the records cannot be followed beyond ${from} of ${this.#end} bytes`
        : `a record at ${from} is damaged; reading goes on ${found} bytes further`,
      { key: 'damaged-record' },
    );
    if (found === undefined) {
      this.#window.clear();
      return false;
    }
    this.#window.at += found;
    return true;
  }
}
