import { TraceError } from '../../errors.ts';
import type {
  Capture,
  CaptureHeader,
  EventBatch,
  EventType,
  EventTypeCount,
  Fields,
  Loss,
  Problem,
  ReadOptions,
} from '../parser.ts';
import { progressOf, wantedTypes } from '../read-options.ts';
import type { Dialect, Refusal } from './dialect.ts';
import { END, EventReader, FLUSH, READ } from './event-reader.ts';
import type { TextEventType } from './event-registry.ts';
import type { Line } from './line.ts';
import { PAYLOAD } from './payload.ts';
import { payloadText } from './payload-text.ts';
import { type Stamp, since, toBigint } from './stamp.ts';
import { Survey } from './survey.ts';
import { TextRows } from './text-rows.ts';
import { TextSource } from './text-source.ts';

const NOTHING: Stamp = { high: 0, low: 0 };
/** A loss that may be on any CPU. */
const ANY_CPU = -1;

/** @throws TraceError when the text holds nothing that can be used. */
export function openText(path: string, dialect: Dialect, chunkBytes?: number): Capture {
  const source = new TextSource(path, chunkBytes);
  try {
    return new TextCapture(path, source, dialect);
  } catch (error) {
    source.close();
    throw error;
  }
}

/** The capture of a text that was surveyed. */
class TextCapture implements Capture {
  readonly header: CaptureHeader;
  readonly counts: readonly EventTypeCount[];
  readonly losses: readonly Loss[];
  readonly #source: TextSource;
  readonly #dialect: Dialect;
  readonly #survey: Survey;
  readonly #base: Stamp;
  #isWalked = false;

  constructor(path: string, source: TextSource, dialect: Dialect) {
    this.#source = source;
    this.#dialect = dialect;
    this.#survey = survey(source, dialect);
    const refusal = refusalOf(this.#survey, dialect);
    if (refusal) throw new TraceError(`${path} ${refusal.message}`, { hint: refusal.hint });
    this.#base = this.#survey.base ?? NOTHING;
    this.header = headerOf(this.#survey, dialect, source);
    this.counts = this.#survey.registry.types.map((type) => this.#countOf(type));
    this.losses = this.#losses();
  }

  get problems(): readonly Problem[] {
    return this.#survey.problems.list;
  }

  *batches(options: ReadOptions = {}): Generator<EventBatch, void, undefined> {
    if (this.#isWalked) throw new Error('the batches of a capture can be walked once');
    this.#isWalked = true;
    const reader = new EventReader(this.#source, this.#dialect, this.#survey.facts, SILENT);
    const rows = new TextRows(this.#source.bytes);
    const wanted = wantedTypes(this.header.eventTypes, options);
    const progress = progressOf(() => this.#source.consumed, options);
    let ordinal = 0;
    for (let step = reader.next(); step !== END; step = reader.next()) {
      if (step === READ) this.#addLine(rows, reader.line, wanted, ++ordinal);
      else if (reader.made) this.#addMade(rows, reader.made, wanted, ++ordinal);
      if (rows.isFull || (step === FLUSH && rows.length > 0)) {
        yield rows;
        rows.length = 0;
      }
      if (step === FLUSH) progress();
    }
    if (rows.length > 0) yield rows;
  }

  comm(tid: number): string | undefined {
    return this.#survey.comms.get(tid);
  }

  tgid(tid: number): number | undefined {
    return this.#survey.tgids.get(tid);
  }

  symbol(): undefined {
    return undefined;
  }

  print(_type: EventType, fields: Fields): string {
    const text = fields[PAYLOAD];
    return typeof text === 'string' ? text : '';
  }

  close(): void {
    this.#source.close();
  }

  #addLine(rows: TextRows, line: Line, wanted: readonly boolean[], ordinal: number): void {
    const { bytes } = this.#source;
    const type = this.#survey.registry.find(bytes, line);
    if (!wanted[type.index]) return;
    const { bufferStart, bufferEnd } = line;
    const buffer =
      bufferEnd > bufferStart
        ? Math.max(0, this.#survey.buffers.indexOf(payloadText(bytes, bufferStart, bufferEnd)))
        : 0;
    rows.add(line, type, ordinal, since(this.#base, line), buffer);
  }

  #addMade(
    rows: TextRows,
    made: NonNullable<EventReader['made']>,
    wanted: readonly boolean[],
    ordinal: number,
  ): void {
    const type = this.#survey.registry.named('ftrace', made.name);
    if (wanted[type.index]) rows.addMade(made, type, ordinal, since(this.#base, made));
  }

  #countOf({ events, firstHigh, firstLow, lastHigh, lastLow }: TextEventType): EventTypeCount {
    if (events === 0) return { events, first: null, last: null };
    return {
      events,
      first: since(this.#base, { high: firstHigh, low: firstLow }),
      last: since(this.#base, { high: lastHigh, low: lastLow }),
    };
  }

  #losses(): Loss[] {
    const survey = this.#survey;
    const relative = (stamp: Stamp | undefined) => (stamp ? since(this.#base, stamp) : null);
    const losses: Loss[] = survey.losses.map(({ cpu, events, from, to }) => ({
      buffer: 0,
      cpu,
      from: relative(from),
      to: relative(to),
      events,
      kind: 'dropped',
    }));
    const { overwritten } = survey.facts;
    if (overwritten > 0) {
      const to = relative(survey.allFrom);
      losses.unshift({
        buffer: 0,
        cpu: survey.cpus.size === 1 ? ([...survey.cpus][0] as number) : ANY_CPU,
        from: null,
        to,
        events: overwritten,
        kind: 'overwritten',
      });
    }
    return losses;
  }
}

function refusalOf(
  { events, unknown, unknownLines, registry }: Survey,
  dialect: Dialect,
): Refusal | undefined {
  if (events > 0) return dialect.useless?.(registry.types.map(({ system }) => system));
  return unknown > 0 ? dialect.refusal(unknownLines) : undefined;
}

/**
 * Who runs on a CPU of function_graph may be said only by the first switch away from it, and the times
 * put together from durations depend on it.
 */
function survey(source: TextSource, dialect: Dialect): Survey {
  const first = new Survey(source, dialect);
  const { firstTasks } = first.facts;
  return first.hasNoTime && firstTasks.size > 0 ? new Survey(source, dialect, firstTasks) : first;
}

/** The survey has told everything already. */
const SILENT = { lost: () => {}, unknown: () => {}, cut: () => {} };

function headerOf(survey: Survey, dialect: Dialect, source: TextSource): CaptureHeader {
  const { facts, isTicks, cpus, unknown } = survey;
  const list = [...cpus].sort((a, b) => a - b);
  return {
    format: dialect.format,
    version: dialect.version,
    // text has no byte order
    endian: 'little',
    clock: {
      name: 'unknown',
      unit: isTicks ? 'ticks' : 'ns',
      base: toBigint(survey.base ?? NOTHING),
      ...(survey.hasNoTime ? { converted: 'durations of calls' } : {}),
    },
    cpus: Math.max(facts.cpus, (list.at(-1) ?? -1) + 1),
    buffers: survey.buffers.map((name) => ({ name, clock: 'unknown', cpus: list })),
    eventTypes: survey.registry.types.map((type, index) => type.eventType(index)),
    ...(facts.uname === undefined ? {} : { uname: facts.uname }),
    sizeBytes: source.size,
    lines: { total: source.lines, unrecognised: unknown },
    facts: { ...facts.facts },
  };
}
