import type { FileSource } from './byte-reader.ts';
import { CpuStream } from './cpu-stream.ts';
import type { CpuExtent } from './options.ts';
import type { PageLayout } from './page-layout.ts';
import { CompressedPages, type PageSource, PlainPages } from './page-source.ts';
import type { ProblemLog } from './problem-log.ts';
import type { ConvertTime } from './time-conversion.ts';
import type { BufferLayout, TraceFile } from './trace-file.ts';

const CHUNK_BYTES = 256 * 1024;
/** All chunks together, so that a machine of 512 CPUs needs no more memory than one of 128. */
const ALL_CHUNKS_BYTES = 32 * 1024 * 1024;

interface StreamInput {
  readonly file: FileSource;
  readonly trace: TraceFile;
  readonly buffers: readonly BufferLayout[];
  readonly page: PageLayout;
  readonly convert: ConvertTime | undefined;
  readonly problems: ProblemLog;
}

/** One stream for each CPU that has pages, in buffer and CPU order. */
export function openStreams(input: StreamInput): CpuStream[] {
  const { trace, buffers, page, convert, problems } = input;
  const extents = buffers.map((buffer) => readableExtents(buffer, input));
  const count = extents.flat().length;
  const share = Math.min(CHUNK_BYTES, Math.floor(ALL_CHUNKS_BYTES / Math.max(1, count)));
  return buffers.flatMap((buffer, index) => {
    const pageSize = subBufferSize(buffer, trace, page);
    const chunkBytes = Math.max(1, Math.floor(share / pageSize)) * pageSize;
    return (extents[index] ?? []).map((extent) => {
      const shape = {
        buffer: index,
        bufferName: buffer.name,
        cpu: extent.cpu,
        littleEndian: trace.littleEndian,
        pageSize,
        layout: page,
        chunkBytes,
        convert,
      };
      return new CpuStream(shape, pagesOf(extent, buffer, pageSize, input), problems);
    });
  });
}

function pagesOf(
  { offset, size }: CpuExtent,
  { decompress }: BufferLayout,
  pageSize: number,
  { file, trace }: StreamInput,
): PageSource {
  if (!decompress) return new PlainPages(file, offset, size);
  return new CompressedPages(file, trace.littleEndian, { offset, size, pageSize, decompress });
}

/** Version 7 states it for each buffer; version 6 only through header_page. */
function subBufferSize(buffer: BufferLayout, trace: TraceFile, page: PageLayout): number {
  if (trace.version >= 7) return buffer.pageSize;
  const stated = page.pageSize ?? 0;
  const isMultiple = stated > buffer.pageSize && stated % buffer.pageSize === 0;
  return isMultiple ? stated : buffer.pageSize;
}

/** CPU data that lies beyond the file is only a problem to report. */
function readableExtents(buffer: BufferLayout, { file, problems }: StreamInput): CpuExtent[] {
  const extents: CpuExtent[] = [];
  for (const extent of [...buffer.cpus].sort((a, b) => a.cpu - b.cpu)) {
    if (extent.size === 0) continue;
    if (extent.offset >= file.size) {
      problems.add(
        'missing-cpu-data',
        'data-loss',
        `the events of CPU ${extent.cpu} should be at ${extent.offset}, where the file has ended`,
      );
    } else {
      extents.push(extent);
    }
  }
  return extents;
}

/** Brings every stream to its first event and counts time from the earliest of them. */
export function startStreams(
  streams: readonly CpuStream[],
  convert: ConvertTime | undefined,
): { streams: CpuStream[]; base: bigint } {
  const started = streams.filter((stream) => stream.begin());
  let origin = 0n;
  let base: bigint | undefined;
  for (const stream of started) {
    const raw = stream.rawTime;
    const time = convert ? convert(raw, stream.shape.cpu) : raw;
    if (base === undefined || time < base) {
      base = time;
      origin = raw;
    }
  }
  for (const stream of started) stream.rebase(origin, base ?? 0n);
  return { streams: started, base: base ?? 0n };
}
