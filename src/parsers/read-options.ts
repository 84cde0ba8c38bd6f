/** What every parser does with the options its events are asked for with. */
import type { EventType, ReadOptions } from './parser.ts';

const PROGRESS_BYTES = 8 * 1024 * 1024;

/** By event type: whether its events are wanted as rows, or only counted. */
export function wantedTypes(types: readonly EventType[], { select }: ReadOptions): boolean[] {
  return types.map((type) => !select || select(type) === 'rows');
}

/** To be called after each event or so: passes on how far the file is read, every few MiB. */
export function progressOf(consumed: () => number, { onProgress }: ReadOptions): () => void {
  if (!onProgress) return () => {};
  let reported = 0;
  return () => {
    const bytes = consumed();
    if (bytes - reported < PROGRESS_BYTES) return;
    reported = bytes;
    onProgress(bytes);
  };
}
