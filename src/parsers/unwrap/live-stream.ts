import type { Bytes } from './bytes.ts';

/**
 * How long a pipe that shall end may still be silent, and go on: a recorder gets the same Ctrl-C and
 * writes what it still holds.
 */
export const PIPE_SILENCE_MS = 1000;
const LONGEST_MS = 5000;
const LINE_FEED = 10;

/** What came of a stream so far. */
export interface StreamProgress {
  readonly bytes: number;
  /** Line feeds: of a text about as many as events. */
  readonly lines: number;
  /** Nothing more comes. */
  readonly isEnded: boolean;
}

export interface LiveOptions {
  /** Aborting it ends the stream, as if its writer had. */
  readonly finish?: AbortSignal | undefined;
  /** Called as a stream opens, with each piece of it and at its end. */
  readonly onStream?: ((progress: StreamProgress) => void) | undefined;
}

/** The bytes of a stream that somebody still writes to, until that one ends it or `finish` does. */
export class LiveStream implements Bytes {
  /** It was not its writer who ended it. */
  wasFinished = false;
  readonly #bytes: Bytes;
  readonly #options: LiveOptions;
  readonly #silenceMs: number;
  #length = 0;
  #lines = 0;
  #finishedAt: number | undefined;
  #wake: (() => void) | undefined;

  /** @param silenceMs how long it may go on when it shall end; 0 is not at all */
  constructor(bytes: Bytes, options: LiveOptions, silenceMs: number) {
    this.#bytes = bytes;
    this.#silenceMs = silenceMs;
    this.#options = options;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const { finish } = this.#options;
    const onFinish = () => {
      this.#finishedAt = performance.now();
      this.#wake?.();
    };
    if (finish?.aborted) onFinish();
    finish?.addEventListener('abort', onFinish, { once: true });
    const stream = this.#bytes[Symbol.asyncIterator]();
    this.#tell(false);
    try {
      for (let step = await this.#next(stream); step && !step.done; ) {
        this.#count(step.value);
        yield step.value;
        step = await this.#next(stream);
      }
    } finally {
      finish?.removeEventListener('abort', onFinish);
      this.#tell(true);
    }
  }

  /** undefined when the stream is to end and nothing more came in time. */
  #next(stream: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array> | undefined> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const giveUp = () => {
        this.wasFinished = true;
        resolve(undefined);
      };
      const wait = () => {
        const passed = performance.now() - (this.#finishedAt ?? 0);
        timer = setTimeout(giveUp, Math.min(this.#silenceMs, LONGEST_MS - passed));
      };
      if (this.#finishedAt !== undefined) {
        if (this.#silenceMs === 0) {
          giveUp();
          return;
        }
        wait();
      }
      this.#wake = wait;
      stream
        .next()
        .then(resolve, reject)
        .finally(() => {
          this.#wake = undefined;
          clearTimeout(timer);
        });
    });
  }

  #count(chunk: Uint8Array): void {
    this.#length += chunk.length;
    if (!this.#options.onStream) return;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1)) {
      this.#lines++;
    }
    this.#tell(false);
  }

  #tell(isEnded: boolean): void {
    this.#options.onStream?.({ bytes: this.#length, lines: this.#lines, isEnded });
  }
}
