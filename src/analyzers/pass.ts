/**
 * The one pass over a capture: every selected event becomes a row, and what it means drives the
 * lifetimes while it is in hand. Reading rows back later would cost eight times the parsing.
 */
import { setImmediate } from 'node:timers/promises';
import type { Moment, Occurrence, OccurrenceKind } from '../kernel/occurrence.ts';
import type { Recogniser } from '../kernel/recognise.ts';
import type { Capture, EventBatch, EventType, Fields } from '../parsers/parser.ts';
import type { Row, Table } from '../store/table.ts';
import type { StoreWriter } from '../store/writer.ts';
import type { Lifetime, LifetimeContext, Tracker } from './lifetimes/lifetime.ts';
import type { LiveObjects } from './lifetimes/live-objects.ts';
import { LossIndex } from './loss-index.ts';

export interface PassOptions {
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((bytesRead: number) => void) | undefined;
}

type Handler = (occurrence: Occurrence) => void;

/** The event loop is let in this often, so that Ctrl-C is heard. */
const BREATHE_MS = 100;

export class Pass {
  readonly #capture: Capture;
  readonly #writer: StoreWriter;
  readonly #recogniser: Recogniser;
  readonly #everything: boolean;
  /** By event type index: whether the catalogue knows the type. */
  readonly #known: readonly boolean[];
  readonly #trackers: readonly Tracker[];
  readonly #handlers: ReadonlyMap<OccurrenceKind, readonly Handler[]>;
  readonly #losses = new LossIndex([]);

  constructor(
    capture: Capture,
    writer: StoreWriter,
    recogniser: Recogniser,
    lifetimes: readonly Lifetime[],
    live: LiveObjects,
    everything: boolean,
  ) {
    this.#capture = capture;
    this.#writer = writer;
    this.#recogniser = recogniser;
    this.#everything = everything;
    this.#known = capture.header.eventTypes.map((type) => recogniser.select(type) === 'rows');
    const context = lifetimeContext(capture, writer, live, this.#losses);
    this.#trackers = lifetimes.map((lifetime) => lifetime.track(context));
    this.#handlers = handlersByKind(this.#trackers);
  }

  /** Whether events of this type become rows. */
  selected(typeIndex: number): boolean {
    return this.#everything || this.#known[typeIndex] === true;
  }

  /** Reads the capture to its end. @throws the signal's reason when it is aborted. */
  async run(options: PassOptions): Promise<void> {
    this.#known.forEach((known, index) => {
      if (known) this.#writer.declareEvent(index);
    });
    let breatheAt = performance.now() + BREATHE_MS;
    const batches = this.#capture.batches({
      select: (type) => (this.selected(type.index) ? 'rows' : 'count'),
      ...(options.onProgress ? { onProgress: options.onProgress } : {}),
    });
    for (const batch of batches) {
      // those up to the end of the batch are known now
      this.#losses.replace(this.#capture.losses);
      this.#consume(batch);
      if (performance.now() < breatheAt) continue;
      await setImmediate();
      options.signal?.throwIfAborted();
      breatheAt = performance.now() + BREATHE_MS;
    }
    options.signal?.throwIfAborted();
    this.#losses.replace(this.#capture.losses);
    this.#recogniser.flush();
    this.#handle(this.#recogniser.next());
    const end = lastMoment(this.#capture);
    for (const tracker of this.#trackers) tracker.finish(end);
  }

  #consume(batch: EventBatch): void {
    const types = this.#capture.header.eventTypes;
    for (let i = 0; i < batch.length; i += 1) {
      const typeIndex = batch.type[i] as number;
      const fields = batch.fields(i);
      const id = batch.id[i] as number;
      const ts = batch.ts[i] as number;
      const cpu = batch.cpu[i] as number;
      const tid = batch.tid[i] as number;
      if (this.#known[typeIndex]) {
        const type = types[typeIndex] as EventType;
        this.#recognise(type, fields, { event: id, ts, cpu, tid }, batch.buffer[i] as number);
        // asked right after recognise: the answer is about that very event
        if (!this.#everything && !this.#recogniser.keepRow(type, fields)) continue;
      }
      this.#writer.insertEvent(typeIndex, id, ts, cpu, tid, batch.buffer[i] as number, fields);
    }
  }

  #recognise(type: EventType, fields: Fields, moment: Moment, buffer: number): void {
    this.#handle(this.#recogniser.recognise(type, fields, moment, buffer));
  }

  /** Hands on an occurrence and whatever the recogniser has besides. */
  #handle(first: Occurrence | undefined): void {
    for (let one = first; one !== undefined; one = this.#recogniser.next()) {
      const handlers = this.#handlers.get(one.kind);
      if (handlers === undefined) continue;
      for (const handler of handlers) handler(one);
    }
  }
}

/** Relative ns of the last event of the capture; 0 when there is none. */
export function lastMoment(capture: Capture): number {
  return capture.counts.reduce((last, count) => Math.max(last, count.last ?? 0), 0);
}

function lifetimeContext(
  capture: Capture,
  writer: StoreWriter,
  live: LiveObjects,
  losses: LossIndex,
): LifetimeContext {
  const ids = new Map<string, number>();
  return {
    emit: (table: Table, row: Row) => writer.insert(table, row),
    nextId: (table: Table) => {
      const id = (ids.get(table.name) ?? 0) + 1;
      ids.set(table.name, id);
      return id;
    },
    live,
    lossBetween: (from, to) => losses.lossBetween(from, to),
    get losses() {
      return capture.losses;
    },
  };
}

function handlersByKind(trackers: readonly Tracker[]): Map<OccurrenceKind, Handler[]> {
  const handlers = new Map<OccurrenceKind, Handler[]>();
  for (const tracker of trackers) {
    for (const [kind, handler] of Object.entries(tracker.on)) {
      const list = handlers.get(kind as OccurrenceKind) ?? [];
      // a handler is only ever called with occurrences of the kind it is listed under
      list.push(handler as Handler);
      handlers.set(kind as OccurrenceKind, list);
    }
  }
  return handlers;
}
