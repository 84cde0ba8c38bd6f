import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Bytes at known positions: a file, or a section that was decompressed into memory. */
export interface ByteSource {
  readonly size: number;
  /** Up to `length` bytes; fewer only where the source ends. The caller must not change them. */
  read(position: number, length: number): Uint8Array;
}

/** The source ends (or says something impossible) before what was asked for. */
export class EndOfBytes extends Error {
  override readonly name = 'EndOfBytes';
}

export class MemorySource implements ByteSource {
  readonly size: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  read(position: number, length: number): Uint8Array {
    return this.#bytes.subarray(position, position + length);
  }
}

/** A file read by position; positions are plain numbers, exact far beyond any file's size. */
export class FileSource implements ByteSource {
  readonly size: number;
  #fd: number | undefined;

  constructor(path: string) {
    this.#fd = openSync(path, 'r');
    this.size = fstatSync(this.#fd).size;
  }

  read(position: number, length: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.size - position)));
    return bytes.subarray(0, this.readInto(position, bytes));
  }

  /** Fills `target` as far as the file goes; returns the number of bytes. */
  readInto(position: number, target: Uint8Array): number {
    if (this.#fd === undefined) return 0;
    let done = 0;
    while (done < target.length) {
      const got = readSync(this.#fd, target, done, target.length - done, position + done);
      if (got === 0) break;
      done += got;
    }
    return done;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** A part of another source; reads beyond it look like its end. */
export class SliceSource implements ByteSource {
  readonly size: number;
  readonly #source: ByteSource;
  readonly #start: number;

  constructor(source: ByteSource, start: number, size: number) {
    this.#source = source;
    this.#start = start;
    this.size = Math.max(0, Math.min(size, source.size - start));
  }

  read(position: number, length: number): Uint8Array {
    return this.#source.read(this.#start + position, Math.min(length, this.size - position));
  }
}

const WINDOW_BYTES = 64 * 1024;
const LONGEST_NAME = 4096;

/**
 * Reads numbers and texts in a row. Every length is checked against what the source still holds
 * before anything is allocated, so a hostile length costs nothing.
 * @throws EndOfBytes from every method when the source ends first.
 */
export class ByteReader {
  readonly source: ByteSource;
  readonly littleEndian: boolean;
  position: number;
  #window: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #start = 0;
  readonly #windowBytes: number;

  constructor(
    source: ByteSource,
    littleEndian: boolean,
    position = 0,
    windowBytes: number = WINDOW_BYTES,
  ) {
    this.#windowBytes = windowBytes;
    this.source = source;
    this.littleEndian = littleEndian;
    this.position = position;
  }

  get remaining(): number {
    return Math.max(0, this.source.size - this.position);
  }

  u8(): number {
    const at = this.#take(1);
    return this.#view.getUint8(at);
  }

  u16(): number {
    const at = this.#take(2);
    return this.#view.getUint16(at, this.littleEndian);
  }

  u32(): number {
    const at = this.#take(4);
    return this.#view.getUint32(at, this.littleEndian);
  }

  u64(): bigint {
    const at = this.#take(8);
    return this.#view.getBigUint64(at, this.littleEndian);
  }

  i64(): bigint {
    const at = this.#take(8);
    return this.#view.getBigInt64(at, this.littleEndian);
  }

  /** A 64-bit size or file position. Beyond 2^53 it is rounded, which no check against a file's size can notice. */
  size64(): number {
    return Number(this.u64());
  }

  bytes(length: number): Uint8Array {
    if (length <= this.#windowBytes) {
      const at = this.#take(length);
      return this.#window.subarray(at, at + length);
    }
    this.#check(length);
    const bytes = this.source.read(this.position, length);
    if (bytes.length < length) throw new EndOfBytes(`ends inside ${length} bytes`);
    this.position += length;
    return bytes;
  }

  /** Text of a known length; a NUL at its end is dropped. Bytes that are no UTF-8 are kept as Latin-1. */
  text(length: number): string {
    return decodeText(this.bytes(length));
  }

  /** Text up to its NUL. */
  name(): string {
    const head = this.source.read(this.position, Math.min(LONGEST_NAME, this.remaining));
    const end = head.indexOf(0);
    if (end < 0) throw new EndOfBytes('a name has no end');
    this.position += end + 1;
    return decodeText(head.subarray(0, end));
  }

  skip(length: number): void {
    this.#check(length);
    this.position += length;
  }

  #check(length: number): void {
    if (length > this.remaining) {
      throw new EndOfBytes(`${length} bytes wanted at ${this.position}, ${this.remaining} there`);
    }
  }

  /** Makes the next `length` bytes visible in the window; returns where in it they start. */
  #take(length: number): number {
    const at = this.position - this.#start;
    if (at < 0 || at + length > this.#window.length) {
      this.#check(length);
      this.#window = this.source.read(this.position, Math.max(length, this.#windowBytes));
      if (this.#window.length < length) throw new EndOfBytes('the file became shorter');
      this.#view = new DataView(
        this.#window.buffer,
        this.#window.byteOffset,
        this.#window.byteLength,
      );
      this.#start = this.position;
    }
    const from = this.position - this.#start;
    this.position += length;
    return from;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8, else Latin-1, so that no byte of a recorded text is lost. */
export function decodeText(bytes: Uint8Array): string {
  const end = bytes.length > 0 && bytes[bytes.length - 1] === 0 ? bytes.length - 1 : bytes.length;
  const text = bytes.subarray(0, end);
  try {
    return utf8.decode(text);
  } catch {
    return Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('latin1');
  }
}
