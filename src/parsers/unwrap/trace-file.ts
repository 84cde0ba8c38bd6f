import { closeSync, constants, openSync, readFileSync, readSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';

/** TRACEFS_MAGIC and DEBUGFS_MAGIC, include/uapi/linux/magic.h. */
const MAGIC: readonly number[] = [0x74726163, 0x64626720];
const CHUNK_BYTES = 64 * 1024;
/** How long a file that has nothing to read is left alone. */
const WAIT_MS = 50;

/** Whether it is a file of tracefs: it says to be empty, and what is read of `trace_pipe` is gone. */
export function isTraceFile(path: string): boolean {
  try {
    return MAGIC.includes(statfsSync(path).type);
  } catch {
    return false;
  }
}

/**
 * Reads a file of tracefs without keeping a thread of Node, which nothing could interrupt. `trace_pipe`
 * ends as it does for those who wait: when something was read and tracing is off (tracing_wait_pipe).
 */
export class TraceFile extends Readable {
  readonly #fd: number;
  readonly #path: string;
  #hasRead = false;
  #timer: NodeJS.Timeout | undefined;

  /** @throws what `open` does. */
  constructor(path: string) {
    super({ highWaterMark: CHUNK_BYTES });
    this.#path = path;
    this.#fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  override _read(): void {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    try {
      const got = readSync(this.#fd, chunk, 0, CHUNK_BYTES, null);
      this.#hasRead ||= got > 0;
      this.push(got > 0 ? chunk.subarray(0, got) : null);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') this.destroy(error as Error);
      else if (this.#hasRead && this.#isTracingOff()) this.push(null);
      else this.#timer = setTimeout(() => this._read(), WAIT_MS);
    }
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    closeSync(this.#fd);
    done(error);
  }

  /** `tracing_on` lies beside `trace_pipe`, and two folders above that of a CPU. */
  #isTracingOff(): boolean {
    const folder = dirname(this.#path);
    for (const place of [folder, join(folder, '../..')]) {
      try {
        return readFileSync(join(place, 'tracing_on'), 'latin1').trim() === '0';
      } catch {
        // not there: the next place
      }
    }
    return false;
  }
}
