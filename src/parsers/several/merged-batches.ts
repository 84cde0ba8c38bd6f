import { BatchRows } from '../batch-rows.ts';
import type { Caller, EventBatch, Fields } from '../parser.ts';

/** One input as the merge sees it. */
export interface MergeSource {
  readonly batches: Iterator<EventBatch>;
  /** ns added to its stamps. */
  readonly shift: number;
  /** Added to its event type and buffer indices. */
  readonly types: number;
  readonly buffers: number;
  /** Whether an event of its batch is to be passed over; absent = none is. */
  readonly isLeftOut?: (batch: EventBatch, i: number) => boolean;
}

interface Cursor extends MergeSource {
  readonly index: number;
  batch: EventBatch;
  at: number;
  /** The id of its last event that was handed on. */
  id: number;
}

const CAPACITY = 4096;

/**
 * The events of several inputs in the order of their aligned times; events of one input stay in its
 * order. A batch ends where one of the inputs' own batches does, as those are gone then.
 */
export function* mergedBatches(sources: readonly MergeSource[]): Generator<EventBatch> {
  const cursors: Cursor[] = [];
  sources.forEach((source, index) => {
    const { value, done } = source.batches.next();
    if (!done) cursors.push({ ...source, index, batch: value, at: 0, id: 0 });
  });
  const rows = new MergedRows(sources.length);
  while (cursors.length > 0) {
    const spent = fill(rows, cursors);
    if (rows.length > 0) yield rows;
    if (!spent) continue;
    const { value, done } = spent.batches.next();
    if (done) cursors.splice(cursors.indexOf(spent), 1);
    else {
      spent.batch = value;
      spent.at = 0;
    }
  }
}

/** The cursor whose batch is used up, if it is not the rows that are full. */
function fill(rows: MergedRows, cursors: readonly Cursor[]): Cursor | undefined {
  rows.begin(cursors);
  for (;;) {
    const cursor = earliest(cursors);
    if (cursor.at >= cursor.batch.length) return cursor;
    if (rows.isFull) return undefined;
    rows.take(cursor);
  }
}

/** An empty batch comes first: it is to be replaced. */
function earliest(cursors: readonly Cursor[]): Cursor {
  let best = cursors[0] as Cursor;
  let bestTs = nextTs(best);
  for (let n = 1; n < cursors.length; n += 1) {
    const cursor = cursors[n] as Cursor;
    const ts = nextTs(cursor);
    if (ts >= bestTs) continue;
    best = cursor;
    bestTs = ts;
  }
  return best;
}

function nextTs({ batch, at, shift }: Cursor): number {
  return at < batch.length ? (batch.ts[at] as number) + shift : Number.NEGATIVE_INFINITY;
}

class MergedRows extends BatchRows {
  /** Which input's batch, and where in it. */
  readonly #source = new Uint16Array(CAPACITY);
  readonly #place = new Int32Array(CAPACITY);
  readonly #batches: (EventBatch | undefined)[];
  /** Of all inputs together: what each of them passed over counts as coming before its next event. */
  #ordinal = 0;

  constructor(sources: number) {
    super(CAPACITY);
    this.#batches = Array.from({ length: sources }, () => undefined);
  }

  begin(cursors: readonly Cursor[]): void {
    this.length = 0;
    for (const { index, batch } of cursors) this.#batches[index] = batch;
  }

  take(cursor: Cursor): void {
    const { batch, at, index } = cursor;
    cursor.at += 1;
    this.#ordinal += (batch.id[at] as number) - cursor.id;
    cursor.id = batch.id[at] as number;
    if (cursor.isLeftOut?.(batch, at)) return;
    const n = this.length;
    this.length += 1;
    this.id[n] = this.#ordinal;
    this.ts[n] = (batch.ts[at] as number) + cursor.shift;
    this.cpu[n] = batch.cpu[at] as number;
    this.tid[n] = batch.tid[at] as number;
    this.type[n] = (batch.type[at] as number) + cursor.types;
    this.buffer[n] = (batch.buffer[at] as number) + cursor.buffers;
    this.#source[n] = index;
    this.#place[n] = at;
  }

  fields(i: number): Fields {
    return this.#batchOf(i).fields(this.#place[i] as number);
  }

  flags(i: number): number {
    return this.#batchOf(i).flags(this.#place[i] as number);
  }

  callchain(i: number): readonly Caller[] {
    return this.#batchOf(i).callchain?.(this.#place[i] as number) ?? [];
  }

  #batchOf(i: number): EventBatch {
    return this.#batches[this.#source[i] as number] as EventBatch;
  }
}
