import { ReadableStream } from 'node:stream/web';
import xz from 'xz-decompress';
import { type Bytes, pieces, type Report } from './bytes.ts';

const INPUT_BYTES = 64 * 1024;
/** xz.h of xz-embedded, enum xz_ret: UNSUPPORTED_CHECK, MEM, MEMLIMIT (64 MiB), OPTIONS. */
const LIMITS: readonly number[] = [2, 3, 4, 6];
/** XZ_BUF_ERROR: no input is left, and the stream is not at its end. */
const NO_PROGRESS = 8;

/** One or more xz streams. Only one file at a time: xz-decompress lets a second one wait. */
export async function* unxz(packed: Bytes, report: Report): AsyncGenerator<Uint8Array> {
  const input = ReadableStream.from(pieces(packed, INPUT_BYTES));
  const output = new xz.XzReadableStream(input as never) as ReadableStream<Uint8Array>;
  try {
    for await (const chunk of output) {
      if (chunk.length > 0) yield chunk;
    }
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    if (LIMITS.includes(code)) report('unsupported');
    else report(code === NO_PROGRESS ? 'truncated' : 'damaged');
  }
}

/** The number of enum xz_ret an error names; undefined for an error of the input. */
function errorCode(error: unknown): number | undefined {
  const message = error instanceof Error ? error.message : '';
  const digits = /error code (\d+)/.exec(message)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
