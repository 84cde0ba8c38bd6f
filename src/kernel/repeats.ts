import type { CaptureHeader, EventType, Fields, FieldValue } from '../parsers/parser.ts';
import type { Moment } from './occurrence.ts';

/** All recorders of one hit of a tracepoint are done within this. */
const SAME_HIT_NS = 20e3;

interface Hit {
  readonly ts: number;
  readonly tid: number;
  readonly buffer: number;
  readonly fields: Fields;
}

/**
 * Happenings that were recorded more than once: by perf where an event was asked for twice (`-e 'a:*' -e
 * a:b`), by ftrace where it was enabled in several buffers. They must not count twice.
 */
export class Repeats {
  readonly #severalBuffers: boolean;
  /** By event type and CPU: the last event that was no repeat. */
  readonly #last = new Map<number, Map<number, Hit>>();

  constructor(header: CaptureHeader) {
    const filled = header.buffers.filter(({ cpus }) => cpus.length > 0);
    this.#severalBuffers = filled.length > 1;
  }

  mayRepeat(type: EventType): boolean {
    return this.#severalBuffers || type.isAskedTwice === true;
  }

  isRepeat(type: EventType, fields: Fields, { ts, cpu, tid }: Moment, buffer: number): boolean {
    let byCpu = this.#last.get(type.index);
    if (!byCpu) {
      byCpu = new Map();
      this.#last.set(type.index, byCpu);
    }
    const last = byCpu.get(cpu);
    if (
      last?.tid === tid &&
      ts - last.ts <= SAME_HIT_NS &&
      (type.isAskedTwice === true || last.buffer !== buffer) &&
      isSame(last.fields, fields)
    ) {
      // a third is a happening of its own where perf records two of each
      if (type.isAskedTwice === true) byCpu.delete(cpu);
      return true;
    }
    byCpu.set(cpu, { ts, tid, buffer, fields });
    return false;
  }
}

function isSame(a: Fields, b: Fields): boolean {
  const names = Object.keys(a);
  return names.every((name) => isSameValue(a[name], b[name]));
}

function isSameValue(a: FieldValue | undefined, b: FieldValue | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
