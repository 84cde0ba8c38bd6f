/**
 * The contract of a lifetime: one object kind, one file, a state machine fed with occurrences while
 * the parser has the event in hand. It writes one row per object when the object closes, or with
 * open ends when the capture does.
 */
import type { OccurrenceKind, OccurrenceOf } from '../../kernel/occurrence.ts';
import type { Loss } from '../../parsers/parser.ts';
import type { Row, Table } from '../../store/table.ts';
import type { LiveObjects } from './live-objects.ts';

export interface LifetimeContext {
  /** Writes an object row; the id is the object's own, given by `nextId`. */
  emit(table: Table, row: Row): void;
  /** A new object id, unique within its table, from 1. */
  nextId(table: Table): number;
  /** What the other lifetimes know right now. */
  readonly live: LiveObjects;
  /** Whether events of this capture were lost so far on any CPU between the two moments (relative ns). */
  lossBetween(from: number | null, to: number | null): boolean;
  readonly losses: readonly Loss[];
}

export type OccurrenceHandlers = {
  readonly [K in OccurrenceKind]?: (occurrence: OccurrenceOf<K>) => void;
};

export interface Tracker {
  readonly on: OccurrenceHandlers;
  /** The capture ended: write what is still open, with `end_ts` NULL. `ts` is the last event's time. */
  finish(ts: number): void;
}

export interface Lifetime {
  /** The object kind, kebab-case: the file's name. */
  readonly kind: string;
  readonly tables: readonly Table[];
  track(context: LifetimeContext): Tracker;
}
