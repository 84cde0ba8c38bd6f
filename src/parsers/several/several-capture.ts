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
import type { Placement } from './align.ts';
import { type MergeSource, mergedBatches } from './merged-batches.ts';
import { headerOf, type Part, type PlacedPart, place } from './parts.ts';
import { ends, remarks } from './remarks.ts';
import { isConsole, lineText, type Scout } from './scout.ts';

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
    return this.#parts.flatMap(({ capture, scout, placement }) =>
      (scout.buffer === undefined ? capture.counts : countsOf(scout)).map(
        ({ events, first, last }) => ({
          events,
          first: moved(first, placement),
          last: moved(last, placement),
        }),
      ),
    );
  }

  get losses(): readonly Loss[] {
    // what a log lacks takes nothing from what the recordings show; its problems tell of it
    const recordings = this.#parts.filter(({ input }) => !input.isLog);
    const own = recordings.flatMap(({ capture, placement, input }) =>
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
      ...remarks(part),
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
        isLeftOut: leftOut(part),
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

/** Of one boot of a log, which has lines only. */
function countsOf({ counts, first, last }: Scout): EventTypeCount[] {
  return counts.map((events) => ({ events, first, last }));
}

function moved(ts: number | null, { shift }: Placement): number | null {
  return ts === null ? null : ts + shift;
}

/** Lines of other boots, and those another input has. */
function leftOut(part: PlacedPart): (batch: EventBatch, i: number) => boolean {
  const isLine = part.capture.header.eventTypes.map(isConsole);
  const { buffer } = part.scout;
  return (batch, i) => {
    if (buffer !== undefined && batch.buffer[i] !== buffer) return true;
    if (!isLine[batch.type[i] as number]) return false;
    const known = part.repeats.isLineKnown(lineText(batch.fields(i)), batch.ts[i] as number);
    if (known) part.repeatedLines += 1;
    return known;
  };
}
