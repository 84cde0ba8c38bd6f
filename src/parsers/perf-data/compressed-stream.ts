import { type ZstdModule, zstdModule } from '../zstd-module.ts';

const INPUT_BYTES = 128 * 1024;
const OUTPUT_BYTES = 128 * 1024;
const WORD = 4;
/** Error codes are the negatives of small numbers (zstd_errors.h, ZSTD_error_maxCode). */
const FIRST_ERROR = 2 ** 32 - 128;
/** ZSTD_error_GENERIC */
const GENERIC_ERROR = 1;
/** How a frame begins; perf begins one only once (tools/perf/util/zstd.c). */
const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];

/**
 * The zstd stream that runs through all compressed records of a file. perf flushes the stream at
 * the end of each record and never ends its one frame, so every record needs what came before it.
 * After damage nothing can be read until a record begins a frame.
 */
export class CompressedStream {
  readonly #wasm: ZstdModule = zstdModule();
  #context = 0;
  #input = 0;
  #output = 0;
  /** Two structs of three words: address, size, position. */
  #structs = 0;
  #isBroken = false;
  #isDrained = true;
  /** Whether a frame was begun and not ended: always so in what perf writes. */
  isInFrame = false;
  /** Why the stream is damaged, as zstd_errors.h numbers it; 0 while it is not. */
  error = 0;

  /** False when the bytes cannot be used: the stream is damaged or there is no memory for it. */
  feed(bytes: Uint8Array): boolean {
    if (bytes.length > INPUT_BYTES) return false;
    if (this.#context === 0 && !this.#start()) return false;
    if (this.#isBroken) {
      if (!MAGIC.every((byte, i) => bytes[i] === byte)) return false;
      this.#restart();
    }
    this.#heap().set(bytes, this.#input);
    this.#setStruct(this.#inBuffer, this.#input, bytes.length);
    this.#isDrained = bytes.length === 0;
    return true;
  }

  /** Hands out the next bytes of what was fed, which `take` must copy. */
  unpack(take: (bytes: Uint8Array) => void): 'some' | 'none' | 'damaged' {
    if (this.#isDrained || this.#isBroken) return 'none';
    let made = 0;
    // a frame may be empty or to be skipped
    while (made === 0 && !this.#isDrained) {
      made = this.#step();
      if (this.#isBroken) return 'damaged';
    }
    if (made === 0) return 'none';
    take(this.#heap().subarray(this.#output, this.#output + made));
    return 'some';
  }

  /** How many bytes one call made. */
  #step(): number {
    const before = this.#used;
    this.#setStruct(this.#outBuffer, this.#output, OUTPUT_BYTES);
    const left = this.#wasm.ZSTD_decompressStream(this.#context, this.#outBuffer, this.#inBuffer);
    const words = new DataView(this.#wasm.memory.buffer);
    const made = words.getUint32(this.#outBuffer + 2 * WORD, true);
    const size = words.getUint32(this.#inBuffer + WORD, true);
    // an output that was filled may have more behind it, even when all input is taken
    this.#isDrained = this.#used >= size && made < OUTPUT_BYTES;
    const isIdle = made === 0 && this.#used === before;
    if (!isIdle) this.isInFrame = left !== 0;
    if (left >>> 0 >= FIRST_ERROR) this.error = -(left | 0);
    else if (isIdle && !this.#isDrained) this.error = GENERIC_ERROR;
    this.#isBroken = this.error !== 0;
    return made;
  }

  /** How much of what was fed is used. */
  get #used(): number {
    return new DataView(this.#wasm.memory.buffer).getUint32(this.#inBuffer + 2 * WORD, true);
  }

  close(): void {
    if (this.#context === 0) return;
    this.#wasm.ZSTD_freeDCtx(this.#context);
    for (const pointer of [this.#input, this.#output, this.#structs]) this.#wasm.free(pointer);
    this.#context = 0;
  }

  get #inBuffer(): number {
    return this.#structs;
  }

  get #outBuffer(): number {
    return this.#structs + 3 * WORD;
  }

  #start(): boolean {
    this.#context = this.#wasm.ZSTD_createDCtx();
    this.#input = this.#wasm.malloc(INPUT_BYTES);
    this.#output = this.#wasm.malloc(OUTPUT_BYTES);
    this.#structs = this.#wasm.malloc(6 * WORD);
    return [this.#context, this.#input, this.#output, this.#structs].every(Boolean);
  }

  #restart(): void {
    this.#wasm.ZSTD_freeDCtx(this.#context);
    this.#context = this.#wasm.ZSTD_createDCtx();
    this.#isBroken = this.#context === 0;
    this.error = 0;
  }

  #setStruct(at: number, address: number, size: number): void {
    const words = new DataView(this.#wasm.memory.buffer);
    words.setUint32(at, address, true);
    words.setUint32(at + WORD, size, true);
    words.setUint32(at + 2 * WORD, 0, true);
  }

  /** The memory as it is now: growing it detaches earlier views. */
  #heap(): Uint8Array {
    return new Uint8Array(this.#wasm.memory.buffer);
  }
}
