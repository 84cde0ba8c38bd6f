import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { TraceError } from '../errors.ts';
import { ftraceText } from './ftrace-text/ftrace-text.ts';
import type { Capture, Parser } from './parser.ts';
import { perfData } from './perf-data/perf-data.ts';
import { perfScriptText } from './perf-script-text/perf-script-text.ts';
import { traceCmdText } from './trace-cmd-text/trace-cmd-text.ts';
import { traceDat } from './trace-dat/trace-dat.ts';

const SNIFF_BYTES = 4096;

/** How large captures are often kept. */
const PACKED: readonly { name: string; command: string; magic: readonly number[] }[] = [
  { name: 'gzip', command: 'gunzip', magic: [0x1f, 0x8b] },
  { name: 'xz', command: 'unxz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a] },
  { name: 'zstd', command: 'unzstd', magic: [0x28, 0xb5, 0x2f, 0xfd] },
  { name: 'zip', command: 'unzip', magic: [0x50, 0x4b, 0x03, 0x04] },
];

const parsers: readonly Parser[] = [traceDat, perfData, traceCmdText, perfScriptText, ftraceText];

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
    const packed = PACKED.find(({ magic }) => magic.every((byte, i) => head[i] === byte));
    if (packed) {
      throw new TraceError(`${path} is packed with ${packed.name}`, {
        hint: `unpack it first: ${packed.command} ${path}`,
      });
    }
    throw new TraceError(`${path} is no capture svm-trace knows`, {
      hint: `known formats: ${parsers.map((known) => known.meta.title).join(', ')}`,
    });
  }
  return parser.open(path);
}

function readHead(path: string): Uint8Array {
  let fd: number;
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) {
      throw new TraceError(`${path} is a directory`, { hint: 'give the capture file inside it' });
    }
    // A pipe would be waited for without end, and a capture is read at many places.
    if (!stats.isFile()) {
      throw new TraceError(`${path} is no regular file`, {
        hint: 'save the capture to a file first',
      });
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
