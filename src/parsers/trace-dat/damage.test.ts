/** Damaged captures: whatever is done to a file, it ends as a capture that says what is missing, or as a TraceError. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { randomFrom } from '../../../test/random.ts';
import { scenario } from '../../../test/scenario/scenario.ts';
import { TraceError } from '../../errors.ts';
import type { Loss, Problem } from '../parser.ts';
import { traceDat } from './trace-dat.ts';

const TRUNCATIONS = 50;
const BYTE_FLIPS = 200;
const HOSTILE_LENGTHS = 60;
const SEED = 20_261_120;
const SLOW_MS = 5000;

const folder = mkdtempSync(join(tmpdir(), 'svm-trace-damage-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Salvage {
  readonly events: number;
  readonly times: readonly bigint[];
  readonly problems: readonly Problem[];
  readonly losses: readonly Loss[];
  readonly cpus: readonly number[];
}

/** Reads and decodes everything; undefined when the file is refused with a TraceError. */
function salvage(bytes: Uint8Array): Salvage | undefined {
  const path = join(folder, 'x.dat');
  writeFileSync(path, bytes);
  const start = performance.now();
  try {
    const capture = traceDat.open(path);
    const times: bigint[] = [];
    for (const batch of capture.batches()) {
      for (let i = 0; i < batch.length; i++) {
        batch.fields(i);
        batch.flags(i);
        times.push(capture.header.clock.base + BigInt(batch.ts[i] as number));
        if (!Number.isSafeInteger(batch.ts[i])) throw new Error(`time ${batch.ts[i]}`);
      }
    }
    capture.symbol(0xffff_ffff_8100_0000n);
    capture.comm(1);
    capture.close();
    const { losses, problems } = capture;
    expect(losses.every(({ events }) => Number.isSafeInteger(events ?? 0))).toBe(true);
    const cpus = capture.header.buffers.flatMap((buffer) => buffer.cpus);
    return { events: times.length, times, problems, losses, cpus };
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    expect(error.message).not.toContain('\n');
    return undefined;
  } finally {
    expect(performance.now() - start).toBeLessThan(SLOW_MS);
  }
}

function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../../fixtures/${name}.dat`, import.meta.url)));
}

/** Several pages on two CPUs. */
function busy(options: Parameters<typeof scenario>[0]): Uint8Array {
  const made = scenario(options);
  for (let i = 1; i <= 600; i++) made.at(i * 1000, { cpu: i % 2, tid: 100 }).fence('init', 1, i);
  return made.bytes();
}

const sources: [string, Uint8Array][] = [
  ['v7 zstd', fixture('s612-svm-stall/svm-stall')],
  ['v7 without compression', fixture('s612-svm-stall-nocomp/svm-stall-nocomp')],
  ['v6', fixture('s612-svm-stall-v6/svm-stall-v6')],
  ['an instance', fixture('s612-inst-stall/inst-stall')],
  ['big endian', fixture('s390be-svm-stall/svm-stall')],
  ['several pages, v6', busy({ version: 6 })],
  ['several pages, zlib', busy({ compression: 'zlib' })],
];

describe.each(sources)('%s', (_, bytes) => {
  const whole = salvage(bytes);

  it('truncated', () => {
    const random = randomFrom(SEED);
    for (let i = 0; i < TRUNCATIONS; i++) {
      const length = Math.floor(random() * bytes.length);
      const left = salvage(bytes.subarray(0, length));
      if (!left || !whole) continue;
      expect(left.events).toBeLessThanOrEqual(whole.events);
      if (left.events < whole.events) {
        expect(left.problems.some(({ severity }) => severity === 'data-loss')).toBe(true);
      }
    }
  });

  it('bytes flipped', () => {
    const random = randomFrom(SEED);
    for (let i = 0; i < BYTE_FLIPS; i++) {
      const damaged = bytes.slice();
      const at = Math.floor(random() * bytes.length);
      damaged[at] = (damaged[at] ?? 0) ^ (1 + Math.floor(random() * 255));
      salvage(damaged);
    }
  });

  it('lengths of 4 and 8 bytes made enormous', () => {
    const random = randomFrom(SEED);
    for (let i = 0; i < HOSTILE_LENGTHS; i++) {
      const damaged = bytes.slice();
      const at = Math.floor(random() * bytes.length);
      damaged.fill(random() < 0.5 ? 0xff : 0x7f, at, at + (random() < 0.5 ? 4 : 8));
      salvage(damaged);
    }
    expect(process.memoryUsage.rss()).toBeLessThan(700 * 1024 * 1024);
  });
});

describe('what is kept of a cut file', () => {
  it('version 6: every event of the pages that are there', () => {
    const bytes = busy({ version: 6 });
    const whole = salvage(bytes);
    const left = salvage(bytes.subarray(0, bytes.length - 6000));
    expect(left?.events).toBeGreaterThan(300);
    expect(left?.losses.map(({ kind }) => kind)).toEqual(['truncated']);
    expect(left?.problems.map(({ code }) => code)).toEqual(['truncated-cpu-data']);
    expect(whole?.times).toEqual(expect.arrayContaining([...(left?.times ?? [])]));
  });

  it.each(['none', 'zlib', 'zstd'] as const)(
    'version 7, %s: the events, though the option that says where they are is gone',
    (compression) => {
      const bytes = busy({ compression });
      const whole = salvage(bytes);
      // The options stand at the end of what the scenario writer writes.
      const left = salvage(bytes.subarray(0, bytes.length - 100));
      expect(left?.problems.map(({ code }) => code)).toContain('recovered-buffer');
      if (compression === 'none') expect(left?.times).toEqual(whole?.times);
      expect(left?.events).toBeGreaterThan(0);
    },
  );

  it('a real recording of version 7 without its last option keeps all events and the CPUs’ numbers', () => {
    const bytes = fixture('c612-lost-events/lost-events');
    const whole = salvage(bytes);
    // The last options section starts 235 bytes before the end.
    const left = salvage(bytes.subarray(0, bytes.length - 235));
    expect(left?.times).toEqual(whole?.times);
    expect(left?.cpus).toEqual([0, 1, 2]);
  });
});

describe('refused', () => {
  it.each([
    ['only a magic number', 10, /ends inside its header/],
    ['half a header', 30, /ends inside its header/],
    ['no event formats', 200, /no readable event formats/],
  ])('%s', (_, length, message) => {
    const path = join(folder, 'short.dat');
    writeFileSync(path, fixture('s612-svm-stall/svm-stall').subarray(0, length));
    expect(() => traceDat.open(path)).toThrow(TraceError);
    expect(() => traceDat.open(path)).toThrow(message);
  });

  it('an unknown version and an unknown compression', () => {
    const bytes = fixture('s612-svm-stall/svm-stall');
    const path = join(folder, 'odd.dat');
    const version = bytes.slice();
    version[10] = '9'.charCodeAt(0);
    writeFileSync(path, version);
    expect(() => traceDat.open(path)).toThrow(/unknown version 9/);
    const compression = bytes.slice();
    compression.set(new TextEncoder().encode('zst9'), 18);
    writeFileSync(path, compression);
    expect(() => traceDat.open(path)).toThrow(/compressed with "zst9"/);
  });
});

describe('extents', () => {
  it('two CPUs that claim the same place: one is read, the other is a loss', () => {
    const bytes = busy({ version: 6 });
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const table = Buffer.from(bytes).indexOf('flyrecord\0') + 10;
    view.setBigUint64(table + 16, view.getBigUint64(table, true), true);
    const left = salvage(bytes);
    expect(left?.problems.map(({ code }) => code)).toEqual(['overlapping-cpu-data']);
    expect(left?.losses).toEqual([expect.objectContaining({ cpu: 1, kind: 'truncated' })]);
    expect(left?.events).toBe(300);
  });

  it('a page whose time is impossible is left out, and the gap is told', () => {
    const bytes = busy({ version: 6 });
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const table = Buffer.from(bytes).indexOf('flyrecord\0') + 10;
    const secondPage = Number(view.getBigUint64(table, true)) + 4096;
    view.setUint8(secondPage + 7, 0x40);
    const left = salvage(bytes);
    expect(left?.problems.map(({ code }) => code)).toEqual(['damaged-page']);
    expect(left?.losses).toEqual([
      expect.objectContaining({ cpu: 0, events: null, kind: 'dropped' }),
    ]);
    expect(left?.events).toBeGreaterThan(400);
    expect(left?.events).toBeLessThan(600);
  });

  it('a damaged first page does not move the other CPUs out of reach', () => {
    const bytes = busy({ version: 6 });
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const table = Buffer.from(bytes).indexOf('flyrecord\0') + 10;
    view.setUint8(Number(view.getBigUint64(table, true)) + 7, 0x40);
    const left = salvage(bytes);
    expect(left?.events).toBeGreaterThan(400);
    expect(left?.problems.map(({ code }) => code)).toEqual(['damaged-page']);
  });
});
