import { compileDecoder, type Decode, type RecordLayout } from '../event-format/decoder.ts';
import { type EventFormat, parseFormat } from '../event-format/format.ts';
import { parseKallsyms, type SymbolTable } from '../event-format/symbols.ts';
import type {
  Capture,
  CaptureHeader,
  EventBatch,
  EventType,
  EventTypeCount,
  Fields,
  KernelSymbol,
  Loss,
  Problem,
  ReadOptions,
} from '../parser.ts';
import type { FileSource } from './byte-reader.ts';
import { lossesFromStats, parseCpuStats } from './cpu-stats.ts';
import type { CpuStream } from './cpu-stream.ts';
import { type CommonFields, mergedBatches } from './event-batches.ts';
import { type PageLayout, readPageLayout } from './page-layout.ts';
import type { ProblemLog } from './problem-log.ts';
import { openStreams, startStreams } from './streams.ts';
import type { ConvertTime } from './time-conversion.ts';
import { timeConversion, unitOfClock } from './time-conversion.ts';
import type { BufferLayout, TraceFile } from './trace-file.ts';

/** Makes the capture of a read header: starts the CPUs, so that the first event's time is known. */
export function openTraceCapture(
  file: FileSource,
  trace: TraceFile,
  problems: ProblemLog,
): Capture {
  return new TraceCapture(file, trace, problems);
}

class TraceCapture implements Capture {
  readonly header: CaptureHeader;
  readonly counts: EventTypeCount[];
  losses: readonly Loss[] = [];
  readonly #file: FileSource;
  readonly #trace: TraceFile;
  readonly #problems: ProblemLog;
  readonly #formats: readonly EventFormat[];
  readonly #layout: RecordLayout;
  readonly #streams: CpuStream[];
  readonly #firsts: ReadonlyMap<CpuStream, number>;
  #comms: ReadonlyMap<number, string> | undefined;
  #symbols: SymbolTable | undefined;
  #isWalked = false;

  constructor(file: FileSource, trace: TraceFile, problems: ProblemLog) {
    this.#file = file;
    this.#trace = trace;
    this.#problems = problems;
    const page = readPageLayout(trace.metadata.headerPage, trace.userLongSize);
    this.#layout = { littleEndian: trace.littleEndian, longSize: page.longSize };
    const { types, formats } = readTypes(trace, problems);
    this.#formats = formats;
    this.counts = types.map(() => ({ events: 0, first: null, last: null }));
    const buffers = [...trace.buffers].sort(
      (a, b) => Number(a.name !== '') - Number(b.name !== ''),
    );
    const convert = timeConversion(trace.options);
    const streams = openStreams({ file, trace, buffers, page, convert, problems });
    const started = startStreams(streams, convert);
    this.#streams = started.streams;
    this.#firsts = new Map(started.streams.map((stream) => [stream, stream.time]));
    this.header = headerOf(file, trace, buffers, types, started.base, page, convert, problems);
  }

  get problems(): readonly Problem[] {
    return this.#problems.list;
  }

  *batches(options: ReadOptions = {}): Generator<EventBatch, void, undefined> {
    if (this.#isWalked) throw new Error('the batches of a capture can be walked once');
    this.#isWalked = true;
    const unknown = new Map<number, number>();
    const input = {
      streams: this.#streams,
      eventTypes: this.header.eventTypes,
      common: commonFields(this.#formats),
      decoder: (type: number) => this.#decoder(type),
    };
    try {
      yield* mergedBatches(input, { counts: this.counts, unknown }, options);
    } finally {
      for (const [id, count] of unknown) {
        this.#problems.add(
          'unknown-event-type',
          'data-loss',
          `events of type ${id} have no format in the file and cannot be decoded`,
          { count },
        );
      }
      this.#collectLosses();
    }
  }

  comm(tid: number): string | undefined {
    this.#comms ??= parseCmdlines(this.#trace.metadata.cmdlines);
    return this.#comms.get(tid);
  }

  symbol(address: number | bigint): KernelSymbol | undefined {
    this.#symbols ??= parseKallsyms(this.#trace.metadata.kallsyms?.() ?? new Uint8Array(0));
    return this.#symbols.lookup(address);
  }

  print(_type: EventType, fields: Fields): string {
    return Object.entries(fields)
      .map(([name, value]) => `${name}=${String(value)}`)
      .join(' ');
  }

  close(): void {
    this.#file.close();
  }

  #decoder(type: number): Decode {
    return compileDecoder(this.#formats[type] as EventFormat, this.#layout);
  }

  #collectLosses(): void {
    const seen = this.#streams.flatMap(({ losses }) => losses);
    const stats = parseCpuStats(this.#trace.options.cpuStats);
    const indices = new Map(this.header.buffers.map(({ name }, index) => [name, index]));
    const spans = new Map(
      this.#streams.map((stream) => [
        `${stream.shape.buffer} ${stream.shape.cpu}`,
        { first: this.#firsts.get(stream) ?? stream.time, last: stream.time },
      ]),
    );
    this.losses = lossesFromStats(
      stats,
      (name) => indices.get(name),
      seen,
      (buffer, cpu) => spans.get(`${buffer} ${cpu}`),
    );
  }
}

function readTypes(
  trace: TraceFile,
  problems: ProblemLog,
): { types: EventType[]; formats: EventFormat[] } {
  const types: EventType[] = [];
  const formats: EventFormat[] = [];
  for (const { system, text } of trace.metadata.formats) {
    const format = parseFormat(text);
    if (format.problems.length > 0) {
      problems.add(
        'odd-format',
        'info',
        `the format of ${system}:${format.name} holds what is not understood: ${format.problems.join(', ')}`,
      );
    }
    if (format.id < 0 || format.name === '') continue;
    const { id, name, fields, printFormat } = format;
    types.push({ index: types.length, id, system, name, fields, printFormat });
    formats.push(format);
  }
  return { types, formats };
}

function commonFields(formats: readonly EventFormat[]): CommonFields {
  const common = formats.find((format) => format.common.length > 0)?.common ?? [];
  const offset = (name: string, usual: number): number =>
    common.find((field) => field.name === name)?.offset ?? usual;
  return {
    flags: offset('common_flags', 2),
    preemptCount: offset('common_preempt_count', 3),
    pid: offset('common_pid', 4),
  };
}

/** Lines `pid comm`; a comm may hold spaces. */
function parseCmdlines(text: string): Map<number, string> {
  const comms = new Map<number, string>([[0, '<idle>']]);
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    const tid = Number(line.slice(0, space));
    if (space > 0 && Number.isInteger(tid)) comms.set(tid, line.slice(space + 1));
  }
  return comms;
}

function headerOf(
  file: FileSource,
  trace: TraceFile,
  buffers: readonly BufferLayout[],
  types: readonly EventType[],
  base: bigint,
  page: PageLayout,
  convert: ConvertTime | undefined,
  problems: ProblemLog,
): CaptureHeader {
  const { options } = trace;
  const clockOf = (buffer: BufferLayout): string | undefined => buffer.clock ?? options.clock;
  const filled = buffers.filter(({ cpus }) => cpus.some(({ size }) => size > 0));
  const clocks = new Set(filled.map((buffer) => clockOf(buffer) ?? 'unknown'));
  if (clocks.size > 1) {
    problems.add(
      'mixed-clocks',
      'data-loss',
      `the buffers were recorded with different clocks (${[...clocks].join(', ')}): times of one cannot be compared with times of another`,
    );
  }
  const main = filled[0] ?? buffers[0];
  const clock = main ? clockOf(main) : options.clock;
  const isConverted = options.tsc2nsec !== undefined;
  return {
    format: 'trace.dat',
    version: String(trace.version),
    endian: trace.littleEndian ? 'little' : 'big',
    clock: {
      name: clock ?? 'unknown',
      unit: isConverted ? 'ns' : unitOfClock(clock),
      base: base + options.offset,
      ...(convert ? { converted: isConverted ? 'tsc2nsec' : 'time-shift' } : {}),
    },
    cpus: trace.cpuCount,
    buffers: buffers.map((buffer) => ({
      name: buffer.name,
      clock: clockOf(buffer) ?? 'unknown',
      cpus: buffer.cpus.filter(({ size }) => size > 0).map(({ cpu }) => cpu),
    })),
    eventTypes: types,
    ...(options.uname === undefined ? {} : { uname: options.uname }),
    sizeBytes: file.size,
    facts: factsOf(trace, page),
  };
}

function factsOf(trace: TraceFile, page: PageLayout): Record<string, string> {
  const { options } = trace;
  const facts: Record<string, string> = {
    compression: trace.compression,
    'page size': String(trace.pageSize),
    'kernel long': `${page.longSize} bytes`,
  };
  if (options.recorder !== undefined) facts['recorded by'] = `trace-cmd ${options.recorder}`;
  if (options.traceId !== undefined) facts['trace id'] = `0x${options.traceId.toString(16)}`;
  if (options.guests.length > 0)
    facts['guests'] = options.guests.map(({ name }) => name).join(', ');
  if (options.hooks.length > 0) facts['hooks'] = options.hooks.join(', ');
  return facts;
}
