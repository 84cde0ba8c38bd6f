import { basename } from 'node:path';
import type {
  Capture,
  CaptureBuffer,
  CaptureHeader,
  CaptureInput,
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
import type { Placement } from './align.ts';
import { type MergeSource, mergedBatches } from './merged-batches.ts';
import type { Repeats } from './repeats.ts';
import { isConsole, lineText, type Scout } from './scout.ts';

/** One input of several, opened, with what was found out about it. */
export interface Part {
  readonly path: string;
  readonly capture: Capture;
  readonly scout: Scout;
  readonly placement: Placement;
  readonly repeats: Repeats;
}

interface PlacedPart extends Part {
  /** How the user knows it: its file name, or its path where two files have one name. */
  readonly label: string;
  readonly input: CaptureInput;
  /** Lines left out as another input has them. */
  repeatedLines: number;
}

/** A loss that may be on any CPU. */
const ANY_CPU = -1;

/** Several inputs as one capture: one time line, one list of event types and buffers. */
export class SeveralCapture implements Capture {
  readonly header: CaptureHeader;
  readonly #parts: readonly PlacedPart[];
  /** By buffer. */
  readonly #ofBuffer: readonly PlacedPart[];
  /** By event type. */
  readonly #ofType: readonly PlacedPart[];

  constructor(parts: readonly Part[]) {
    this.#parts = place(parts);
    this.#ofBuffer = this.#parts.flatMap((part) => part.capture.header.buffers.map(() => part));
    this.#ofType = this.#parts.flatMap((part) => part.capture.header.eventTypes.map(() => part));
    this.header = headerOf(this.#parts);
  }

  get counts(): readonly EventTypeCount[] {
    return this.#parts.flatMap(({ capture, placement }) =>
      capture.counts.map(({ events, first, last }) => ({
        events,
        first: moved(first, placement),
        last: moved(last, placement),
      })),
    );
  }

  get losses(): readonly Loss[] {
    const own = this.#parts.flatMap(({ capture, placement, input }) =>
      capture.losses.map((loss) => ({
        ...loss,
        buffer: loss.buffer + input.buffers.first,
        from: moved(loss.from, placement),
        to: moved(loss.to, placement),
      })),
    );
    return [...own, ...ends(this.#parts)];
  }

  get problems(): readonly Problem[] {
    return this.#parts.flatMap((part) => [
      ...part.capture.problems.map((problem) => ({
        ...problem,
        message: `${part.label}: ${problem.message}`,
      })),
      ...notAligned(part),
      ...repeated(part),
    ]);
  }

  batches({ select, onProgress }: ReadOptions = {}): Iterable<EventBatch> {
    const read = this.#parts.map(() => 0);
    const sources = this.#parts.map((part, n): MergeSource => {
      const { input, repeats, capture } = part;
      const options: ReadOptions = {
        select: (type) => {
          if (repeats.types[type.index]) return 'count';
          return select?.(this.#typeOf(part, type)) ?? 'rows';
        },
        onProgress: (bytes) => {
          read[n] = bytes;
          onProgress?.(read.reduce((sum, one) => sum + one, 0));
        },
      };
      return {
        batches: capture.batches(options)[Symbol.iterator](),
        shift: part.placement.shift,
        types: input.types.first,
        buffers: input.buffers.first,
        isRepeated: repeatedLine(part),
      };
    });
    return mergedBatches(sources);
  }

  comm(tid: number, buffer = 0): string | undefined {
    return this.#ask(buffer, ({ capture }) => capture.comm(tid));
  }

  tgid(tid: number, buffer = 0): number | undefined {
    return this.#ask(buffer, ({ capture }) => capture.tgid?.(tid));
  }

  symbol(address: number | bigint, buffer = 0): KernelSymbol | undefined {
    return this.#ask(buffer, ({ capture }) => capture.symbol(address));
  }

  print(type: EventType, fields: Fields, style?: PrintStyle): string {
    const part = this.#ofType[type.index];
    const own = part?.capture.header.eventTypes[type.index - part.input.types.first];
    return part && own ? part.capture.print(own, fields, style) : '';
  }

  close(): void {
    for (const { capture } of this.#parts) capture.close();
  }

  #typeOf({ input }: PlacedPart, type: EventType): EventType {
    return this.header.eventTypes[type.index + input.types.first] as EventType;
  }

  /** The first answer of the input the buffer is of, or of another of its boot. */
  #ask<T>(buffer: number, question: (part: PlacedPart) => T | undefined): T | undefined {
    const own = this.#ofBuffer[buffer];
    if (!own) return undefined;
    const answer = question(own);
    if (answer !== undefined) return answer;
    for (const part of this.#parts) {
      if (part === own || part.input.boot !== own.input.boot) continue;
      const other = question(part);
      if (other !== undefined) return other;
    }
    return undefined;
  }
}

function moved(ts: number | null, { shift }: Placement): number | null {
  return ts === null ? null : ts + shift;
}

function place(parts: readonly Part[]): PlacedPart[] {
  let buffers = 0;
  let types = 0;
  return parts.map((part) => {
    const { header } = part.capture;
    const { alignment, boot } = part.placement;
    const uname = parts.find(
      (other) => other.placement.boot === boot && other.capture.header.uname !== undefined,
    )?.capture.header.uname;
    const input: CaptureInput = {
      path: part.path,
      format: header.format,
      version: header.version,
      sizeBytes: header.sizeBytes,
      clock: header.clock.name,
      buffers: { first: buffers, length: header.buffers.length },
      types: { first: types, length: header.eventTypes.length },
      isLog: header.isLog ?? false,
      boot,
      ...(uname === undefined ? {} : { uname }),
      alignment,
    };
    buffers += header.buffers.length;
    types += header.eventTypes.length;
    return { ...part, label: labelOf(part, parts), input, repeatedLines: 0 };
  });
}

function labelOf({ path }: Part, parts: readonly Part[]): string {
  const name = basename(path);
  return parts.filter((part) => basename(part.path) === name).length > 1 ? path : name;
}

function headerOf(parts: readonly PlacedPart[]): CaptureHeader {
  const reference = (parts.find(({ input }) => input.alignment.how === 'reference') ??
    parts[0]) as PlacedPart;
  const { header } = reference.capture;
  const { wall: _, ...clock } = header.clock;
  const formats = [...new Set(parts.map(({ input }) => input.format))];
  return {
    format: formats.join(' + '),
    version: formats.length === 1 ? header.version : '',
    endian: header.endian,
    // its first event need not be the first of all
    clock: { ...clock, base: clock.base - BigInt(reference.placement.shift) },
    cpus: Math.max(...parts.map(({ capture }) => capture.header.cpus)),
    buffers: parts.flatMap(buffersOf),
    eventTypes: parts.flatMap(({ capture, input }) =>
      capture.header.eventTypes.map((type) => ({
        ...type,
        index: type.index + input.types.first,
      })),
    ),
    ...(header.uname === undefined ? {} : { uname: header.uname }),
    sizeBytes: parts.reduce((sum, { input }) => sum + input.sizeBytes, 0),
    facts: Object.assign({}, ...parts.map((part) => factsOf(part, reference))),
    inputs: parts.map(({ input }) => input),
  };
}

/** Named by the input; the top buffer of the reference has no name, as without the others. */
function buffersOf({ capture, label, input }: PlacedPart): CaptureBuffer[] {
  return capture.header.buffers.map((buffer) => {
    if (input.alignment.how === 'reference') return buffer;
    return { ...buffer, name: buffer.name === '' ? label : `${label}:${buffer.name}` };
  });
}

/** What decides how the whole is read keeps its name, whichever input says it. */
const DECISIVE: ReadonlySet<string> = new Set(['per-task']);

function factsOf({ capture, label }: PlacedPart, reference: PlacedPart): Record<string, string> {
  const { facts } = capture.header;
  if (capture === reference.capture) return { ...facts };
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      DECISIVE.has(name) ? name : `${label}: ${name}`,
      value,
    ]),
  );
}

/** What an input alone records is not seen after its end, though the others go on. */
function ends(parts: readonly PlacedPart[]): Loss[] {
  const recordings = parts.filter(({ input }) => !input.isLog);
  const end = Math.max(...recordings.map(endOf));
  return recordings.flatMap((part): Loss[] => {
    const { input } = part;
    const from = endOf(part);
    if (end - from <= endSlack(part) || !isAloneWithAny(part, parts)) return [];
    const buffer = input.buffers.first;
    return [{ buffer, cpu: ANY_CPU, from, to: null, events: null, kind: 'ended' }];
  });
}

function endOf({ scout, placement }: PlacedPart): number {
  return scout.last + placement.shift;
}

/** Recordings that end together do not have their last events at one moment. */
const END_SLACK_NS = 10e6;

function endSlack({ input }: PlacedPart): number {
  return END_SLACK_NS + (input.alignment.error ?? 0);
}

function isAloneWithAny({ scout, repeats, capture }: PlacedPart, parts: readonly Part[]): boolean {
  return capture.header.eventTypes.some(
    (type) =>
      (scout.counts[type.index] ?? 0) > 0 &&
      !repeats.types[type.index] &&
      !parts.some((other) => other.scout !== scout && hasType(other, type)),
  );
}

function hasType({ capture, scout }: Part, { system, name }: EventType): boolean {
  return capture.header.eventTypes.some(
    (type) => type.system === system && type.name === name && (scout.counts[type.index] ?? 0) > 0,
  );
}

function notAligned({ input, label }: PlacedPart): Problem[] {
  const { how, reason } = input.alignment;
  if (how !== 'none') return [];
  return [
    {
      code: 'unaligned-input',
      severity: 'info',
      message: `${label} is not aligned with the other inputs and analysed apart; no time in it can be compared with theirs: ${reason}`,
      count: 1,
    },
  ];
}

function repeated({ label, repeats, scout, repeatedLines, capture }: PlacedPart): Problem[] {
  const events = capture.header.eventTypes.reduce(
    (sum, { index }) => sum + (repeats.types[index] ? (scout.counts[index] ?? 0) : 0),
    repeatedLines,
  );
  if (events === 0) return [];
  return [
    {
      code: 'repeated-events',
      severity: 'info',
      message: `${label} tells ${events} events that another input of the same boot tells too: each is taken once, from the other`,
      count: 1,
    },
  ];
}

function repeatedLine(part: PlacedPart): (batch: EventBatch, i: number) => boolean {
  const isLine = part.capture.header.eventTypes.map(isConsole);
  return (batch, i) => {
    if (!isLine[batch.type[i] as number]) return false;
    const known = part.repeats.isLineKnown(lineText(batch.fields(i)), batch.ts[i] as number);
    if (known) part.repeatedLines += 1;
    return known;
  };
}
