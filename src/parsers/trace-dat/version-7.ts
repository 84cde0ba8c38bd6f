import { TraceError } from '../../errors.ts';
import type { ProblemLog } from '../problem-log.ts';
import { type ByteReader, EndOfBytes } from './byte-reader.ts';
import { decompressorFor } from './compression.ts';
import {
  type BufferLayout,
  type InitialFields,
  sanePageSize,
  type TraceFile,
} from './file-layout.ts';
import { type BufferOption, DONE, emptyOptions, readOption, type TraceOptions } from './options.ts';
import { recoverBuffer } from './recovery.ts';
import {
  damageReason,
  openSection,
  readSectionHeader,
  reportDamage,
  type Sections,
  walkSections,
} from './sections.ts';
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
const BUFFER_SECTION = 3;

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
  if (!readOptionSections(sections, firstOptions, options)) {
    recover(sections, afterHeader, options, initial.pageSize);
  }
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

/** The option sections form a chain: each ends with the offset of the next. False when it breaks. */
function readOptionSections(sections: Sections, first: number, options: TraceOptions): boolean {
  const seen = new Set<number>();
  try {
    for (let offset = first; offset !== 0; ) {
      if (seen.has(offset)) throw new EndOfBytes(`options lead back to ${offset}`);
      seen.add(offset);
      offset = readOptionSection(sections, offset, options);
    }
    if (options.buffers.length === 0) throw new EndOfBytes('no buffer is named');
    return true;
  } catch (error) {
    sections.problems.add(
      'broken-options',
      'data-loss',
      `the list of the file’s parts is not whole (${damageReason(error)}): the recorder died, or the file was cut`,
    );
    return false;
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

/** Finds by their own headers the sections that the options do not name, events included. */
function recover(sections: Sections, start: number, options: TraceOptions, pageSize: number): void {
  const known = new Set([KALLSYMS_SECTION, ...METADATA_SECTIONS.map(({ id }) => id)]);
  const named = new Set(options.buffers.map(({ offset }) => offset));
  const found = [...walkSections(sections, start)];
  found.forEach((section, i) => {
    const { id, offset, size } = section;
    if (known.has(id) && !options.sections.has(id)) options.sections.set(id, offset);
    // The size is written when the buffer is complete; an empty buffer has another section behind it.
    const isEmpty = size === 0 && i + 1 < found.length;
    if (id === BUFFER_SECTION && !named.has(offset) && !isEmpty) {
      options.buffers.push(recoverBuffer(sections, section, options, pageSize));
    }
  });
}

function readMetadata(sections: Sections, options: TraceOptions, metadata: TracingMetadata): void {
  for (const { id, title, read } of METADATA_SECTIONS) {
    const offset = options.sections.get(id);
    if (offset === undefined) continue;
    try {
      read(openSection(sections, offset, id), metadata);
    } catch (error) {
      reportDamage(sections, title, offset, damageReason(error));
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
    reportDamage(sections, 'kallsyms', offset, damageReason(error));
    return new Uint8Array(0);
  }
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
    if (cpus.length > 0)
      reportDamage(sections, `buffer ${name}`, buffer.offset, damageReason(error));
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
