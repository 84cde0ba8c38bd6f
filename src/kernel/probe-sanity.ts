import type { EventType } from '../parsers/parser.ts';
import { argument } from './arguments.ts';
import type { Occurrence, Word } from './occurrence.ts';

/** What the arguments of one probe event turned out to be. */
export interface ProbeCheck {
  readonly system: string;
  readonly event: string;
  readonly function: string;
  checked: number;
  /** Records whose arguments cannot be what their names say. */
  failed: number;
  /** The first failure, one sentence; undefined when there was none. */
  reason: string | undefined;
}

/** enum mmu_notifier_event ends at EXCLUSIVE; flags has only MMU_NOTIFIER_RANGE_BLOCKABLE. */
const LAST_REASON = 7n;
const LAST_FLAGS = 1n;

/**
 * Rejects arguments that are impossible, as a probe with the struct offsets of another kernel
 * records them. Once a probe failed nothing it says is believed: a record that passes by chance
 * is no better.
 */
export class ProbeSanity {
  readonly #checks = new Map<EventType, ProbeCheck>();

  get checks(): readonly ProbeCheck[] {
    return [...this.#checks.values()];
  }

  /** The occurrence itself, or without its arguments when they cannot be true. */
  review(occurrence: Occurrence, type: EventType, functionName: string): Occurrence {
    switch (occurrence.kind) {
      case 'invalidation.begin':
        if (this.#passes(type, functionName, reasonAgainst(occurrence))) return occurrence;
        return {
          ...occurrence,
          mm: undefined,
          start: undefined,
          end: undefined,
          flags: undefined,
          reason: undefined,
          owner: undefined,
          sane: false,
        };
      case 'invalidation.end':
        if (this.#passes(type, functionName, reasonAgainst(occurrence))) return occurrence;
        return { ...occurrence, mm: undefined, start: undefined, end: undefined };
      case 'hmm.range_fault':
        if (this.#passes(type, functionName, reasonAgainst(occurrence))) return occurrence;
        return { ...occurrence, mni: undefined, seq: undefined, start: undefined, end: undefined };
      case 'hmm.read_begin':
        if (this.#passes(type, functionName, reasonAgainst(occurrence))) return occurrence;
        return { ...occurrence, mm: undefined, start: undefined, last: undefined };
      case 'probe.enter':
        return this.#reviewCallback(occurrence, type, functionName);
      default:
        return occurrence;
    }
  }

  /** Driver callbacks take the same struct mmu_notifier_range, with the same wrong offsets. */
  #reviewCallback(
    occurrence: Occurrence & { kind: 'probe.enter' },
    type: EventType,
    functionName: string,
  ): Occurrence {
    const range: Range = {
      start: argument(occurrence.args, 'start'),
      end: argument(occurrence.args, 'end'),
      reason: argument(occurrence.args, 'reason'),
      flags: undefined,
    };
    if (argument(occurrence.args, 'mni') === undefined || range.reason === undefined) {
      return occurrence;
    }
    if (this.#passes(type, functionName, reasonAgainst(range))) return occurrence;
    return { ...occurrence, args: without(occurrence.args, ['mm', 'start', 'end', 'event']) };
  }

  #passes(type: EventType, functionName: string, reason: string | undefined): boolean {
    let check = this.#checks.get(type);
    if (!check) {
      const { system, name: event } = type;
      check = { system, event, function: functionName, checked: 0, failed: 0, reason: undefined };
      this.#checks.set(type, check);
    }
    check.checked += 1;
    if (reason !== undefined) {
      check.failed += 1;
      check.reason ??= reason;
    }
    return check.failed === 0;
  }
}

interface Range {
  readonly start?: Word | undefined;
  readonly end?: Word | undefined;
  readonly last?: Word | undefined;
  readonly flags?: Word | undefined;
  readonly reason?: Word | undefined;
}

function reasonAgainst(range: Range): string | undefined {
  const end = range.end ?? range.last;
  if (range.start !== undefined && end !== undefined && range.start > end) {
    return `start ${hex(range.start)} is beyond end ${hex(end)}`;
  }
  if (range.flags !== undefined && (range.flags < 0 || range.flags > LAST_FLAGS)) {
    return `flags ${hex(range.flags)} is neither 0 nor 1`;
  }
  if (range.reason !== undefined && (range.reason < 0 || range.reason > LAST_REASON)) {
    return `event ${range.reason} is no mmu_notifier_event`;
  }
  return undefined;
}

function hex(value: Word): string {
  return `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;
}

function without(
  args: Readonly<Record<string, Word | string>>,
  names: readonly string[],
): Readonly<Record<string, Word | string>> {
  return Object.fromEntries(Object.entries(args).filter(([name]) => !names.includes(name)));
}
