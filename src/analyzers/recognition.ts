/** The catalogue applied to a capture: once per boot, as pids, symbols and pointers hold within one. */
import type { OccurrenceKind } from '../kernel/occurrence.ts';
import { createRecogniser, type Guess, type Recogniser } from '../kernel/recognise.ts';
import type { Capture, CaptureHeader, CaptureInput, EventType } from '../parsers/parser.ts';

/** One boot of one machine. */
export interface Boot {
  readonly recogniser: Recogniser;
  /** A buffer of it, to ask the capture in its name. */
  readonly buffer: number;
}

export interface Recognition {
  readonly boots: readonly Boot[];
  /** By buffer: index of its boot. */
  readonly bootOf: readonly number[];
  /** Whether the events of a type are worth decoding. */
  select(type: EventType): 'rows' | 'count';
  possible(kind: OccurrenceKind): boolean;
  readonly observed: ReadonlyMap<OccurrenceKind, number>;
  readonly guesses: readonly Guess[];
  readonly probeChecks: Recogniser['probeChecks'];
}

export function createRecognition(capture: Capture): Recognition {
  const { header } = capture;
  const bootOf = bootsOf(header);
  const boots = Array.from({ length: Math.max(0, ...bootOf) + 1 }, (_, n): Boot => {
    const buffer = Math.max(0, bootOf.indexOf(n));
    const uname = unameOf(header.inputs, n) ?? (n === 0 ? header.uname : undefined);
    const { uname: _uname, ...rest } = header;
    const symbol = (address: number | bigint) => capture.symbol(address, buffer);
    const own = { ...rest, ...(uname === undefined ? {} : { uname }) };
    return { recogniser: createRecogniser(own, symbol), buffer };
  });
  const recognisers = boots.map(({ recogniser }) => recogniser);
  return {
    boots,
    bootOf,
    select: (type) => (recognisers.some((one) => one.select(type) === 'rows') ? 'rows' : 'count'),
    possible: (kind) => recognisers.some((one) => one.possible(kind)),
    get observed() {
      return sum(recognisers.map(({ observed }) => observed));
    },
    get guesses() {
      return recognisers.flatMap(({ guesses }) => guesses);
    },
    get probeChecks() {
      return recognisers.flatMap(({ probeChecks }) => probeChecks);
    },
  };
}

/** By buffer; each buffer of a log is a boot, unless one of them was chosen as that of the others. */
function bootsOf({ buffers, inputs, isLog }: CaptureHeader): number[] {
  if (!inputs) return buffers.map((_, n) => (isLog ? n : 0));
  let next = 1 + Math.max(...inputs.map(({ boot }) => boot));
  return inputs.flatMap(({ boot, buffers: { length }, isLog: isOneLog, part }) =>
    Array.from({ length }, (_, n) => (n > 0 && isOneLog && part === undefined ? next++ : boot)),
  );
}

function unameOf(inputs: readonly CaptureInput[] | undefined, boot: number): string | undefined {
  return inputs?.find((input) => input.boot === boot)?.uname;
}

function sum(
  counts: readonly ReadonlyMap<OccurrenceKind, number>[],
): ReadonlyMap<OccurrenceKind, number> {
  const [first, ...others] = counts;
  if (first && others.length === 0) return first;
  const total = new Map<OccurrenceKind, number>();
  for (const one of counts) {
    for (const [kind, count] of one) total.set(kind, (total.get(kind) ?? 0) + count);
  }
  return total;
}

/** Relative ns of the last event of the capture; 0 when there is none. */
export function lastMoment(capture: Capture): number {
  return capture.counts.reduce((last, count) => Math.max(last, count.last ?? 0), 0);
}

/**
 * Until when it was recorded what happens, in a boot or in all of them: a log beside a recording may go
 * on for days, and its silence means nothing.
 */
export function endOfRecording(capture: Capture, boot?: number): number {
  const inputs = recordingsOf(capture, boot);
  return inputs.length === 0 ? lastMoment(capture) : Math.max(...inputs.map(({ last }) => last));
}

/** From when on. */
export function startOfRecording(capture: Capture): number {
  const inputs = recordingsOf(capture);
  return inputs.length === 0 ? 0 : Math.min(...inputs.map(({ first }) => first));
}

/** Logs only where there is nothing else. */
function recordingsOf({ header }: Capture, boot?: number): readonly CaptureInput[] {
  const inputs = (header.inputs ?? []).filter((input) => boot === undefined || input.boot === boot);
  const recordings = inputs.filter((input) => !input.isLog);
  return recordings.length > 0 ? recordings : inputs;
}
