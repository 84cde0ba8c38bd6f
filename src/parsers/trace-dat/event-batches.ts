import type { Decode } from '../event-format/decoder.ts';
import type { EventBatch, EventType, EventTypeCount, ReadOptions } from '../parser.ts';
import { progressOf } from '../read-options.ts';
import { type CpuStream, EVENT, type Step } from './cpu-stream.ts';
import { type CommonFields, Rows } from './rows.ts';
import { StreamHeap } from './stream-heap.ts';

/** common_type is 16 bits wide. */
const IDS = 65_536;

export interface MergeInput {
  readonly streams: readonly CpuStream[];
  readonly eventTypes: readonly EventType[];
  readonly common: CommonFields;
  decoder(type: number): Decode;
}

/** What the walk adds up, complete when it has ended. */
export interface MergeTotals {
  /** By event type. */
  readonly counts: EventTypeCount[];
  /** Events whose common_type no format describes, by that number. */
  readonly unknown: Map<number, number>;
}

/**
 * Walks all CPUs in time order. A batch ends when it is full, or when the chunk of a CPU has to be
 * overwritten: until then its events are decoded straight from the chunk.
 */
export function* mergedBatches(
  input: MergeInput,
  totals: MergeTotals,
  options: ReadOptions,
): Generator<EventBatch, void, undefined> {
  const rows = new Rows(input.common, input.decoder);
  const walk = new Walk(input.eventTypes, rows, options);
  const heap = new StreamHeap(input.streams);
  const progress = progressOf(() => consumedOf(input.streams), options);
  try {
    for (let stream = heap.first; stream; stream = heap.first) {
      const step = walk.run(stream, heap.limit, heap.isFirstAtTie);
      if (rows.isFull || (step !== EVENT && rows.length > 0)) {
        yield rows;
        rows.length = 0;
      }
      if (step === EVENT || (stream.refill() && stream.next())) heap.moved();
      else heap.finished();
      if (step !== EVENT) progress();
    }
    if (rows.length > 0) yield rows;
  } finally {
    walk.addTo(totals);
  }
}

/** Counts every event and keeps those asked for; the innermost loop of the program. */
class Walk {
  readonly #rows: Rows;
  readonly #typeOfId = new Int32Array(IDS).fill(-1);
  readonly #isWanted: Uint8Array;
  readonly #counts: Float64Array;
  readonly #first: Float64Array;
  readonly #last: Float64Array;
  readonly #unknown = new Map<number, number>();
  #ordinal = 0;

  constructor(types: readonly EventType[], rows: Rows, { select }: ReadOptions) {
    this.#rows = rows;
    this.#isWanted = new Uint8Array(types.length);
    this.#counts = new Float64Array(types.length);
    this.#first = new Float64Array(types.length);
    this.#last = new Float64Array(types.length);
    for (const type of types) {
      if (type.id < IDS) this.#typeOfId[type.id] = type.index;
      this.#isWanted[type.index] = !select || select(type) === 'rows' ? 1 : 0;
    }
  }

  /** Takes events of one CPU until another is due, the batch is full or the chunk is used up. */
  run(stream: CpuStream, limit: number, isFirstAtTie: boolean): Step {
    const rows = this.#rows;
    let step: Step;
    do {
      this.#ordinal++;
      const type = this.#typeOfId[stream.id] as number;
      if (type < 0) {
        this.#unknown.set(stream.id, (this.#unknown.get(stream.id) ?? 0) + 1);
      } else {
        const events = this.#counts[type] as number;
        if (events === 0) this.#first[type] = stream.time;
        this.#counts[type] = events + 1;
        this.#last[type] = stream.time;
        if (this.#isWanted[type] === 1) rows.add(stream, type, this.#ordinal);
      }
      step = stream.advance();
    } while (
      step === EVENT &&
      !rows.isFull &&
      (stream.time < limit || (isFirstAtTie && stream.time === limit))
    );
    return step;
  }

  addTo({ counts, unknown }: MergeTotals): void {
    this.#counts.forEach((events, type) => {
      if (events === 0) return;
      counts[type] = {
        events,
        first: this.#first[type] as number,
        last: this.#last[type] as number,
      };
    });
    for (const [id, events] of this.#unknown) unknown.set(id, events);
  }
}

function consumedOf(streams: readonly CpuStream[]): number {
  let bytes = 0;
  for (const stream of streams) bytes += stream.consumed;
  return bytes;
}
