/** The small parts whose mistakes a whole capture would hide. */
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { zstdFrame } from '../../../test/scenario/trace-dat-writer.ts';
import { ProblemLog } from '../problem-log.ts';
import { ByteReader, decodeText, EndOfBytes, MemorySource } from './byte-reader.ts';
import { DamagedBlock, decompressorFor } from './compression.ts';
import { lossesFromStats, parseCpuStats } from './cpu-stats.ts';
import { currentClock, emptyOptions } from './options.ts';
import { readPageLayout } from './page-layout.ts';
import { absoluteTime, swapHeader } from './ring-buffer-words.ts';
import { parseCmdlines, parseTgids } from './thread-names.ts';
import { timeConversion, UNNAMED_CLOCK, unitOfClock } from './time-conversion.ts';

describe('ByteReader', () => {
  const reader = (bytes: number[], littleEndian = true) =>
    new ByteReader(new MemorySource(Uint8Array.from(bytes)), littleEndian);

  it('both byte orders', () => {
    const bytes = [1, 2, 3, 4, 5, 6, 7, 8];
    expect(reader(bytes).u32()).toBe(0x04030201);
    expect(reader(bytes, false).u32()).toBe(0x01020304);
    expect(reader(bytes).u64()).toBe(0x0807060504030201n);
    expect(reader(Array(8).fill(0xff)).i64()).toBe(-1n);
  });

  it('a length beyond the end is refused before anything is allocated', () => {
    const at = reader([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
    const size = at.size64();
    expect(size).toBeGreaterThan(2 ** 63);
    expect(() => at.bytes(size)).toThrow(EndOfBytes);
    expect(() => at.skip(size)).toThrow(EndOfBytes);
    expect(at.u8()).toBe(1);
    expect(() => at.u8()).toThrow(EndOfBytes);
  });

  it('names end at their NUL and must have one', () => {
    expect(reader([0x61, 0x62, 0]).name()).toBe('ab');
    expect(() => reader([0x61, 0x62]).name()).toThrow(EndOfBytes);
  });

  it('bytes that are no UTF-8 are kept', () => {
    expect(decodeText(Uint8Array.of(0x61, 0xff, 0x62, 0))).toBe('a\u00ffb');
    expect(decodeText(new TextEncoder().encode('ü'))).toBe('ü');
  });
});

describe('compression', () => {
  const data = new TextEncoder().encode('trace '.repeat(1000));

  it.each([
    ['zlib', deflateSync(data)],
    ['zstd', zstdFrame(data)],
  ])('%s: exactly the size stated, or damage', (name, packed) => {
    const decompress = decompressorFor(name);
    const into = new Uint8Array(data.length);
    decompress?.(packed, into);
    expect(into).toEqual(data);
    expect(() => decompress?.(packed, new Uint8Array(10))).toThrow(DamagedBlock);
    expect(() => decompress?.(packed, new Uint8Array(data.length + 1))).toThrow(DamagedBlock);
    expect(() => decompress?.(packed.subarray(0, 20), into)).toThrow(DamagedBlock);
    expect(() => decompress?.(Uint8Array.of(1, 2, 3), into)).toThrow(DamagedBlock);
  });

  it('loading zstd leaves fetch and WebAssembly as they were', () => {
    decompressorFor('zstd')?.(zstdFrame(data), new Uint8Array(data.length));
    expect(typeof globalThis.fetch).toBe('function');
    expect(WebAssembly.instantiate.name).toBe('instantiate');
  });
});

describe('cpu stats', () => {
  const text = (cpu: number, overrun: number) =>
    `CPU: ${cpu}\nentries: 3\noverrun: ${overrun}\ncommit overrun: 0\ndropped events: 0\nread events: 4\n`;

  it('an instance’s CPUs follow its name', () => {
    const stats = parseCpuStats([text(0, 1), '\nBuffer: gpu\n\n', text(0, 2)]);
    expect(stats.map(({ bufferName, cpu, overrun }) => [bufferName, cpu, overrun])).toEqual([
      ['', 0, 1],
      ['gpu', 0, 2],
    ]);
    expect(stats[0]?.events).toBe(7);
  });

  it('several gaps without a number stay without one', () => {
    const gap = { buffer: 0, cpu: 0, to: 5, events: null, kind: 'dropped' as const };
    const seen = [
      { ...gap, from: 1 },
      { ...gap, from: 7, to: 9 },
    ];
    expect(
      lossesFromStats(
        parseCpuStats([text(0, 50)]),
        () => 0,
        seen,
        () => undefined,
      ),
    ).toEqual(seen);
  });

  it('an overrun the pages have already told adds nothing', () => {
    const seen = [{ buffer: 0, cpu: 0, from: 1, to: 5, events: 50, kind: 'dropped' as const }];
    expect(
      lossesFromStats(
        parseCpuStats([text(0, 50)]),
        () => 0,
        seen,
        () => undefined,
      ),
    ).toEqual(seen);
  });
});

describe('time', () => {
  it('TIME_SHIFT interpolates between samples and goes on beyond them', () => {
    const sample = (time: bigint, offset: bigint) => ({ time, offset, scaling: 1n, fraction: 0n });
    const cpus = [[sample(1000n, 100n), sample(2000n, 200n), sample(3000n, 100n)]];
    const options = { ...emptyOptions(), timeShift: { peer: 0n, interpolate: true, cpus } };
    const convert = timeConversion(options);
    // Halves go towards zero where the offset falls, as in trace-cmd's C division.
    expect(convert?.(1500n, 0)).toBe(1650n);
    expect(convert?.(2500n, 0)).toBe(2651n);
    expect(convert?.(500n, 0)).toBe(551n);
    expect(convert?.(3500n, 0)).toBe(3551n);
    expect(convert?.(1500n, 1)).toBe(1500n);
  });

  it('TIME_SHIFT scales with fraction bits, beyond 64 bits', () => {
    const cpus = [[{ time: 0n, offset: -7n, scaling: 3n << 47n, fraction: 48n }]];
    const options = { ...emptyOptions(), timeShift: { peer: 0n, interpolate: false, cpus } };
    expect(timeConversion(options)?.(1n << 50n, 0)).toBe(((1n << 50n) * 3n) / 2n - 7n);
  });

  it('nothing to convert is no conversion', () => {
    expect(timeConversion(emptyOptions())).toBeUndefined();
  });

  it.each([
    ['local', 'ns'],
    ['boot', 'ns'],
    ['tai', 'ns'],
    ['mono_raw', 'ns'],
    [UNNAMED_CLOCK, 'ns'],
    ['x86-tsc', 'ticks'],
    ['counter', 'ticks'],
    ['uptime', 'ticks'],
  ])('clock %s counts %s', (clock, unit) => {
    expect(unitOfClock(clock)).toBe(unit);
  });

  it('the clock in use stands in brackets', () => {
    expect(currentClock('local global counter [mono] tai \n')).toBe('mono');
    expect(currentClock('[local]')).toBe('local');
    expect(currentClock('local mono')).toBeUndefined();
  });

  it('an absolute stamp takes the turn nearest to the time before', () => {
    const origin = (5n << 59n) + (1n << 59n) - 100n;
    const stamp = (time: bigint): [number, number] => {
      const low59 = time & ((1n << 59n) - 1n);
      return [Number(low59 >> 27n), Number(low59 & 0x7ffffffn)];
    };
    expect(absoluteTime(...stamp(origin + 50n), origin, 0)).toBe(50);
    expect(absoluteTime(...stamp(origin + 150n), origin, 50)).toBe(150);
    expect(absoluteTime(...stamp(origin + (1n << 52n)), origin, 150)).toBe(2 ** 52);
  });

  it('a big-endian header has its parts the other way round', () => {
    // type_len 5 and delta 3, as the bytes of a big-endian word, read by a little-endian one.
    expect(swapHeader(0x03000028) >>> 0).toBe((3 << 5) | 5);
  });
});

describe('page layout', () => {
  const headerPage = (long: number) =>
    `\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n\tfield: local_t commit;\toffset:8;\tsize:${long};\tsigned:1;\n\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n\tfield: char data;\toffset:${8 + long};\tsize:${4088 - long};\tsigned:0;\n`;

  it('the kernel’s long is the size of commit, whatever the recorder’s was', () => {
    expect(readPageLayout(headerPage(4), 8)).toEqual({
      longSize: 4,
      dataOffset: 12,
      pageSize: 4096,
    });
    expect(readPageLayout(headerPage(8), 4)).toEqual({
      longSize: 8,
      dataOffset: 16,
      pageSize: 4096,
    });
  });

  it('without header_page the recorder’s long has to do', () => {
    expect(readPageLayout('', 4)).toEqual({ longSize: 4, dataOffset: 12, pageSize: undefined });
  });
});

it('a thousand problems of one kind are fifty and a sum', () => {
  const log = new ProblemLog();
  for (let i = 0; i < 1000; i++) log.add('unknown-option', 'info', `option ${i}`);
  log.add('unknown-option', 'info', 'option 3');
  log.add('other', 'info', 'x');
  expect(log.list).toHaveLength(52);
  expect(log.list.reduce((sum, { count }) => sum + count, 0)).toBe(1002);
});

it('a comm may hold spaces and colons; tid 0 is the idle thread', () => {
  const comms = parseCmdlines('12 kworker/2:1 a\n7 x\n');
  expect(comms.get(12)).toBe('kworker/2:1 a');
  expect(comms.get(7)).toBe('x');
  expect(comms.get(0)).toBe('<idle>');
  expect(parseTgids('12 10\n13 10\n').get(13)).toBe(10);
});
