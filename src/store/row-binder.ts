import type { Row, Table, Value } from './table.ts';

/** Integers of SQLite have 64 bits, with sign. */
const INTEGER_END = 2 ** 63;

/** Fills the parameters of one row, `parameters[at]` being its id. */
export type BindRow = (parameters: Value[], at: number, row: Row) => void;

/**
 * Generated per table, for the same reason as the binders of events: captures have hundreds of
 * thousands of objects.
 */
export function compileBindRow(table: Table): BindRow {
  const lines = table.columns.map(
    (column, n) =>
      `v = row[${JSON.stringify(column.name)}]; p[at + ${n + 1}] = v < ${INTEGER_END} && v > -${INTEGER_END} && typeof v === 'number' ? v : other(v);`,
  );
  const source = `return (p, at, row) => { let v; p[at] = row.id; ${lines.join('\n')} };`;
  return new Function('other', source)(other) as BindRow;
}

/**
 * Unsigned 64-bit values are stored as in event tables: with the same bits. A number that is none
 * (damaged time stamps) becomes the nearest one SQLite has.
 */
function other(value: Value | undefined): Value {
  if (value === undefined || Number.isNaN(value)) return null;
  if (typeof value === 'number') return value > 0 ? 2n ** 63n - 1n : -(2n ** 63n);
  return typeof value === 'bigint' ? BigInt.asIntN(64, value) : value;
}
