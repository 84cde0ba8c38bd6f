/**
 * What every parser gives: the bytes of a capture as typed events in time order. Parsers know
 * the file format and nothing of what the events mean.
 */

/** One decoded value. 64-bit integers beyond 2^53 are bigint, all others number. */
export type FieldValue = number | bigint | string | Uint8Array | readonly (number | bigint)[];

/**
 * The decoded fields of one event by name; the common_* fields are left out. In text recordings the
 * field `payload` is the whole text of the event, and an address the text shows as a symbol is that
 * text: `hmm_range_fault+0x4/0xa0 [module]`.
 */
export type Fields = Readonly<Record<string, FieldValue>>;

/** How a field is stored, as far as tables and printers need to know. */
export type FieldKind = 'integer' | 'string' | 'bytes' | 'integers';

export interface Field {
  /** Unique within its event type: the second field of one name becomes `name_2`. */
  readonly name: string;
  /** The declaration as the kernel wrote it, for example `__data_loc char[] driver`. */
  readonly declaration: string;
  readonly kind: FieldKind;
  readonly signed: boolean;
  /** Bytes in the record; the element's bytes for arrays. */
  readonly size: number;
}

/** An event type of a capture, `system:name`. `index` is its place in `CaptureHeader.eventTypes`. */
export interface EventType {
  readonly index: number;
  /** The id the file uses (common_type, attribute id); -1 where the format has none. */
  readonly id: number;
  /** Empty where the format does not record it (ftrace text). */
  readonly system: string;
  readonly name: string;
  readonly fields: readonly Field[];
  /** The kernel's `print fmt:` text; empty where unknown. */
  readonly printFormat: string;
  /** The recorder was asked for it more than once, and recorded each of its events as often. */
  readonly isAskedTwice?: boolean;
}

/** How the time stamps of a capture are to be read. */
export interface Clock {
  /** The kernel's name (`local`, `mono`, `x86-tsc`, …) or `unknown`. */
  readonly name: string;
  /** `ns` after any conversion; `ticks` when one unit is not a nanosecond and nothing says how many. */
  readonly unit: 'ns' | 'ticks';
  /** Time stamp of the capture's first event in `unit`: what the relative time stamps are added to. */
  readonly base: bigint;
  /** How the stamps were converted, for example `tsc2nsec`; undefined when as recorded. */
  readonly converted?: string;
  /** One moment on this clock and on the wall clock (CLOCK_REALTIME), both in ns; where the file says. */
  readonly wall?: { readonly clock: bigint; readonly wall: bigint };
}

/** One of the inputs a capture was put together from. */
/** How much of a text was understood. */
export interface LineCounts {
  readonly total: number;
  /** Neither events, nor parts of events, nor headings. */
  readonly unrecognised: number;
}

export interface CaptureInput {
  readonly path: string;
  readonly format: string;
  readonly version: string;
  readonly sizeBytes: number;
  /** Name of its own clock. */
  readonly clock: string;
  /** Its places in `CaptureHeader.buffers` and `eventTypes`: from `first`, `length` of them. */
  readonly buffers: { readonly first: number; readonly length: number };
  readonly types: { readonly first: number; readonly length: number };
  /** The only boot of the log that is used; the others are left out. */
  readonly part?: string;
  /** Relative ns of its first and its last event. */
  readonly first: number;
  readonly last: number;
  /** It tells what was said, not all that happened, and may go on long before and after the rest. */
  readonly isLog: boolean;
  /**
   * Inputs with the same number recorded one boot of one machine: their pids, pointers and fences are
   * the same ones. Those of another number share nothing but, where aligned, the time.
   */
  readonly boot: number;
  /** uname of its kernel, as far as the inputs of its boot say. */
  readonly uname?: string;
  readonly alignment: Alignment;
  /** Of a text. */
  readonly lines?: LineCounts;
}

/** How the time stamps of an input were put on the capture's time line. */
export interface Alignment {
  /** `reference`: the others are aligned with it; `none`: nothing ties it to the others. */
  readonly how: 'reference' | 'lines' | 'marks' | 'events' | 'clock' | 'wall' | 'host' | 'none';
  /** ns added to its absolute stamps. Where nothing ties it, it only puts the input where it can be seen. */
  readonly offset: bigint;
  /** The offset is right within ± this many ns; undefined when not aligned. */
  readonly error?: number;
  /** Happenings found in both inputs that agree on it. */
  readonly anchors: number;
  /** One sentence: what ties it, or why nothing does. */
  readonly reason: string;
}

/** A ring buffer of the capture: the top buffer (name '') or a named instance. */
export interface CaptureBuffer {
  readonly name: string;
  readonly clock: string;
  readonly cpus: readonly number[];
  /** Stamp of its clock at relative 0, where that is not `Clock.base`: a later boot of a log. */
  readonly base?: bigint;
}

export interface CaptureHeader {
  /** `trace.dat`, `perf.data`, … */
  readonly format: string;
  readonly version: string;
  readonly endian: 'little' | 'big';
  readonly clock: Clock;
  /** Number of CPUs of the recorded machine. */
  readonly cpus: number;
  readonly buffers: readonly CaptureBuffer[];
  readonly eventTypes: readonly EventType[];
  /** `uname` text as recorded, for example `Linux host 6.12.117 #1 SMP x86_64`; undefined if not. */
  readonly uname?: string;
  /** Bytes of the capture file. */
  readonly sizeBytes: number;
  /** Of a text. */
  readonly lines?: LineCounts;
  /** Whatever else the header says, for `info`: compression, trace-cmd version, page size, trace id. */
  readonly facts: Readonly<Record<string, string>>;
  /** A log: what was said, not all that happened. */
  readonly isLog?: boolean;
  /** What the capture was put together from; absent when it is one input. */
  readonly inputs?: readonly CaptureInput[];
}

/** Events the recorder lost on one CPU. */
export interface Loss {
  /** Index in `CaptureHeader.buffers`. */
  readonly buffer: number;
  readonly cpu: number;
  /** Relative ns of the last event before the gap; null when the gap is at the CPU's start. */
  readonly from: number | null;
  /** Relative ns of the first event after the gap; null when nothing follows. */
  readonly to: number | null;
  /** How many; null when the recorder only knows that some were. */
  readonly events: number | null;
  /**
   * `overwritten`: the start of the ring was overwritten; `dropped`: a gap inside; `truncated`: the file
   * ends early; `ended`: this input of several ended before the others.
   */
  readonly kind: 'overwritten' | 'dropped' | 'truncated' | 'ended';
}

/** Something in the capture that is damaged or unknown, counted. */
export interface Problem {
  /** Kebab-case and stable, for example `truncated-section`, `unknown-option`. */
  readonly code: string;
  readonly severity: 'info' | 'data-loss' | 'error';
  /** One sentence a user understands, with the place in the file where that helps. */
  readonly message: string;
  readonly count: number;
}

/** What was seen of one event type, whether or not its rows were asked for. */
export interface EventTypeCount {
  events: number;
  /** Relative ns; null when there was none. */
  first: number | null;
  last: number | null;
}

/**
 * A run of selected events in time order, as columns. Valid only until the next batch is asked
 * for: the parser reuses its buffers.
 */
export interface EventBatch {
  readonly length: number;
  /** Ordinal of the event among all events of the capture in time order, from 1. */
  readonly id: Float64Array;
  /** ns (or ticks) since `Clock.base`. */
  readonly ts: Float64Array;
  readonly cpu: Int32Array;
  readonly tid: Int32Array;
  /** Index in `CaptureHeader.eventTypes`. */
  readonly type: Int32Array;
  /** Index in `CaptureHeader.buffers`. */
  readonly buffer: Int32Array;
  /** Decodes event `i` of the batch. */
  fields(i: number): Fields;
  /** The common_flags / irq-info of event `i`: common_flags | common_preempt_count << 8. */
  flags(i: number): number;
  /** The callers of event `i`, innermost first; absent where the format records none. */
  callchain?(i: number): readonly Caller[];
}

/** One address of a call chain. */
export interface Caller {
  readonly address: bigint;
  readonly isKernel: boolean;
  /** The file or kernel module mapped there, where the capture says. */
  readonly file?: string;
}

export interface ReadOptions {
  /**
   * Asked once per event type: `rows` events reach the batches, `count` ones are only counted.
   * Everything is `rows` when absent.
   */
  readonly select?: (type: EventType) => 'rows' | 'count';
  /** Called about every 8 MiB with the bytes consumed so far, for progress bars. */
  readonly onProgress?: (bytesRead: number) => void;
}

/** An opened capture. Iterate `batches` once; `counts`, `losses` and `problems` are complete afterwards. */
export interface Capture {
  readonly header: CaptureHeader;
  batches(options?: ReadOptions): Iterable<EventBatch>;
  /** By event type index. */
  readonly counts: readonly EventTypeCount[];
  readonly losses: readonly Loss[];
  readonly problems: readonly Problem[];
  /**
   * comm of a thread as the capture's saved cmdlines (or events) know it; undefined if they do not.
   * `buffer` says in which buffer it was seen, where the inputs are of several machines.
   */
  comm(tid: number, buffer?: number): string | undefined;
  /** The process (tgid) of a thread where the capture saved it apart from the events. */
  tgid?(tid: number, buffer?: number): number | undefined;
  /** The kernel symbol an address lies in; undefined without a symbol table or below its first entry. */
  symbol(address: number | bigint, buffer?: number): KernelSymbol | undefined;
  /** The payload of one event as `trace-cmd report` prints it; `raw` as `trace-cmd report -R`, `noPlugins` as `-N`. */
  print(type: EventType, fields: Fields, style?: PrintStyle): string;
  close(): void;
}

export type PrintStyle = 'plugins' | 'no-plugins' | 'raw';

export interface KernelSymbol {
  readonly name: string;
  /** Bytes past the symbol's start. */
  readonly offset: number;
  /** Module the symbol belongs to; undefined for the kernel itself. */
  readonly module?: string;
}

/** A parser of one capture format. */
export interface Parser {
  readonly meta: { readonly id: string; readonly title: string };
  /** Whether the first 4 KiB look like this format. Pure. */
  sniff(head: Uint8Array): boolean;
  /**
   * Whether whole lines out of a file that begins like this are a capture of their own, so that what
   * comes slowly can be read as it comes. Never, when absent.
   */
  partwise?(head: Uint8Array): boolean;
  /** @throws TraceError when nothing of the file can be read. */
  open(path: string): Capture;
}
