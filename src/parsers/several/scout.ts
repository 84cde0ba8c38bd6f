import type { Capture, EventBatch, EventType, Fields } from '../parser.ts';

/** Occurrences of one text, relative ns ascending. */
export type Moments = readonly number[];

/** What a look through an input finds that other inputs may show too. */
export interface Scout {
  readonly capture: Capture;
  /** Lines of the kernel log, by their text. */
  readonly lines: ReadonlyMap<string, Moments>;
  /** What user space wrote into the trace. */
  readonly marks: ReadonlyMap<string, Moments>;
  /** Happenings whose text names them for good: a fork of that pid, the init of that fence. */
  readonly events: ReadonlyMap<string, Moments>;
  /** By event type index. */
  readonly counts: readonly number[];
  /** Relative ns of the first and the last event; 0 when there is none. */
  readonly first: number;
  readonly last: number;
}

/** Event types that rarely fire and whose text is hardly ever the same twice in one boot. */
const TELLING: ReadonlySet<string> = new Set([
  'sched_process_fork',
  'sched_process_exec',
  'sched_process_exit',
  'task_newtask',
  'dma_fence_init',
  'dma_fence_signaled',
]);

/** Texts remembered per kind: a log of days must not fill the memory. */
const MOST_TEXTS = 200_000;

/** Reads a capture through, once, for nothing but what ties it to others. */
export function scout(capture: Capture): Scout {
  const lines = new TextMoments();
  const marks = new TextMoments();
  const events = new TextMoments();
  const { eventTypes } = capture.header;
  const readers = eventTypes.map((type) => readerOf(type, capture, { lines, marks, events }));
  for (const batch of capture.batches({
    select: ({ index }) => (readers[index] ? 'rows' : 'count'),
  })) {
    for (let i = 0; i < batch.length; i += 1) readers[batch.type[i] as number]?.(batch, i);
  }
  const spans = capture.counts.filter(({ events: count }) => count > 0);
  return {
    capture,
    lines: lines.map,
    marks: marks.map,
    events: events.map,
    counts: capture.counts.map(({ events: count }) => count),
    first: spans.reduce(
      (first, span) => Math.min(first, span.first ?? first),
      spans[0]?.first ?? 0,
    ),
    last: spans.reduce((last, span) => Math.max(last, span.last ?? last), 0),
  };
}

type Read = (batch: EventBatch, i: number) => void;

function readerOf(
  type: EventType,
  capture: Capture,
  { lines, marks, events }: Record<'lines' | 'marks' | 'events', TextMoments>,
): Read | undefined {
  if (isConsole(type)) {
    return (batch, i) => lines.add(lineText(batch.fields(i)), batch.ts[i] as number);
  }
  if (isMark(type)) {
    return (batch, i) => marks.add(markText(batch.fields(i)), batch.ts[i] as number);
  }
  if (!TELLING.has(type.name)) return undefined;
  return (batch, i) => {
    const text = capture.print(type, batch.fields(i), 'no-plugins').trim();
    events.add(`${type.name} ${text}`, batch.ts[i] as number);
  };
}

/** A line of the kernel log, in a log or recorded by the event `printk:console`. */
export function isConsole({ system, name }: EventType): boolean {
  return name === 'console' && (system === 'printk' || system === '');
}

function isMark({ system, name }: EventType): boolean {
  return (name === 'print' && system === 'ftrace') || name === 'tracing_mark_write';
}

/** Older kernels record the line as it goes to the console, time stamp and caller included. */
const CONSOLE_PREFIX = /^(?:<\d+>)?(?:\[ *\d+\.\d+\] ?)?(?:\[ *[TC]\d+\] ?)?/;

/** The text of a line, as any recorder of it has it. */
export function lineText(fields: Fields): string {
  const text = fields.msg ?? fields.payload;
  return typeof text === 'string' ? text.replace(CONSOLE_PREFIX, '').trim() : '';
}

function markText(fields: Fields): string {
  const text = fields.buf ?? fields.payload;
  return typeof text === 'string' ? text.replace(/^tracing_mark_write:/, '').trim() : '';
}

class TextMoments {
  readonly map = new Map<string, number[]>();

  add(text: string, ts: number): void {
    if (text === '') return;
    const known = this.map.get(text);
    if (known) known.push(ts);
    else if (this.map.size < MOST_TEXTS) this.map.set(text, [ts]);
  }
}
