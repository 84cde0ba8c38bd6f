import { TraceError } from '../../errors.ts';
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
import type { FileSource } from '../trace-dat/byte-reader.ts';
import { type CapturePrinter, capturePrinter } from '../trace-dat/capture-printer.ts';
import { commonFieldsOf, type TypeFormat } from '../trace-dat/event-types.ts';
import { parseCmdlines } from '../trace-dat/thread-names.ts';
import { TRACEPOINT } from './attribute.ts';
import { deliveries } from './delivery.ts';
import { Intake } from './intake.ts';
import { perfEventTypes } from './perf-event-types.ts';
import type { PerfFile } from './perf-file.ts';
import { perfHeader } from './perf-header.ts';
import { PerfRows } from './perf-rows.ts';

/** The capture of a perf.data whose header was read. Reads on to the first event, to know its time. */
export class PerfCapture implements Capture {
  readonly header: CaptureHeader;
  readonly counts: EventTypeCount[];
  readonly #file: FileSource;
  readonly #perf: PerfFile;
  readonly #problems: ProblemLog;
  readonly #intake: Intake;
  readonly #types: readonly TypeFormat[];
  readonly #ofEvent: Int32Array;
  readonly #layout: RecordLayout;
  /** Time of the first event, as the intake counts. */
  readonly #start: number;
  #cmdlines: ReadonlyMap<number, string> | undefined;
  #symbols: SymbolTable | undefined;
  #print: CapturePrinter | undefined;
  #isWalked = false;

  /** @throws TraceError when the file holds no tracepoint's events. */
  constructor(path: string, file: FileSource, perf: PerfFile, problems: ProblemLog) {
    this.#file = file;
    this.#perf = perf;
    this.#problems = problems;
    this.#intake = new Intake(perf, file, problems);
    this.#start = this.#findStart();
    refuseWithoutTracepoints(path, perf);
    const { types, ofEvent } = perfEventTypes(perf, this.#intake.index.events, problems);
    this.#types = types;
    this.#ofEvent = ofEvent;
    this.counts = types.map(() => ({ events: 0, first: null, last: null }));
    this.#layout = {
      littleEndian: perf.littleEndian,
      longSize: perf.tracing?.longSize ?? 8,
    };
    this.header = perfHeader({
      perf,
      eventTypes: types.map(({ type }) => type),
      base: (this.#intake.origin.base ?? 0n) + BigInt(this.#start),
      sizeBytes: sizeOf(file, perf),
      cpus: this.#intake.losses.cpus,
      threads: this.#intake.threads,
    });
    this.#noteAttributes();
  }

  get problems(): readonly Problem[] {
    return this.#problems.list;
  }

  get losses(): readonly Loss[] {
    return this.#intake.losses.list(this.#start, this.#intake.isCut);
  }

  *batches(options: ReadOptions = {}): Generator<EventBatch, void, undefined> {
    if (this.#isWalked) throw new Error('the batches of a capture can be walked once');
    this.#isWalked = true;
    const rows = new PerfRows(
      commonFieldsOf(this.#types),
      this.#perf.littleEndian,
      this.#intake.names.mappings,
      (type) => compileDecoder((this.#types[type] as TypeFormat).format, this.#layout),
    );
    const input = {
      intake: this.#intake,
      rows,
      typeOf: this.#ofEvent,
      eventTypes: this.header.eventTypes,
      start: this.#start,
      counts: this.counts,
      problems: this.#problems,
    };
    try {
      yield* deliveries(input, options);
    } finally {
      this.#reportOthers();
      this.#reportCut();
    }
  }

  comm(tid: number): string | undefined {
    this.#cmdlines ??= parseCmdlines(this.#perf.metadata.cmdlines);
    return this.#intake.names.of(tid) ?? this.#cmdlines.get(tid);
  }

  symbol(address: number | bigint): KernelSymbol | undefined {
    this.#symbols ??= parseKallsyms(this.#perf.metadata.kallsyms?.() ?? new Uint8Array(0));
    return this.#symbols.lookup(address);
  }

  /** perf script prints as the kernel's print formats say, without trace-cmd's own forms. */
  print(type: EventType, fields: Fields, style: PrintStyle = 'plugins'): string {
    this.#print ??= capturePrinter(
      this,
      this.#types,
      this.#layout,
      this.#perf.metadata.printk,
      this.#problems,
    );
    return this.#print(type.index, fields, style === 'raw' ? 'raw' : 'no-plugins');
  }

  close(): void {
    this.#intake.close();
    for (const source of [this.#file, ...this.#perf.parts]) source.close();
  }

  #findStart(): number {
    const { queue } = this.#intake;
    while (this.#intake.advance()) {
      queue.sort();
      const first = queue.firstEvent(this.#intake.limit);
      if (first !== undefined) return first;
    }
    queue.sort();
    return queue.firstEvent(Number.POSITIVE_INFINITY) ?? 0;
  }

  /** What the way an event was recorded hides of it. */
  #noteAttributes(): void {
    this.#intake.index.events.forEach(({ attribute, layout }, event) => {
      const type = this.header.eventTypes[this.#ofEvent[event] ?? -1];
      if (!type) return;
      const name = `${type.system}:${type.name}`;
      if (!layout.hasRaw) {
        this.#problems.add(
          'no-raw-data',
          'data-loss',
          `the events ${name} were recorded without their fields (perf record -R adds them)`,
        );
      }
      if (attribute.period === 1) return;
      const rate = attribute.period === 0 ? 'only some' : `only one in ${attribute.period}`;
      this.#problems.add(
        'sampled-event',
        'data-loss',
        `${rate} of the events ${name} was recorded (perf record -c or -F)`,
      );
    });
  }

  #reportCut(): void {
    if (!this.#intake.isCut) return;
    this.#problems.add(
      'truncated-file',
      'data-loss',
      'records are missing: the file ends early, or parts of it are damaged; what happened then is unknown',
    );
  }

  #reportOthers(): void {
    let samples = 0;
    for (const count of this.#intake.others.values()) samples += count;
    if (samples === 0) return;
    this.#problems.add(
      'no-tracepoint',
      'info',
      'samples of hardware or software counters are in the file and left out',
      { count: samples },
    );
  }
}

function sizeOf(file: FileSource, { parts }: PerfFile): number {
  return parts.reduce((sum, { size }) => sum + size, file.size);
}

function refuseWithoutTracepoints(path: string, { attributes, facts, isPipe }: PerfFile): void {
  if (attributes.some(({ type }) => type === TRACEPOINT)) return;
  if (attributes.length === 0) {
    throw new TraceError(`${path} names no events${isPipe ? '' : ': its header is damaged'}`, {
      hint: 'the recorder died early, or the file was cut; record again',
    });
  }
  const names = new Set(facts.eventNames.values());
  const what = names.size > 0 ? `samples of ${[...names].join(', ')}` : 'counter samples';
  throw new TraceError(`${path} holds ${what} and no tracepoint events`, {
    hint: "record the kernel's events: perf record -a -k CLOCK_MONOTONIC -e 'dma_fence:*' -e 'gpu_scheduler:*' -e 'sched:sched_process_*' -e 'mmap:exit_mmap' -- <the program>",
  });
}
