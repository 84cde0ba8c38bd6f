/** What happened to the objects a report draws or names: their moments, and the events they are made of. */
import type { StoreReader } from '../store/reader.ts';
import { readEvents } from '../store/stored-events.ts';
import type { Column, Table } from '../store/table.ts';
import { evidenceLine } from './complete-findings.ts';
import type { EventPrinter } from './event-printer.ts';
import type { Finding } from './finding.ts';
import { lifetimes } from './lifetimes/index.ts';
import type { DrawnLifetimes, LifetimeStep, ObjectLifetime, TimelineLane } from './result.ts';

/** Of more objects those of findings, then the longest. */
const MAX_OBJECTS = 2_000;
/** Of more events of an object the first and the last. */
const MAX_EVENTS_PER_OBJECT = 20;
const MAX_EVENTS = 6_000;

/** Events of these rows are events of the object they belong to: what its own row does not name. */
const PARTS: Readonly<Record<string, { readonly table: string; readonly key: string }>> = {
  range_fault: { table: 'range_fault_attempt', key: 'range_fault_id' },
  invalidation: { table: 'invalidation_callback', key: 'invalidation_id' },
  fence: { table: 'fence_wait', key: 'fence_id' },
};

interface Reference {
  readonly kind: string;
  readonly id: number;
}

interface Found extends Reference {
  readonly steps: readonly LifetimeStep[];
  /** Ids of the events it is made of, in the order of the capture; of very many the outer ones. */
  readonly events: readonly number[];
  readonly total: number;
}

export function buildLifetimes(
  store: StoreReader,
  lanes: readonly TimelineLane[],
  findings: readonly Finding[],
  printer: EventPrinter,
): DrawnLifetimes {
  const found = wanted(lanes, findings).flatMap(([kind, ids]) => readKind(store, kind, ids));
  const chosen = chooseEvents(found);
  const stored = readEvents(store, [...chosen.values()].flat());
  const events = [...stored.values()].sort((a, b) => a.ts - b.ts || a.id - b.id);
  const position = new Map(events.map(({ id }, n) => [id, n]));
  const positions = (ids: readonly number[]): number[] =>
    ids.flatMap((id) => position.get(id) ?? []);
  return {
    moments: Object.fromEntries(
      [...new Set(found.map(({ kind }) => kind))].map((kind) => [kind, momentsOf(kind)]),
    ),
    objects: found.map((object): ObjectLifetime => {
      const shown = positions(chosen.get(object) ?? []);
      return {
        kind: object.kind,
        id: object.id,
        steps: object.steps,
        events: shown.sort((a, b) => a - b),
        eventsOmitted: object.total - shown.length,
        ...(object.events.every((id) => printer.isExact(id)) ? {} : { plain: true }),
      };
    }),
    events: events.map((event) => evidenceLine(event, printer)),
  };
}

/** Ids by kind, capped. */
function wanted(
  lanes: readonly TimelineLane[],
  findings: readonly Finding[],
): [string, readonly number[]][] {
  const named = findings.flatMap(({ objects }) => objects);
  const drawn = lanes
    .flatMap(({ items }) => items)
    .sort(
      (a, b) =>
        Number(b.findings !== undefined) - Number(a.findings !== undefined) ||
        lengthOf(b) - lengthOf(a),
    );
  const kinds = new Map<string, Set<number>>();
  let room = MAX_OBJECTS;
  for (const { kind, id } of [...named, ...drawn]) {
    if (id === undefined || room === 0) continue;
    const ids = kinds.get(kind) ?? new Set();
    kinds.set(kind, ids);
    if (!ids.has(id)) room -= 1;
    ids.add(id);
  }
  return [...kinds].map(([kind, ids]) => [kind, [...ids]]);
}

function lengthOf({ from, to }: TimelineLane['items'][number]): number {
  return (to ?? Number.MAX_VALUE) - (from ?? 0);
}

function tableOf(kind: string): Table | undefined {
  return lifetimes.flatMap(({ tables }) => tables).find(({ name }) => name === kind);
}

function readKind(store: StoreReader, kind: string, ids: readonly number[]): Found[] {
  const table = tableOf(kind);
  if (table === undefined) return [];
  const rows = store.allNumbers<Record<string, number | null>>(
    `SELECT id, ${[...momentColumns(table), ...eventColumns(table)].join(', ')}
     FROM ${kind} WHERE id IN (SELECT value FROM json_each(?))`,
    JSON.stringify(ids),
  );
  const parts = partEvents(store, kind, ids);
  return rows.map((row) => {
    const id = row.id ?? 0;
    const own = eventColumns(table).flatMap((column) => row[column] ?? []);
    const { ids: inside, total } = parts.get(id) ?? { ids: [], total: 0 };
    const events = [...new Set([...own, ...inside])].sort((a, b) => a - b);
    const unlisted = total - inside.length;
    return { kind, id, steps: stepsOf(table, row), events, total: events.length + unlisted };
  });
}

/** The known moments of a row in time order, those that its start and end repeat only once. */
function stepsOf(table: Table, row: Readonly<Record<string, number | null>>): LifetimeStep[] {
  const steps = momentColumns(table).flatMap((column) => {
    const ts = row[column] ?? null;
    return ts === null ? [] : [{ column, ts }];
  });
  const named = new Set(steps.flatMap(({ column, ts }) => (isBound(column) ? [] : [ts])));
  return steps
    .filter(({ column, ts }) => !isBound(column) || !named.has(ts))
    .sort((a, b) => a.ts - b.ts);
}

function isBound(column: string): boolean {
  return column === 'start_ts' || column === 'end_ts' || column === 'first_ts';
}

interface PartEvents {
  /** The first and the last of them: more are never shown. */
  readonly ids: number[];
  total: number;
}

function partEvents(
  store: StoreReader,
  kind: string,
  ids: readonly number[],
): Map<number, PartEvents> {
  const part = PARTS[kind];
  const table = part && tableOf(part.table);
  const events = new Map<number, PartEvents>();
  if (part === undefined || table === undefined) return events;
  const each = eventColumns(table).map(
    (column) =>
      `SELECT ${part.key} AS object, ${column} AS event FROM ${table.name}
        WHERE ${column} IS NOT NULL AND ${part.key} IN (SELECT value FROM wanted)`,
  );
  const rows = store.allNumbers<{ object: number; event: number; total: number }>(
    `WITH wanted AS MATERIALIZED (SELECT value FROM json_each(?)), part AS (${each.join(' UNION ')})
     SELECT object, event, total FROM (
       SELECT object, event, count(*) OVER (PARTITION BY object) AS total,
         row_number() OVER (PARTITION BY object ORDER BY event) AS place FROM part)
     WHERE place <= ${MAX_EVENTS_PER_OBJECT} OR place > total - ${MAX_EVENTS_PER_OBJECT}`,
    JSON.stringify(ids),
  );
  for (const { object, event, total } of rows) {
    const list = events.get(object);
    if (list) list.ids.push(event);
    else events.set(object, { ids: [event], total });
  }
  return events;
}

/** Few enough to print: of an object's the first and the last, of all objects those that come first. */
function chooseEvents(found: readonly Found[]): Map<Found, readonly number[]> {
  const taken = new Set<number>();
  const chosen = new Map<Found, readonly number[]>();
  for (const object of found) {
    const half = MAX_EVENTS_PER_OBJECT / 2;
    const few =
      object.events.length <= MAX_EVENTS_PER_OBJECT
        ? object.events
        : [...object.events.slice(0, half), ...object.events.slice(-half)];
    const more = few.filter((id) => !taken.has(id));
    if (taken.size + more.length > MAX_EVENTS) continue;
    for (const id of more) taken.add(id);
    chosen.set(object, few);
  }
  return chosen;
}

/** What the moments of a table mean, as its documentation says, without what is said to programmers. */
function momentsOf(kind: string): Record<string, string> {
  const columns = tableOf(kind)?.columns.filter(({ name }) => name.endsWith('_ts')) ?? [];
  return Object.fromEntries(columns.map((column) => [column.name, wordsOf(column)]));
}

function wordsOf({ doc }: Column): string {
  return doc
    .replace(/;? NULL = .*$/s, '')
    .replace(', relative ns', '')
    .replace(/\.$/, '');
}

function momentColumns(table: Table): string[] {
  return table.columns.map(({ name }) => name).filter((name) => name.endsWith('_ts'));
}

function eventColumns(table: Table): string[] {
  return table.columns.map(({ name }) => name).filter((name) => name.endsWith('_event'));
}
