import { ByteReader } from './byte-reader.ts';
import { parseCpuStats } from './cpu-stats.ts';
import type { BufferOption, CpuExtent, TraceOptions } from './options.ts';
import {
  damageReason,
  SECTION_HEADER_BYTES,
  type SectionHeader,
  type Sections,
} from './sections.ts';

/**
 * trace-cmd writes a buffer's events first and the option that says where they are last, so a file
 * that is cut, or whose recorder died, holds events nothing points to. Each CPU's begin at a page
 * boundary, compressed ones with a chain of chunks, plain ones with a page older than the one
 * before. Whose they are is not written there: the CPUs' counters tell it if they are left.
 */
export function recoverBuffer(
  sections: Sections,
  section: SectionHeader,
  options: TraceOptions,
  pageSize: number,
): BufferOption {
  const { reader, problems } = sections;
  const start = section.offset + SECTION_HEADER_BYTES;
  const stated = section.size === 0 ? Number.POSITIVE_INFINITY : start + section.size;
  const end = Math.min(stated, reader.source.size);
  const isPacked = section.compressed && sections.decompress !== undefined;
  const extents = isPacked
    ? chunkChains(sections, start, end, pageSize)
    : pageRuns(sections, start, end, pageSize);
  const named = cpusWithEvents(options, extents.length);
  const cpus = extents.map((extent, i) => ({ ...extent, cpu: named?.[i] ?? i }));
  problems.add(
    'recovered-buffer',
    'data-loss',
    `the place of the events is not recorded: found those of ${cpus.length} CPUs at ${section.offset}${named ? '' : ', numbered in the order of the file'}`,
  );
  const hasTop = options.buffers.some(({ name }) => name === '');
  return {
    name: hasTop ? 'recovered' : '',
    offset: section.offset,
    clock: options.clock,
    pageSize: undefined,
    cpus,
    text: false,
    cpuCount: undefined,
  };
}

type Place = Omit<CpuExtent, 'cpu'>;

function chunkChains({ reader }: Sections, start: number, end: number, pageSize: number): Place[] {
  const places: Place[] = [];
  for (let offset = start; offset < end; ) {
    const at = new ByteReader(reader.source, reader.littleEndian, offset);
    let isWhole = false;
    try {
      // trace-cmd fills up to the next page with zeros; other writers need not.
      if (at.u32() === 0) offset = alignUp(offset, pageSize);
      at.position = offset;
      for (let chunks = at.u32(); chunks > 0 && at.position < end; chunks--) {
        const size = at.u32();
        at.skip(4 + size);
      }
      isWhole = true;
    } catch (error) {
      damageReason(error);
    }
    // The size an option states leaves out the number of chunks.
    const size = (isWhole ? at.position : end) - offset - 4;
    if (size > 0) places.push({ offset, size });
    offset = isWhole ? Math.max(at.position, offset + 4) : end;
  }
  return places;
}

function pageRuns({ reader }: Sections, start: number, end: number, pageSize: number): Place[] {
  const places: Place[] = [];
  const at = new ByteReader(reader.source, reader.littleEndian);
  let first = alignUp(start, pageSize);
  let last = 0n;
  for (let offset = first; offset + 8 <= end; offset += pageSize) {
    at.position = offset;
    const time = at.u64();
    if (time < last) {
      places.push({ offset: first, size: offset - first });
      first = offset;
    }
    last = time;
  }
  if (end > first) places.push({ offset: first, size: end - first });
  return places;
}

/** The CPUs whose counters saw events, when they are as many as the CPUs found. */
function cpusWithEvents({ cpuStats }: TraceOptions, count: number): number[] | undefined {
  const cpus = parseCpuStats(cpuStats)
    .filter(({ events }) => events > 0)
    .map(({ cpu }) => cpu);
  return cpus.length === count ? cpus : undefined;
}

function alignUp(offset: number, to: number): number {
  return Math.ceil(offset / to) * to;
}
