/** The records of the kernel log as a reader folds them by hand: by kind and device, with what they span. */
import type { StoreReader } from '../store/reader.ts';
import { address } from './object-tables.ts';
import type { LogGroup, LogPages } from './result.ts';

/** Groups of a log that names very many devices; the most frequent are kept. */
const GROUPS_MOST = 64;
const PAGE = 4096n;
const RANGES_MOST = 8;
const NAMES_MOST = 5;

interface Row {
  readonly boot: number | bigint;
  readonly source: string;
  readonly class: string;
  readonly device: string | null;
  readonly count: number;
  readonly comm: string | null;
  readonly pid: number | null;
  readonly address: number | bigint | null;
  readonly access: string | null;
  readonly engine: string | null;
  readonly meaning: string | null;
  readonly function: string | null;
  readonly hidden_at_least: number | null;
  readonly running: number | null;
  readonly body_missing: number | null;
  readonly consequence_of: number | null;
  readonly hint: string | null;
  readonly text: string;
  readonly start_ts: number;
  readonly end_ts: number;
  readonly start_event: number;
}

/** In the order they began. */
export function summariseLog(store: StoreReader): LogGroup[] {
  const rows = store.all<Row>(
    `SELECT boot, source, class, device, count, comm, pid, address, access, engine, meaning, function,
            hidden_at_least, running, body_missing, consequence_of, hint, text, start_ts, end_ts,
            start_event
       FROM log_record ORDER BY start_ts, id`,
  );
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const name = row.class === 'suppressed' ? row.function : row.device;
    const key = `${row.boot}\0${row.source}\0${row.class}\0${name}`;
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()]
    .map(groupOf)
    .sort((a, b) => b.count - a.count)
    .slice(0, GROUPS_MOST)
    .sort((a, b) => a.first - b.first || a.event - b.event);
}

function groupOf(rows: readonly Row[]): LogGroup {
  const first = rows[0] as Row;
  return {
    boot: Number(first.boot),
    source: first.source,
    class: first.class,
    device: first.device,
    count: sum(rows, (row) => row.count),
    consequences: sum(rows, (row) => (row.consequence_of === null ? 0 : row.count)),
    bodyMissing: sum(rows, (row) => (row.body_missing === 1 ? row.count : 0)),
    hiddenAtLeast: sum(rows, (row) => row.hidden_at_least ?? 0),
    running: Math.max(0, ...rows.map((row) => row.running ?? 0)),
    first: first.start_ts,
    last: Math.max(...rows.map((row) => row.end_ts)),
    event: first.start_event,
    line: first.text,
    processes: named(rows.map(processOf)),
    engines: named(rows.map((row) => row.engine)),
    meanings: named(rows.map((row) => row.meaning ?? row.function)),
    hints: hintsOf(rows),
    accesses: accessesOf(rows),
    pages: pagesOf(rows),
  };
}

function processOf({ comm, pid }: Row): string | null {
  if (pid === null || pid === 0) return comm;
  return comm === null ? `pid ${pid}` : `${comm} (pid ${pid})`;
}

function named(values: readonly (string | null)[]): string[] {
  return [...new Set(values.filter((value) => value !== null))].slice(0, NAMES_MOST);
}

/** What holds for some of them says for how many. */
function hintsOf(rows: readonly Row[]): string[] {
  const all = sum(rows, (row) => row.count);
  return named(rows.map((row) => row.hint)).map((hint) => {
    const count = sum(rows, (row) => (row.hint === hint ? row.count : 0));
    return count === all ? hint : `${hint} (${count} of them)`;
  });
}

/** How often each, the most frequent first. */
function accessesOf(rows: readonly Row[]): LogGroup['accesses'] {
  const counts = new Map<string, number>();
  for (const { access, count } of rows) {
    if (access !== null) counts.set(access, (counts.get(access) ?? 0) + count);
  }
  return [...counts]
    .map(([access, count]) => ({ access, count }))
    .sort((a, b) => b.count - a.count);
}

/** Distinct pages, and the ranges they make up. */
function pagesOf(rows: readonly Row[]): LogPages | null {
  const numbers = rows.flatMap((row) =>
    row.address === null ? [] : [BigInt.asUintN(64, BigInt(row.address)) / PAGE],
  );
  const pages = [...new Set(numbers)].sort((a, b) => (a < b ? -1 : 1));
  if (pages.length === 0) return null;
  const ranges: { from: bigint; to: bigint }[] = [];
  for (const page of pages) {
    const last = ranges.at(-1);
    if (last?.to === page) last.to = page + 1n;
    else ranges.push({ from: page, to: page + 1n });
  }
  return {
    distinct: pages.length,
    ranges: ranges.slice(0, RANGES_MOST).map(({ from, to }) => ({
      from: address(from * PAGE),
      to: address(to * PAGE),
      pages: Number(to - from),
    })),
    rangesOmitted: Math.max(0, ranges.length - RANGES_MOST),
  };
}

function sum(rows: readonly Row[], value: (row: Row) => number): number {
  return rows.reduce((total, row) => total + value(row), 0);
}
