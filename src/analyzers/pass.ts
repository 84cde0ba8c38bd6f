/**
 * The one pass over a capture: every selected event becomes a row, and what it means drives the
 * lifetimes while it is in hand. Reading rows back later would cost eight times the parsing.
 */
import { setImmediate } from 'node:timers/promises';
import type { Occurrence, OccurrenceKind } from '../kernel/occurrence.ts';
import type { Capture, EventBatch, EventType } from '../parsers/parser.ts';
import type { Row, Table } from '../store/table.ts';
import type { StoreWriter } from '../store/writer.ts';
import type { Lifetime, LifetimeContext, Tracker } from './lifetimes/lifetime.ts';
import { createLiveObjects } from './lifetimes/live-objects.ts';
import { LossIndex } from './loss-index.ts';
import { type Boot, endOfRecording, type Recognition } from './recognition.ts';

export interface PassOptions {
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((bytesRead: number) => void) | undefined;
}

type Handler = (occurrence: Occurrence) => void;

/** The event loop is let in this often, so that Ctrl-C is heard. */
const BREATHE_MS = 100;

/** The state machines of one boot: another's pids and pointers mean nothing to them. */
interface Machine {
  readonly recogniser: Boot['recogniser'];
  readonly trackers: readonly Tracker[];
  readonly handlers: ReadonlyMap<OccurrenceKind, readonly Handler[]>;
}

export class Pass {
  readonly #capture: Capture;
  readonly #writer: StoreWriter;
  readonly #everything: boolean;
  /** By event type index: whether the catalogue knows the type. */
  readonly #known: readonly boolean[];
  /** By boot. */
  readonly #machines: readonly Machine[];
  /** By buffer. */
  readonly #machineOf: readonly Machine[];
  readonly #losses = new LossIndex([]);

  constructor(
    capture: Capture,
    writer: StoreWriter,
    recognition: Recognition,
    lifetimes: readonly Lifetime[],
    everything: boolean,
  ) {
    this.#capture = capture;
    this.#writer = writer;
    this.#everything = everything;
    this.#known = capture.header.eventTypes.map((type) => recognition.select(type) === 'rows');
    const ids = new Map<string, number>();
    this.#machines = recognition.boots.map(({ recogniser, buffer }): Machine => {
      const context = lifetimeContext(capture, writer, buffer, ids, this.#losses);
      const trackers = lifetimes.map((lifetime) => lifetime.track(context));
      return { recogniser, trackers, handlers: handlersByKind(trackers) };
    });
    this.#machineOf = recognition.bootOf.map((boot) => this.#machines[boot] as Machine);
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
    this.#machines.forEach((machine, boot) => {
      machine.recogniser.flush();
      handle(machine, machine.recogniser.next());
      const end = endOfRecording(this.#capture, boot);
      for (const tracker of machine.trackers) tracker.finish(end);
    });
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
      const buffer = batch.buffer[i] as number;
      if (this.#known[typeIndex]) {
        const type = types[typeIndex] as EventType;
        const machine = this.#machineOf[buffer] ?? (this.#machines[0] as Machine);
        const moment = { event: id, ts, cpu, tid };
        handle(machine, machine.recogniser.recognise(type, fields, moment, buffer));
        // asked right after recognise: the answer is about that very event
        if (!this.#everything && !machine.recogniser.keepRow(type, fields)) continue;
      }
      this.#writer.insertEvent(typeIndex, id, ts, cpu, tid, buffer, fields);
    }
  }
}

/** Hands on an occurrence and whatever the recogniser has besides. */
function handle({ recogniser, handlers }: Machine, first: Occurrence | undefined): void {
  for (let one = first; one !== undefined; one = recogniser.next()) {
    const list = handlers.get(one.kind);
    if (list === undefined) continue;
    for (const handler of list) handler(one);
  }
}

/** `ids` are shared by the boots: their objects are rows of the same tables. */
function lifetimeContext(
  capture: Capture,
  writer: StoreWriter,
  buffer: number,
  ids: Map<string, number>,
  losses: LossIndex,
): LifetimeContext {
  return {
    emit: (table: Table, row: Row) => writer.insert(table, row),
    nextId: (table: Table) => {
      const id = (ids.get(table.name) ?? 0) + 1;
      ids.set(table.name, id);
      return id;
    },
    live: createLiveObjects((tid) => capture.comm(tid, buffer)),
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
