import { Line, scanTask } from './line.ts';

const MOST_LINES = 12;
const MOST_CHARACTERS = 500;

export interface HeadLine {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The first lines of a file; of the last only what is there. */
export function headLines(head: Uint8Array): HeadLine[] {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  const lines: HeadLine[] = [];
  for (let start = 0; start < bytes.length && lines.length < MOST_LINES; ) {
    const feed = bytes.indexOf(10, start);
    const stop = feed < 0 ? bytes.length : feed;
    const end = bytes[stop - 1] === 13 ? stop - 1 : stop;
    lines.push({
      bytes,
      start,
      end,
      text: bytes.toString('latin1', start, Math.min(end, start + MOST_CHARACTERS)),
    });
    start = stop + 1;
  }
  return lines;
}

/** A line with `comm-pid [cpu] time:`. */
export function looksLikeTask(bytes: Buffer, start: number, end: number): boolean {
  return scanTask(bytes, start, end, new Line()) >= 0;
}
