import {
  closeSync,
  constants,
  createReadStream,
  openSync,
  readdirSync,
  readSync,
  statSync,
} from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { TraceError } from '../../errors.ts';
import { HEAD_BYTES } from './bytes.ts';
import { isTraceFile, TraceFile } from './trace-file.ts';

/** A stream can be read once, from its start to its end, and is known by nothing but that. */
export type InputKind = 'file' | 'pipe' | 'standard input' | 'tracefs';

/** What perf calls the main file of a directory (`perf record --threads`). */
const MAIN_FILE = 'data';
/** What recorders call their files. */
const CAPTURE_NAMES = ['trace.dat', 'perf.data', 'trace.txt', 'trace'];

/** The capture file where `path` is the directory `perf record --threads` makes; else `path`. */
export function captureFile(path: string): string {
  const main = join(path, MAIN_FILE);
  const isDirectory = !isStandardInput(path) && isFile(main) && isFile(`${main}.0`);
  return isDirectory ? main : path;
}

/** @throws TraceError when there is nothing at `path` that can be read like a file or a pipe. */
export function inputKind(path: string): InputKind {
  if (isStandardInput(path)) return 'standard input';
  try {
    const stats = statSync(path);
    if (stats.isFile()) return isTraceFile(path) ? 'tracefs' : 'file';
    if (stats.isFIFO()) return 'pipe';
    if (stats.isDirectory()) {
      throw new TraceError(`${path} is a directory`, { hint: hintInside(path) });
    }
  } catch (error) {
    throw openError(error, path);
  }
  throw new TraceError(`${path} is neither a file nor a pipe`, {
    hint: 'save the capture to a file first',
  });
}

function hintInside(path: string): string {
  const known = CAPTURE_NAMES.find((name) => isFile(join(path, name)));
  if (known) return `give the capture file inside it: ${join(path, known)}`;
  const loose = readdirSync(path).find((name) => LOOSE_FILE.test(name));
  return loose ? RESTORE : 'give the capture file inside it';
}

/** What trace-cmd writes for each CPU before it makes one file of them. */
export const LOOSE_FILE: RegExp = /\.dat\.cpu\d+$/;
/** trace-cmd-restore(1) */
export const RESTORE =
  'trace-cmd leaves such files when it cannot put them together; on the machine that recorded: trace-cmd restore -o trace.dat trace.dat.cpu*';

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Whether what is at `path` can be read only once; false for what cannot be found. */
export function isStream(path: string): boolean {
  if (isStandardInput(path)) return true;
  try {
    return statSync(path).isFIFO() || isTraceFile(path);
  } catch {
    return false;
  }
}

function isStandardInput(path: string): boolean {
  return path === '-' || path === '/dev/stdin';
}

/** @throws TraceError when it cannot be opened. */
export function inputStream(path: string, kind: InputKind): Readable {
  if (kind === 'file') return createReadStream(path);
  if (kind === 'pipe') return openPipe(path);
  if (kind === 'tracefs') return openTraceFile(path);
  if (process.stdin.isTTY) {
    throw new TraceError('standard input is a terminal', {
      hint: 'give it a capture: cat trace.dat | svm-trace analyze -',
    });
  }
  return process.stdin;
}

function openTraceFile(path: string): Readable {
  try {
    return new TraceFile(path);
  } catch (error) {
    throw openError(error, path);
  }
}

/**
 * Without waiting for a writer, which would keep a thread of Node that nothing can interrupt; on
 * Linux polling a FIFO tells of no end before it had a writer (fs/pipe.c, pipe_poll).
 */
function openPipe(path: string): Readable {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return new Socket({ fd, readable: true, writable: false });
  } catch (error) {
    throw openError(error, path);
  }
}

/** The first bytes of a file. @throws TraceError when it cannot be read. */
export function readHead(path: string): Uint8Array {
  try {
    const fd = openSync(path, 'r');
    try {
      const head = new Uint8Array(HEAD_BYTES);
      return head.subarray(0, readSync(fd, head, 0, HEAD_BYTES, 0));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw openError(error, path);
  }
}

export function openError(error: unknown, path: string): TraceError {
  if (error instanceof TraceError) return error;
  const { code } = error as NodeJS.ErrnoException;
  const message = error instanceof Error ? error.message : String(error);
  const why =
    code === 'ENOENT'
      ? 'no such file'
      : code === 'EACCES' || code === 'EPERM'
        ? 'permission denied'
        : message;
  return new TraceError(`cannot open ${path}: ${why}`, { cause: error });
}
