import type { Decode } from '../event-format/decoder.ts';
import type { EventBatch, EventType, EventTypeCount, Fields, ReadOptions } from '../parser.ts';
import { type CpuStream, EVENT } from './cpu-stream.ts';
import { StreamHeap } from './merge.ts';

const ROWS_PER_BATCH = 8192;
const PROGRESS_BYTES = 8 * 1024 * 1024;
const IDS = 65_536;

/** Where the common fields of every record stand (struct trace_entry, include/linux/trace_events.h). */
export interface CommonFields {
  readonly pid: number;
  readonly flags: number;
  readonly preemptCount: number;
}

export interface MergeInput {
  readonly streams: readonly CpuStream[];
  readonly eventTypes: readonly EventType[];
  readonly common: CommonFields;
  decoder(type: number): Decode;
}

/** What the walk adds up, complete when it has ended. */
export interface MergeTotals {
  readonly counts: EventTypeCount[];
  /** Events whose common_type no format describes, by that number. */
  readonly unknown: Map<number, number>;
}

/** The columns of a batch; one object serves the whole capture. */
class Rows implements EventBatch {
  length = 0;
  readonly id: Float64Array = new Float64Array(ROWS_PER_BATCH);
  readonly ts: Float64Array = new Float64Array(ROWS_PER_BATCH);
  readonly cpu: Int32Array = new Int32Array(ROWS_PER_BATCH);
  readonly tid: Int32Array = new Int32Array(ROWS_PER_BATCH);
  readonly type: Int32Array = new Int32Array(ROWS_PER_BATCH);
  readonly buffer: Int32Array = new Int32Array(ROWS_PER_BATCH);
  readonly #views: DataView[] = new Array<DataView>(ROWS_PER_BATCH);
  readonly #heads = new Int32Array(ROWS_PER_BATCH);
  readonly #sizes = new Int32Array(ROWS_PER_BATCH);
  readonly #input: MergeInput;
  readonly #decoders: (Decode | undefined)[] = [];

  constructor(input: MergeInput) {
    this.#input = input;
  }

  add(stream: CpuStream, type: number, ordinal: number): void {
    const row = this.length++;
    const { shape, view, head, headSize } = stream;
    this.id[row] = ordinal;
    this.ts[row] = stream.time;
    this.cpu[row] = shape.cpu;
    this.type[row] = type;
    this.buffer[row] = shape.buffer;
    this.#views[row] = view;
    this.#heads[row] = head;
    this.#sizes[row] = headSize;
    const { pid } = this.#input.common;
    this.tid[row] = headSize >= pid + 4 ? view.getInt32(head + pid, shape.littleEndian) : -1;
  }

  fields(i: number): Fields {
    const type = this.type[i] as number;
    let decode = this.#decoders[type];
    if (!decode) {
      decode = this.#input.decoder(type);
      this.#decoders[type] = decode;
    }
    return decode(this.#views[i] as DataView, this.#heads[i] as number, this.#sizes[i] as number);
  }

  flags(i: number): number {
    const { flags, preemptCount } = this.#input.common;
    const view = this.#views[i] as DataView;
    const head = this.#heads[i] as number;
    const size = this.#sizes[i] as number;
    if (size <= Math.max(flags, preemptCount)) return 0;
    return view.getUint8(head + flags) | (view.getUint8(head + preemptCount) << 8);
  }
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
  const { streams, eventTypes } = input;
  const typeOfId = new Int32Array(IDS).fill(-1);
  const wanted = new Uint8Array(eventTypes.length);
  for (const type of eventTypes) {
    if (type.id >= 0 && type.id < IDS) typeOfId[type.id] = type.index;
    wanted[type.index] = (options.select?.(type) ?? 'rows') === 'rows' ? 1 : 0;
  }
  const counts = new Float64Array(eventTypes.length);
  const first = new Float64Array(eventTypes.length).fill(Number.NaN);
  const last = new Float64Array(eventTypes.length);
  const rows = new Rows(input);
  const heap = new StreamHeap(streams);
  const progress = progressOf(streams, options);
  let ordinal = 0;
  try {
    for (let stream = heap.first; stream; stream = heap.first) {
      const limit = heap.limit;
      const isFirstAtTie = heap.isFirstAtTie;
      let step: number = EVENT;
      do {
        const type = typeOfId[stream.id] as number;
        ordinal++;
        if (type < 0) {
          totals.unknown.set(stream.id, (totals.unknown.get(stream.id) ?? 0) + 1);
        } else {
          const events = counts[type] as number;
          if (events === 0) first[type] = stream.time;
          counts[type] = events + 1;
          last[type] = stream.time;
          if (wanted[type] === 1) {
            rows.add(stream, type, ordinal);
            if (rows.length === ROWS_PER_BATCH) {
              yield rows;
              rows.length = 0;
            }
          }
        }
        step = stream.advance();
      } while (step === EVENT && (stream.time < limit || (isFirstAtTie && stream.time === limit)));
      if (step === EVENT) {
        heap.moved();
        continue;
      }
      if (rows.length > 0) {
        yield rows;
        rows.length = 0;
      }
      if (nextEvent(stream)) heap.moved();
      else heap.finished();
      progress();
    }
    if (rows.length > 0) yield rows;
  } finally {
    eventTypes.forEach(({ index }) => {
      const events = counts[index] as number;
      totals.counts[index] = {
        events,
        first: events === 0 ? null : (first[index] as number),
        last: events === 0 ? null : (last[index] as number),
      };
    });
  }
}

/** Refills until there is an event; false at the CPU's end. */
function nextEvent(stream: CpuStream): boolean {
  while (stream.refill()) {
    if (stream.advance() === EVENT) return true;
  }
  return false;
}

function progressOf(streams: readonly CpuStream[], { onProgress }: ReadOptions): () => void {
  if (!onProgress) return () => {};
  let reported = 0;
  return () => {
    let consumed = 0;
    for (const stream of streams) consumed += stream.consumed;
    if (consumed - reported < PROGRESS_BYTES) return;
    reported = consumed;
    onProgress(consumed);
  };
}
