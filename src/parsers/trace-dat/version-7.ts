import { TraceError } from '../../errors.ts';
import { ByteReader, EndOfBytes, MemorySource, SliceSource } from './byte-reader.ts';
import {
  DamagedBlock,
  type Decompress,
  decompressorFor,
  LARGEST_BLOCK_BYTES,
} from './compression.ts';
import {
  type BufferLayout,
  type InitialFields,
  sanePageSize,
  type TraceFile,
} from './file-layout.ts';
import { type BufferOption, DONE, emptyOptions, readOption, type TraceOptions } from './options.ts';
import type { ProblemLog } from './problem-log.ts';
import {
  emptyMetadata,
  readCmdlines,
  readEventFormats,
  readFtraceFormats,
  readHeaderInfo,
  readKallsyms,
  readPrintk,
  type TracingMetadata,
} from './tracing-metadata.ts';

const OPTIONS_SECTION = 0;
const SECTION_HEADER_BYTES = 16;
const COMPRESSED = 1;

/** The metadata sections by id, in the order they are read: trace-cmd.dat.v7(5). */
const METADATA_SECTIONS: readonly {
  id: number;
  title: string;
  read: (reader: ByteReader, metadata: TracingMetadata) => void;
}[] = [
  { id: 16, title: 'header info', read: readHeaderInfo },
  { id: 17, title: 'ftrace event formats', read: readFtraceFormats },
  { id: 18, title: 'event formats', read: readEventFormats },
  { id: 20, title: 'trace_printk formats', read: readPrintk },
  { id: 21, title: 'command lines', read: readCmdlines },
];
const KALLSYMS_SECTION = 19;

interface Sections {
  readonly reader: ByteReader;
  readonly decompress: Decompress | undefined;
  readonly problems: ProblemLog;
}

interface SectionHeader {
  readonly id: number;
  readonly compressed: boolean;
  readonly size: number;
}

/** Reads a trace.dat of version 7: trace-cmd.dat.v7(5). */
export function readVersion7(
  path: string,
  reader: ByteReader,
  initial: InitialFields,
  problems: ProblemLog,
): TraceFile {
  const metadata = emptyMetadata();
  const options = emptyOptions();
  let compression: string;
  let firstOptions: number;
  try {
    compression = reader.name();
    reader.name();
    firstOptions = reader.size64();
  } catch (error) {
    if (!(error instanceof EndOfBytes)) throw error;
    throw new TraceError(`${path} ends inside its header`, {
      hint: 'nothing of it can be read; record again',
      cause: error,
    });
  }
  const decompress = decompressorFor(compression);
  if (!decompress && compression !== 'none') {
    throw new TraceError(`${path} is compressed with ${JSON.stringify(compression.slice(0, 20))}`, {
      hint: '`trace-cmd convert --compression none` rewrites it so that it can be read',
    });
  }
  const sections: Sections = { reader, decompress, problems };
  const afterHeader = reader.position;
  readOptionSections(sections, firstOptions, options);
  if (options.sections.size === 0) findSections(sections, afterHeader, options);
  readMetadata(sections, options, metadata);
  if (metadata.headerPage === '' && metadata.formats.length === 0) {
    throw new TraceError(`${path} holds no readable event formats`, {
      hint: 'its recorder died early or the file is damaged; record again',
    });
  }
  const buffers = options.buffers
    .filter((buffer) => !skipText(buffer, problems))
    .map((buffer) => layoutOf(sections, buffer, initial.pageSize));
  return {
    ...initial,
    compression,
    cpuCount: Math.max(
      options.cpuCount ?? 0,
      ...buffers.flatMap(({ cpus }) => cpus.map(({ cpu }) => cpu + 1)),
    ),
    metadata,
    options,
    buffers,
  };
}

/** The option sections form a chain: each ends with the offset of the next. */
function readOptionSections(sections: Sections, first: number, options: TraceOptions): void {
  const seen = new Set<number>();
  for (let offset = first; offset !== 0; ) {
    if (seen.has(offset)) {
      damaged(sections, 'options', offset, 'its chain runs in a circle');
      return;
    }
    seen.add(offset);
    try {
      offset = readOptionSection(sections, offset, options);
    } catch (error) {
      damaged(sections, 'options', offset, reason(error));
      return;
    }
  }
}

/** Returns the offset of the next options section, 0 after the last. */
function readOptionSection(sections: Sections, offset: number, options: TraceOptions): number {
  const reader = openSection(sections, offset, OPTIONS_SECTION);
  for (;;) {
    const id = reader.u16();
    const size = reader.u32();
    if (id === DONE) return size >= 8 ? reader.size64() : 0;
    readOption(id, reader.bytes(size), reader.littleEndian, {
      options,
      problems: sections.problems,
      version: 7,
    });
  }
}

/**
 * Without options (the recorder writes them last) the sections still stand one behind the other,
 * so the event formats can be found; where the CPUs' events are cannot.
 */
function findSections(sections: Sections, start: number, options: TraceOptions): void {
  const known = new Set([KALLSYMS_SECTION, ...METADATA_SECTIONS.map(({ id }) => id)]);
  sections.problems.add(
    'no-options',
    'data-loss',
    'the list of the file’s sections is missing: the recorder died, or the file was cut; events whose place is not recorded cannot be read. If trace.dat.cpu* files are left, `trace-cmd restore` can rebuild it',
  );
  try {
    for (let offset = start; ; ) {
      const header = readSectionHeader(sections, offset);
      if (known.has(header.id)) options.sections.set(header.id, offset);
      offset += SECTION_HEADER_BYTES + header.size;
    }
  } catch (error) {
    reason(error);
  }
}

function readMetadata(sections: Sections, options: TraceOptions, metadata: TracingMetadata): void {
  for (const { id, title, read } of METADATA_SECTIONS) {
    const offset = options.sections.get(id);
    if (offset === undefined) continue;
    try {
      read(openSection(sections, offset, id), metadata);
    } catch (error) {
      damaged(sections, title, offset, reason(error));
    }
  }
  const kallsyms = options.sections.get(KALLSYMS_SECTION);
  if (kallsyms !== undefined) metadata.kallsyms = () => kallsymsAt(sections, kallsyms);
}

/** Decompressed only when the first symbol is asked for; a damaged table is an empty one. */
function kallsymsAt(sections: Sections, offset: number): Uint8Array {
  const table = emptyMetadata();
  try {
    readKallsyms(openSection(sections, offset, KALLSYMS_SECTION), table);
    return table.kallsyms?.() ?? new Uint8Array(0);
  } catch (error) {
    damaged(sections, 'kallsyms', offset, reason(error));
    return new Uint8Array(0);
  }
}

/** A reader over the section's bytes, decompressed where they are compressed. */
function openSection(sections: Sections, offset: number, id: number): ByteReader {
  const { reader, decompress, problems } = sections;
  const header = readSectionHeader(sections, offset);
  if (header.id !== id) throw new EndOfBytes(`section ${header.id} is there instead`);
  const start = offset + SECTION_HEADER_BYTES;
  if (start + header.size > reader.source.size) {
    problems.add(
      'truncated-section',
      'data-loss',
      `section ${id} at ${offset} states ${header.size} bytes, the file ends after ${Math.max(0, reader.source.size - start)}`,
    );
  }
  const body = new ByteReader(
    new SliceSource(reader.source, start, header.size),
    reader.littleEndian,
  );
  if (!header.compressed || !decompress) return body;
  const compressedSize = body.u32();
  const size = body.u32();
  const compressed = body.bytes(compressedSize);
  if (size > LARGEST_BLOCK_BYTES) throw new DamagedBlock(`claims to hold ${size} bytes`);
  const bytes = new Uint8Array(size);
  decompress(compressed, bytes);
  return new ByteReader(new MemorySource(bytes), reader.littleEndian);
}

function readSectionHeader({ reader }: Sections, offset: number): SectionHeader {
  const at = new ByteReader(reader.source, reader.littleEndian, offset);
  const id = at.u16();
  const compressed = (at.u16() & COMPRESSED) !== 0;
  at.skip(4);
  return { id, compressed, size: at.size64() };
}

function skipText(buffer: BufferOption, problems: ProblemLog): boolean {
  if (buffer.text) {
    problems.add(
      'latency-text',
      'data-loss',
      `buffer ${JSON.stringify(buffer.name)} is the text of a latency tracer and was skipped`,
    );
  }
  return buffer.text;
}

function layoutOf(sections: Sections, buffer: BufferOption, filePageSize: number): BufferLayout {
  const { name, clock, cpus } = buffer;
  let compressed = sections.decompress !== undefined;
  try {
    compressed = readSectionHeader(sections, buffer.offset).compressed;
  } catch (error) {
    if (cpus.length > 0) damaged(sections, `buffer ${name}`, buffer.offset, reason(error));
  }
  const pageSize =
    buffer.pageSize === undefined ? filePageSize : sanePageSize(buffer.pageSize, sections.problems);
  return {
    name,
    clock,
    pageSize,
    decompress: compressed ? sections.decompress : undefined,
    cpus,
  };
}

function damaged(sections: Sections, title: string, offset: number, why: string): void {
  sections.problems.add(
    'damaged-section',
    'data-loss',
    `the ${title} section at ${offset} cannot be read whole: ${why}`,
  );
}

/** What a damaged file may throw; anything else is our own mistake. */
function reason(error: unknown): string {
  if (error instanceof EndOfBytes || error instanceof DamagedBlock) return error.message;
  throw error;
}
