import { writeSync } from 'node:fs';
import type { CommandModule } from 'yargs';
import { TraceError } from '../errors.ts';
import { type OpenOptions, openCapture, openParts } from '../parsers/detect.ts';
import { KERNEL_LOG, KernelLogLines } from '../parsers/kernel-log/log-printer.ts';
import type { Capture, EventBatch, EventType, Fields, Problem } from '../parsers/parser.ts';
import { PerfScriptLines } from '../parsers/perf-script-line.ts';
import { ProblemLog } from '../parsers/problem-log.ts';
import { openInputs } from '../parsers/several/open-inputs.ts';
import { stampBases } from '../parsers/several/stamp-bases.ts';
import { type LineOptions, TraceCmdLines } from '../parsers/trace-cmd-line.ts';
import { type QuietArguments, withQuiet } from './common.ts';
import { type EventFilter, type FilterOptions, filterEvents } from './event-filter.ts';
import { type LiveInput, watchInput } from './live-input.ts';
import { notice } from './terminal.ts';

interface EventsArguments extends QuietArguments {
  readonly captures: readonly string[];
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly pid: string | undefined;
  readonly cpu: string | undefined;
  readonly event: readonly string[] | undefined;
  readonly raw: boolean;
  readonly plugins: boolean;
  readonly N: boolean;
  readonly ns: boolean;
  readonly latency: boolean;
  readonly limit: number;
  readonly json: boolean;
}

export interface PrintEventsOptions extends FilterOptions, LineOptions {
  /** Lines at most; 0 or undefined is all. */
  readonly limit?: number;
  /** One JSON object per event instead of text. */
  readonly json?: boolean;
}

/** Takes text; false says that nobody reads on. */
export type Write = (text: string) => boolean;

export const eventsCommand: CommandModule<object, EventsArguments> = {
  command: 'events <captures..>',
  describe: 'Print the events, line by line as trace-cmd report or perf script does',
  builder: (yargs) =>
    withQuiet(yargs)
      .positional('captures', {
        type: 'string',
        array: true,
        demandOption: true,
        describe:
          'Recording (trace.dat, perf.data, text), packed or not; - is standard input. Several are merged by time',
      })
      .option('from', { type: 'string', describe: 'First time stamp, as printed' })
      .option('to', { type: 'string', describe: 'Last time stamp, as printed' })
      .option('pid', { type: 'string', describe: 'Only these threads: 1234 or 12,34' })
      .option('cpu', { type: 'string', describe: 'Only these CPUs: 0-3,7' })
      .option('event', {
        alias: 'e',
        type: 'string',
        array: true,
        requiresArg: true,
        describe: 'Only these event types: name or system:name, * and ? are wildcards',
      })
      .option('raw', {
        alias: 'R',
        type: 'boolean',
        default: false,
        describe: 'Fields as name=value (trace-cmd report -R)',
      })
      .option('plugins', {
        type: 'boolean',
        default: true,
        describe: "Forms trace-cmd's plugins give sched_switch, kmem and others",
      })
      .option('N', {
        type: 'boolean',
        default: false,
        describe: 'As --no-plugins: the forms of the kernel itself (trace-cmd report -N)',
      })
      .option('ns', {
        alias: 't',
        type: 'boolean',
        default: false,
        describe: 'Time stamps with all digits (trace-cmd report -t)',
      })
      .option('latency', {
        alias: 'l',
        type: 'boolean',
        default: false,
        describe: 'Interrupt and preemption state of each event (trace-cmd report -l)',
      })
      .option('limit', { type: 'number', default: 0, describe: 'Events at most; 0 = all' })
      .option('json', { type: 'boolean', default: false, describe: 'One JSON object per line' })
      .example('$0 events trace.dat', 'everything')
      .example("$0 events trace.dat -e 'dma_fence:*' --pid 1818", 'the fences of one thread')
      .example('$0 events trace.dat dmesg.txt', 'with the kernel log in between')
      .example('$0 events trace.dat --from 222.97 --to 222.98 -t', 'ten milliseconds, in full'),
  handler: run,
};

async function run(args: EventsArguments): Promise<void> {
  const input = watchInput(args.captures, args.quiet);
  try {
    const problems = await printParts(args.captures, input, {
      ...(args.from === undefined ? {} : { from: args.from }),
      ...(args.to === undefined ? {} : { to: args.to }),
      ...(args.pid === undefined ? {} : { pid: args.pid }),
      ...(args.cpu === undefined ? {} : { cpu: args.cpu }),
      ...(args.event === undefined ? {} : { event: args.event }),
      style: args.raw ? 'raw' : args.plugins && !args.N ? 'plugins' : 'no-plugins',
      nanoseconds: args.ns,
      latency: args.latency,
      limit: args.limit,
      json: args.json,
    });
    for (const { message, count } of problems) {
      notice(count > 1 ? `${message} (${count} times)` : message, args.quiet);
    }
  } finally {
    input.stop();
  }
}

/** What comes slowly through a pipe is printed as it comes. */
async function printParts(
  paths: readonly string[],
  input: LiveInput,
  options: PrintEventsOptions,
): Promise<readonly Problem[]> {
  const problems = new ProblemLog();
  const state: Printed = { lines: 0, events: 0, isOver: false };
  for await (const capture of partsOf(paths, input.options)) {
    input.hide();
    for (const { code, severity, message, count } of printCapture(
      capture,
      options,
      writeStdout,
      state,
    )) {
      problems.add(code, severity, message, { count });
    }
    if (state.isOver) break;
  }
  return problems.list;
}

/** Several inputs have to be known to their ends before the first event is. */
async function* partsOf(
  paths: readonly string[],
  options: OpenOptions,
): AsyncGenerator<Capture, void, undefined> {
  const [only, ...more] = paths;
  if (only !== undefined && more.length === 0) yield* openParts(only, options);
  else yield await openInputs(paths, options);
}

/** What was printed of the parts before. */
interface Printed {
  lines: number;
  /** In those parts, printed or not. */
  events: number;
  /** Nobody reads on, or all that was asked for is printed. */
  isOver: boolean;
}

/** Text is handed on in pieces of this many characters. */
const CHUNK = 256 * 1024;

/**
 * Prints the events of a plain file in time order; stops where `write` says so.
 * @returns what is damaged or unknown in the capture.
 * @throws TraceError when the capture cannot be read or an option means nothing.
 */
export function printEvents(
  path: string,
  options: PrintEventsOptions,
  write: Write,
): Capture['problems'] {
  return printCapture(openCapture(path), options, write);
}

/** The same of a capture, which is closed then. */
function printCapture(
  capture: Capture,
  options: PrintEventsOptions,
  write: Write,
  state: Printed = { lines: 0, events: 0, isOver: false },
): Capture['problems'] {
  try {
    const filter = filterEvents(capture.header, options);
    const printer = options.json
      ? new JsonLines(capture, state.events)
      : textLines(capture, options);
    let text = state.events === 0 ? printer.head() : '';
    for (const line of printedLines(capture, printer, filter, options.limit ?? 0, state)) {
      text += line;
      if (text.length < CHUNK) continue;
      state.isOver = !write(text);
      if (state.isOver) return capture.problems;
      text = '';
    }
    state.isOver = !write(text) || state.isOver;
    state.events += capture.counts.reduce((sum, { events }) => sum + events, 0);
    return capture.problems;
  } finally {
    capture.close();
  }
}

/** The lines of the tool that wrote the capture. */
function textLines(capture: Capture, options: LineOptions): LinePrinter {
  const { format } = capture.header;
  if (format === 'perf.data') return new PerfScriptLines(capture, options);
  return format === KERNEL_LOG ? new KernelLogLines(capture) : new TraceCmdLines(capture, options);
}

interface LinePrinter {
  head(): string;
  begin(batch: EventBatch): void;
  add(batch: EventBatch, i: number): string;
  end(): string;
}

function* printedLines(
  capture: Capture,
  printer: LinePrinter,
  filter: EventFilter,
  limit: number,
  state: Printed,
): Generator<string> {
  const most = limit > 0 ? limit : Number.POSITIVE_INFINITY;
  for (const batch of capture.batches({ select: filter.select })) {
    printer.begin(batch);
    for (let i = 0; i < batch.length && state.lines < most; i++) {
      if (!filter.matches(batch, i)) continue;
      yield printer.add(batch, i);
      state.lines++;
    }
    state.isOver = state.lines >= most || filter.isPast(batch);
    if (state.isOver) break;
  }
  yield printer.end();
}

/** Events as JSON; integers keep all their digits. */
class JsonLines implements LinePrinter {
  readonly #capture: Capture;
  readonly #before: number;
  /** By buffer. */
  readonly #bases: readonly bigint[];

  /** @param before events ahead of the capture's first */
  constructor(capture: Capture, before: number) {
    this.#capture = capture;
    this.#before = before;
    this.#bases = stampBases(capture.header);
  }

  head(): string {
    return '';
  }

  begin(): void {}

  add(batch: EventBatch, i: number): string {
    const { header } = this.#capture;
    const type = header.eventTypes[batch.type[i] as number] as EventType;
    const tid = batch.tid[i] as number;
    const bufferIndex = batch.buffer[i] as number;
    const ts = (this.#bases[bufferIndex] ?? header.clock.base) + BigInt(batch.ts[i] as number);
    const buffer = header.buffers[bufferIndex]?.name ?? '';
    const comm = this.#capture.comm(tid, bufferIndex);
    const id = this.#before + (batch.id[i] as number);
    const place = `"id":${id},"ts":${ts},"cpu":${batch.cpu[i]},"tid":${tid}`;
    const names = `"type":${JSON.stringify(`${type.system}:${type.name}`)}`;
    const task = comm === undefined ? '' : `"comm":${JSON.stringify(comm)},`;
    const instance = buffer === '' ? '' : `"buffer":${JSON.stringify(buffer)},`;
    return `{${place},${task}${instance}${names},"fields":${fieldsJson(batch.fields(i))}}\n`;
  }

  end(): string {
    return '';
  }
}

function fieldsJson(fields: Fields): string {
  const members = Object.entries(fields).map(([name, value]) => {
    return `${JSON.stringify(name)}:${valueJson(value)}`;
  });
  return `{${members.join(',')}}`;
}

function valueJson(value: Fields[string]): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('hex'));
  return `[${value.join(',')}]`;
}

const STDOUT = 1;
/** How long a full pipe is left alone before the next try. */
const PIPE_WAIT_MS = 2;

/** Names in captures are hostile: a terminal gets no control characters but line breaks and tabs. */
const CONTROL = /[^\P{Cc}\n\t]/gu;

function forTerminal(text: string): string {
  return text.replace(CONTROL, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** Synchronous, so that a reader that goes away (`| head`) ends the work at once. */
function writeStdout(text: string): boolean {
  const bytes = Buffer.from(process.stdout.isTTY ? forTerminal(text) : text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(STDOUT, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') return false;
      if (code !== 'EAGAIN') throw new TraceError(`cannot write: ${code}`, { cause: error });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PIPE_WAIT_MS);
    }
  }
  return true;
}
