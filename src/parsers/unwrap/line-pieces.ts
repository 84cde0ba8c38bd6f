import type { Bytes } from './bytes.ts';

/** A stream that has not ended by then is long, or a live one. */
const PATIENCE_MS = 1500;
const MOST_BYTES = 4 * 1024 * 1024;
/** Who reads along sees a line this late, and what comes without a pause in pieces of a second. */
const SILENCE_MS = 250;
const LONGEST_MS = 1000;
const LINE_FEED = 10;
const TAB = 9;
const SPACE = 32;
const EQUALS = 61;

/** A piece of a text as it comes: whole events, each with the lines that belong to it. */
export interface LinePiece {
  readonly bytes: Buffer;
  /** More follows. */
  readonly isPart: boolean;
}

/** The stream in pieces: as soon as nothing more comes for a moment, or there is enough of it. */
export async function* linePieces(stream: Bytes): AsyncGenerator<LinePiece> {
  const collector = new Collector(stream[Symbol.asyncIterator]());
  const { isEnded, isSilent } = await collector.collect(MOST_BYTES, PATIENCE_MS, PATIENCE_MS);
  yield { bytes: collector.take(isSilent ? 'lines' : 'events'), isPart: !isEnded };
  while (!collector.isEnded) {
    const piece = await collector.collect(MOST_BYTES, SILENCE_MS, LONGEST_MS);
    const bytes = collector.take(piece.isSilent ? 'lines' : 'events');
    if (bytes.length > 0) yield { bytes, isPart: true };
  }
}

/** Collects chunks until there are enough of them, or none came for a while. */
class Collector {
  length = 0;
  isEnded = false;
  readonly #stream: AsyncIterator<Uint8Array>;
  #chunks: Uint8Array[] = [];
  #next: Promise<IteratorResult<Uint8Array>> | undefined;

  constructor(stream: AsyncIterator<Uint8Array>) {
    this.#stream = stream;
  }

  /** Waits for the first chunk as long as it takes. */
  async collect(
    most: number,
    silenceMs: number,
    longestMs: number,
  ): Promise<{ isEnded: boolean; isSilent: boolean }> {
    let since = performance.now();
    let isFirst = this.length === 0;
    while (this.length < most && performance.now() - since < longestMs) {
      this.#next ??= this.#stream.next();
      const step = await (isFirst ? this.#next : within(this.#next, silenceMs));
      if (step === undefined) return { isEnded: false, isSilent: true };
      this.#next = undefined;
      if (step.done) {
        this.isEnded = true;
        break;
      }
      if (isFirst) since = performance.now();
      isFirst = false;
      this.#chunks.push(step.value.slice());
      this.length += step.value.length;
    }
    return { isEnded: this.isEnded, isSilent: false };
  }

  /** What was collected: whole lines, or whole events where more lines of the last may follow. */
  take(what: 'lines' | 'events'): Buffer {
    const all = Buffer.concat(this.#chunks);
    const end = this.isEnded ? all.length : what === 'events' ? lastEvent(all) : lastLine(all);
    const rest = all.subarray(end);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.length = rest.length;
    return all.subarray(0, end);
  }
}

async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** Behind the last line; all of what has none. */
function lastLine(bytes: Buffer): number {
  const feed = bytes.lastIndexOf(LINE_FEED);
  return feed < 0 && bytes.length >= MOST_BYTES ? bytes.length : feed + 1;
}

/** Where the last line begins that is no frame of a stack or call chain, nor empty. */
function lastEvent(bytes: Buffer): number {
  let end = bytes.lastIndexOf(LINE_FEED);
  while (end > 0) {
    const start = bytes.lastIndexOf(LINE_FEED, end - 1) + 1;
    const isFrame =
      start === end ||
      bytes[start] === TAB ||
      (bytes[start] === SPACE && bytes[start + 1] === EQUALS);
    if (!isFrame && start > 0) return start;
    end = start - 1;
  }
  return lastLine(bytes);
}
