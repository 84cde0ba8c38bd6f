import { compileDecoder, type RecordLayout } from '../event-format/decoder.ts';
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
  PrintStyle,
  Problem,
  ReadOptions,
} from '../parser.ts';
import type { ProblemLog } from '../problem-log.ts';
import type { FileSource } from './byte-reader.ts';
import { captureHeader } from './capture-header.ts';
import { type CapturePrinter, capturePrinter } from './capture-printer.ts';
import { lossesFromStats, parseCpuStats } from './cpu-stats.ts';
import { mergedBatches } from './event-batches.ts';
import { commonFieldsOf, readEventTypes, type TypeFormat } from './event-types.ts';
import type { TraceFile } from './file-layout.ts';
import { readPageLayout } from './page-layout.ts';
import { openStreams, type Streams } from './streams.ts';
import { parseCmdlines, parseTgids } from './thread-names.ts';
import { timeConversion } from './time-conversion.ts';

/** The capture of a trace.dat whose header was read. Starts the CPUs, to know the first event's time. */
export class TraceCapture implements Capture {
  readonly header: CaptureHeader;
  readonly counts: EventTypeCount[];
  #losses: readonly Loss[] | undefined;
  readonly #file: FileSource;
  readonly #trace: TraceFile;
  readonly #problems: ProblemLog;
  readonly #types: readonly TypeFormat[];
  readonly #layout: RecordLayout;
  readonly #streams: Streams;
  #comms: ReadonlyMap<number, string> | undefined;
  #tgids: ReadonlyMap<number, number> | undefined;
  #symbols: SymbolTable | undefined;
  #print: CapturePrinter | undefined;
  #isWalked = false;

  constructor(file: FileSource, trace: TraceFile, problems: ProblemLog) {
    this.#file = file;
    this.#trace = trace;
    this.#problems = problems;
    this.#types = readEventTypes(trace.metadata.formats, problems);
    this.counts = this.#types.map(() => ({ events: 0, first: null, last: null }));
    const page = readPageLayout(trace.metadata.headerPage, trace.userLongSize);
    this.#layout = { littleEndian: trace.littleEndian, longSize: page.longSize };
    // The top buffer first: events of equal time come in this order.
    const buffers = [...trace.buffers].sort(
      (a, b) => Number(a.name !== '') - Number(b.name !== ''),
    );
    const convert = timeConversion(trace.options);
    this.#streams = openStreams({ file, trace, buffers, page, convert, problems });
    this.header = captureHeader({
      trace,
      buffers,
      page,
      eventTypes: this.#types.map(({ type }) => type),
      base: this.#streams.base,
      sizeBytes: file.size,
      problems,
    });
  }

  get problems(): readonly Problem[] {
    return this.#problems.list;
  }

  /** While the batches are walked: what the pages read so far say, without the counters' sums. */
  get losses(): readonly Loss[] {
    return this.#losses ?? this.#streams.losses();
  }

  *batches(options: ReadOptions = {}): Generator<EventBatch, void, undefined> {
    if (this.#isWalked) throw new Error('the batches of a capture can be walked once');
    this.#isWalked = true;
    const unknown = new Map<number, number>();
    const input = {
      streams: this.#streams.started,
      eventTypes: this.header.eventTypes,
      common: commonFieldsOf(this.#types),
      decoder: (type: number) =>
        compileDecoder((this.#types[type] as TypeFormat).format, this.#layout),
    };
    try {
      yield* mergedBatches(input, { counts: this.counts, unknown }, options);
    } finally {
      this.#reportUnknown(unknown);
      this.#collectLosses();
    }
  }

  comm(tid: number): string | undefined {
    this.#comms ??= parseCmdlines(this.#trace.metadata.cmdlines);
    return this.#comms.get(tid);
  }

  tgid(tid: number): number | undefined {
    this.#tgids ??= parseTgids(this.#trace.options.tgids ?? '');
    return this.#tgids.get(tid);
  }

  symbol(address: number | bigint): KernelSymbol | undefined {
    this.#symbols ??= parseKallsyms(this.#trace.metadata.kallsyms?.() ?? new Uint8Array(0));
    return this.#symbols.lookup(address);
  }

  print(type: EventType, fields: Fields, style: PrintStyle = 'plugins'): string {
    this.#print ??= capturePrinter(
      this,
      this.#types,
      this.#layout,
      this.#trace.metadata.printk,
      this.#problems,
    );
    return this.#print(type.index, fields, style);
  }

  close(): void {
    this.#file.close();
  }

  #reportUnknown(unknown: ReadonlyMap<number, number>): void {
    for (const [id, count] of unknown) {
      this.#problems.add(
        'unknown-event-type',
        'data-loss',
        `events of type ${id} have no format in the file and cannot be decoded`,
        { count },
      );
    }
  }

  #collectLosses(): void {
    const indices = new Map(this.header.buffers.map(({ name }, index) => [name, index]));
    this.#losses = lossesFromStats(
      parseCpuStats(this.#trace.options.cpuStats),
      (name) => indices.get(name),
      this.#streams.losses(),
      (buffer, cpu) => this.#streams.span(buffer, cpu),
    );
  }
}
