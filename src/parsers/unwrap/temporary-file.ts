import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TraceError } from '../../errors.ts';
import type { Bytes } from './bytes.ts';

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const LINE_FEED = 10;
const LONGEST_PART = 64 * 1024;

/** Folders there are now. */
const folders = new Set<string>();

/** A file nobody else can read, which is gone when the process is, whatever ends it but SIGKILL. */
export class TemporaryFile {
  readonly path: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, 'capture');
  }

  /**
   * Writes a whole stream.
   * @param name what is written, for messages
   * @throws TraceError when there is no room for it.
   */
  static async write(bytes: Bytes, name: string): Promise<TemporaryFile> {
    const file = new TemporaryFile(create(name));
    try {
      const handle = await open(file.path, 'wx', 0o600).catch((error) => {
        throw writeError(error, name);
      });
      try {
        for await (const chunk of bytes) await writeAll(handle, chunk, name);
      } finally {
        await handle.close();
      }
      return file;
    } catch (error) {
      file.remove();
      throw error;
    }
  }

  /**
   * The same of pieces that are at hand.
   * @throws TraceError when there is no room for them.
   */
  static writeNow(pieces: Iterable<Uint8Array>, name: string): TemporaryFile {
    const file = new TemporaryFile(create(name));
    try {
      const fd = openSync(file.path, 'wx', 0o600);
      try {
        for (const piece of pieces) {
          for (let at = 0; at < piece.length; ) at += writeSync(fd, piece, at);
        }
      } finally {
        closeSync(fd);
      }
      return file;
    } catch (error) {
      file.remove();
      throw error instanceof TraceError ? error : writeError(error, name);
    }
  }

  /** Shortens it to its last line feed. */
  async dropPartLine(): Promise<void> {
    const handle = await open(this.path, 'r+');
    try {
      const { size } = await handle.stat();
      const tail = Buffer.alloc(Math.min(size, LONGEST_PART));
      await handle.read(tail, 0, tail.length, size - tail.length);
      const feed = tail.lastIndexOf(LINE_FEED);
      if (feed >= 0) await handle.truncate(size - tail.length + feed + 1);
    } finally {
      await handle.close();
    }
  }

  /** Takes its name away; who has it open can read on. */
  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
    folders.delete(this.#folder);
    if (folders.size === 0) stopWatching();
  }
}

function create(name: string): string {
  try {
    const folder = mkdtempSync(join(tmpdir(), 'svm-trace-unpacked-'));
    if (folders.size === 0) watch();
    folders.add(folder);
    return folder;
  } catch (error) {
    throw writeError(error, name);
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, name: string): Promise<void> {
  try {
    for (let at = 0; at < bytes.length; ) {
      at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten;
    }
  } catch (error) {
    throw writeError(error, name);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left',
  EDQUOT: 'no quota left',
  EFBIG: 'larger than a file may be',
};

function writeError(error: unknown, name: string): TraceError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const why = REASONS[code] ?? (error instanceof Error ? error.message : String(error));
  return new TraceError(`cannot store what ${name} holds in ${tmpdir()}: ${why}`, {
    hint: 'set TMPDIR to a folder with room for the unpacked capture',
    cause: error,
  });
}

/** Signals nobody else listened for. */
let watched: readonly NodeJS.Signals[] = [];

function watch(): void {
  process.on('exit', removeAll);
  // who listens decides what is done, and leaves by way of `remove` or of `exit`
  watched = SIGNALS.filter((signal) => process.listenerCount(signal) === 0);
  for (const signal of watched) process.on(signal, die);
}

function stopWatching(): void {
  process.off('exit', removeAll);
  for (const signal of watched) process.off(signal, die);
}

function removeAll(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}

/** What the signal does without us. */
function die(signal: NodeJS.Signals): void {
  removeAll();
  stopWatching();
  process.kill(process.pid, signal);
}
