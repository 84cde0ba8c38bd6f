import type { EventTable } from './event-table.ts';
import { identifier, literal, type UniqueNames } from './sql.ts';

/** SQLITE_MAX_COMPOUND_SELECT: views over more tables are views over views. */
const MAX_TERMS = 500;

/** The view `event(id, ts, cpu, tid, type, buffer)` over all typed tables. */
export function createEventViewSql(tables: readonly EventTable[], names: UniqueNames): string[] {
  const terms = tables.map(
    ({ name, type }) =>
      `SELECT id, ts, cpu, tid, ${literal(eventTypeName(type))} AS type, buffer FROM ${identifier(name)}`,
  );
  if (terms.length === 0) {
    terms.push('SELECT 0 AS id, 0 AS ts, 0 AS cpu, 0 AS tid, NULL AS type, 0 AS buffer WHERE 0');
  }
  const sql: string[] = [];
  let level = terms;
  while (level.length > MAX_TERMS) {
    level = chunks(level, MAX_TERMS).map((chunk) => {
      const part = identifier(names.take('event_part'));
      sql.push(`CREATE VIEW ${part} AS ${chunk.join(' UNION ALL ')}`);
      return `SELECT id, ts, cpu, tid, type, buffer FROM ${part}`;
    });
  }
  sql.push(`CREATE VIEW event AS ${level.join(' UNION ALL ')}`);
  return sql;
}

/** `system:event`, or the event alone where the format does not record its system. */
export function eventTypeName(type: { readonly system: string; readonly name: string }): string {
  return type.system === '' ? type.name : `${type.system}:${type.name}`;
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) =>
    items.slice(n * size, (n + 1) * size),
  );
}
