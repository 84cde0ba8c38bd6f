import { ByteReader, EndOfBytes, type FileSource, SliceSource } from './byte-reader.ts';
import { DamagedBlock, type Decompress } from './compression.ts';

/** Why pages are missing; the message is for the user. */
export interface PageDamage {
  readonly kind: 'truncated' | 'damaged';
  readonly message: string;
}

/** Gives the ring-buffer pages of one CPU, some at a time. */
export interface PageSource {
  /**
   * The next pages, in `into` if they fit and in a larger array if not; undefined at the end. A
   * last page may be cut.
   */
  next(into: Uint8Array): Uint8Array | undefined;
  /** What was found damaged since the last call; it lies behind the pages `next` gave. */
  takeDamage(): PageDamage | undefined;
  /** File bytes consumed so far. */
  readonly consumed: number;
}

/** Pages as they lie in the file. */
export class PlainPages implements PageSource {
  readonly #file: FileSource;
  readonly #end: number;
  readonly #start: number;
  #position: number;
  #damage: PageDamage | undefined;

  constructor(file: FileSource, offset: number, size: number) {
    this.#file = file;
    this.#start = offset;
    this.#position = offset;
    this.#end = Math.min(offset + size, file.size);
    if (offset + size > file.size) {
      this.#damage = {
        kind: 'truncated',
        message: `states ${size} bytes of events at ${offset}, of which the file holds ${Math.max(0, file.size - offset)}`,
      };
    }
  }

  get consumed(): number {
    return this.#position - this.#start;
  }

  next(into: Uint8Array): Uint8Array | undefined {
    const wanted = Math.min(into.length, this.#end - this.#position);
    if (wanted <= 0) return undefined;
    const got = this.#file.readInto(this.#position, into.subarray(0, wanted));
    this.#position = got < wanted ? this.#end : this.#position + got;
    return into.subarray(0, got);
  }

  takeDamage(): PageDamage | undefined {
    const damage = this.#damage;
    this.#damage = undefined;
    return damage;
  }
}

/** trace-cmd writes 10 pages to a chunk (40 KiB); a claim beyond this is damage. */
const LARGEST_CHUNK_BYTES = 16 * 1024 * 1024;

/**
 * Pages in compressed chunks: u32 count, then for each u32 compressed size, u32 size, data
 * (trace-cmd.dat.v7(5), COMPRESSION FORMAT OF THE TRACE DATA).
 */
export class CompressedPages implements PageSource {
  readonly #reader: ByteReader;
  readonly #decompress: Decompress;
  readonly #pageSize: number;
  #chunks: number;
  /** The begin of a page whose end is in the next chunk. */
  #rest: Uint8Array = new Uint8Array(0);
  #damage: PageDamage | undefined;

  constructor(
    file: FileSource,
    littleEndian: boolean,
    {
      offset,
      size,
      pageSize,
      decompress,
      windowBytes,
    }: {
      offset: number;
      size: number;
      pageSize: number;
      decompress: Decompress;
      windowBytes: number;
    },
  ) {
    // The size that the BUFFER option states leaves out the chunk count.
    const part = new SliceSource(file, offset, size + 4);
    this.#reader = new ByteReader(part, littleEndian, 0, windowBytes);
    this.#decompress = decompress;
    this.#pageSize = pageSize;
    this.#chunks = 0;
    try {
      this.#chunks = this.#reader.u32();
    } catch (error) {
      this.#stop(error);
    }
  }

  get consumed(): number {
    return this.#reader.position;
  }

  next(into: Uint8Array): Uint8Array | undefined {
    if (this.#chunks === 0) return undefined;
    let target = into;
    let filled = this.#rest.length;
    target.set(this.#rest);
    this.#rest = this.#rest.subarray(0, 0);
    try {
      while (this.#chunks > 0) {
        const at = this.#reader.position;
        const compressedSize = this.#reader.u32();
        const size = this.#reader.u32();
        if (filled + size > target.length) {
          if (filled >= this.#pageSize) {
            this.#reader.position = at;
            break;
          }
          target = roomFor(size, target.subarray(0, filled));
        }
        this.#chunks--;
        const compressed = this.#reader.bytes(compressedSize);
        this.#decompress(compressed, target.subarray(filled, filled + size));
        filled += size;
      }
    } catch (error) {
      // Pages on both sides of a damaged chunk must not be joined, so this ends the block.
      this.#stop(error);
    }
    return this.#wholePages(filled === 0 ? into.subarray(0, 0) : target.subarray(0, filled));
  }

  takeDamage(): PageDamage | undefined {
    const damage = this.#damage;
    this.#damage = undefined;
    return damage;
  }

  #wholePages(bytes: Uint8Array): Uint8Array {
    const whole = bytes.length - (bytes.length % this.#pageSize);
    if (whole === bytes.length || this.#chunks === 0 || this.#damage) return bytes;
    this.#rest = bytes.slice(whole);
    return bytes.subarray(0, whole);
  }

  /** A damaged chunk is skipped; where the file or the CPU's part of it ends, so does the CPU. */
  #stop(error: unknown): void {
    if (error instanceof EndOfBytes) {
      this.#chunks = 0;
      this.#damage = {
        kind: 'truncated',
        message: `ends inside a compressed chunk: ${error.message}`,
      };
    } else if (error instanceof DamagedBlock) {
      this.#damage ??= { kind: 'damaged', message: `a compressed chunk ${error.message}` };
    } else {
      throw error;
    }
  }
}

function roomFor(size: number, start: Uint8Array): Uint8Array {
  if (size > LARGEST_CHUNK_BYTES) throw new EndOfBytes(`a chunk claims to hold ${size} bytes`);
  const larger = new Uint8Array(start.length + size);
  larger.set(start);
  return larger;
}
