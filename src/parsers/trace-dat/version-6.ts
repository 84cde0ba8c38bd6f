import { TraceError } from '../../errors.ts';
import type { ProblemLog } from '../problem-log.ts';
import { ByteReader, EndOfBytes } from './byte-reader.ts';
import type { BufferLayout, InitialFields, TraceFile } from './file-layout.ts';
import {
  type BufferOption,
  type CpuExtent,
  currentClock,
  DONE,
  emptyOptions,
  MOST_CPUS,
  readOption,
  type TraceOptions,
} from './options.ts';
import { emptyMetadata, readTracingMetadata } from './tracing-metadata.ts';

const TAG_BYTES = 10;

/** Reads a trace.dat of version 6: trace-cmd.dat.v6(5), trace-cmd's init_data_v6 for the rest. */
export function readVersion6(
  path: string,
  reader: ByteReader,
  initial: InitialFields,
  problems: ProblemLog,
): TraceFile {
  const metadata = emptyMetadata();
  const options = emptyOptions();
  const buffers: BufferLayout[] = [];
  let cpuCount = 0;
  try {
    readTracingMetadata(reader, metadata, { cmdlines: true });
    cpuCount = saneCount(reader.u32(), problems);
    readTop();
  } catch (error) {
    if (!(error instanceof EndOfBytes)) throw error;
    if (metadata.headerPage === '') {
      throw new TraceError(`${path} ends before its event formats`, {
        hint: 'nothing of it can be read; record again',
        cause: error,
      });
    }
    problems.add(
      'truncated-header',
      'data-loss',
      `the file ends before its CPU table (${error.message}): the recorder died, or the file was cut; if trace.dat.cpu* files are left, \`trace-cmd restore\` can rebuild it`,
    );
  }
  return {
    ...initial,
    compression: 'none',
    cpuCount: Math.max(cpuCount, ...buffers.flatMap(({ cpus }) => cpus.map(({ cpu }) => cpu + 1))),
    metadata,
    options,
    buffers,
  };

  function readTop(): void {
    const clockOf = () => options.clock;
    const top = readFlyrecord(reader, options, problems, cpuCount);
    if (top && options.clockRecorded) readClock(reader, options, problems);
    if (top) buffers.push(layout('', clockOf(), initial.pageSize, top));
    for (const instance of [...options.buffers]) {
      const cpus = readInstance(instance);
      if (cpus) buffers.push(layout(instance.name, clockOf(), initial.pageSize, cpus));
    }
  }

  /** An instance's own options and CPU table stand at the offset its BUFFER option names. */
  function readInstance(instance: BufferOption): CpuExtent[] | undefined {
    const at = new ByteReader(reader.source, reader.littleEndian, instance.offset);
    try {
      return readFlyrecord(at, options, problems, instance.cpuCount ?? cpuCount);
    } catch (error) {
      if (!(error instanceof EndOfBytes)) throw error;
      problems.add(
        'truncated-section',
        'data-loss',
        `the CPU table of buffer ${instance.name} at ${instance.offset} is not in the file`,
      );
      return undefined;
    }
  }
}

function saneCount(count: number, problems: ProblemLog): number {
  if (count <= MOST_CPUS) return count;
  problems.add('too-many-cpus', 'data-loss', `the file states ${count} CPUs, which cannot be`);
  return MOST_CPUS;
}

function layout(
  name: string,
  clock: string | undefined,
  pageSize: number,
  cpus: readonly CpuExtent[],
): BufferLayout {
  return { name, clock, pageSize, decompress: undefined, cpus };
}

/** `options  `, then `flyrecord` and the CPU table; undefined for a latency trace, which is text. */
function readFlyrecord(
  reader: ByteReader,
  options: TraceOptions,
  problems: ProblemLog,
  cpuCount: number,
): CpuExtent[] | undefined {
  let tag = reader.text(TAG_BYTES);
  if (tag.startsWith('options')) {
    readOptions(reader, options, problems);
    tag = reader.text(TAG_BYTES);
  }
  if (tag.startsWith('latency')) {
    problems.add(
      'latency-text',
      'data-loss',
      'the capture is the text of a latency tracer; save that text as a file of its own to read it',
    );
    return undefined;
  }
  if (!tag.startsWith('flyrecord')) throw new EndOfBytes(`no CPU table at ${reader.position}`);
  return readCpuTable(reader, cpuCount, options);
}

function readOptions(reader: ByteReader, options: TraceOptions, problems: ProblemLog): void {
  for (;;) {
    const id = reader.u16();
    if (id === DONE) return;
    const payload = reader.bytes(reader.u32());
    readOption(id, payload, reader.littleEndian, { options, problems, version: 6 });
  }
}

/**
 * A CPUCOUNT option may raise the number of CPUs after the table's size was fixed. trace-cmd reads
 * that many entries or a single empty one more (read_cpu_data), so what follows tells: an entry
 * that is empty or lies in the file behind the table is one.
 */
function readCpuTable(reader: ByteReader, count: number, options: TraceOptions): CpuExtent[] {
  const cpus: CpuExtent[] = [];
  const raised = Math.max(options.cpuCount ?? 0, ...options.buffers.map((b) => b.cpuCount ?? 0));
  for (let cpu = 0; cpu < Math.max(count, raised); cpu++) {
    const at = reader.position;
    const extent = { cpu, offset: reader.size64(), size: reader.size64() };
    const isEmpty = extent.offset === 0 && extent.size === 0;
    const isInFile = extent.offset > at && extent.offset + extent.size <= reader.source.size;
    if (cpu >= count && !isEmpty && !isInFile) {
      reader.position = at;
      break;
    }
    cpus.push(extent);
    if (cpu >= count && isEmpty) break;
  }
  return cpus;
}

/** The text of trace_clock follows the CPU table; some writers left it out (trace-cmd's init_data_v6). */
function readClock(reader: ByteReader, options: TraceOptions, problems: ProblemLog): void {
  try {
    options.clock = currentClock(reader.text(reader.size64())) ?? options.clock;
  } catch (error) {
    if (!(error instanceof EndOfBytes)) throw error;
    problems.add('no-clock', 'info', 'the name of the trace clock is not in the file');
  }
}
