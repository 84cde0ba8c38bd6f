import { type ByteReader, EndOfBytes } from './byte-reader.ts';

/** The text of one event's `format` file. */
export interface FormatText {
  /** `ftrace` for the kernel's own types. */
  readonly system: string;
  readonly text: string;
}

/**
 * What trace-cmd copies from tracefs ahead of the events: the same blocks stand in a row in
 * trace.dat version 6 and in perf.data's tracing data, and one to a section in version 7. Filled
 * block by block, so that a file that ends early leaves what was read.
 */
export interface TracingMetadata {
  /** events/header_page: the layout of a ring-buffer page. */
  headerPage: string;
  /** events/header_event. */
  headerEvent: string;
  readonly formats: FormatText[];
  /** /proc/kallsyms; megabytes, so it is read only when asked for. */
  kallsyms: (() => Uint8Array) | undefined;
  /** printk_formats: address and text of each trace_printk format. */
  printk: string;
  /** saved_cmdlines: a line `pid comm` for each. */
  cmdlines: string;
}

export function emptyMetadata(): TracingMetadata {
  return {
    headerPage: '',
    headerEvent: '',
    formats: [],
    kallsyms: undefined,
    printk: '',
    cmdlines: '',
  };
}

/** trace-cmd.dat.v6(5) HEADER INFO FORMAT; v7 section 16. */
export function readHeaderInfo(reader: ByteReader, metadata: TracingMetadata): void {
  expectName(reader, 'header_page');
  metadata.headerPage = reader.text(reader.size64());
  expectName(reader, 'header_event');
  metadata.headerEvent = reader.text(reader.size64());
}

/** trace-cmd.dat.v6(5) FTRACE EVENT FORMATS; v7 section 17. */
export function readFtraceFormats(reader: ByteReader, metadata: TracingMetadata): void {
  readFormats(reader, 'ftrace', metadata);
}

/** trace-cmd.dat.v6(5) EVENT FORMATS; v7 section 18. */
export function readEventFormats(reader: ByteReader, metadata: TracingMetadata): void {
  for (let systems = reader.u32(); systems > 0; systems--) {
    readFormats(reader, reader.name(), metadata);
  }
}

function readFormats(reader: ByteReader, system: string, metadata: TracingMetadata): void {
  for (let count = reader.u32(); count > 0; count--) {
    const text = reader.text(reader.size64());
    if (text !== '') metadata.formats.push({ system, text });
  }
}

/** trace-cmd.dat.v6(5) KALLSYMS INFORMATION; v7 section 19. */
export function readKallsyms(reader: ByteReader, metadata: TracingMetadata): void {
  const size = reader.u32();
  const at = reader.position;
  reader.skip(size);
  metadata.kallsyms = () => reader.source.read(at, size);
}

/** trace-cmd.dat.v6(5) TRACE_PRINTK INFORMATION; v7 section 20. */
export function readPrintk(reader: ByteReader, metadata: TracingMetadata): void {
  metadata.printk = reader.text(reader.u32());
}

/** trace-cmd.dat.v6(5) PROCESS INFORMATION; v7 section 21. */
export function readCmdlines(reader: ByteReader, metadata: TracingMetadata): void {
  metadata.cmdlines = reader.text(reader.size64());
}

/** All blocks in the order of version 6; perf's tracing data has no cmdlines before version 0.6. */
export function readTracingMetadata(
  reader: ByteReader,
  metadata: TracingMetadata,
  { cmdlines }: { cmdlines: boolean },
): void {
  readHeaderInfo(reader, metadata);
  readFtraceFormats(reader, metadata);
  readEventFormats(reader, metadata);
  readKallsyms(reader, metadata);
  readPrintk(reader, metadata);
  if (cmdlines) readCmdlines(reader, metadata);
}

function expectName(reader: ByteReader, wanted: string): void {
  const at = reader.position;
  const name = reader.name();
  if (name !== wanted) throw new EndOfBytes(`no ${wanted} at ${at}`);
}
