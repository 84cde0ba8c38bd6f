import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { payloadText } from '../text/payload-text.ts';
import { TextSource } from '../text/text-source.ts';
import { TemporaryFile } from '../unwrap/temporary-file.ts';
import { jsonOf } from './journal-json.ts';
import { isVerboseHead } from './journal-verbose.ts';
import { LineHead } from './line-head.ts';
import { isBootMark } from './line-marks.ts';
import { withoutColour } from './log-lines.ts';
import type { LogStyle } from './log-style.ts';
import { WallClock } from './wall-clock.ts';

const CHUNK_BYTES = 1024 * 1024;
/** What has no line feed for longer is cut. */
const MOST_LINE_BYTES = 4 * CHUNK_BYTES;
const MOST_LINES = 1000;
const LINE_FEED = Buffer.from('\n');

/**
 * A log that is newest first (journalctl -r), oldest first. The lines of one record are in reading
 * order in both, and stay together.
 */
export function turnedRound(path: string, style: LogStyle): TextSource {
  const file = TemporaryFile.writeNow(chunks(recordsBackward(path, style)), path);
  try {
    return new TextSource(file.path);
  } finally {
    // it is open
    file.remove();
  }
}

/** Large enough that writing them costs little. */
function* chunks(pieces: Iterable<Buffer>): Generator<Buffer, void, undefined> {
  let waiting: Buffer[] = [];
  let size = 0;
  for (const piece of pieces) {
    waiting.push(piece);
    size += piece.length;
    if (size < CHUNK_BYTES) continue;
    yield Buffer.concat(waiting, size);
    waiting = [];
    size = 0;
  }
  yield Buffer.concat(waiting, size);
}

function* recordsBackward(path: string, style: LogStyle): Generator<Buffer, void, undefined> {
  const isHead = headTest(style);
  const lines: Buffer[] = [];
  for (const line of linesBackward(path)) {
    lines.push(line);
    const isWhole = isHead(withoutColour(payloadText(line, 0, line.length)), lines.at(-2));
    if (!isWhole && lines.length < MOST_LINES) continue;
    yield joined(lines);
    lines.length = 0;
  }
  // what is first in the file lacks the empty line the others have ahead of them
  if (style.layout === 'export') lines.push(Buffer.alloc(0));
  yield joined(lines);
}

/** Whether a line is the first of a record, or in journalctl -o export the one ahead of it. */
function headTest(style: LogStyle): (line: string, next: Buffer | undefined) => boolean {
  if (style.layout === 'json') return (line) => jsonOf(line).startsWith('{');
  // a length may be written as a line feed and zeros
  if (style.layout === 'export') return (line, next) => line === '' && next?.[0] !== 0;
  if (style.layout === 'verbose') return (line) => isVerboseHead(line) || isBootMark(line);
  const head = new LineHead(style, new WallClock());
  return (line) => head.scan(line) !== 'rest' || isBootMark(line);
}

function joined(backward: readonly Buffer[]): Buffer {
  return Buffer.concat([...backward].reverse().flatMap((line) => [line, LINE_FEED]));
}

function* linesBackward(path: string): Generator<Buffer, void, undefined> {
  const fd = openSync(path, 'r');
  try {
    let rest: Buffer = Buffer.alloc(0);
    for (let at = fstatSync(fd).size; at > 0; ) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, at) + rest.length);
      const size = chunk.length - rest.length;
      at -= size;
      readSync(fd, chunk, 0, size, at);
      rest.copy(chunk, size);
      let end = chunk.length;
      for (let feed = lastFeed(chunk, end); feed >= 0; feed = lastFeed(chunk, end)) {
        yield chunk.subarray(feed + 1, end);
        end = feed;
      }
      rest = chunk.subarray(0, end);
      if (rest.length < MOST_LINE_BYTES) continue;
      yield rest;
      rest = Buffer.alloc(0);
    }
    yield rest;
  } finally {
    closeSync(fd);
  }
}

/** The last line feed ahead of a place. */
function lastFeed(bytes: Buffer, end: number): number {
  return end === 0 ? -1 : bytes.lastIndexOf(10, end - 1);
}
