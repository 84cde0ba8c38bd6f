import type { OpenOptions } from '../parsers/detect.ts';
import { isStream } from '../parsers/unwrap/input.ts';
import type { StreamProgress } from '../parsers/unwrap/live-stream.ts';
import { listenForSignals } from './signals.ts';
import { notice } from './terminal.ts';

/** A pipe that has ended by then was no live one: nobody needs to be told how to end it. */
const PATIENCE_MS = 1500;
const REDRAW_MS = 500;
const ERASE_LINE = '\r\u001b[K';

/** An input that may be a stream somebody still writes to. */
export interface LiveInput {
  /** For `openInput` and what calls it. */
  readonly options: Required<Pick<OpenOptions, 'signal' | 'finish' | 'onStream'>>;
  /** Makes room for what is printed. */
  hide(): void;
  /** Forgets the signals, and clears the line of progress. */
  stop(): void;
}

/**
 * Ctrl-C ends a stream instead of losing what came of it; who waits for one is told so. It gives up
 * where nothing came yet, where the input is no stream, and the second time.
 */
export function watchInput(paths: readonly string[], quiet: boolean): LiveInput {
  let state: StreamProgress = { bytes: 0, lines: 0, isEnded: true };
  const signals = listenForSignals(() => !state.isEnded && state.bytes > 0);
  const teller = new Teller(paths.find(isStream) ?? paths[0] ?? '', quiet);
  const onStream = (progress: StreamProgress): void => {
    state = progress;
    teller.tell(progress);
  };
  return {
    options: { signal: signals.signal, finish: signals.finish, onStream },
    hide: () => teller.hide(),
    stop() {
      teller.stop();
      signals.stop();
    },
  };
}

/** Says on stderr that a stream is live, how to end it, and how much came. */
class Teller {
  readonly #path: string;
  readonly #quiet: boolean;
  #hasLine: boolean;
  #isDrawn = false;
  #timer: NodeJS.Timeout | undefined;
  #drawnAt = 0;
  #isTold = false;
  #last: StreamProgress = { bytes: 0, lines: 0, isEnded: false };

  constructor(path: string, quiet: boolean) {
    this.#path = path === '/dev/stdin' ? 'standard input' : path;
    this.#quiet = quiet;
    this.#hasLine = !quiet && process.stderr.isTTY === true;
  }

  tell(progress: StreamProgress): void {
    this.#last = progress;
    if (progress.isEnded) {
      this.stop();
      return;
    }
    this.#timer ??= setTimeout(() => this.#announce(), PATIENCE_MS);
    if (this.#isTold && performance.now() - this.#drawnAt > REDRAW_MS) this.#draw();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.hide();
    this.#isTold = false;
  }

  /** What is printed shows how much came. */
  hide(): void {
    if (this.#isDrawn) process.stderr.write(ERASE_LINE);
    this.#isDrawn = false;
    this.#hasLine = false;
  }

  #announce(): void {
    this.#isTold = true;
    notice(
      `${this.#path} is read live: Ctrl-C ends it and uses what came so far, a second one gives up`,
      this.#quiet,
    );
    this.#draw();
  }

  #draw(): void {
    this.#drawnAt = performance.now();
    if (!this.#hasLine) return;
    const { lines, bytes } = this.#last;
    this.#isDrawn = true;
    const kilobytes = Math.round(bytes / 1024).toLocaleString('en');
    process.stderr.write(
      `${ERASE_LINE}${lines.toLocaleString('en')} lines, ${kilobytes} KiB so far`,
    );
  }
}
