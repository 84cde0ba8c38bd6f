/** Reads a store: integers are numbers where that is exact and bigints beyond 2^53. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { TraceError } from '../errors.ts';
import { isStream } from '../parsers/unwrap/input.ts';
import { toSafe } from './event-table.ts';
import { SCHEMA_VERSION } from './schema.ts';

const PREPARED_MOST = 256;

export type Parameter = string | number | bigint | null;

export class StoreReader {
  readonly db: Database.Database;
  /** Detectors ask the same of each of many objects: preparing costs more than most answers. */
  readonly #prepared = new Map<string, Database.Statement>();

  constructor(db: Database.Database) {
    this.db = db;
  }

  /** Rows of a query that changes nothing. */
  all<Row>(sql: string, ...parameters: readonly Parameter[]): Row[] {
    const statement = this.#prepared.get(sql) ?? this.#keep(sql);
    const rows = statement.all(...parameters) as Record<string, unknown>[];
    for (const row of rows) {
      for (const name in row) {
        const value = row[name];
        if (typeof value === 'bigint') row[name] = toSafe(value);
      }
    }
    return rows as Row[];
  }

  /**
   * As {@link all}, faster, and every integer is a number: for times and counts, which are beyond
   * 2^53 only in damaged captures, where the lost digits mean nothing.
   */
  allNumbers<Row>(sql: string, ...parameters: readonly Parameter[]): Row[] {
    return this.#prepare(sql)
      .safeIntegers(false)
      .all(...parameters) as Row[];
  }

  /** The first column of a query whose values are all numbers. */
  column(sql: string): Float64Array {
    return Float64Array.from(this.#prepare(sql).safeIntegers(false).pluck().all() as number[]);
  }

  /** Rows of a query as arrays, one at a time, with the names of its columns. */
  table(sql: string): { columns: string[]; rows: Iterable<unknown[]> } {
    const statement = this.#prepare(sql);
    const columns = statement.columns().map((column) => column.name);
    return { columns, rows: statement.raw().iterate() as Iterable<unknown[]> };
  }

  close(): void {
    this.db.close();
  }

  #keep(sql: string): Database.Statement {
    if (this.#prepared.size === PREPARED_MOST) this.#prepared.clear();
    const statement = this.#prepare(sql);
    this.#prepared.set(sql, statement);
    return statement;
  }

  #prepare(sql: string): Database.Statement {
    const statement = this.db.prepare(sql);
    if (!statement.reader || !statement.readonly) {
      throw new TraceError('only queries that read are allowed', {
        hint: 'start with SELECT or WITH',
      });
    }
    return statement.safeIntegers();
  }
}

/**
 * Opens a finished store.
 * @throws TraceError when the file is missing, no store, or of another schema version.
 */
export function openStore(path: string): StoreReader {
  let db: Database.Database | undefined;
  try {
    if (statSync(path).isDirectory()) throw new TraceError(`${path} is a directory`);
    db = new Database(path, { readonly: true, fileMustExist: true });
    const version = db.prepare('SELECT schema_version FROM capture').pluck().get();
    if (version !== SCHEMA_VERSION) {
      throw new TraceError(`${path} was written by another version of svm-trace`, {
        hint: 'analyze the capture again',
      });
    }
    return new StoreReader(db);
  } catch (error) {
    db?.close();
    throw openError(error, path);
  }
}

/** Whether a file is an SQLite database, by its first bytes; a file that cannot be read is none. */
export function isDatabaseFile(path: string): boolean {
  // opening a pipe would take from it what is meant for the parser
  if (isStream(path)) return false;
  try {
    const fd = openSync(path, 'r');
    try {
      const head = Buffer.alloc(16);
      readSync(fd, head, 0, head.length, 0);
      return head.toString('latin1') === 'SQLite format 3\0';
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}

function openError(error: unknown, path: string): unknown {
  if (error instanceof TraceError) return error;
  const code = (error as { code?: unknown }).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new TraceError(`cannot open ${path}: no such file`, { cause: error });
  }
  if (code === 'EACCES' || code === 'SQLITE_CANTOPEN') {
    return new TraceError(`cannot open ${path}: permission denied`, { cause: error });
  }
  return new TraceError(`${path} is no svm-trace database`, {
    hint: 'make one with: svm-trace analyze trace.dat -o trace.db',
    cause: error,
  });
}
