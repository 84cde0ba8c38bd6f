/** From events to occurrences: the catalogue applied to one capture. */
import type { CaptureHeader, EventType, Fields, FieldValue } from '../parsers/parser.ts';
import { small, word } from './arguments.ts';
import { eventRules } from './catalogue.ts';
import { LogAssembler } from './log-lines/assembler.ts';
import { bootsOf } from './log-lines/echoes.ts';
import { MmapWriters } from './mmap-writers.ts';
import type { Moment, Occurrence, OccurrenceKind, ProbeSource, Word } from './occurrence.ts';
import { plainArguments, withParameters } from './probe-arguments.ts';
import { type ProbeCheck, ProbeSanity } from './probe-sanity.ts';
import {
  type ProbeShape,
  type ProbeTarget,
  presumedTarget,
  probeShape,
  resolveTarget,
} from './probe-target.ts';
import { Repeats } from './repeats.ts';
import { Sleepers } from './sleepers.ts';
import type { KernelFacts, Recorded, SymbolLookup } from './subsystem.ts';

/** A probe whose function could only be guessed from the name the user gave its event. */
export interface Guess {
  readonly system: string;
  readonly event: string;
  readonly function: string;
}

export interface Recogniser {
  /** Whether the events of a type are worth decoding. */
  select(type: EventType): 'rows' | 'count';
  /**
   * What the event means; undefined when it means nothing to us. Where it means something, `next` may
   * have more: a line of the kernel log can complete several records.
   */
  recognise(
    type: EventType,
    fields: Fields,
    moment: Moment,
    buffer?: number,
  ): Occurrence | undefined;
  /** What else the last event meant, one at a time. */
  next(): Occurrence | undefined;
  /** The capture is over: `next` gives what waited for more. */
  flush(): void;
  /** False for a record that means nothing where most do not (function tracers): it gets no row. */
  keepRow(type: EventType, fields: Fields): boolean;
  readonly observed: ReadonlyMap<OccurrenceKind, number>;
  /** Whether this capture would show occurrences of the kind if there were any. */
  possible(kind: OccurrenceKind): boolean;
  readonly guesses: readonly Guess[];
  readonly probeChecks: readonly ProbeCheck[];
}

export function createRecogniser(header: CaptureHeader, symbol: SymbolLookup): Recogniser {
  return new CaptureRecogniser(header, symbol);
}

type Reader = (fields: Fields, moment: Moment, buffer: number) => Occurrence | undefined;

/** How often a kind was seen; kept by event type too, as most types give one kind. */
interface Counter {
  readonly kind: OccurrenceKind;
  count: number;
}

/** One event type that marks a function; the first, or the one with more arguments, is believed. */
interface Reporter {
  readonly type: EventType;
  readonly richness: number;
}

class CaptureRecogniser implements Recogniser {
  readonly #counters = new Map<OccurrenceKind, Counter>();
  /** By event type: the counter of what its last event meant. */
  readonly #lastCounters: (Counter | undefined)[] = [];
  readonly #header: CaptureHeader;
  readonly #symbol: SymbolLookup;
  readonly #kernel: KernelFacts;
  readonly #readers: readonly (Reader | undefined)[];
  readonly #sanity = new ProbeSanity();
  readonly #log: LogAssembler;
  readonly #writers = new MmapWriters();
  readonly #sleepers = new Sleepers();
  readonly #reporters = {
    enter: new Map<string, Reporter>(),
    return: new Map<string, Reporter>(),
  };
  readonly #guesses = new Map<EventType, Guess>();
  readonly #repeats: Repeats;
  /** By event type. */
  readonly #mayRepeat: readonly boolean[];
  /** By event type: 1 when an event of it was seen. */
  readonly #seen: Uint8Array;
  readonly #possibleProbes = new Map<EventType, ProbeTarget>();
  /** By tid: call depth of the invalidation the function graph is inside of. */
  readonly #insideInvalidation = new Map<number, number>();
  #keepLast = true;

  constructor(header: CaptureHeader, symbol: SymbolLookup) {
    this.#header = header;
    this.#symbol = symbol;
    this.#log = new LogAssembler(bootsOf(header));
    this.#kernel = { release: releaseOf(header.uname) };
    this.#repeats = new Repeats(header);
    this.#mayRepeat = header.eventTypes.map((type) => this.#repeats.mayRepeat(type));
    this.#seen = new Uint8Array(header.eventTypes.length);
    this.#readers = header.eventTypes.map((type) => this.#readerOf(type));
  }

  get observed(): ReadonlyMap<OccurrenceKind, number> {
    return new Map([...this.#counters.values()].map(({ kind, count }) => [kind, count]));
  }

  get guesses(): readonly Guess[] {
    return [...this.#guesses.values()];
  }

  get probeChecks(): readonly ProbeCheck[] {
    return this.#sanity.checks;
  }

  select(type: EventType): 'rows' | 'count' {
    return this.#readers[type.index] ? 'rows' : 'count';
  }

  recognise(type: EventType, fields: Fields, moment: Moment, buffer = 0): Occurrence | undefined {
    this.#keepLast = true;
    this.#seen[type.index] = 1;
    if (this.#mayRepeat[type.index] && this.#repeats.isRepeat(type, fields, moment, buffer)) {
      return undefined;
    }
    const occurrence = this.#readers[type.index]?.(fields, moment, buffer);
    if (occurrence) this.#count(type.index, occurrence.kind);
    return occurrence;
  }

  next(): Occurrence | undefined {
    const one = this.#log.next() ?? this.#sleepers.next();
    if (one) this.#counter(one.kind).count++;
    return one;
  }

  flush(): void {
    this.#log.flush();
    this.#sleepers.flush();
  }

  #count(type: number, kind: OccurrenceKind): void {
    let counter = this.#lastCounters[type];
    if (counter?.kind !== kind) {
      counter = this.#counter(kind);
      this.#lastCounters[type] = counter;
    }
    counter.count++;
  }

  #counter(kind: OccurrenceKind): Counter {
    const counter = this.#counters.get(kind) ?? { kind, count: 0 };
    this.#counters.set(kind, counter);
    return counter;
  }

  keepRow(_type: EventType, _fields: Fields): boolean {
    return this.#keepLast;
  }

  possible(kind: OccurrenceKind): boolean {
    if (this.#counters.has(kind)) return true;
    const { eventTypes } = this.#header;
    const seen = new Set(
      eventTypes.filter((type) => this.#seen[type.index]).map(({ system }) => system),
    );
    return eventTypes.some((type) => seen.has(type.system) && this.#gives(type).includes(kind));
  }

  #gives(type: EventType): readonly OccurrenceKind[] {
    const rule = eventRules.get(`${type.system}:${type.name}`);
    if (rule) return rule.gives;
    return this.#possibleProbes.get(type)?.rule?.gives ?? [];
  }

  #readerOf(type: EventType): Reader | undefined {
    const rule = eventRules.get(`${type.system}:${type.name}`);
    if (rule) {
      const recorded = this.#recorded(type, 'probe');
      if (!rule.sparse)
        return (fields, moment, buffer) => rule.read(fields, moment, recorded, buffer);
      return (fields, moment, buffer) => {
        const occurrence = rule.read(fields, moment, recorded, buffer);
        this.#keepLast = occurrence !== undefined;
        return occurrence;
      };
    }
    const shape = probeShape(type);
    if (!shape) return undefined;
    if (shape.source === 'probe') this.#possibleProbes.set(type, presumedTarget(shape, type));
    return this.#probeReader(type, shape);
  }

  #recorded(type: EventType, source: ProbeSource): Recorded {
    const symbol: Recorded['symbol'] = (address) =>
      address === undefined ? undefined : this.#symbol(address);
    const dropRow = (): void => {
      this.#keepLast = false;
    };
    return {
      type,
      source,
      kernel: this.#kernel,
      log: this.#log,
      symbol,
      writers: this.#writers,
      sleepers: this.#sleepers,
      dropRow,
    };
  }

  #probeReader(type: EventType, shape: ProbeShape): Reader {
    const recorded = this.#recorded(type, shape.source);
    const targets = new Map<Word | string | undefined, ProbeTarget | undefined>();
    // a probe's records all have one address: no look-up for those after the first
    let lastAddress: Word | string | undefined;
    let target: ProbeTarget | undefined;
    return (fields, moment) => {
      const address = place(fields[shape.address]);
      if (address !== lastAddress || !target) {
        lastAddress = address;
        target = targets.get(address);
        if (target === undefined && !targets.has(address)) {
          target = this.#resolve(address, shape, type);
          targets.set(address, target);
        }
      }
      if (shape.source !== 'probe') return this.#traced(target, fields, moment, shape, recorded);
      if (!target || !this.#isReporter(target, shape, type)) return undefined;
      return this.#probed(target, fields, moment, shape, recorded);
    };
  }

  #resolve(
    address: Word | string | undefined,
    shape: ProbeShape,
    type: EventType,
  ): ProbeTarget | undefined {
    const target = resolveTarget(address, shape, type, this.#symbol);
    if (!target) return undefined;
    if (shape.source === 'probe') this.#possibleProbes.set(type, target);
    if (target.guessed) {
      const { system, name: event } = type;
      this.#guesses.set(type, { system, event, function: target.function });
    }
    if (target.rule || target.role !== 'unknown' || shape.source === 'probe') {
      this.#report(target, shape, type);
    }
    return target;
  }

  /** Two probes on one function, or a probe and a function tracer, must not count a call twice. */
  #report(target: ProbeTarget, shape: ProbeShape, type: EventType): void {
    const reporters = this.#reporters[shape.edge];
    const rank = richness(type, shape);
    const other = reporters.get(target.function);
    if (other && other.richness >= rank) return;
    reporters.set(target.function, { type, richness: rank });
  }

  #isReporter(target: ProbeTarget, shape: ProbeShape, type: EventType): boolean {
    return this.#reporters[shape.edge].get(target.function)?.type === type;
  }

  #probed(
    target: ProbeTarget,
    fields: Fields,
    moment: Moment,
    shape: ProbeShape,
    recorded: Recorded,
  ): Occurrence | undefined {
    const occurrence = target.rule
      ? target.rule.read(fields, moment, recorded, 0)
      : unknownProbe(target, fields, moment, shape);
    return occurrence && this.#sanity.review(occurrence, recorded.type, target.function);
  }

  /** A record of the function tracers, which are full of functions that mean nothing to us. */
  #traced(
    target: ProbeTarget | undefined,
    fields: Fields,
    moment: Moment,
    shape: ProbeShape,
    recorded: Recorded,
  ): Occurrence | undefined {
    const graph = shape.source === 'function_graph';
    if (!target || !(known(target) || (graph && this.#follows(target, fields, moment)))) {
      this.#keepLast = false;
      return undefined;
    }
    if (graph && opensCallbacks(target)) this.#enterOrLeave(shape, fields, moment);
    if (known(target) && !this.#isReporter(target, shape, recorded.type)) return undefined;
    if (!graph && !tellsWithoutReturn(target)) return undefined;
    return this.#probed(target, withParameters(target, fields), moment, shape, recorded);
  }

  /** Unknown functions matter in drivers, and where an invalidation calls the drivers. */
  #follows(target: ProbeTarget, fields: Fields, moment: Moment): boolean {
    if (target.module !== undefined) return true;
    if (this.#insideInvalidation.size === 0) return false;
    const depth = this.#insideInvalidation.get(moment.tid);
    return depth !== undefined && small(fields.depth) === depth + 1;
  }

  #enterOrLeave(shape: ProbeShape, fields: Fields, moment: Moment): void {
    if (shape.edge === 'return') this.#insideInvalidation.delete(moment.tid);
    else this.#insideInvalidation.set(moment.tid, small(fields.depth) ?? 0);
  }
}

/** Functions whose direct callees are drivers' callbacks. */
function opensCallbacks(target: ProbeTarget): boolean {
  return target.function === '__mmu_notifier_invalidate_range_start';
}

function known(target: ProbeTarget): boolean {
  return target.rule !== undefined || target.role !== 'unknown';
}

/** The function tracer records no returns: what would wait for one is better not begun. */
function tellsWithoutReturn(target: ProbeTarget): boolean {
  const gives = target.rule?.gives[0];
  return gives !== undefined && gives !== 'fence.wait_call';
}

function unknownProbe(
  target: ProbeTarget,
  fields: Fields,
  moment: Moment,
  shape: ProbeShape,
): Occurrence {
  const { function: name, module, role } = target;
  const args = plainArguments(fields);
  if (shape.edge === 'enter') {
    return { kind: 'probe.enter', function: name, module, role, args, ...moment };
  }
  const value = word(args.ret) ?? word(args.retval) ?? word(args.arg1);
  const ret = value === undefined ? undefined : Number(BigInt.asIntN(32, BigInt(value)));
  return { kind: 'probe.return', function: name, module, role, ret, args, ...moment };
}

/** An address, or the symbol that text recordings show in its place. */
function place(value: FieldValue | undefined): Word | string | undefined {
  return typeof value === 'string' ? value : word(value);
}

/** Any probe knows more than a function tracer; of two probes the one with more arguments does. */
function richness(type: EventType, shape: ProbeShape): number {
  if (shape.source === 'function') return 0;
  if (shape.source === 'function_graph') return 1;
  return 2 + type.fields.filter((field) => !field.name.startsWith('__probe')).length;
}

/** `Linux host 6.12.117-svmlab #1 SMP …`: the release is the third word of uname -a. */
function releaseOf(uname: string | undefined): KernelFacts['release'] {
  const match = /^\S+ \S+ (\d+)\.(\d+)/.exec(uname ?? '') ?? /\b(\d+)\.(\d+)\.\d/.exec(uname ?? '');
  return match ? [Number(match[1]), Number(match[2])] : undefined;
}
