import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { TraceError } from '../errors.ts';
import type { Capture, Parser } from './parser.ts';
import { traceDat } from './trace-dat/trace-dat.ts';

const SNIFF_BYTES = 4096;

const parsers: readonly Parser[] = [traceDat];

/**
 * Opens a capture with the parser that recognises its content; the file name plays no part.
 * @throws TraceError when the file is missing, unreadable, empty or of no known format.
 */
export function openCapture(path: string): Capture {
  const head = readHead(path);
  if (head.length === 0) {
    throw new TraceError(`${path} is empty`, {
      hint: 'the recorder may have died before it wrote anything; record again',
    });
  }
  const parser = parsers.find((candidate) => candidate.sniff(head));
  if (!parser) {
    throw new TraceError(`${path} is no capture svm-trace knows`, {
      hint: `known formats: ${parsers.map((known) => known.meta.title).join(', ')}`,
    });
  }
  return parser.open(path);
}

function readHead(path: string): Uint8Array {
  let fd: number;
  try {
    if (statSync(path).isDirectory()) {
      throw new TraceError(`${path} is a directory`, { hint: 'give the capture file inside it' });
    }
    fd = openSync(path, 'r');
  } catch (error) {
    if (error instanceof TraceError) throw error;
    throw new TraceError(`cannot open ${path}: ${reason(error)}`, { cause: error });
  }
  try {
    const head = new Uint8Array(SNIFF_BYTES);
    return head.subarray(0, readSync(fd, head, 0, SNIFF_BYTES, 0));
  } finally {
    closeSync(fd);
  }
}

function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  return error instanceof Error ? error.message : String(error);
}
