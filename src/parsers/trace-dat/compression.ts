import { inflateSync } from 'node:zlib';
import { zstd } from './zstd.ts';

/** Decompresses a block into `into`, which it must fill. @throws DamagedBlock when it does not. */
export type Decompress = (compressed: Uint8Array, into: Uint8Array) => void;

/**
 * The most one block may claim to hold. trace-cmd writes 40 KiB chunks of events; the largest
 * section is kallsyms, 8 MB on a distribution's kernel.
 */
export const LARGEST_BLOCK_BYTES: number = 128 * 1024 * 1024;

export class DamagedBlock extends Error {
  override readonly name = 'DamagedBlock';
}

/** The decompressor of a compression name in a trace.dat header; undefined for an unknown one. */
export function decompressorFor(name: string): Decompress | undefined {
  if (name === 'zstd') return unpackZstd;
  if (name === 'zlib') return inflate;
  return undefined;
}

function unpackZstd(compressed: Uint8Array, into: Uint8Array): void {
  if (!zstd().decompress(compressed, into)) throw new DamagedBlock('does not decompress');
}

function inflate(compressed: Uint8Array, into: Uint8Array): void {
  let bytes: Uint8Array;
  try {
    bytes = inflateSync(compressed, { maxOutputLength: Math.max(1, into.length) });
  } catch (error) {
    throw new DamagedBlock('does not decompress', { cause: error });
  }
  if (bytes.length !== into.length) throw new DamagedBlock(`holds ${bytes.length} bytes`);
  into.set(bytes);
}
