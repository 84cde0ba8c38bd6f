const CHUNK_BYTES = 256 * 1024;
/** Free chunks that are kept; more come together only when a long round ends. */
const MOST_FREE = 64;

/** Bytes of samples that wait for their turn, given back when the last of them was used. */
export class Chunk {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #owner: KeptBytes;
  #users = 0;

  constructor(size: number, owner: KeptBytes) {
    // every byte is written before it is read
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.view = new DataView(this.bytes.buffer);
    this.#owner = owner;
  }

  use(): void {
    this.#users++;
  }

  release(): void {
    this.#users--;
    if (this.#users === 0) this.#owner.free(this);
  }
}

/**
 * Keeps the samples somebody asked for while the reader goes on: few of them in most recordings, so
 * they are copied and what they were read from is used again.
 */
export class KeptBytes {
  #chunk: Chunk;
  #end = 0;
  readonly #free: Chunk[] = [];

  constructor() {
    this.#chunk = new Chunk(CHUNK_BYTES, this);
    this.#chunk.use();
  }

  /** Copies bytes to `end` of a chunk, which has one more user then. */
  keep(bytes: Uint8Array): Chunk {
    if (this.#end + bytes.length > this.#chunk.bytes.length) {
      this.#chunk.release();
      this.#chunk = this.#free.pop() ?? new Chunk(Math.max(CHUNK_BYTES, bytes.length), this);
      this.#chunk.use();
      this.#end = 0;
    }
    this.#chunk.bytes.set(bytes, this.#end);
    this.#end += bytes.length;
    this.#chunk.use();
    return this.#chunk;
  }

  /** Where the bytes kept last end in their chunk. */
  get end(): number {
    return this.#end;
  }

  free(chunk: Chunk): void {
    if (chunk.bytes.length === CHUNK_BYTES && this.#free.length < MOST_FREE) this.#free.push(chunk);
  }
}
