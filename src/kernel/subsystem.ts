import type { EventType, Fields, KernelSymbol } from '../parsers/parser.ts';
import type { LogAssembler } from './log-lines/assembler.ts';
import type { MmapWriters } from './mmap-writers.ts';
import type { Moment, Occurrence, OccurrenceKind, ProbeRole, ProbeSource } from './occurrence.ts';
import type { Sleepers } from './sleepers.ts';

/** What is known of the recorded kernel itself. */
export interface KernelFacts {
  /** major and minor of the release; undefined when the capture does not say. */
  readonly release: readonly [number, number] | undefined;
}

/** What recorded the event a rule reads. */
export interface Recorded {
  readonly type: EventType;
  readonly source: ProbeSource;
  readonly kernel: KernelFacts;
  /** Puts the lines of this capture's kernel log together. */
  readonly log: LogAssembler;
  readonly symbol: (address: number | bigint | undefined) => KernelSymbol | undefined;
  readonly writers: MmapWriters;
  readonly sleepers: Sleepers;
  /** The event at hand gets no row, though it means something: one of very many alike. */
  readonly dropRow: () => void;
}

/**
 * Turns one decoded event into what it means; undefined when it means nothing to us. Arguments that
 * were not recorded are missing from `fields`.
 */
export interface Rule {
  /** Every kind `read` can give, so that a capture in which none fired still shows it was watched. */
  readonly gives: readonly OccurrenceKind[];
  readonly read: (
    fields: Fields,
    moment: Moment,
    recorded: Recorded,
    buffer: number,
  ) => Occurrence | undefined;
  /** Most of its events mean nothing to us: those get no row. */
  readonly sparse?: boolean;
}

/** What a probed kernel function means, at its entry and its return. */
export interface ProbeRule {
  readonly enter?: Rule;
  readonly return?: Rule;
  /** Meaning of the C parameters by position, for tracers that record registers (func-args). */
  readonly parameters?: readonly string[];
}

/**
 * One file of the catalogue: what Linux means by the events and functions of one subsystem, in
 * every version. Keys of `events` are `system:event`; keys of `probes` and `roles` are function
 * names without compiler suffixes (`.isra.0`, `.constprop.0`, `.part.0`).
 */
export interface Subsystem {
  readonly name: string;
  readonly events?: Readonly<Record<string, Rule>>;
  readonly probes?: Readonly<Record<string, ProbeRule>>;
  /** Functions that matter only through what is nested in them. */
  readonly roles?: Readonly<Record<string, ProbeRole>>;
  /**
   * Probe event names of published recipes and the function they are set on, for captures whose
   * symbol table does not hold the address. Without a `_ret` suffix.
   */
  readonly eventNames?: Readonly<Record<string, string>>;
}

export function rule(gives: OccurrenceKind | readonly OccurrenceKind[], read: Rule['read']): Rule {
  return { gives: typeof gives === 'string' ? [gives] : gives, read };
}

/** As `rule`, for events of high rates of which only a few mean something. */
export function sparseRule(
  gives: OccurrenceKind | readonly OccurrenceKind[],
  read: Rule['read'],
): Rule {
  return { gives: typeof gives === 'string' ? [gives] : gives, read, sparse: true };
}

/** An event whose rows are worth keeping as evidence though no object is made from it. */
export const kept: Rule = { gives: [], read: () => undefined };

export type SymbolLookup = (address: number | bigint) => KernelSymbol | undefined;
