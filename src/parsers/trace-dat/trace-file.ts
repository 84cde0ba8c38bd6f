import { TraceError } from '../../errors.ts';
import { ByteReader, EndOfBytes, type FileSource } from './byte-reader.ts';
import type { Decompress } from './compression.ts';
import type { CpuExtent, TraceOptions } from './options.ts';
import type { ProblemLog } from './problem-log.ts';
import type { TracingMetadata } from './tracing-metadata.ts';
import { readVersion6 } from './version-6.ts';
import { readVersion7 } from './version-7.ts';

/** One ring buffer and where its CPUs' pages lie. */
export interface BufferLayout {
  readonly name: string;
  readonly clock: string | undefined;
  /** Bytes of a sub-buffer: one ring-buffer page, or several (buffer_subbuf_size_kb). */
  readonly pageSize: number;
  /** Set where the pages lie in compressed chunks. */
  readonly decompress: Decompress | undefined;
  readonly cpus: readonly CpuExtent[];
}

/** All that stands in a trace.dat besides the events. */
export interface TraceFile {
  readonly version: number;
  readonly littleEndian: boolean;
  /** Bytes of a user-space long; the kernel's own stands in header_page. */
  readonly userLongSize: number;
  readonly pageSize: number;
  /** `none`, `zlib`, `zstd`. */
  readonly compression: string;
  readonly cpuCount: number;
  readonly metadata: TracingMetadata;
  readonly options: TraceOptions;
  readonly buffers: readonly BufferLayout[];
}

/** The fields every version starts with: trace-cmd.dat.v6(5) and v7(5), INITIAL FORMAT. */
export interface InitialFields {
  readonly version: number;
  readonly littleEndian: boolean;
  readonly userLongSize: number;
  readonly pageSize: number;
}

const MAGIC = Uint8Array.of(0x17, 0x08, 0x44, ...new TextEncoder().encode('tracing'));
export const DEFAULT_PAGE_SIZE = 4096;
const LARGEST_PAGE_SIZE = 16 * 1024 * 1024;

export function hasMagic(head: Uint8Array): boolean {
  return MAGIC.every((byte, i) => head[i] === byte);
}

/** @throws TraceError when not even the first fields are there or the version is not one we know. */
export function readTraceFile(path: string, file: FileSource, problems: ProblemLog): TraceFile {
  const head = new ByteReader(file, true, MAGIC.length);
  let initial: InitialFields;
  let reader: ByteReader;
  try {
    const version = Number.parseInt(head.name(), 10);
    const littleEndian = head.u8() === 0;
    const userLongSize = head.u8();
    reader = new ByteReader(file, littleEndian, head.position);
    const pageSize = sanePageSize(reader.u32(), problems);
    initial = { version, littleEndian, userLongSize, pageSize };
  } catch (error) {
    if (!(error instanceof EndOfBytes)) throw error;
    throw new TraceError(`${path} ends inside its header (${file.size} bytes)`, {
      hint: 'the recorder died before it wrote anything; record again',
      cause: error,
    });
  }
  // Version 5 and older wrote the same blocks as 6, without CPU options (trace-cmd's read_trace_headers).
  if (initial.version === 7) return readVersion7(path, reader, initial, problems);
  if (initial.version >= 1 && initial.version <= 6) {
    return readVersion6(path, reader, initial, problems);
  }
  throw new TraceError(`${path} is a trace.dat of unknown version ${initial.version}`, {
    hint: 'versions 6 and 7 are known; `trace-cmd convert --file-version 7` may help',
  });
}

/** A page size has to be a power of two of at least 512 bytes; anything else is damage. */
export function sanePageSize(size: number, problems: ProblemLog): number {
  const isPowerOfTwo = (size & (size - 1)) === 0;
  if (size >= 512 && size <= LARGEST_PAGE_SIZE && isPowerOfTwo) return size;
  problems.add(
    'bad-page-size',
    'data-loss',
    `page size ${size} is impossible; ${DEFAULT_PAGE_SIZE} assumed`,
  );
  return DEFAULT_PAGE_SIZE;
}
