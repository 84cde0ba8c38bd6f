import type { EventType, Fields, KernelSymbol } from '../parsers/parser.ts';
import type { Moment, Occurrence } from './occurrence.ts';

/** Turns one decoded event into what it means; undefined when it means nothing to us. */
export type EventRule = (fields: Fields, moment: Moment, type: EventType) => Occurrence | undefined;

/** What a probed kernel function means, at its entry and its return. Missing arguments are undefined. */
export interface ProbeRule {
  readonly enter?: (args: Fields, moment: Moment) => Occurrence | undefined;
  readonly return?: (args: Fields, moment: Moment) => Occurrence | undefined;
}

/**
 * One file of the catalogue: what Linux means by the events and functions of one subsystem, in
 * every version. Keys of `events` are `system:event`; keys of `probes` are function names without
 * compiler suffixes (`.isra.0`, `.constprop.0`, `.part.0`).
 */
export interface Subsystem {
  readonly name: string;
  readonly events: Readonly<Record<string, EventRule>>;
  readonly probes: Readonly<Record<string, ProbeRule>>;
}

export type SymbolLookup = (address: number | bigint) => KernelSymbol | undefined;
