import type { Bytes, Report } from './bytes.ts';
import { gunzip } from './inflate.ts';
import { unxz } from './unxz.ts';
import { unzstd } from './unzstd.ts';

export interface Packing {
  readonly name: string;
  /** What unpacks it outside of svm-trace. */
  readonly command: string;
  readonly magic: readonly number[];
  readonly at?: number;
  /** Absent where the whole file is needed (zip), or svm-trace cannot unpack it. */
  readonly unpack?: (packed: Bytes, report: Report) => AsyncGenerator<Uint8Array>;
}

export const ZIP: Packing = {
  name: 'zip',
  command: 'unzip',
  magic: [0x50, 0x4b, 0x03, 0x04],
};

const packings: readonly Packing[] = [
  { name: 'gzip', command: 'gunzip', magic: [0x1f, 0x8b, 0x08], unpack: gunzip },
  { name: 'zstd', command: 'unzstd', magic: [0x28, 0xb5, 0x2f, 0xfd], unpack: unzstd },
  // pzstd begins with a frame to be skipped, which holds the size of the next one
  { name: 'zstd', command: 'unzstd', magic: [0x50, 0x2a, 0x4d, 0x18], unpack: unzstd },
  { name: 'xz', command: 'unxz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], unpack: unxz },
  ZIP,
  { name: 'zip', command: 'unzip', magic: [0x50, 0x4b, 0x05, 0x06] },
  { name: 'bzip2', command: 'bunzip2', magic: [0x42, 0x5a, 0x68] },
  { name: 'lz4', command: 'unlz4', magic: [0x04, 0x22, 0x4d, 0x18] },
  { name: '7z', command: '7z x', magic: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c] },
  { name: 'tar', command: 'tar xf', magic: [0x75, 0x73, 0x74, 0x61, 0x72], at: 257 },
];

/** How a file is packed, by its first bytes; undefined when it is not. */
export function packingOf(head: Uint8Array): Packing | undefined {
  return packings.find(({ magic, at = 0 }) => magic.every((byte, i) => head[at + i] === byte));
}
