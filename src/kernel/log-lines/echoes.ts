/**
 * The same record told by two buffers of one boot: the console's lines in a recording, and the log beside
 * it. It is counted once, whichever tells it first.
 */
import type { CaptureHeader } from '../../parsers/parser.ts';
import type { OccurrenceOf } from '../occurrence.ts';

/** Different records remembered; a log that has more of them forgets what it began with. */
const REMEMBERED = 4096;

export class Echoes {
  /** By what the record says: how often each buffer said so. */
  readonly #told = new Map<string, Map<number, number>>();

  isEcho(record: OccurrenceOf<'log.record'>): boolean {
    const { kind, event, ts, cpu, tid, buffer, events, lastTs, ...said } = record;
    const key = JSON.stringify(said, (_name, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    let told = this.#told.get(key);
    if (!told) {
      if (this.#told.size >= REMEMBERED) this.#told.clear();
      told = new Map();
      this.#told.set(key, told);
    }
    const times = (told.get(buffer) ?? 0) + 1;
    const most = Math.max(0, ...told.values());
    told.set(buffer, times);
    return times <= most;
  }
}

/**
 * The boot of each buffer. Every buffer of a log is a boot of its own; the instances of a recording, and
 * inputs that belong together, are of one.
 */
export function bootsOf({ buffers, inputs, isLog }: CaptureHeader): number[] {
  return buffers.map((_buffer, n) => {
    const input = inputs?.find(({ buffers: own }) => n >= own.first && n < own.first + own.length);
    if (!input) return isLog ? n : 0;
    // apart from those of the inputs
    return input.isLog && input.buffers.length > 1 ? buffers.length + n : input.boot;
  });
}
