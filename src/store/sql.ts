/** Writing SQL by machine: event and field names come from captures and are hostile until quoted. */
import type { Table } from './table.ts';

/** SQLite ends a statement at the first NUL, quoted or not. */
const NUL = /\0/g;

/** A quoted identifier. */
export function identifier(name: string): string {
  return `"${name.replace(NUL, '').replaceAll('"', '""')}"`;
}

/** A quoted text literal. */
export function literal(text: string): string {
  return `'${text.replace(NUL, '').replaceAll("'", "''")}'`;
}

/** `CREATE TABLE` of a declared table; the implied `id` comes first. */
export function createTableSql(table: Table): string {
  const columns = table.columns.map(
    (column) => `${identifier(column.name)} ${column.type}${column.notNull ? ' NOT NULL' : ''}`,
  );
  return `CREATE TABLE ${identifier(table.name)} (${['id INTEGER PRIMARY KEY', ...columns].join(', ')}) STRICT`;
}

/** `CREATE INDEX` statements of a declared table, named after table and columns. */
export function createIndexSql(table: Table): string[] {
  return (table.indexes ?? []).map((columns) => {
    const name = identifier([table.name, 'by', ...columns].join('_'));
    return `CREATE INDEX ${name} ON ${identifier(table.name)} (${columns.map(identifier).join(', ')})`;
  });
}

/** `INSERT` of `rows` rows of `width` columns in one statement. */
export function insertSql(table: string, width: number, rows: number): string {
  const row = `(${Array.from({ length: width }, () => '?').join(',')})`;
  return `INSERT INTO ${identifier(table)} VALUES ${Array.from({ length: rows }, () => row).join(',')}`;
}

/**
 * Names that differ from every earlier one even to SQLite, which does not tell case apart and keeps
 * `sqlite_…` for itself: the second `foo` becomes `foo_2`.
 */
export class UniqueNames {
  readonly #taken = new Set<string>();

  constructor(taken: Iterable<string> = []) {
    for (const name of taken) this.#taken.add(name.toLowerCase());
  }

  take(wanted: string): string {
    let base = wanted.replace(NUL, '') || '_';
    if (/^sqlite_/i.test(base)) base = `_${base}`;
    let name = base;
    for (let n = 2; this.#taken.has(name.toLowerCase()); n += 1) name = `${base}_${n}`;
    this.#taken.add(name.toLowerCase());
    return name;
  }
}
