import { createHash, randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { captureFile, isStream } from '../parsers/unwrap/input.ts';

const SAMPLE_BYTES = 65_536;

/**
 * Tells whether a file is the one analysed before, wherever it lies now: its size, its time of
 * change, and a digest of its head, middle and tail. Reading all of it would cost as much as
 * analysing it. What comes through a pipe is never the same.
 */
export function captureIdentity(path: string): string {
  if (isStream(path)) return `stream-${randomUUID()}`;
  const file = captureFile(path);
  const { size, mtimeNs } = statSync(file, { bigint: true });
  const hash = createHash('sha256');
  const sample = new Uint8Array(SAMPLE_BYTES);
  const fd = openSync(file, 'r');
  try {
    const last = size > BigInt(SAMPLE_BYTES) ? size - BigInt(SAMPLE_BYTES) : 0n;
    for (const position of new Set([0n, last / 2n, last])) {
      hash.update(sample.subarray(0, readSync(fd, sample, 0, SAMPLE_BYTES, position)));
    }
  } finally {
    closeSync(fd);
  }
  return `${size}-${mtimeNs}-${hash.digest('hex').slice(0, 32)}`;
}
