/**
 * One typed table per selected event type: `id, ts, cpu, tid`, then the event's own fields in the
 * kernel's words. Values are stored exactly: unsigned 64-bit values above 2^63-1 as the negative
 * number with the same bits (SQLite integers are signed; `format('0x%x', column)` shows them
 * right), strings as TEXT, byte arrays as BLOB, integer arrays as JSON text.
 */
import type { EventType, Field, FieldKind, Fields, FieldValue } from '../parsers/parser.ts';
import type { RecordWriter } from './record.ts';
import { identifier, UniqueNames } from './sql.ts';
import type { ColumnType, Value } from './table.ts';

export interface EventColumn {
  /** Column name: the field's, with a suffix where it clashes with another column. */
  readonly column: string;
  readonly field: Field;
}

export interface EventTable {
  readonly type: EventType;
  readonly name: string;
  readonly columns: readonly EventColumn[];
}

/** `buffer` is index in `CaptureHeader.buffers`. */
export const EVENT_COLUMNS = ['id', 'ts', 'cpu', 'tid', 'buffer'] as const;

/** SQLite has at most 2000 columns; no real event comes near. */
const MAX_FIELDS = 1900;

const columnTypes: Readonly<Record<FieldKind, ColumnType>> = {
  integer: 'INTEGER',
  string: 'TEXT',
  bytes: 'BLOB',
  integers: 'TEXT',
};

/** How the table of an event type looks; `tableNames` keeps names apart within a store. */
export function describeEventTable(type: EventType, tableNames: UniqueNames): EventTable {
  const columnNames = new UniqueNames(EVENT_COLUMNS);
  return {
    type,
    // text formats do not record the system
    name: tableNames.take(`${type.system || 'event'}__${type.name}`),
    columns: type.fields
      .slice(0, MAX_FIELDS)
      .map((field) => ({ column: columnNames.take(field.name), field })),
  };
}

export function createEventTableSql(table: EventTable): string {
  const columns = table.columns.map(
    ({ column, field }) => `${identifier(column)} ${columnTypes[field.kind]}`,
  );
  const common = [
    'id INTEGER PRIMARY KEY',
    'ts INTEGER NOT NULL',
    'cpu INTEGER NOT NULL',
    'tid INTEGER NOT NULL',
    'buffer INTEGER NOT NULL',
  ];
  return `CREATE TABLE ${identifier(table.name)} (${[...common, ...columns].join(', ')}) STRICT`;
}

/** Adds the field columns of one row to a record. */
export type WriteFields = (record: RecordWriter, fields: Fields) => void;

/**
 * Generated per event type: straight-line code without a loop over the fields is what makes storing
 * every event affordable.
 */
export function compileWriteFields(table: EventTable): WriteFields {
  const lines = table.columns.map(({ field }, n) => {
    const value = `v = fields[${JSON.stringify(field.name)}];`;
    const other = `write(record, value[${n}](v));`;
    if (field.kind === 'integer') {
      return `${value} if (typeof v === 'number') record.integer(v); else ${other}`;
    }
    if (field.kind === 'string') {
      return `${value} if (typeof v === 'string') record.text(v); else ${other}`;
    }
    return `${value} ${other}`;
  });
  const source = `return (record, fields) => { let v; ${lines.join('\n')} };`;
  const converters = table.columns.map(({ field }) => toValue[field.kind]);
  return new Function('write', 'value', source)(writeValue, converters) as WriteFields;
}

function writeValue(record: RecordWriter, value: Value): void {
  if (value === null) record.null();
  else if (typeof value === 'number') record.integer(value);
  else if (typeof value === 'bigint') record.wide(value);
  else if (typeof value === 'string') record.text(value);
  else record.bytes(value);
}

/** The field columns of one row as values to bind. */
export function valuesOf(table: EventTable, fields: Fields): Value[] {
  return table.columns.map(({ field }) => toValue[field.kind](fields[field.name]));
}

/** What is stored of a field; NULL where the event has no value or none of the kind. */
const toValue: Readonly<Record<FieldKind, (value: FieldValue | undefined) => Value>> = {
  integer: (value) => {
    if (typeof value === 'bigint') return BigInt.asIntN(64, value);
    return typeof value === 'number' ? value : null;
  },
  string: (value) => (value === undefined ? null : String(value)),
  bytes: (value) => (value instanceof Uint8Array ? value : null),
  integers: (value) => (Array.isArray(value) ? integersToJson(value) : null),
};

function integersToJson(values: readonly (number | bigint)[]): string {
  return `[${values.join(',')}]`;
}

function integersFromJson(text: string): (number | bigint)[] {
  const digits = text.slice(1, -1);
  return digits === '' ? [] : digits.split(',').map((digit) => toSafe(BigInt(digit)));
}

/** A bigint as number where that is exact. */
export function toSafe(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
    ? Number(value)
    : value;
}

/** The fields of a stored row (read with safe integers, in column order) as the parser gave them. */
export function fieldsOfRow(table: EventTable, row: readonly unknown[], at: number): Fields {
  const fields: Record<string, FieldValue> = {};
  table.columns.forEach(({ field }, n) => {
    const value = fieldOfValue(field, row[at + n] as Value);
    if (value !== undefined) fields[field.name] = value;
  });
  return fields;
}

function fieldOfValue(field: Field, value: Value): FieldValue | undefined {
  if (value === null) return undefined;
  if (typeof value === 'bigint') {
    return toSafe(field.signed || value >= 0n ? value : BigInt.asUintN(64, value));
  }
  if (typeof value === 'string' && field.kind === 'integers') return integersFromJson(value);
  return value;
}
