import { ZSTDDecoder } from 'zstddec/stream';

/** What zstddec's WebAssembly module exports (zstd's own C functions). */
export interface ZstdModule {
  readonly memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  free(pointer: number): void;
  ZSTD_decompress(into: number, size: number, from: number, compressedSize: number): number;
  ZSTD_createDCtx(): number;
  ZSTD_freeDCtx(context: number): void;
  /** Both arguments point to three words: address, size, position (ZSTD_outBuffer, ZSTD_inBuffer). */
  ZSTD_decompressStream(context: number, output: number, input: number): number;
}

let shared: ZstdModule | undefined;

/** The module, made when the first zstd file is opened. */
export function zstdModule(): ZstdModule {
  shared ??= instantiate();
  return shared;
}

/**
 * zstddec starts asynchronously, and through `fetch`, whose first touch costs Node 40 ms; opening a
 * capture is synchronous. While its `init` runs, `instantiate` is therefore answered at once. The
 * exports are used directly: its `decode` allocates and copies twice for every chunk, and its
 * `decodeStreaming` never ends on damaged data.
 */
function instantiate(): ZstdModule {
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
  return exports as unknown as ZstdModule;
}

/** Stands for a promise whose `then` does not wait. */
function keptPromise<T>(result: T): object {
  return Object.fromEntries([['then', (use: (kept: T) => unknown) => use(result)]]);
}
