/**
 * Puts the lines of the kernel log together to records. Drivers print one fault in up to nine lines;
 * two GPUs interleave theirs, and other messages break in, so lines belong together by device, never
 * because they are neighbours.
 */
import type { Moment, OccurrenceOf } from '../occurrence.ts';
import { Echoes } from './echoes.ts';
import { type LogLine, logLines } from './line.ts';
import type { LogClass, LogParts } from './log-record.ts';
import { type Groups, type HeadShape, type LogSource, type PartShape, readParts } from './shape.ts';
import { logSources } from './sources.ts';

/** The lines of a record are printed at once: what comes later than this belongs to another. */
const RECORD_NS = 1e9;

type LogOccurrence = OccurrenceOf<'log.record'>;

/** A record whose last line may still come. */
interface Open {
  readonly key: string;
  readonly record: LogOccurrence;
  readonly source: LogSource;
}

/** One line and where it stands. */
interface Printed {
  readonly line: LogLine;
  readonly moment: Moment;
  readonly buffer: number;
}

export class LogAssembler {
  readonly #bootOf: (buffer: number) => number;
  readonly #echoes: Echoes | undefined;
  /** By who prints what about which device in which boot, in the order they began. */
  readonly #open = new Map<string, Open>();
  #oldest = Number.POSITIVE_INFINITY;
  readonly #done: LogOccurrence[] = [];

  /** `boots`: the boot of each buffer; where two are of one, both may tell the same. */
  constructor(boots: readonly number[] = []) {
    this.#bootOf = (buffer) => boots[buffer] ?? buffer;
    this.#echoes = new Set(boots).size < boots.length ? new Echoes() : undefined;
  }

  /** One printk record: `message` may hold several lines. */
  add(message: string, moment: Moment, buffer: number): void {
    if (moment.ts - this.#oldest > RECORD_NS) this.#expire(moment.ts);
    for (const line of logLines(message)) this.#line({ line, moment, buffer });
  }

  /** The record finished first, each given once. */
  next(): LogOccurrence | undefined {
    return this.#done.length === 0 ? undefined : this.#done.shift();
  }

  /** The log is over: what is open is as complete as it gets. */
  flush(): void {
    for (const open of this.#open.values()) this.#close(open);
  }

  #line(printed: Printed): void {
    for (const source of logSources) {
      const concerns = source.concerns(printed.line);
      if (!concerns && !this.#awaits(source)) continue;
      const own = source.trim ? trimmed(printed, source.trim) : printed;
      if (this.#part(source, own) || (concerns && this.#head(source, own))) return;
    }
  }

  #awaits(source: LogSource): boolean {
    for (const open of this.#open.values()) if (open.source === source) return true;
    return false;
  }

  #head(source: LogSource, printed: Printed): boolean {
    const { line } = printed;
    for (const shape of source.heads) {
      const match = shape.line.exec(line.body);
      if (!match || shape.by?.test(line.function ?? '') === false) continue;
      this.#begin(source, shape, match.groups ?? {}, printed);
      return true;
    }
    return false;
  }

  #begin(
    source: LogSource,
    shape: Omit<HeadShape, 'line'>,
    groups: Groups,
    printed: Printed,
  ): void {
    const parts: LogParts = {};
    readParts(parts, shape, groups, printed.line);
    const record = recordOf(source, shape, parts, printed, this.#bootOf(printed.buffer));
    if (shape.body === undefined) {
      this.#finish(record);
      return;
    }
    const key = `${record.buffer} ${record.class} ${record.device} ${source.name}`;
    const before = this.#open.get(key);
    if (before) this.#close(before);
    this.#open.set(key, { key, record, source });
    this.#oldest = Math.min(this.#oldest, record.ts);
  }

  #part(source: LogSource, printed: Printed): boolean {
    for (const shape of source.parts ?? []) {
      const match = shape.line.exec(printed.line.body);
      if (!match) continue;
      const groups = match.groups ?? {};
      const open = this.#openFor(source, shape, printed);
      if (open) {
        this.#continue(open, shape, groups, printed);
        return true;
      }
      if (shape.leads === undefined || !source.concerns(printed.line)) continue;
      const body = shape.last?.includes(shape.leads) ? undefined : 'optional';
      const head = { class: shape.leads, adds: shape.adds, refine: shape.refine, body } as const;
      this.#begin(source, head, groups, printed);
      return true;
    }
    return false;
  }

  #continue(open: Open, shape: PartShape, groups: Groups, printed: Printed): void {
    const { record } = open;
    readParts(record, shape, groups, printed.line);
    if (printed.line.device !== undefined) record.device ??= printed.line.device;
    record.owner ??= printed.line.driver;
    record.bodyMissing = false;
    record.lastTs = printed.moment.ts;
    if (record.events.at(-1) !== printed.moment.event) record.events.push(printed.moment.event);
    if (shape.last?.includes(record.class)) this.#close(open);
  }

  /** Of the line's device; where either names none, the one begun last. */
  #openFor(source: LogSource, shape: PartShape, { line, buffer }: Printed): Open | undefined {
    let found: Open | undefined;
    for (const open of this.#open.values()) {
      const { record } = open;
      if (open.source !== source || record.buffer !== buffer) continue;
      if (!shape.of.includes(record.class)) continue;
      const { device } = record;
      if (line.device === undefined || device === undefined || device === line.device) found = open;
    }
    return found;
  }

  #expire(now: number): void {
    this.#oldest = Number.POSITIVE_INFINITY;
    for (const open of this.#open.values()) {
      const { ts } = open.record;
      if (now - ts > RECORD_NS) this.#close(open);
      else this.#oldest = Math.min(this.#oldest, ts);
    }
  }

  #close(open: Open): void {
    this.#open.delete(open.key);
    this.#finish(open.record);
  }

  #finish(record: LogOccurrence): void {
    if (this.#echoes?.isEcho(record) !== true) this.#done.push(record);
  }
}

function trimmed(printed: Printed, trim: RegExp): Printed {
  const { body, ...line } = printed.line;
  return { ...printed, line: { ...line, body: body.replace(trim, '') } };
}

function recordOf(
  source: LogSource,
  shape: { readonly class: LogClass; readonly body?: HeadShape['body'] | undefined },
  parts: LogParts,
  { line, moment, buffer }: Printed,
  boot: number,
): LogOccurrence {
  return {
    kind: 'log.record',
    source: source.name,
    class: shape.class,
    owner: line.driver,
    buffer,
    boot,
    text: line.text,
    events: [moment.event],
    lastTs: moment.ts,
    bodyMissing: shape.body === 'needed',
    ...(line.device === undefined ? {} : { device: line.device }),
    ...(line.function === undefined ? {} : { function: line.function }),
    ...parts,
    ...moment,
  };
}
