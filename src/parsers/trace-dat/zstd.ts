import { type ZstdModule, zstdModule } from '../zstd-module.ts';

/** Memory for blocks of this size is kept between calls; larger blocks are given back. */
const KEPT_BYTES = 1024 * 1024;

let shared: Zstd | undefined;

/** The decoder, made when the first zstd file is opened. */
export function zstd(): Zstd {
  shared ??= new Zstd(zstdModule());
  return shared;
}

class Zstd {
  readonly #wasm: ZstdModule;
  #heap: Uint8Array;
  #pointer = 0;
  #room = 0;

  constructor(wasm: ZstdModule) {
    this.#wasm = wasm;
    this.#heap = new Uint8Array(wasm.memory.buffer);
  }

  /** Decompresses one zstd frame into `into`; false when it is damaged or does not fill it. */
  decompress(compressed: Uint8Array, into: Uint8Array): boolean {
    if (!this.#reserve(compressed.length + into.length)) return false;
    const out = this.#pointer;
    const from = out + into.length;
    this.#current().set(compressed, from);
    const size = this.#wasm.ZSTD_decompress(out, into.length, from, compressed.length);
    const isWhole = size === into.length;
    if (isWhole) into.set(this.#current().subarray(out, out + into.length));
    if (this.#room > KEPT_BYTES) this.#release();
    return isWhole;
  }

  #reserve(bytes: number): boolean {
    if (bytes <= this.#room) return true;
    this.#release();
    this.#pointer = this.#wasm.malloc(bytes);
    this.#room = this.#pointer === 0 ? 0 : bytes;
    return this.#pointer !== 0;
  }

  #release(): void {
    if (this.#pointer !== 0) this.#wasm.free(this.#pointer);
    this.#pointer = 0;
    this.#room = 0;
  }

  /** The memory as it is now: growing it detaches the earlier view. */
  #current(): Uint8Array {
    if (this.#heap.buffer !== this.#wasm.memory.buffer) {
      this.#heap = new Uint8Array(this.#wasm.memory.buffer);
    }
    return this.#heap;
  }
}
