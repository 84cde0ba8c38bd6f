import { ZSTDDecoder } from 'zstddec';

/** What zstddec's WebAssembly module exports (zstd's own C functions). */
interface ZstdExports {
  readonly memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  free(pointer: number): void;
  ZSTD_decompress(into: number, size: number, from: number, compressedSize: number): number;
}

/** Memory for blocks of this size is kept between calls; larger blocks are given back. */
const KEPT_BYTES = 1024 * 1024;

let shared: Zstd | undefined;

/** The decoder, made when the first zstd file is opened. */
export function zstd(): Zstd {
  shared ??= new Zstd(instantiate());
  return shared;
}

/**
 * zstddec starts asynchronously, and through `fetch`, whose first touch costs Node 40 ms; opening a
 * capture is synchronous. While its `init` runs, `instantiate` is therefore answered at once. The
 * exports are used directly, because its `decode` allocates and copies twice for every chunk.
 */
function instantiate(): ZstdExports {
  const original = WebAssembly.instantiate;
  const fetch = Object.getOwnPropertyDescriptor(globalThis, 'fetch');
  let exports: WebAssembly.Exports | undefined;
  const atOnce = (bytes: BufferSource, imports: WebAssembly.Imports) => {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
    exports = instance.exports;
    return keptPromise({ instance });
  };
  try {
    Object.assign(WebAssembly, { instantiate: atOnce });
    Object.defineProperty(globalThis, 'fetch', { value: undefined, configurable: true });
    void new ZSTDDecoder().init();
  } finally {
    Object.assign(WebAssembly, { instantiate: original });
    if (fetch) Object.defineProperty(globalThis, 'fetch', fetch);
  }
  if (!exports) throw new Error('zstddec did not start');
  return exports as unknown as ZstdExports;
}

/** Stands for a promise whose `then` does not wait. */
function keptPromise<T>(result: T): object {
  return Object.fromEntries([['then', (use: (kept: T) => unknown) => use(result)]]);
}

class Zstd {
  readonly #wasm: ZstdExports;
  #heap: Uint8Array;
  #pointer = 0;
  #room = 0;

  constructor(wasm: ZstdExports) {
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
