/** A rule that is a query: each row it gives is a finding, its columns say of what and when. */
import { existsSync, readFileSync } from 'node:fs';
import { TraceError } from '../../errors.ts';
import type { View } from '../detector.ts';
import type { Detail, DetailValue, FindingDraft, ObjectRef } from '../finding.ts';
import { lifetimes } from '../lifetimes/index.ts';
import type { Threshold } from '../threshold.ts';

interface Given extends Record<string, unknown> {
  readonly sql: string;
  readonly severity?: string;
  readonly confidence?: string;
  readonly thresholds?: readonly Threshold[];
  readonly next?: readonly string[];
  readonly key?: readonly string[];
}

type Cell = string | number | bigint | null;
type Cells = Readonly<Record<string, Cell>>;

/** What columns mean for the finding; the others are its details. */
const OWN_COLUMNS: readonly string[] = [
  'summary',
  'from_ts',
  'to_ts',
  'evidence',
  'severity',
  'confidence',
];
const ADDRESSES: readonly string[] = [
  ...['mm', 'mni', 'pointer', 'address', 'range_start', 'range_end', 'fence_pointer'],
];

/** @throws TraceError when the file cannot be read or holds no query. */
export function sqlRule(path: string): unknown {
  const given = readGiven(path);
  const { sql, confidence: _, next: __, key: ___, ...meta } = given;
  return {
    meta: { severity: 'warn', ...meta },
    *detect(view: View): Iterable<FindingDraft> {
      const { text, values } = withLimits(sql, given.thresholds ?? [], view);
      for (const row of view.all<Cells>(text, ...values)) yield draftOf(row, given);
    },
  };
}

/** `x.sql` has its meaning in `x.json` beside it; `x.json` and `x.sql+json` may hold the query themselves. */
function readGiven(path: string): Given {
  const stem = path.replace(/\.(sql\+json|sql|json)$/, '');
  const meaning = path.endsWith('.sql') ? `${stem}.json` : path;
  const given = parse(meaning);
  const beside = `${stem}.sql`;
  const own = Array.isArray(given.sql) ? given.sql.join('\n') : given.sql;
  const sql = own ?? (existsSync(beside) ? readFileSync(beside, 'utf8') : undefined);
  if (typeof sql !== 'string') {
    throw new TraceError(`${path} has no query`, {
      hint: `write it as "sql" in ${meaning}, or into ${beside}`,
    });
  }
  return { ...given, sql };
}

function parse(path: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TraceError(`${path} cannot be read: ${why}`);
  }
}

/** `:name` of a threshold stands for its value. */
function withLimits(
  sql: string,
  thresholds: readonly Threshold[],
  view: View,
): { readonly text: string; readonly values: number[] } {
  const values: number[] = [];
  const text = sql.replace(/:([a-z][a-z0-9-]*)/g, (found, name) => {
    const threshold = thresholds.find((one) => one.name === name);
    if (threshold === undefined) return found;
    values.push(view.limit(threshold));
    return '?';
  });
  return { text, values };
}

function draftOf(row: Cells, given: Given): FindingDraft {
  const from = Number(row.from_ts);
  const names = Object.keys(row).filter((name) => !OWN_COLUMNS.includes(name));
  const objects = names.flatMap((name) => objectOf(name, row[name] ?? null));
  const plain = names.filter((name) => tableOf(name) === undefined && row[name] !== null);
  const keys = given.key ?? plain.filter((name) => ['pid', 'tid', 'fence', 'mm'].includes(name));
  return {
    severity: (row.severity ?? given.severity ?? 'warn') as FindingDraft['severity'],
    confidence: (row.confidence ?? given.confidence ?? 'suspect') as FindingDraft['confidence'],
    summary: String(row.summary ?? ''),
    from,
    to: row.to_ts === null || row.to_ts === undefined ? from : Number(row.to_ts),
    objects,
    details: plain.map((name): Detail => detailOf(name, row[name] ?? '')),
    evidence: eventsOf(row.evidence ?? null),
    next: given.next ?? [],
    identity: keys.filter((name) => name === 'comm').map((name) => String(row[name])),
    key: Object.fromEntries(keys.map((name) => [name, keyOf(row[name] ?? null)])),
  };
}

/** One event, or several: `group_concat(event)`, `json_array(a, b)`; NULL among them is left out. */
function eventsOf(cell: Cell): number[] {
  if (typeof cell === 'number') return [cell];
  return [...String(cell ?? '').matchAll(/\d+/g)].map(([digits]) => Number(digits));
}

const tables = new Set(lifetimes.flatMap((one) => one.tables.map(({ name }) => name)));

/** `fence_id` is a row of the table `fence`. */
function tableOf(column: string): string | undefined {
  const table = column.replace(/_id$/, '');
  return table !== column && tables.has(table) ? table : undefined;
}

function objectOf(column: string, cell: Cell): ObjectRef[] {
  const table = tableOf(column);
  if (table === undefined || cell === null) return [];
  return [{ kind: table, id: Number(cell), label: `${table} ${cell}` }];
}

function detailOf(column: string, cell: string | number | bigint): Detail {
  const label = column.replace(/_(ns|ts|bytes)$/, '').replaceAll('_', ' ');
  return { label, value: typed(column, cell) };
}

function typed(column: string, cell: string | number | bigint): DetailValue {
  if (typeof cell === 'string') return { type: 'text', value: cell };
  if (ADDRESSES.includes(column)) return { type: 'address', hex: hexOf(cell) };
  const value = Number(cell);
  if (column.endsWith('_ns')) return { type: 'duration', ns: value };
  if (column.endsWith('_ts')) return { type: 'time', ns: value };
  if (column.endsWith('_bytes')) return { type: 'bytes', value };
  return { type: 'count', value };
}

function keyOf(cell: Cell): string | number {
  return typeof cell === 'bigint' ? hexOf(cell) : (cell ?? '');
}

function hexOf(value: number | bigint): string {
  return `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;
}
