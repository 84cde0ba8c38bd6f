import { EVENT_COLUMNS, type EventTable, fieldsOfRow } from './event-table.ts';
import type { StoreReader } from './reader.ts';
import { identifier } from './sql.ts';
import { type StoredEvent, storedEventTables } from './stored-events.ts';

/** All stored events in the order of time, one at a time. */
export function* walkEvents(store: StoreReader): Generator<StoredEvent, void, undefined> {
  const waiting: { next: StoredEvent; readonly rest: Iterator<StoredEvent> }[] = [];
  for (const table of storedEventTables(store)) {
    const rest = eventsOf(store, table);
    const { value, done } = rest.next();
    if (!done) waiting.push({ next: value, rest });
  }
  for (;;) {
    const [first] = waiting;
    if (!first) return;
    // ids are ordinals in time
    let earliest = first;
    for (const one of waiting) if (one.next.id < earliest.next.id) earliest = one;
    yield earliest.next;
    const { value, done } = earliest.rest.next();
    if (done) waiting.splice(waiting.indexOf(earliest), 1);
    else earliest.next = value;
  }
}

function* eventsOf(store: StoreReader, table: EventTable): Generator<StoredEvent, void, undefined> {
  const columns = [...EVENT_COLUMNS, ...table.columns.map(({ column }) => column)];
  const { rows } = store.table(
    `SELECT ${columns.map(identifier).join(', ')} FROM ${identifier(table.name)} ORDER BY id`,
  );
  for (const row of rows) {
    yield {
      id: Number(row[0]),
      ts: Number(row[1]),
      cpu: Number(row[2]),
      tid: Number(row[3]),
      buffer: Number(row[4]),
      type: table.type,
      fields: fieldsOfRow(table, row, EVENT_COLUMNS.length),
    };
  }
}
