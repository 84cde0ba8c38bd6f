/**
 * Rows into one table, 32 to a statement: what costs is the call, not the row. Whoever fills
 * `parameters` in place pays for no array per row.
 */
import type { Database, Statement } from 'better-sqlite3';
import { insertSql } from './sql.ts';
import type { Value } from './table.ts';

const ROWS_PER_STATEMENT = 32;
/** Well below SQLITE_MAX_VARIABLE_NUMBER (32766) and what may be spread into a call. */
const MAX_PARAMETERS = 4_096;

export class BulkInsert {
  /** Rows waiting to be written, one after the other; the next one begins at `at`. */
  readonly parameters: Value[];
  at = 0;
  readonly width: number;
  readonly #db: Database;
  readonly #table: string;
  /** Prepared when first full: most tables stay small, and long statements are dear to prepare. */
  #many: Statement | undefined;

  constructor(db: Database, table: string, width: number) {
    this.#db = db;
    this.#table = table;
    this.width = width;
    const rows = Math.max(1, Math.min(ROWS_PER_STATEMENT, Math.floor(MAX_PARAMETERS / width)));
    this.parameters = new Array<Value>(rows * width).fill(null);
  }

  /** The row at `at` has been filled in. */
  added(): void {
    this.at += this.width;
    if (this.at === this.parameters.length) this.#writeAll();
  }

  /** Writes what waits. */
  flush(): void {
    if (this.at === 0) return;
    const one = this.#db.prepare(insertSql(this.#table, this.width, 1));
    for (let at = 0; at < this.at; at += this.width) {
      one.run(this.parameters.slice(at, at + this.width));
    }
    this.at = 0;
  }

  #writeAll(): void {
    this.#many ??= this.#db.prepare(
      insertSql(this.#table, this.width, this.parameters.length / this.width),
    );
    // spread, not as one array: better-sqlite3 fetches arguments a quarter faster than elements
    this.#many.run(...this.parameters);
    this.at = 0;
  }
}
