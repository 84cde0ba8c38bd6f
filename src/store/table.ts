/** How tables are declared: each table and column is documented where it stands; docs are generated. */

export type ColumnType = 'INTEGER' | 'TEXT' | 'REAL' | 'BLOB';

/** What the numbers of a column are, for whoever prints them. */
export type Holds =
  | 'time'
  | 'duration'
  | 'count'
  | 'bytes'
  | 'address'
  | 'errno'
  | 'flag'
  | 'event'
  | 'thread'
  | { readonly object: string }
  | { readonly names: readonly string[] };

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** One sentence: what it holds, its unit, and what NULL means. */
  readonly doc: string;
  readonly notNull?: boolean;
  /** Absent: text, or a number that is none of these. */
  readonly holds?: Holds;
}

/** The time between two moments of an object that readers ask for by name. */
export interface DerivedDuration {
  readonly name: string;
  readonly doc: string;
  /** Columns that hold moments. */
  readonly from: string;
  readonly to: string;
}

export interface Table {
  /** Singular snake_case. */
  readonly name: string;
  readonly doc: string;
  /** The first column `id INTEGER PRIMARY KEY` is implied and not listed. */
  readonly columns: readonly Column[];
  /** Column names to index once the load is complete, one index per entry. */
  readonly indexes?: readonly (readonly string[])[];
  /** Shown beside the columns; computed when asked for, not stored. */
  readonly durations?: readonly DerivedDuration[];
  /** SQL over its columns: what readers call a row; absent = by its id. */
  readonly label?: string;
}

export type Value = number | bigint | string | Uint8Array | null;

/** Column name to value; absent columns are NULL. `id` is required. */
export type Row = { readonly id: number } & Readonly<Record<string, Value | undefined>>;
