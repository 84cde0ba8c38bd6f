import type { ProblemLog } from '../problem-log.ts';
import type { Decompress } from './compression.ts';
import type { CpuExtent, TraceOptions } from './options.ts';
import type { TracingMetadata } from './tracing-metadata.ts';

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
export interface TraceFile extends InitialFields {
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
  /** Bytes of a user-space long; the kernel's own stands in header_page. */
  readonly userLongSize: number;
  readonly pageSize: number;
}

const DEFAULT_PAGE_SIZE = 4096;
const SMALLEST_PAGE_SIZE = 512;
const LARGEST_PAGE_SIZE = 16 * 1024 * 1024;

/** A page size is a power of two; anything else is damage, and the usual size the best guess. */
export function sanePageSize(size: number, problems: ProblemLog): number {
  const isPowerOfTwo = (size & (size - 1)) === 0;
  if (size >= SMALLEST_PAGE_SIZE && size <= LARGEST_PAGE_SIZE && isPowerOfTwo) return size;
  problems.add(
    'bad-page-size',
    'data-loss',
    `page size ${size} is impossible; ${DEFAULT_PAGE_SIZE} assumed`,
  );
  return DEFAULT_PAGE_SIZE;
}
