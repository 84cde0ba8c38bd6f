import { ZSTDDecoder } from 'zstddec';

/** Decompresses one zstd frame into `into`; false when it is damaged or does not fill it. */
export type Zstd = (compressed: Uint8Array, into: Uint8Array) => boolean;

/** What zstddec's WebAssembly module exports (zstd's own C functions). */
interface ZstdExports {
  readonly memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  free(pointer: number): void;
  ZSTD_decompress(into: number, size: number, from: number, compressedSize: number): number;
}

/** Memory for a block that is kept between calls; larger blocks are given back. */
const KEPT_BYTES = 1024 * 1024;

let shared: Zstd | undefined;

/** The decoder, made when the first zstd file is opened. */
export function zstd(): Zstd {
  shared ??= makeDecoder(instantiate());
  return shared;
}

/**
 * zstddec starts asynchronously, and through `fetch`, whose first touch costs Node 40 ms; opening a
 * capture is synchronous. While its `init` runs, `instantiate` is therefore answered at once. The
 * exports are used directly, because its `decode` allocates and copies twice for every chunk.
 */
function instantiate(): ZstdExports {
  const { instantiate: original } = WebAssembly;
  const fetch = Object.getOwnPropertyDescriptor(globalThis, 'fetch');
  let exports: WebAssembly.Exports | undefined;
  const atOnce = (bytes: BufferSource, imports: WebAssembly.Imports) => {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
    exports = instance.exports;
    // biome-ignore lint/suspicious/noThenProperty: it stands for a promise that is already kept
    return {
      then: (use: (result: { instance: WebAssembly.Instance }) => void) => use({ instance }),
    };
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

function makeDecoder(wasm: ZstdExports): Zstd {
  let room = 0;
  let pointer = 0;
  let heap = new Uint8Array(wasm.memory.buffer);
  return (compressed, into) => {
    const needed = compressed.length + into.length;
    if (needed > room) {
      if (pointer !== 0) wasm.free(pointer);
      pointer = wasm.malloc(needed);
      room = pointer === 0 ? 0 : needed;
      if (pointer === 0) return false;
    }
    if (heap.buffer !== wasm.memory.buffer) heap = new Uint8Array(wasm.memory.buffer);
    const from = pointer + into.length;
    heap.set(compressed, from);
    const size = wasm.ZSTD_decompress(pointer, into.length, from, compressed.length);
    // ZSTD_decompress may have made the memory grow, which detaches the old view.
    if (heap.buffer !== wasm.memory.buffer) heap = new Uint8Array(wasm.memory.buffer);
    const isWhole = size === into.length;
    if (isWhole) into.set(heap.subarray(pointer, pointer + into.length));
    if (room > KEPT_BYTES) {
      wasm.free(pointer);
      pointer = 0;
      room = 0;
    }
    return isWhole;
  };
}
