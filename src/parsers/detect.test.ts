import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { scenario } from '../../test/scenario/scenario.ts';
import { TraceError } from '../errors.ts';
import { openCapture } from './detect.ts';

const folder = mkdtempSync(join(tmpdir(), 'svm-trace-detect-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

describe('a capture is known by its content', () => {
  it('whatever its name', () => {
    const path = file('photo.jpeg', scenario().fence('init', 1, 1).bytes());
    expect(openCapture(path).header.format).toBe('trace.dat');
  });
});

/** As `trace_pipe_raw` gives it: time, bytes in use, events. */
function ringBufferPage(used: number): Uint8Array {
  const page = new Uint8Array(4096).fill(0x6a, 16);
  const view = new DataView(page.buffer);
  view.setBigUint64(0, 61_000_000_000n, true);
  view.setBigUint64(8, BigInt(used), true);
  return page;
}

describe('refused with one line and a hint', () => {
  const refusal = (path: string): TraceError => {
    try {
      openCapture(path);
    } catch (error) {
      if (error instanceof TraceError) return error;
      throw error;
    }
    throw new Error('it was opened');
  };

  it.each([
    ['trace.dat.gz', [0x1f, 0x8b, 8, 0], /packed with gzip/, /gunzip .*trace\.dat\.gz/],
    ['trace.dat.zst', [0x28, 0xb5, 0x2f, 0xfd], /packed with zstd/, /unzstd/],
    ['photo.dat', [0xff, 0xd8, 0xff, 0xe0], /no capture svm-trace knows/, /trace-cmd trace\.dat/],
    ['cpu0', ringBufferPage(0xe8), /ring buffer of one CPU/, /trace-cmd restore/],
    ['zeroes', new Uint8Array(4096), /no capture svm-trace knows/, /known formats/],
    ['noise', ringBufferPage(4090), /no capture svm-trace knows/, /known formats/],
    ['empty.dat', [], /is empty/, /record again/],
  ])('%s', (name, bytes, message, hint) => {
    const error = refusal(file(name, Uint8Array.from(bytes)));
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });

  it('a folder, a missing file and a device', () => {
    expect(refusal(folder).message).toMatch(/is a directory/);
    expect(refusal(join(folder, 'none')).message).toMatch(/no such file/);
    expect(refusal('/dev/null').message).toMatch(/neither a file nor a pipe/);
  });
});
