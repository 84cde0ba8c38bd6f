/** Reads single events back from their typed tables. */
import type { EventType, Field, Fields } from '../parsers/parser.ts';
import { EVENT_COLUMNS, type EventTable, fieldsOfRow } from './event-table.ts';
import type { StoreReader } from './reader.ts';
import { identifier } from './sql.ts';

export interface StoredEvent {
  readonly id: number;
  readonly ts: number;
  readonly cpu: number;
  readonly tid: number;
  readonly buffer: number;
  readonly type: EventType;
  readonly fields: Fields;
}

interface EventTypeRow {
  readonly id: number;
  readonly system: string;
  readonly name: string;
  readonly type_id: number;
  readonly table_name: string;
  readonly print_format: string;
  readonly fields: string;
}

/** A field as `event_type.fields` describes it. */
export type StoredField = Field & { readonly column: string };

/** The typed tables of a store, as its own `event_type` table describes them. */
export function storedEventTables(store: StoreReader): EventTable[] {
  const rows = store.all<EventTypeRow>('SELECT * FROM event_type WHERE table_name IS NOT NULL');
  return rows.map((row) => {
    const fields = JSON.parse(row.fields) as StoredField[];
    return {
      name: row.table_name,
      columns: fields.map(({ column, ...field }) => ({ column, field })),
      type: {
        index: row.id,
        id: row.type_id,
        system: row.system,
        name: row.name,
        printFormat: row.print_format,
        fields: fields.map(({ column: _, ...field }) => field),
      },
    };
  });
}

/** The events with these ids, by id; ids without a row are missing from the map. */
export function readEvents(store: StoreReader, ids: Iterable<number>): Map<number, StoredEvent> {
  const events = new Map<number, StoredEvent>();
  const wanted = JSON.stringify([...new Set(ids)]);
  for (const table of storedEventTables(store)) {
    const columns = [...EVENT_COLUMNS, ...table.columns.map(({ column }) => column)];
    const list = columns.map(identifier).join(', ');
    const rows = store.db
      .prepare(
        `SELECT ${list} FROM ${identifier(table.name)} WHERE id IN (SELECT value FROM json_each(?))`,
      )
      .safeIntegers()
      .raw()
      .all(wanted) as unknown[][];
    for (const row of rows) {
      const id = Number(row[0]);
      events.set(id, {
        id,
        ts: Number(row[1]),
        cpu: Number(row[2]),
        tid: Number(row[3]),
        buffer: Number(row[4]),
        type: table.type,
        fields: fieldsOfRow(table, row, EVENT_COLUMNS.length),
      });
    }
  }
  return events;
}
