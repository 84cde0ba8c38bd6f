/**
 * Writes a store: everything goes into temporary files beside the final path, without a journal; the
 * store gets its final name when it is whole. Whatever ends the load early leaves no database behind.
 *
 * Events, of which there are millions, are written as finished pages of their tables. SQLite inserts
 * objects and facts into a side database meanwhile; when all events are there it gets their pages as
 * tables, and the rows of the side database behind them.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { TraceError } from '../errors.ts';
import type { EventType, Fields } from '../parsers/parser.ts';
import { BulkInsert } from './bulk-insert.ts';
import { EventRows } from './event-rows.ts';
import type { EventTable } from './event-table.ts';
import { createEventTableSql } from './event-table.ts';
import { createEventViewSql } from './event-view.ts';
import { PageFile } from './page-file.ts';
import { type BindRow, compileBindRow } from './row-binder.ts';
import { schemaTables } from './schema.ts';
import { createIndexSql, createTableSql, identifier, UniqueNames } from './sql.ts';
import { storeError } from './store-error.ts';
import type { Row, Table } from './table.ts';

interface ObjectRows {
  readonly table: Table;
  insert: BulkInsert;
  readonly bind: BindRow;
}

export class StoreWriter {
  #db: Database.Database;
  readonly #path: string | undefined;
  readonly #temporary: string;
  /** Made for a store without a name. */
  readonly #directory: string | undefined;
  readonly #file: PageFile;
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
    this.#eventTypes = eventTypes;
    const declared = [...schemaTables, ...tables];
    this.#names = new UniqueNames(['event', ...declared.map((table) => table.name)]);
    refuseUnfitPath(path);
    this.#directory = path === undefined ? mkdtempSync(join(tmpdir(), 'svm-trace-')) : undefined;
    this.#temporary = this.#directory ? join(this.#directory, 'db') : `${path}.${process.pid}.tmp`;
    try {
      this.#removeFiles();
      this.#file = new PageFile(this.#temporary);
      this.#db = openForLoading(this.#side);
      for (const table of declared) {
        this.#db.exec(createTableSql(table));
        const insert = new BulkInsert(this.#db, table.name, table.columns.length + 1);
        this.#objects.set(table.name, { table, insert, bind: compileBindRow(table) });
      }
    } catch (error) {
      this.#removeFiles();
      throw storeError(error, path ?? 'the temporary database');
    }
  }

  get #side(): string {
    return `${this.#temporary}-side`;
  }

  /** For reading once {@link loaded}. */
  get db(): Database.Database {
    return this.#db;
  }

  /** Makes the table of an event type even if none of its events occurs. */
  declareEvent(typeIndex: number): void {
    this.#eventRows(typeIndex);
  }

  /** The table of an event type; undefined when it has none. */
  eventTable(typeIndex: number): EventTable | undefined {
    return this.#events[typeIndex]?.table;
  }

  /** Events come with ascending ids. */
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
    rows.add(id, ts, cpu, tid, buffer, fields);
  }

  /** One row of a declared table. Unsigned 64-bit values are stored as in event tables. */
  insert(table: Table, row: Row): void {
    const rows = this.#objects.get(table.name);
    if (!rows) throw new Error(`table ${table.name} is not declared`);
    const { insert } = rows;
    rows.bind(insert.parameters, insert.at, row);
    insert.added();
  }

  /** Rows inserted so far can be read. */
  flush(): void {
    for (const rows of this.#objects.values()) rows.insert.flush();
  }

  /** No more events: they become rows; indexes and the view `event` are made. */
  loaded(): void {
    this.flush();
    this.#db.exec('COMMIT');
    this.#db.close();
    const events = this.#events.filter((rows) => rows !== undefined);
    this.#adoptPages(events);
    this.#db = openForLoading(this.#temporary);
    this.#takeSide(events);
    for (const rows of this.#objects.values()) {
      rows.insert = new BulkInsert(this.#db, rows.table.name, rows.table.columns.length + 1);
      for (const sql of createIndexSql(rows.table)) this.#db.exec(sql);
    }
    const tables = events.map(({ table }) => table);
    for (const sql of createEventViewSql(tables, this.#names)) this.#db.exec(sql);
  }

  /** SQLite makes the tables, empty; then their roots are replaced by those of the pages. */
  #adoptPages(events: readonly EventRows[]): void {
    const roots = events.map(({ pages }) => pages.finish());
    this.#file.finish();
    const db = openForLoading(this.#temporary);
    for (const { table } of this.#objects.values()) db.exec(createTableSql(table));
    for (const { table } of events) db.exec(createEventTableSql(table));
    const rootPage = db.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').pluck();
    const numbers = events.map(({ table }) => rootPage.get(table.name) as number);
    db.exec('COMMIT');
    db.close();
    roots.forEach((root, n) => {
      if (root) this.#file.replace(numbers[n] as number, root);
    });
  }

  /** Tables of equal columns, one of them empty: SQLite copies their records as they are. */
  #takeSide(events: readonly EventRows[]): void {
    this.#db.exec('COMMIT');
    this.#db.prepare('ATTACH ? AS side').run(this.#side);
    this.#db.exec('BEGIN');
    for (const { table } of this.#objects.values()) {
      const name = identifier(table.name);
      this.#db.exec(`INSERT INTO main.${name} SELECT * FROM side.${name}`);
    }
    for (const rows of events) rows.insertLongRows(this.#db, 'side');
    this.#db.exec('COMMIT; DETACH side; BEGIN');
    rmSync(this.#side, { force: true });
  }

  /**
   * Completes the store and gives it its name. A nameless one stays open for reading until
   * {@link abort}.
   */
  finish(): void {
    this.flush();
    this.#db.exec('COMMIT');
    if (this.#path === undefined) return;
    this.#db.close();
    sync(this.#temporary);
    renameSync(this.#temporary, this.#path);
  }

  /** Gives up, or closes a finished store: of what has no final name nothing stays behind. */
  abort(): void {
    if (this.#db.open) this.#db.close();
    this.#file.close();
    this.#removeFiles();
    if (this.#directory) rmSync(this.#directory, { recursive: true, force: true });
  }

  #removeFiles(): void {
    rmSync(this.#temporary, { force: true });
    rmSync(this.#side, { force: true });
  }

  #eventRows(typeIndex: number): EventRows {
    const existing = this.#events[typeIndex];
    if (existing) return existing;
    const type = this.#eventTypes[typeIndex];
    if (!type) throw new Error(`no event type ${typeIndex}`);
    const rows = new EventRows(type, this.#db, this.#file, this.#names);
    this.#events[typeIndex] = rows;
    return rows;
  }
}

/** A broken load is thrown away whole, so nothing has to be undone or safe from a crash. */
function openForLoading(path: string): Database.Database {
  const db = new Database(path);
  // SQLite's defensive mode, which better-sqlite3 turns on, ignores journal_mode = OFF
  db.unsafeMode();
  db.pragma('journal_mode = OFF');
  db.pragma('synchronous = OFF');
  db.pragma('locking_mode = EXCLUSIVE');
  db.exec('BEGIN');
  return db;
}

/** What better-sqlite3 and rename would say too late or in other words. */
function refuseUnfitPath(path: string | undefined): void {
  if (path === undefined) return;
  if (path === '') throw new TraceError('the database needs a name', { hint: '-o trace.db' });
  if (existsSync(path) && !statSync(path).isFile()) {
    throw new TraceError(`${path} is no regular file`, { hint: 'give another -o path' });
  }
  if (!existsSync(dirname(path))) {
    throw new TraceError(`${path}: no such directory`, { hint: 'create it first' });
  }
}

function sync(path: string): void {
  const fd = openSync(path, 'r+');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
