/** Damaged recordings: what is there is read, what is missing is said, nothing hangs or throws. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { randomFrom } from '../../../test/random.ts';
import { TraceError } from '../../errors.ts';
import { perfData } from './perf-data.ts';

const FIXTURES = fileURLToPath(new URL('../../../fixtures/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'svm-trace-perf-damage-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'damaged.perf.data');

interface Salvage {
  readonly events: number;
  readonly decoded: number;
  readonly codes: readonly string[];
  readonly truncated: boolean;
}

/** Undefined where the file is refused with a sentence. */
function salvage(bytes: Uint8Array): Salvage | undefined {
  writeFileSync(path, bytes);
  try {
    const capture = perfData.open(path);
    try {
      let decoded = 0;
      for (const batch of capture.batches()) {
        for (let i = 0; i < batch.length; i++) {
          const type = capture.header.eventTypes[batch.type[i] as number];
          const fields = batch.fields(i);
          if (type) capture.print(type, fields);
          if (Object.keys(fields).length > 0) decoded++;
        }
      }
      return {
        events: capture.counts.reduce((sum, { events }) => sum + events, 0),
        decoded,
        codes: capture.problems.map(({ code }) => code),
        truncated: capture.losses.some(({ kind }) => kind === 'truncated'),
      };
    } finally {
      capture.close();
    }
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    return undefined;
  }
}

const captures = {
  file: 's612-perf-ghost/perf-ghost.perf.data',
  pipe: 's612-perf-stall/pipe-mode.perf.data',
  'zstd, big endian': 's390be-perf-stall-z/perf-stall-z.perf.data',
  compressed2: 's72-perf72-sched-ok/perf72-sched-ok.perf.data',
};

describe.each(Object.entries(captures))('%s', (_, name) => {
  const whole = readFileSync(join(FIXTURES, name));
  const events = salvage(whole)?.events ?? 0;

  it('is whole', () => {
    const found = salvage(whole);
    expect(found).toMatchObject({ codes: [], truncated: false });
    expect(found?.decoded).toBe(found?.events);
    expect(events).toBeGreaterThan(10);
  });

  it('cut at 50 places', () => {
    const random = randomFrom(612);
    for (let n = 0; n < 50; n++) {
      const at = Math.floor(random() * whole.length);
      const found = salvage(whole.subarray(0, at));
      if (!found) continue;
      expect(found.events).toBeLessThanOrEqual(events);
      const isSaid = found.codes.length > 0 || found.truncated || found.events === events;
      expect(isSaid, `cut at ${at}`).toBe(true);
    }
  });

  it('with a byte changed at 150 places, and with ten at once', () => {
    const random = randomFrom(72);
    for (let n = 0; n < 150; n++) {
      const bytes = Uint8Array.from(whole);
      for (let changed = n % 10 === 0 ? 10 : 1; changed > 0; changed--) {
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      }
      // refused or read; the assertion is that it ends and throws nothing else
      expect(salvage(bytes)?.events ?? 0).toBeLessThan(events * 10);
    }
  });

  it('with lengths and offsets that point anywhere', () => {
    for (let at = 8; at < 104; at += 8) {
      for (const value of [0n, 1n, 0xffff_ffffn, 0x7fff_ffff_ffff_ffffn, 2n ** 64n - 1n]) {
        const bytes = Uint8Array.from(whole);
        new DataView(bytes.buffer).setBigUint64(at, value, true);
        expect(salvage(bytes)?.events ?? 0).toBeLessThan(events * 10);
      }
    }
  });
});

it('a file whose recorder died: events counted by their ids, and the reason said', () => {
  const bytes = Uint8Array.from(readFileSync(join(FIXTURES, captures.file)));
  const view = new DataView(bytes.buffer);
  const end = Number(view.getBigUint64(40, true) + view.getBigUint64(48, true));
  view.setBigUint64(48, 0n, true);
  const found = salvage(bytes.subarray(0, end));
  expect(found?.events).toBe(salvage(readFileSync(join(FIXTURES, captures.file)))?.events);
  expect(found?.decoded).toBe(0);
  expect(found?.codes).toEqual(expect.arrayContaining(['unfinished-file', 'no-event-format']));
});

it('a record with an impossible size costs no more than what is around it', () => {
  const whole = readFileSync(join(FIXTURES, captures.pipe));
  const events = salvage(whole)?.events ?? 0;
  const at = whole.indexOf(Buffer.from('dma_fence_init')) > 0 ? lastSample(whole) : -1;
  const bytes = Uint8Array.from(whole);
  bytes[at + 6] = 1;
  bytes[at + 7] = 0;
  const found = salvage(bytes);
  expect(found?.codes).toContain('damaged-record');
  expect(found?.events).toBe(events - 1);
});

it('times that cannot be, by what the header says of the first and the last, are left out', () => {
  const whole = readFileSync(join(FIXTURES, captures.file));
  const events = salvage(whole)?.events ?? 0;
  for (const highByte of [0x01, 0x40, 0xff]) {
    const bytes = Uint8Array.from(whole);
    // IDENTIFIER, IP, TID, TIME: the highest byte of the time
    bytes[lastSample(whole) + 8 + 24 + 7] = highByte;
    writeFileSync(path, bytes);
    const capture = perfData.open(path);
    for (const _ of capture.batches());
    const ends = capture.counts.map(({ last }) => last ?? 0);
    expect(Math.max(...ends)).toBeLessThan(1e9);
    expect(capture.counts.reduce((sum, count) => sum + count.events, 0)).toBe(events - 1);
    expect(capture.problems.map(({ code }) => code)).toEqual(['impossible-time']);
    capture.close();
  }
});

/** Where a sample in the middle of the samples begins: type 9, misc 1, a small size. */
function lastSample(bytes: Buffer): number {
  const places: number[] = [];
  for (let at = 16; at + 8 < bytes.length; at++) {
    const isSample = bytes.readUInt32LE(at) === 9 && bytes.readUInt16LE(at + 4) <= 2;
    const size = bytes.readUInt16LE(at + 6);
    if (isSample && size > 64 && size < 200 && size % 8 === 0) places.push(at);
  }
  return places[places.length >> 1] ?? -1;
}
