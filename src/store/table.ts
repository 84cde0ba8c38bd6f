/** How tables are declared: each table and column is documented where it stands; docs are generated. */

export type ColumnType = 'INTEGER' | 'TEXT' | 'REAL' | 'BLOB';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** One sentence: what it holds, its unit, and what NULL means. */
  readonly doc: string;
  readonly notNull?: boolean;
}

export interface Table {
  /** Singular snake_case. */
  readonly name: string;
  readonly doc: string;
  /** The first column `id INTEGER PRIMARY KEY` is implied and not listed. */
  readonly columns: readonly Column[];
  /** Column names to index once the load is complete, one index per entry. */
  readonly indexes?: readonly (readonly string[])[];
}

export type Value = number | bigint | string | Uint8Array | null;

/** Column name to value; absent columns are NULL. `id` is required. */
export type Row = { readonly id: number } & Readonly<Record<string, Value | undefined>>;
