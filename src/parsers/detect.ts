import { TraceError } from '../errors.ts';
import { csv } from './csv/csv.ts';
import { ftraceText } from './ftrace-text/ftrace-text.ts';
import { kernelLog } from './kernel-log/kernel-log.ts';
import { kfdSmiText } from './kfd-smi-text/kfd-smi-text.ts';
import type { Capture, Parser } from './parser.ts';
import { perfData } from './perf-data/perf-data.ts';
import { perfScriptText } from './perf-script-text/perf-script-text.ts';
import { traceCmdText } from './trace-cmd-text/trace-cmd-text.ts';
import { traceDat } from './trace-dat/trace-dat.ts';
import { HEAD_BYTES } from './unwrap/bytes.ts';
import { captureFile, inputKind, LOOSE_FILE, RESTORE, readHead } from './unwrap/input.ts';
import type { LiveOptions } from './unwrap/live-stream.ts';
import { packingOf } from './unwrap/packings.ts';
import { type Unwrapped, unwrap, unwrapParts } from './unwrap/unwrap.ts';
import { UnwrappedCapture } from './unwrap/unwrapped-capture.ts';

const parsers: readonly Parser[] = [
  traceDat,
  perfData,
  csv,
  kfdSmiText,
  kernelLog,
  traceCmdText,
  perfScriptText,
  ftraceText,
];

/** How an SQLite database begins (sqlite.org/fileformat2.html 1.2). */
const DATABASE = Buffer.from('SQLite format 3');

export interface OpenOptions extends LiveOptions {
  /** Aborting it ends the unpacking of a packed capture, and the waiting for a pipe. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a capture with the parser that recognises its content; the file name plays no part. What
 * is packed (gzip, zstd, xz, zip) is unpacked first; pipes and the files of tracefs are read to their end,
 * or until `finish` is aborted; `-` is standard input.
 * @throws TraceError when the file is missing, unreadable, empty or of no known format.
 */
export async function openInput(path: string, options: OpenOptions = {}): Promise<Capture> {
  const input = await readyInput(path, options);
  try {
    return input.open();
  } finally {
    // the parser has it open
    input.close();
  }
}

/** An input that can be opened more than once, until it is closed. */
export interface ReadyInput {
  readonly path: string;
  /** @throws TraceError as {@link openInput}. */
  open(): Capture;
  /** Takes unpacked copies away; captures that are open can be read on. */
  close(): void;
}

/**
 * Makes an input ready to be opened: what is packed or comes through a pipe is unpacked.
 * @throws TraceError as {@link openInput}.
 */
export async function readyInput(path: string, options: OpenOptions = {}): Promise<ReadyInput> {
  const kind = inputKind(captureFile(path));
  if (kind === 'file' && !packingOf(readHead(captureFile(path)))) {
    return { path, open: () => openCapture(path), close: () => {} };
  }
  const unwrapped = await unwrap(path, kind, { accept: parserFor, ...options });
  const { file } = unwrapped;
  if (options.signal?.aborted) {
    file.remove();
    options.signal.throwIfAborted();
  }
  return { path, open: () => openUnwrapped(unwrapped, path), close: () => file.remove() };
}

/**
 * As {@link openInput}; a stream that is slow in coming is given as several captures one after the
 * other, as soon as they come, where its format allows it. Each is to be closed before the next is
 * asked for.
 */
export async function* openParts(
  path: string,
  options: OpenOptions = {},
): AsyncGenerator<Capture, void, undefined> {
  const kind = inputKind(captureFile(path));
  if (kind === 'file') {
    yield await openInput(path, options);
    return;
  }
  let parser: Parser | undefined;
  const parts = unwrapParts(path, kind, { accept: parserFor, ...options }, (head) => {
    parser = parserFor(head, path);
    return parser.partwise?.(head) === true;
  });
  for await (const part of parts) {
    try {
      yield openUnwrapped(part, path, parser);
    } finally {
      part.file.remove();
    }
  }
}

/**
 * Opens a capture in a plain file at once.
 * @throws TraceError as {@link openInput}, and when it is packed or a pipe.
 */
export function openCapture(path: string): Capture {
  const file = captureFile(path);
  if (inputKind(file) !== 'file') {
    throw new TraceError(`${path} is no regular file`, { hint: 'openInput reads pipes' });
  }
  const head = readHead(file);
  const packing = packingOf(head);
  if (packing) {
    throw new TraceError(`${path} is packed with ${packing.name}`, {
      hint: `unpack it first: ${packing.command} ${path}`,
    });
  }
  return parserFor(head, path).open(file);
}

/** @param known the parser of the parts before */
function openUnwrapped(
  { file, facts, problems }: Unwrapped,
  name: string,
  known?: Parser,
): Capture {
  try {
    const capture = (known ?? parserFor(readHead(file.path), name)).open(file.path);
    return new UnwrappedCapture(capture, facts, problems);
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    const hint = problems[0]?.message ?? error.hint?.replaceAll(file.path, name);
    throw new TraceError(error.message.replaceAll(file.path, name), {
      ...(hint === undefined ? {} : { hint }),
      cause: error,
    });
  }
}

/**
 * A page of a ring buffer as it is read from `trace_pipe_raw`: its time, then the bytes in use, which
 * the header of 16 leaves room for (struct buffer_data_page, kernel/trace/ring_buffer.c).
 */
function isRingBufferPage(head: Uint8Array): boolean {
  if (head.length < HEAD_BYTES) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  return [true, false].some((littleEndian) => {
    const time = view.getBigUint64(0, littleEndian);
    const used = view.getBigUint64(8, littleEndian);
    return time > 0n && time < LONGEST_TIME && used > 16n && used <= BigInt(HEAD_BYTES - 16);
  });
}

/** A hundred years in ns. */
const LONGEST_TIME = 3_155_760_000_000_000_000n;

/** @throws TraceError when there is none. */
function parserFor(head: Uint8Array, name: string): Parser {
  if (head.length === 0) {
    throw new TraceError(`${name} is empty`, {
      hint: 'the recorder may have died before it wrote anything; record again',
    });
  }
  const parser = parsers.find((candidate) => candidate.sniff(head));
  if (parser) return parser;
  if (Buffer.from(head).subarray(0, DATABASE.length).equals(DATABASE)) {
    throw new TraceError(`${name} holds a database`, { hint: 'give it as a plain file' });
  }
  if (LOOSE_FILE.test(name) || isRingBufferPage(head)) {
    throw new TraceError(
      `${name} is the ring buffer of one CPU alone: what its events look like is not in it`,
      { hint: RESTORE },
    );
  }
  throw new TraceError(`${name} is no capture svm-trace knows`, {
    hint: `known formats: ${parsers.map((known) => known.meta.title).join(', ')}`,
  });
}
