import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { TraceError } from '../../errors.ts';

/** Also the longest event that is kept whole. */
const CHUNK_BYTES = 1024 * 1024;
const LINE_FEED = 10;

/**
 * The lines of a file of any size, one chunk in memory at a time. Lines are places in `bytes`, valid
 * until `refill`.
 */
export class TextSource {
  readonly size: number;
  /** Bytes consumed so far. */
  consumed = 0;
  /** Lines given out so far. */
  lines = 0;
  readonly bytes: Buffer;
  /** The line `next` found, without its line feed. */
  start = 0;
  end = 0;
  /** The line goes on beyond what fits into memory; the rest of it is skipped. */
  isCut = false;
  #fd: number | undefined;
  #at = 0;
  #filled = 0;
  #position = 0;
  #isAtEnd = false;
  #skipsLine = false;

  constructor(path: string, chunkBytes: number = CHUNK_BYTES) {
    try {
      this.#fd = openSync(path, 'r');
      this.size = fstatSync(this.#fd).size;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new TraceError(`cannot open ${path}: ${why}`, { cause: error });
    }
    this.bytes = Buffer.allocUnsafeSlow(chunkBytes);
  }

  /** Back to the file's first line. */
  rewind(): void {
    this.#at = 0;
    this.#filled = 0;
    this.#position = 0;
    this.#isAtEnd = false;
    this.#skipsLine = false;
    this.consumed = 0;
    this.lines = 0;
  }

  /** Whether nothing more can be read as long as all from this place on is kept. */
  isFull(from: number): boolean {
    return this.#filled - from >= this.bytes.length;
  }

  /** False when the chunk is used up: `refill` tells whether there is more. */
  next(): boolean {
    if (this.#skipsLine) this.#skipLine();
    const start = this.#at;
    if (start >= this.#filled) return false;
    const feed = this.bytes.indexOf(LINE_FEED, start);
    const isWhole = feed >= 0 && feed < this.#filled;
    this.isCut = !isWhole && !this.#isAtEnd;
    if (this.isCut && !this.isFull(start)) return false;
    this.#skipsLine = this.isCut;
    this.start = start;
    this.end = isWhole ? feed : this.#filled;
    this.#at = isWhole ? feed + 1 : this.#filled;
    this.lines++;
    return true;
  }

  /** Past the rest of a line that was cut. */
  #skipLine(): void {
    const feed = this.bytes.indexOf(LINE_FEED, this.#at);
    const isEnd = feed >= 0 && feed < this.#filled;
    this.#at = isEnd ? feed + 1 : this.#filled;
    this.#skipsLine = !isEnd;
  }

  /**
   * Brings more lines; those from `keepFrom` on stay, at the start of the chunk. Returns by how much
   * they moved, or -1 at the end of the file.
   */
  refill(keepFrom: number): number {
    if (this.#isAtEnd || this.#fd === undefined) return -1;
    const keep = Math.min(keepFrom, this.#at);
    this.bytes.copyWithin(0, keep, this.#filled);
    this.#at -= keep;
    this.#filled -= keep;
    const room = this.bytes.length - this.#filled;
    const got = readSync(this.#fd, this.bytes, this.#filled, room, this.#position);
    this.#position += got;
    this.consumed = this.#position;
    this.#filled += got;
    // one more round gives the last line, which may lack its line feed
    if (got === 0 && room > 0) this.#isAtEnd = true;
    return keep;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
