import type { StoreReader } from '../store/reader.ts';
import { identifier } from '../store/sql.ts';
import type { Table } from '../store/table.ts';
import type { Finding, ObjectRef } from './finding.ts';
import { lifetimes } from './lifetimes/index.ts';
import { objectColumns, type SelectedColumn } from './object-columns.ts';
import type { ObjectColumn, ObjectCount, ObjectTable } from './result.ts';

/** Rows of a kind, and of all kinds together: some 200 bytes each in a page. */
const MAX_ROWS = 5_000;
const MAX_ROWS_IN_ALL = 24_000;

type Cell = ObjectTable['rows'][number][number];
type InFindings = ReturnType<typeof idsInFindings>;

const tables: readonly Table[] = lifetimes.flatMap((lifetime) => lifetime.tables);

/** Every kind of object that was seen; of too many those of findings first, then the longest. */
export function buildObjectTables(store: StoreReader, findings: readonly Finding[]): ObjectTable[] {
  const seen = tables
    .map((table) => ({ table, total: totalOf(store, table) }))
    .filter(({ total }) => total > 0);
  const limit = fairLimit(
    seen.map(({ total }) => Math.min(total, MAX_ROWS)),
    MAX_ROWS_IN_ALL,
  );
  return seen.map(({ table, total }) =>
    buildTable(store, table, total, limit, idsInFindings(findings, table.name)),
  );
}

/** The largest share such that nobody who wants more gets more, and together they take no more than `budget`. */
export function fairLimit(wanted: readonly number[], budget: number): number {
  let left = budget;
  const ascending = [...wanted].sort((a, b) => a - b);
  for (const [index, number] of ascending.entries()) {
    const share = Math.floor(left / (ascending.length - index));
    if (number > share) return share;
    left -= number;
  }
  return ascending.at(-1) ?? 0;
}

/** Cheap, whatever the number of objects: what was seen at all, even where nothing is wrong with it. */
export function countObjects(store: StoreReader): ObjectCount[] {
  return tables
    .map((table) => ({ kind: table.name, count: totalOf(store, table) }))
    .filter(({ count }) => count > 0);
}

function totalOf(store: StoreReader, table: Table): number {
  const [row] = store.all<{ total: number }>(
    `SELECT count(*) AS total FROM ${identifier(table.name)}`,
  );
  return row?.total ?? 0;
}

/** What it is about, and what its chain of causes passes through. */
function objectsOf({ objects, chain }: Finding): readonly ObjectRef[] {
  return [...objects, ...(chain?.hops.map(({ object }) => object) ?? [])];
}

/** The objects of one kind that findings are about, each with the ids of those findings. */
export function idsInFindings(findings: readonly Finding[], kind: string): Map<number, string[]> {
  const ids = new Map<number, string[]>();
  for (const finding of findings) {
    for (const object of objectsOf(finding)) {
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
  total: number,
  limit: number,
  inFindings: InFindings,
): ObjectTable {
  const all = readColumns(store, table, limit, inFindings);
  const shown = withoutRepetitions(all.filter(({ column, cells }) => isTold(column, cells)));
  const ids = all[0]?.cells ?? [];
  return {
    kind: table.name,
    doc: table.doc,
    total,
    columns: shown.map(({ column, cells }) => labelled(store, column.column, cells)),
    rows: ids.map((_, row) => shown.map(({ cells }) => cells[row] ?? null)),
    findings: Object.fromEntries(
      ids.flatMap((id) => {
        const about = inFindings.get(Number(id));
        return about === undefined ? [] : [[id, about]];
      }),
    ),
  };
}

interface ReadColumn {
  readonly column: SelectedColumn;
  readonly cells: readonly Cell[];
}

function readColumns(
  store: StoreReader,
  table: Table,
  limit: number,
  inFindings: InFindings,
): ReadColumn[] {
  const name = identifier(table.name);
  const columns = objectColumns(table);
  const rows = store.all<Record<string, string | number | bigint | null>>(
    `SELECT ${columns.map(({ sql, column }) => `${sql} AS ${identifier(column.name)}`).join(', ')}
     FROM ${name} o WHERE id IN (
       SELECT id FROM ${name}
       ORDER BY id IN (SELECT value FROM json_each(?)) DESC, coalesce(end_ts, 1e18) - start_ts DESC, id
       LIMIT ${limit}
     ) ORDER BY id`,
    JSON.stringify([...inFindings.keys()]),
  );
  return columns.map((column) => ({
    column,
    cells: rows.map((row) => cell(column.column, row[column.column.name])),
  }));
}

function cell(column: ObjectColumn, value: string | number | bigint | null | undefined): Cell {
  if (value === null || value === undefined) return null;
  if (column.type === 'address') return typeof value === 'string' ? value : address(value);
  return typeof value === 'bigint' ? String(value) : value;
}

/** What no row knows is left out, and so is a loss that touched none. */
function isTold({ column }: SelectedColumn, cells: readonly Cell[]): boolean {
  if (column.name === 'id') return true;
  return cells.some((value) => value !== null && !(column.name === 'lossy' && value === 0));
}

/** Moments and events of its own that only repeat how the span of the object is called. */
function withoutRepetitions(columns: readonly ReadColumn[]): ReadColumn[] {
  const spans = columns.filter(({ column }) => column.isSpan);
  return columns.filter(
    (own) =>
      own.column.isSpan ||
      !spans.some(
        (span) =>
          span.column.column.type === own.column.column.type &&
          own.cells.every((value, row) => value === span.cells[row]),
      ),
  );
}

/** What readers call the rows it refers to. */
function labelled(store: StoreReader, column: ObjectColumn, cells: readonly Cell[]): ObjectColumn {
  const label = tables.find(({ name }) => name === column.kind)?.label;
  if (column.kind === undefined || label === undefined) return column;
  const rows = store.all<{ id: number; label: string | null }>(
    `SELECT id, CAST(${label} AS TEXT) AS label FROM ${identifier(column.kind)}
     WHERE id IN (SELECT value FROM json_each(?))`,
    JSON.stringify([...new Set(cells)]),
  );
  const labels = rows.flatMap((row) => (row.label === null ? [] : [[row.id, row.label] as const]));
  return { ...column, labels: Object.fromEntries(labels) };
}

/** A stored 64-bit integer as the address it is: SQLite's integers are signed. */
export function address(value: number | bigint): string {
  return `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;
}
