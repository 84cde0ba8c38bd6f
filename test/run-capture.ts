/** Reads a capture as the pass does, but keeps the object rows in memory. */
import { lifetimes } from '../src/analyzers/lifetimes/index.ts';
import { createLiveObjects } from '../src/analyzers/lifetimes/live-objects.ts';
import type { Occurrence, OccurrenceKind } from '../src/kernel/occurrence.ts';
import { createRecogniser, type Recogniser } from '../src/kernel/recognise.ts';
import { openCapture } from '../src/parsers/detect.ts';
import type { EventType } from '../src/parsers/parser.ts';
import type { Row, Table } from '../src/store/table.ts';

export interface Objects {
  readonly recogniser: Recogniser;
  /** Relative ns of the last selected event. */
  readonly last: number;
  /** Tables in the order they are declared. */
  readonly tables: ReadonlyMap<Table, readonly Row[]>;
  /** Rows of the table of that name, by id. */
  rows(table: string): readonly Row[];
}

type Handler = (occurrence: Occurrence) => void;

export function objectsOf(path: string): Objects {
  const capture = openCapture(path);
  const recogniser = createRecogniser(capture.header, (address) => capture.symbol(address));
  const tables = new Map<Table, Row[]>();
  const ids = new Map<Table, number>();
  const context = {
    emit: (table: Table, row: Row) => void tables.get(table)?.push(row),
    nextId: (table: Table) => {
      const id = (ids.get(table) ?? 0) + 1;
      ids.set(table, id);
      return id;
    },
    live: createLiveObjects((tid) => capture.comm(tid)),
    lossBetween: (from: number | null, to: number | null) =>
      capture.losses.some(
        (loss) =>
          (loss.from ?? Number.NEGATIVE_INFINITY) <= (to ?? Number.POSITIVE_INFINITY) &&
          (loss.to ?? Number.POSITIVE_INFINITY) >= (from ?? Number.NEGATIVE_INFINITY),
      ),
    losses: capture.losses,
  };
  const trackers = lifetimes.map((lifetime) => {
    for (const table of lifetime.tables) tables.set(table, []);
    return lifetime.track(context);
  });
  const handlers = new Map<OccurrenceKind, Handler[]>();
  for (const tracker of trackers) {
    for (const [kind, handler] of Object.entries(tracker.on)) {
      const list = handlers.get(kind as OccurrenceKind) ?? [];
      list.push(handler as Handler);
      handlers.set(kind as OccurrenceKind, list);
    }
  }
  let last = 0;
  const types = capture.header.eventTypes;
  for (const batch of capture.batches({ select: (type) => recogniser.select(type) })) {
    for (let i = 0; i < batch.length; i += 1) {
      const [event = 0, ts = 0, cpu = 0, tid = 0, index = 0] = [
        batch.id[i],
        batch.ts[i],
        batch.cpu[i],
        batch.tid[i],
        batch.type[i],
      ];
      last = ts;
      const type = types[index] as EventType;
      const occurrence = recogniser.recognise(type, batch.fields(i), { event, ts, cpu, tid });
      if (!occurrence) continue;
      for (const handler of handlers.get(occurrence.kind) ?? []) handler(occurrence);
    }
  }
  for (const tracker of trackers) tracker.finish(last);
  capture.close();
  const rows = (name: string): readonly Row[] => {
    for (const [table, list] of tables) {
      if (table.name === name) return list.toSorted((a, b) => a.id - b.id);
    }
    return [];
  };
  return { recogniser, last, tables, rows };
}
