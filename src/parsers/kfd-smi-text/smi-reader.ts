import type { Fields, FieldValue } from '../parser.ts';
import { payloadText } from '../text/payload-text.ts';
import type { TextSource } from '../text/text-source.ts';
import { readLine, type SmiLine } from './smi-line.ts';
import { SHAPES, type Shape } from './smi-shapes.ts';

/**
 * The files of several GPUs are read in turn, each giving up to 8 KiB at a time
 * (KFD_MAX_KFIFO_SIZE): by how many lines one may stand behind a later one.
 */
const WINDOW = 4096;
const NANOSECONDS = 1_000_000_000n;
const DAY_NS = 86_400n * NANOSECONDS;
/** rocm-smi prints a time of day: one that goes back by more is after midnight. */
const MIDNIGHT_NS = DAY_NS / 2n;

/**
 * Where the times come from: CLOCK_BOOTTIME in the events; the seconds at which rocm-smi printed them,
 * where no event has one; the order of the lines, where there is nothing.
 */
export type TimeBase =
  | { readonly kind: 'boot'; readonly first: bigint }
  | { readonly kind: 'printed' }
  | { readonly kind: 'order' };

export interface SmiEvent {
  readonly shape: Shape;
  readonly ts: bigint;
  /** False: the time is that of the event before it, or of the first that has one. */
  readonly hasTime: boolean;
  readonly tid: number;
  readonly comm: string | undefined;
  readonly fields: Fields;
}

/** Called with a line that is neither an event nor a heading. */
export type UnknownLine = (text: string) => void;

/** Finds what the times are; reads on only as long as no event has one. */
export function timeBaseOf(source: TextSource): TimeBase {
  let isPrinted = false;
  for (const { payload, printedAt } of lines(source, () => {})) {
    if (payload.ns !== undefined) return { kind: 'boot', first: payload.ns };
    isPrinted ||= printedAt !== undefined;
  }
  return { kind: isPrinted ? 'printed' : 'order' };
}

/** The events of a file from its start in the order of time; it can be walked again. */
export function* readEvents(
  source: TextSource,
  base: TimeBase,
  unknown: UnknownLine,
): Generator<SmiEvent, void, undefined> {
  let waiting: SmiEvent[] = [];
  for (const event of inFileOrder(source, base, unknown)) {
    waiting.push(event);
    if (waiting.length < 2 * WINDOW) continue;
    waiting.sort(byTime);
    yield* waiting.slice(0, WINDOW);
    waiting = waiting.slice(WINDOW);
  }
  yield* waiting.sort(byTime);
}

function byTime(a: SmiEvent, b: SmiEvent): number {
  return a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : 0;
}

function* inFileOrder(
  source: TextSource,
  base: TimeBase,
  unknown: UnknownLine,
): Generator<SmiEvent, void, undefined> {
  const nodes = new Set<FieldValue>();
  let last = base.kind === 'boot' ? base.first : 0n;
  for (const line of lines(source, unknown)) {
    const { shape, fields } = meant(line, nodes);
    const { gpu, payload } = line;
    const time = timeOf(line, base, last);
    last = time ?? (base.kind === 'order' ? last + 1n : last);
    yield {
      shape,
      ts: last,
      hasTime: time !== undefined,
      tid: payload.pid,
      comm: payload.comm,
      fields: {
        own_time: time === undefined ? 0 : 1,
        ...(gpu === undefined ? {} : { gpu }),
        ...fields,
      },
    };
  }
}

function timeOf({ payload, printedAt }: SmiLine, base: TimeBase, last: bigint): bigint | undefined {
  if (base.kind === 'boot') return payload.ns;
  if (base.kind === 'order' || printedAt === undefined) return undefined;
  const time = (last / DAY_NS) * DAY_NS + BigInt(printedAt) * NANOSECONDS;
  return time + MIDNIGHT_NS < last ? time + DAY_NS : time;
}

/** A number of dropped events that is the name of a GPU is no number of events. */
function meant(
  { shape, payload }: SmiLine,
  nodes: Set<FieldValue>,
): { readonly shape: Shape; readonly fields: Fields } {
  const { fields } = payload;
  if (fields.node !== undefined) nodes.add(fields.node);
  if (shape !== DROPPED) return { shape, fields };
  const node = Number.parseInt(String(fields.drop_count), 16);
  return nodes.has(node) ? { shape: RESCHEDULED, fields: { node } } : { shape, fields };
}

const [DROPPED, RESCHEDULED] = SHAPES.get(14) as [Shape, Shape];

function* lines(source: TextSource, unknown: UnknownLine): Generator<SmiLine, void, undefined> {
  source.rewind();
  do {
    while (source.next()) {
      const text = payloadText(source.bytes, source.start, source.end);
      const line = readLine(text);
      if (line === undefined) unknown(text);
      else if (line !== 'heading') yield line;
    }
  } while (source.refill(Number.POSITIVE_INFINITY) >= 0);
}
