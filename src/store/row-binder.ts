import type { Row, Table, Value } from './table.ts';

/** Fills the parameters of one row, `parameters[at]` being its id. */
export type BindRow = (parameters: Value[], at: number, row: Row) => void;

/**
 * Generated per table, for the same reason as the binders of events: captures have hundreds of
 * thousands of objects.
 */
export function compileBindRow(table: Table): BindRow {
  const lines = table.columns.map(
    (column, n) =>
      `v = row[${JSON.stringify(column.name)}]; p[at + ${n + 1}] = typeof v === 'number' ? v : other(v);`,
  );
  const source = `return (p, at, row) => { let v; p[at] = row.id; ${lines.join('\n')} };`;
  return new Function('other', source)(other) as BindRow;
}

/** Unsigned 64-bit values are stored as in event tables: with the same bits. */
function other(value: Value | undefined): Value {
  if (value === undefined) return null;
  return typeof value === 'bigint' ? BigInt.asIntN(64, value) : value;
}
