import type { Database, Statement } from 'better-sqlite3';
import type { EventType, Fields } from '../parsers/parser.ts';
import {
  compileWriteFields,
  createEventTableSql,
  describeEventTable,
  EVENT_COLUMNS,
  type EventTable,
  valuesOf,
  type WriteFields,
} from './event-table.ts';
import type { PageFile } from './page-file.ts';
import { RecordWriter } from './record.ts';
import { identifier, insertSql, type UniqueNames } from './sql.ts';
import { TablePages } from './table-pages.ts';

/** One for all tables: a row is written before the next begins. */
const record = new RecordWriter();

/** The rows of one event type on their way into its table. */
export class EventRows {
  readonly table: EventTable;
  readonly pages: TablePages;
  readonly #write: WriteFields;
  readonly #db: Database;
  /** Where rows wait that are too long for a page. */
  readonly #longName: string;
  #insertLong: Statement | undefined;

  constructor(type: EventType, db: Database, file: PageFile, names: UniqueNames) {
    this.table = describeEventTable(type, names);
    this.pages = new TablePages(file);
    this.#write = compileWriteFields(this.table);
    this.#db = db;
    this.#longName = names.take(`long_${this.table.name}`);
  }

  add(id: number, ts: number, cpu: number, tid: number, buffer: number, fields: Fields): void {
    record.begin();
    // the id is the key of the row, and NULL in its record
    record.null();
    record.integer(ts);
    record.integer(cpu);
    record.integer(tid);
    record.integer(buffer);
    this.#write(record, fields);
    if (!this.pages.add(id, record)) {
      this.#addLong([id, ts, cpu, tid, buffer, ...valuesOf(this.table, fields)]);
    }
  }

  /** Moves long rows from the attached database `side` to where they belong. */
  insertLongRows(db: Database, side: string): void {
    if (!this.#insertLong) return;
    db.exec(
      `INSERT INTO ${identifier(this.table.name)} SELECT * FROM ${side}.${identifier(this.#longName)}`,
    );
  }

  #addLong(values: unknown[]): void {
    if (!this.#insertLong) {
      this.#db.exec(createEventTableSql({ ...this.table, name: this.#longName }));
      const width = EVENT_COLUMNS.length + this.table.columns.length;
      this.#insertLong = this.#db.prepare(insertSql(this.#longName, width, 1));
    }
    this.#insertLong.run(values);
  }
}
