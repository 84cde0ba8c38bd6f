import type { StoreReader } from '../store/reader.ts';
import { identifier } from '../store/sql.ts';
import type { Table } from '../store/table.ts';
import type { Finding } from './finding.ts';
import { lifetimes } from './lifetimes/index.ts';
import type { ObjectCount, ObjectTable } from './result.ts';

const MAX_ROWS = 300;

/** Columns that hold 64-bit addresses or kernel pointers: shown as 0x… text. */
const ADDRESS_COLUMNS: ReadonlySet<string> = new Set([
  'mm',
  'mni',
  'pointer',
  'entity',
  'fence_pointer',
  'address',
  'range_start',
  'range_end',
  'range_last',
]);

/** Every kind of object that was seen; of too many those of findings first, then the longest. */
export function buildObjectTables(store: StoreReader, findings: readonly Finding[]): ObjectTable[] {
  const tables = lifetimes.flatMap((lifetime) => lifetime.tables);
  return tables.flatMap((table) => {
    const objects = buildTable(store, table, idsInFindings(findings, table.name));
    return objects.total > 0 ? [objects] : [];
  });
}

/** Cheap, whatever the number of objects: what was seen at all, even where nothing is wrong with it. */
export function countObjects(store: StoreReader): ObjectCount[] {
  return lifetimes
    .flatMap((lifetime) => lifetime.tables)
    .map((table) => ({ kind: table.name, count: totalOf(store, table) }))
    .filter(({ count }) => count > 0);
}

function totalOf(store: StoreReader, table: Table): number {
  const [row] = store.all<{ total: number }>(
    `SELECT count(*) AS total FROM ${identifier(table.name)}`,
  );
  return row?.total ?? 0;
}

/** The objects of one kind that findings are about, each with the ids of those findings. */
export function idsInFindings(findings: readonly Finding[], kind: string): Map<number, string[]> {
  const ids = new Map<number, string[]>();
  for (const finding of findings) {
    for (const object of finding.objects) {
      if (object.kind !== kind) continue;
      const before = ids.get(object.id);
      if (before === undefined) ids.set(object.id, [finding.id]);
      else if (!before.includes(finding.id)) before.push(finding.id);
    }
  }
  return ids;
}

function buildTable(
  store: StoreReader,
  table: Table,
  inFindings: ReadonlyMap<number, unknown>,
): ObjectTable {
  const name = identifier(table.name);
  const rows = store.all<Record<string, unknown>>(
    `SELECT * FROM ${name} WHERE id IN (
       SELECT id FROM ${name}
       ORDER BY id IN (SELECT value FROM json_each(?)) DESC, coalesce(end_ts, 1e18) - start_ts DESC, id
       LIMIT ${MAX_ROWS}
     ) ORDER BY id`,
    JSON.stringify([...inFindings.keys()]),
  );
  const columns = ['id', ...table.columns.map((column) => column.name)].filter(
    (column) => column === 'id' || rows.some((row) => row[column] !== null),
  );
  return {
    kind: table.name,
    doc: table.doc,
    total: totalOf(store, table),
    columns,
    rows: rows.map((row) => columns.map((column) => cell(column, row[column]))),
  };
}

function cell(column: string, value: unknown): string | number | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint' || typeof value === 'number') {
    if (ADDRESS_COLUMNS.has(column)) return address(value);
    return typeof value === 'bigint' ? String(value) : value;
  }
  return String(value);
}

/** A stored 64-bit integer as the address it is: SQLite's integers are signed. */
export function address(value: number | bigint): string {
  return `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;
}
