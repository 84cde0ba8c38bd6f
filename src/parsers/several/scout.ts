import { setImmediate } from 'node:timers/promises';
import type { Capture, EventBatch, EventType, Fields } from '../parser.ts';

/** Occurrences of one text, relative ns ascending. */
export type Moments = readonly number[];

/** What a look through an input finds that other inputs may show too. */
export interface Scout {
  readonly capture: Capture;
  /** Absolute stamp of relative 0. */
  readonly base: bigint;
  /** The only buffer it is about; undefined = all of them. */
  readonly buffer?: number;
  /** Lines of the kernel log, by their text. */
  readonly lines: ReadonlyMap<string, Moments>;
  /** What user space wrote into the trace. */
  readonly marks: ReadonlyMap<string, Moments>;
  /** Happenings whose text names them for good: a fork of that pid, the init of that fence. */
  readonly events: ReadonlyMap<string, Moments>;
  /** Threads whose names the events themselves tell, where they are no recording of CPUs. */
  readonly names: ReadonlyMap<number, string>;
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

/** A capture that was read through; of a log with several boots also each of them. */
export interface Scouting {
  readonly whole: Scout;
  readonly boots: readonly Scout[];
}

/** The event loop is let in this often, so that Ctrl-C is heard. */
const BREATHE_MS = 100;

/**
 * Reads a capture through, once, for nothing but what ties it to others.
 * @throws the signal's reason when it is aborted.
 */
export async function scout(capture: Capture, signal?: AbortSignal): Promise<Scouting> {
  const { isLog, buffers } = capture.header;
  const boots = isLog && buffers.length > 1 ? buffers.map(() => new BootLines()) : [];
  const whole = await scoutWhole(capture, boots, signal);
  return {
    whole,
    boots: boots.map((boot, buffer): Scout => {
      const { lines, first, last } = boot;
      const base = buffers[buffer]?.base ?? whole.base;
      const none = new Map<string, Moments>();
      const counts = [boot.events];
      return {
        capture,
        base,
        buffer,
        lines: lines.map,
        marks: none,
        events: none,
        names: new Map(),
        counts,
        first: Math.min(first, last),
        last,
      };
    }),
  };
}

/** What one boot of a log says. */
class BootLines {
  readonly lines = new TextMoments();
  events = 0;
  first = Number.POSITIVE_INFINITY;
  last = 0;

  add(text: string, ts: number): void {
    this.events += 1;
    this.lines.add(text, ts);
    this.first = Math.min(this.first, ts);
    this.last = Math.max(this.last, ts);
  }
}

async function scoutWhole(
  capture: Capture,
  boots: readonly BootLines[],
  signal: AbortSignal | undefined,
): Promise<Scout> {
  const lines = new TextMoments();
  const marks = new TextMoments();
  const events = new TextMoments();
  const { eventTypes } = capture.header;
  const names = new Map<number, string>();
  const ofGpu = !capture.header.isLog && buffersWithoutCpus(capture);
  const readers = eventTypes.map((type) =>
    readerOf(type, capture, { lines, marks, events }, boots),
  );
  let breatheAt = performance.now() + BREATHE_MS;
  for (const batch of capture.batches({
    select: ({ index }) => (readers[index] || ofGpu ? 'rows' : 'count'),
  })) {
    for (let i = 0; i < batch.length; i += 1) {
      readers[batch.type[i] as number]?.(batch, i);
      if (ofGpu) learnName(names, capture, batch.tid[i] as number);
    }
    if (performance.now() < breatheAt) continue;
    await setImmediate();
    signal?.throwIfAborted();
    breatheAt = performance.now() + BREATHE_MS;
  }
  const spans = capture.counts.filter(({ events: count }) => count > 0);
  return {
    capture,
    base: capture.header.clock.base,
    lines: lines.map,
    marks: marks.map,
    events: events.map,
    names,
    counts: capture.counts.map(({ events: count }) => count),
    first: spans.reduce(
      (first, span) => Math.min(first, span.first ?? first),
      spans[0]?.first ?? 0,
    ),
    last: spans.reduce((last, span) => Math.max(last, span.last ?? last), 0),
  };
}

/** Such as the events a GPU's driver gives to user space. */
function buffersWithoutCpus({ header }: Capture): boolean {
  return header.buffers.every(({ cpus }) => cpus.length === 0);
}

const MOST_NAMES = 10_000;

function learnName(names: Map<number, string>, capture: Capture, tid: number): void {
  if (tid <= 0 || names.has(tid) || names.size >= MOST_NAMES) return;
  const name = capture.comm(tid);
  if (name !== undefined) names.set(tid, name);
}

type Read = (batch: EventBatch, i: number) => void;

function readerOf(
  type: EventType,
  capture: Capture,
  { lines, marks, events }: Record<'lines' | 'marks' | 'events', TextMoments>,
  boots: readonly BootLines[],
): Read | undefined {
  if (isConsole(type)) {
    return (batch, i) => {
      const text = lineText(batch.fields(i));
      lines.add(text, batch.ts[i] as number);
      boots[batch.buffer[i] as number]?.add(text, batch.ts[i] as number);
    };
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
