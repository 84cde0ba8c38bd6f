import type { Loss } from '../parser.ts';
import type { ProblemLog } from '../problem-log.ts';
import type { FileSource } from './byte-reader.ts';
import { CpuStream } from './cpu-stream.ts';
import { readableExtents } from './extents.ts';
import type { BufferLayout, TraceFile } from './file-layout.ts';
import type { PageLayout } from './page-layout.ts';
import { CompressedPages, PlainPages } from './page-source.ts';
import type { ConvertTime } from './time-conversion.ts';

const CHUNK_BYTES = 256 * 1024;
/** All chunks together, so that a machine of 512 CPUs needs no more memory than one of 128. */
const ALL_CHUNKS_BYTES = 32 * 1024 * 1024;
const SMALLEST_WINDOW_BYTES = 4096;

interface StreamInput {
  readonly file: FileSource;
  readonly trace: TraceFile;
  readonly buffers: readonly BufferLayout[];
  readonly page: PageLayout;
  readonly convert: ConvertTime | undefined;
  readonly problems: ProblemLog;
}

/** The CPUs that have events, each at its first one. */
export interface Streams {
  /** In buffer and CPU order. */
  readonly started: readonly CpuStream[];
  /** Time of the first event of all, converted. */
  readonly base: bigint;
  losses(): Loss[];
  /** First and last event seen of a CPU. */
  span(buffer: number, cpu: number): { first: number; last: number } | undefined;
}

export function openStreams(input: StreamInput): Streams {
  const { file, trace, buffers, page, convert, problems } = input;
  const { extents, losses } = readableExtents(file, buffers, problems);
  const share = Math.min(CHUNK_BYTES, Math.floor(ALL_CHUNKS_BYTES / Math.max(1, extents.length)));
  const streams: CpuStream[] = [];
  for (const { buffer, cpu, offset, size } of extents) {
    const { decompress, name, pageSize: stated } = buffers[buffer] as BufferLayout;
    const pageSize = trace.version >= 7 ? stated : subBufferSize(stated, page);
    const shape = {
      buffer,
      bufferName: name,
      cpu,
      littleEndian: trace.littleEndian,
      pageSize,
      layout: page,
      chunkBytes: Math.max(1, Math.floor(share / pageSize)) * pageSize,
      convert,
    };
    const pages = decompress
      ? new CompressedPages(file, trace.littleEndian, {
          offset,
          size,
          pageSize,
          decompress,
          windowBytes: Math.max(SMALLEST_WINDOW_BYTES, share >> 2),
        })
      : new PlainPages(file, offset, size);
    streams.push(new CpuStream(shape, pages, problems));
  }
  const { started, base } = startStreams(streams, convert);
  const firsts = new Map(started.map((stream) => [stream, stream.time]));
  return {
    started,
    base,
    losses: () => [...losses, ...streams.flatMap(({ gaps }) => gaps.losses)],
    span: (buffer, cpu) => {
      const stream = started.find(({ shape }) => shape.buffer === buffer && shape.cpu === cpu);
      const first = stream && firsts.get(stream);
      return first === undefined ? undefined : { first, last: stream?.time ?? first };
    },
  };
}

/** Version 6 has no word for sub-buffers of several pages but the size header_page states. */
function subBufferSize(filePageSize: number, page: PageLayout): number {
  const stated = page.pageSize ?? 0;
  return stated > filePageSize && stated % filePageSize === 0 ? stated : filePageSize;
}

/** Brings every stream to its first event and counts time from the earliest of them. */
function startStreams(
  streams: readonly CpuStream[],
  convert: ConvertTime | undefined,
): { started: CpuStream[]; base: bigint } {
  const begun = streams.filter((stream) => stream.begin());
  const times = begun.map((stream) => {
    const raw = stream.rawTime;
    return { raw, shown: convert ? convert(raw, stream.shape.cpu) : raw };
  });
  const { raw, shown } = earliest(times) ?? { raw: 0n, shown: 0n };
  return { started: begun.filter((stream) => stream.rebase(raw, shown)), base: shown };
}

/**
 * The earliest time that is near those of at least half of the CPUs: one damaged page must not
 * move all others out of reach.
 */
function earliest(
  times: readonly { raw: bigint; shown: bigint }[],
): { raw: bigint; shown: bigint } | undefined {
  const sorted = [...times].sort((a, b) => (a.shown < b.shown ? -1 : a.shown > b.shown ? 1 : 0));
  const reach = BigInt(Number.MAX_SAFE_INTEGER);
  return sorted.find(({ shown }, i) => {
    const near = sorted.filter((other, at) => at >= i && other.shown - shown <= reach);
    return near.length * 2 >= sorted.length;
  });
}
