import type { EventType, Field, FieldKind, Fields, FieldValue } from '../parser.ts';
import { fieldOf, integerOf } from './cell.ts';

/** The columns every row has, in this order; the fields follow. */
export const COMMON: readonly string[] = ['ts', 'cpu', 'tid', 'comm', 'event'];

const KIND = /^(.+):(string|integer|integers|bytes)$/s;
/** No field may have the name of what every object has, such as `constructor`. */
const NOTHING: Fields = {};

export interface Column {
  readonly place: number;
  readonly name: string;
  /** undefined: integers where all cells of an event type are, else text. */
  readonly kind: FieldKind | undefined;
}

/** The columns of fields, by their headings; those without a usable name are left out. */
export function columnsOf(headings: readonly string[]): Column[] {
  const columns = headings.slice(COMMON.length).map((heading, n): Column => {
    const [, name = heading, kind] = KIND.exec(heading) ?? [];
    return { place: COMMON.length + n, name, kind: kind as FieldKind | undefined };
  });
  return columns.filter(({ name }) => name !== '' && !(name in NOTHING));
}

interface Seen {
  readonly column: Column;
  isInteger: boolean;
  signed: boolean;
}

/** One event type of a CSV capture: its fields are the columns any of its rows has a cell in. */
export class CsvEventType {
  readonly index: number;
  events = 0;
  /** Absolute. */
  first = 0n;
  last = 0n;
  readonly #name: string;
  readonly #seen = new Map<number, Seen>();
  #fields: { readonly place: number; readonly field: Field }[] | undefined;

  constructor(index: number, name: string) {
    this.index = index;
    this.#name = name;
  }

  see(ts: bigint): void {
    if (this.events++ === 0) this.first = ts;
    this.last = ts;
  }

  learn(cells: readonly string[], columns: readonly Column[]): void {
    for (const column of columns) {
      const cell = cells[column.place];
      if (!cell) continue;
      let seen = this.#seen.get(column.place);
      if (!seen) {
        seen = { column, isInteger: true, signed: false };
        this.#seen.set(column.place, seen);
      }
      if (integerOf(cell) === undefined) seen.isInteger = false;
      else if (cell.startsWith('-')) seen.signed = true;
    }
  }

  read(cells: readonly string[]): Fields {
    const fields: Record<string, FieldValue> = {};
    for (const { place, field } of this.#known()) {
      const cell = cells[place];
      const value = cell ? fieldOf(cell, field.kind) : undefined;
      if (value !== undefined) fields[field.name] = value;
    }
    return fields;
  }

  eventType(): EventType {
    const colon = this.#name.indexOf(':');
    return {
      index: this.index,
      id: -1,
      system: this.#name.slice(0, Math.max(0, colon)),
      name: this.#name.slice(colon + 1),
      fields: this.#known().map(({ field }) => field),
      printFormat: '',
    };
  }

  #known(): readonly { readonly place: number; readonly field: Field }[] {
    if (this.#fields) return this.#fields;
    const names = new Set<string>();
    const seen = [...this.#seen.values()].sort((a, b) => a.column.place - b.column.place);
    this.#fields = seen.map(({ column, isInteger, signed }) => {
      const kind = column.kind ?? (isInteger ? 'integer' : 'string');
      let name = column.name;
      for (let n = 2; names.has(name); n++) name = `${column.name}_${n}`;
      names.add(name);
      const declaration = `${kind} ${name}`;
      return { place: column.place, field: { name, declaration, kind, signed, size: 8 } };
    });
    return this.#fields;
  }
}
