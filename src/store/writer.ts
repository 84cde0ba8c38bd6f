/**
 * Writes a store: everything goes into a temporary file beside the final path, without a journal
 * and in one transaction; the file gets its final name when it is whole. Whatever ends the load
 * early leaves no database behind.
 */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { TraceError } from '../errors.ts';
import type { EventType, Fields } from '../parsers/parser.ts';
import { BulkInsert } from './bulk-insert.ts';
import {
  type BindFields,
  compileBindFields,
  createEventTableSql,
  describeEventTable,
  EVENT_COLUMNS,
  type EventTable,
} from './event-table.ts';
import { createEventViewSql } from './event-view.ts';
import { type BindRow, compileBindRow } from './row-binder.ts';
import { schemaTables } from './schema.ts';
import { createIndexSql, createTableSql, UniqueNames } from './sql.ts';
import { storeError } from './store-error.ts';
import type { Row, Table } from './table.ts';

interface EventRows {
  readonly table: EventTable;
  readonly insert: BulkInsert;
  readonly bind: BindFields;
}

interface ObjectRows {
  readonly table: Table;
  readonly insert: BulkInsert;
  readonly bind: BindRow;
}

export class StoreWriter {
  /** For reading what was written so far; call {@link flush} first. */
  readonly db: Database.Database;
  readonly #path: string | undefined;
  readonly #temporary: string;
  readonly #eventTypes: readonly EventType[];
  readonly #names: UniqueNames;
  /** By event type index. */
  readonly #events: (EventRows | undefined)[] = [];
  readonly #objects = new Map<string, ObjectRows>();

  /**
   * @param path final path; undefined makes a store without a name that is gone when closed.
   * @throws TraceError when nothing can be written there.
   */
  constructor(
    path: string | undefined,
    eventTypes: readonly EventType[],
    tables: readonly Table[],
  ) {
    this.#path = path;
    this.#temporary = path === undefined ? '' : `${path}.${process.pid}.tmp`;
    this.#eventTypes = eventTypes;
    const declared = [...schemaTables, ...tables];
    this.#names = new UniqueNames(['event', ...declared.map((table) => table.name)]);
    this.db = createDatabase(this.#temporary, path);
    try {
      for (const table of declared) {
        this.db.exec(createTableSql(table));
        const insert = new BulkInsert(this.db, table.name, table.columns.length + 1);
        this.#objects.set(table.name, { table, insert, bind: compileBindRow(table) });
      }
    } catch (error) {
      this.abort();
      throw storeError(error, path ?? 'temporary database');
    }
  }

  /** Makes the table of an event type even if none of its events occurs. */
  declareEvent(typeIndex: number): void {
    this.#eventRows(typeIndex);
  }

  /** The table of an event type; undefined when it has none. */
  eventTable(typeIndex: number): EventTable | undefined {
    return this.#events[typeIndex]?.table;
  }

  get eventTables(): readonly EventTable[] {
    return this.#events.flatMap((rows) => (rows ? [rows.table] : []));
  }

  insertEvent(
    typeIndex: number,
    id: number,
    ts: number,
    cpu: number,
    tid: number,
    buffer: number,
    fields: Fields,
  ): void {
    const rows = this.#events[typeIndex] ?? this.#eventRows(typeIndex);
    const insert = rows.insert;
    const parameters = insert.parameters;
    const at = insert.at;
    parameters[at] = id;
    parameters[at + 1] = ts;
    parameters[at + 2] = cpu;
    parameters[at + 3] = tid;
    parameters[at + 4] = buffer;
    rows.bind(parameters, at + 5, fields);
    insert.added();
  }

  /** One row of a declared table. Unsigned 64-bit values are stored as in event tables. */
  insert(table: Table, row: Row): void {
    const rows = this.#objects.get(table.name);
    if (!rows) throw new Error(`table ${table.name} is not declared`);
    const { insert } = rows;
    rows.bind(insert.parameters, insert.at, row);
    insert.added();
  }

  /** Everything inserted so far can be read. */
  flush(): void {
    for (const rows of this.#events) rows?.insert.flush();
    for (const rows of this.#objects.values()) rows.insert.flush();
  }

  /** No more events and objects: indexes and the view `event` are made. */
  loaded(): void {
    this.flush();
    for (const { table } of this.#objects.values()) {
      for (const sql of createIndexSql(table)) this.db.exec(sql);
    }
    for (const sql of createEventViewSql(this.eventTables, this.#names)) this.db.exec(sql);
  }

  /**
   * Completes the store and gives it its name. A nameless one stays open for reading until
   * {@link abort}.
   */
  finish(): void {
    this.flush();
    this.db.exec('COMMIT');
    if (this.#path === undefined) return;
    this.db.close();
    sync(this.#temporary);
    renameSync(this.#temporary, this.#path);
  }

  /** Gives up: nothing stays behind. */
  abort(): void {
    if (this.db.open) this.db.close();
    if (this.#temporary !== '') rmSync(this.#temporary, { force: true });
  }

  #eventRows(typeIndex: number): EventRows {
    const existing = this.#events[typeIndex];
    if (existing) return existing;
    const type = this.#eventTypes[typeIndex];
    if (!type) throw new Error(`no event type ${typeIndex}`);
    const table = describeEventTable(type, this.#names);
    this.db.exec(createEventTableSql(table));
    const width = EVENT_COLUMNS.length + table.columns.length;
    const rows = {
      table,
      insert: new BulkInsert(this.db, table.name, width),
      bind: compileBindFields(table),
    };
    this.#events[typeIndex] = rows;
    return rows;
  }
}

function createDatabase(temporary: string, path: string | undefined): Database.Database {
  try {
    if (path !== undefined && existsSync(path) && !statSync(path).isFile()) {
      throw new TraceError(`${path} is no regular file`, { hint: 'give another -o path' });
    }
    rmSync(temporary, { force: true });
    const db = new Database(temporary);
    // a broken load is thrown away whole, so nothing has to be undone; SQLite's defensive mode, which
    // better-sqlite3 turns on, ignores journal_mode = OFF
    db.unsafeMode();
    db.pragma('journal_mode = OFF');
    db.pragma('synchronous = OFF');
    db.pragma('locking_mode = EXCLUSIVE');
    db.exec('BEGIN');
    return db;
  } catch (error) {
    throw storeError(missingDirectory(error, path), path ?? 'temporary database');
  }
}

/** better-sqlite3 reports a missing directory as a TypeError of its own. */
function missingDirectory(error: unknown, path: string | undefined): unknown {
  if (!(error instanceof TypeError)) return error;
  return new TraceError(`${path}: no such directory`, { hint: 'create it first', cause: error });
}

function sync(path: string): void {
  const fd = openSync(path, 'r+');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
