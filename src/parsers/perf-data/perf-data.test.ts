/** perf.data in forms that no recording at hand has, written by hand. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  BIT,
  DEFAULT_SAMPLE,
  PerfDataWriter,
  type WriterOptions,
  zstdStream,
} from '../../../test/perf-data-writer.ts';
import { ByteWriter } from '../../../test/scenario/byte-writer.ts';
import { encodeEvent } from '../../../test/scenario/encode-event.ts';
import { kernelFormats, type WriterFormat } from '../../../test/scenario/kernel-formats.ts';
import { TraceError } from '../../errors.ts';
import type { Capture, ReadOptions } from '../parser.ts';
import { perfData } from './perf-data.ts';

const folder = mkdtempSync(join(tmpdir(), 'svm-trace-perf-'));
afterAll(() => rmSync(folder, { recursive: true }));

const formats = kernelFormats('6.12');
const INIT = formats.get('dma_fence:dma_fence_init') as WriterFormat;
const SIGNALED = formats.get('dma_fence:dma_fence_signaled') as WriterFormat;
const FORMATS = [INIT, SIGNALED];
const START = 1_000_000_000;

let files = 0;

function open(bytes: Uint8Array): Capture {
  const path = join(folder, `${files++}.perf.data`);
  writeFileSync(path, bytes);
  return perfData.open(path);
}

function writer(options: Partial<WriterOptions> = {}): PerfDataWriter {
  return new PerfDataWriter({ formats: FORMATS, ...options });
}

interface Event {
  readonly seqno: number;
  readonly time: number | bigint;
  readonly cpu?: number;
  readonly tid?: number;
  readonly format?: WriterFormat;
  readonly chain?: readonly bigint[];
}

function add(to: PerfDataWriter, event: Event, littleEndian = true): PerfDataWriter {
  const { seqno, time, cpu = 0, tid = 42, format = INIT, chain = [] } = event;
  const fields = { driver: 'drv', timeline: 'line', context: 7, seqno };
  const raw = encodeEvent(format, fields, { tid: 42 }, littleEndian);
  return to.sample({ format, cpu, tid, time, raw, chain });
}

interface Row {
  readonly name: string;
  readonly seqno: unknown;
  readonly driver: unknown;
  readonly time: bigint;
  readonly cpu: number;
  readonly tid: number;
  readonly comm: string | undefined;
  readonly id: number;
}

function rowsOf(capture: Capture, options: ReadOptions = {}): Row[] {
  const rows: Row[] = [];
  for (const batch of capture.batches(options)) {
    for (let i = 0; i < batch.length; i++) {
      const fields = batch.fields(i);
      const tid = batch.tid[i] as number;
      rows.push({
        name: capture.header.eventTypes[batch.type[i] as number]?.name ?? '',
        seqno: fields.seqno,
        driver: fields.driver,
        time: capture.header.clock.base + BigInt(batch.ts[i] as number),
        cpu: batch.cpu[i] as number,
        tid,
        comm: capture.comm(tid),
        id: batch.id[i] as number,
      });
    }
  }
  return rows;
}

const seqnos = (rows: readonly Row[]) => rows.map(({ seqno }) => seqno);

describe('layouts of samples', () => {
  const layouts: [string, number, number][] = [
    ['as perf record writes tracepoints', DEFAULT_SAMPLE, 0],
    ['with ID instead of IDENTIFIER', (DEFAULT_SAMPLE & ~BIT.identifier) | BIT.id, 0],
    ['with no id at all', DEFAULT_SAMPLE & ~BIT.identifier, 0],
    ['with addresses and streams', DEFAULT_SAMPLE | BIT.addr | BIT.streamId | BIT.id, 0],
    ['with the value of the counter', DEFAULT_SAMPLE | BIT.read, 0x1 | 0x2 | 0x4 | 0x10],
    ['with the values of a group', DEFAULT_SAMPLE | BIT.read, 0x1 | 0x4 | 0x8 | 0x10],
    ['with call chains', DEFAULT_SAMPLE | BIT.callchain, 0],
    ['with everything', DEFAULT_SAMPLE | BIT.read | BIT.callchain | BIT.addr | BIT.id, 0x1f],
  ];
  describe.each([true, false])('little endian %s', (littleEndian) => {
    it.each(layouts)('%s', (_, sampleType, readFormat) => {
      const file = writer({ sampleType, readFormat, littleEndian });
      add(file, { seqno: 1, time: START, cpu: 2, chain: [1n, 2n, 3n] }, littleEndian);
      add(file, { seqno: 2, time: START + 5, format: SIGNALED, chain: [9n] }, littleEndian);
      const capture = open(file.finish());
      expect(capture.header.endian).toBe(littleEndian ? 'little' : 'big');
      const rows = rowsOf(capture);
      expect(rows).toMatchObject([
        { name: 'dma_fence_init', seqno: 1, driver: 'drv', time: 1_000_000_000n, cpu: 2, tid: 42 },
        { name: 'dma_fence_signaled', seqno: 2, time: 1_000_000_005n, cpu: 0 },
      ]);
      expect(capture.problems).toEqual([]);
    });
  });

  it('gives the call chain, with the files its addresses lie in', () => {
    const file = writer({ sampleType: DEFAULT_SAMPLE | BIT.callchain });
    file.map(-1, { start: 0xffff_ffff_c000_0000n, size: 0x1000n, name: '[drv]' }, 0);
    file.map(42, { start: 0x1000n, size: 0x1000n, name: '/bin/first' }, START);
    const chain = [
      0xffff_ffff_ffff_ff80n,
      0xffff_ffff_c000_0010n,
      0xffff_ffff_8100_0000n,
      0xffff_ffff_ffff_fe00n,
      0x1010n,
      0x9000n,
    ];
    add(file, { seqno: 1, time: START + 1, chain });
    file.fork(43, 42, START + 2);
    file.map(42, { start: 0x1000n, size: 0x100n, name: '/bin/second' }, START + 3);
    add(file, { seqno: 2, time: START + 4, chain: chain.slice(3, 5) });
    add(file, { seqno: 3, time: START + 5, tid: 43, chain: chain.slice(3, 5) });
    const chains: unknown[] = [];
    for (const batch of open(file.finish()).batches()) {
      for (let i = 0; i < batch.length; i++) chains.push(batch.callchain?.(i));
    }
    expect(chains).toEqual([
      [
        { address: 0xffff_ffff_c000_0010n, isKernel: true, file: '[drv]' },
        { address: 0xffff_ffff_8100_0000n, isKernel: true },
        { address: 0x1010n, isKernel: false, file: '/bin/first' },
        { address: 0x9000n, isKernel: false },
      ],
      [{ address: 0x1010n, isKernel: false, file: '/bin/second' }],
      [{ address: 0x1010n, isKernel: false, file: '/bin/first' }],
    ]);
  });

  it.each([64, 72, 96, 104, 112, 120, 128, 136, 144, 256])('attributes of %d bytes', (size) => {
    const file = writer({ attributeSize: size });
    add(file, { seqno: 1, time: START });
    const capture = open(file.finish());
    expect(seqnos(rowsOf(capture))).toEqual([1]);
    expect(capture.header.clock.name).toBe('perf');
  });

  it('names the clock the user chose, and none where the attribute is too short to tell', () => {
    const names = [0, 1, 4, 7, 11].map((clockId) => {
      const file = writer({ clockId });
      add(file, { seqno: 1, time: START });
      return open(file.finish()).header.clock.name;
    });
    expect(names).toEqual(['realtime', 'mono', 'mono_raw', 'boot', 'tai']);
  });

  it('keeps every nanosecond of a clock beyond 2^53', () => {
    const time = 1_795_206_790_530_000_001n;
    const file = writer({ clockId: 0 });
    add(file, { seqno: 1, time: time + 2n });
    add(file, { seqno: 2, time });
    expect(rowsOf(open(file.finish())).map((row) => row.time)).toEqual([time, time + 2n]);
  });

  it('takes the thread from the record where the kernel had none any more', () => {
    const file = writer();
    add(file, { seqno: 1, time: START, tid: -1 });
    expect(rowsOf(open(file.finish()))[0]?.tid).toBe(42);
  });
});

it.each([true, false])('the magic of perf up to 3.3; little endian %s', (littleEndian) => {
  const file = writer({ attributeSize: 64, littleEndian });
  add(file, { seqno: 1, time: START }, littleEndian);
  const bytes = file.finish();
  bytes.set(new TextEncoder().encode('PERFFILE'));
  expect(perfData.sniff(bytes)).toBe(true);
  const capture = open(bytes);
  expect(capture.header.endian).toBe(littleEndian ? 'little' : 'big');
  expect(seqnos(rowsOf(capture))).toEqual([1]);
});

describe('order', () => {
  it('puts right what rounds bring out of order, and counts ids in that order', () => {
    const file = writer();
    for (let round = 0; round < 20; round++) {
      for (const cpu of [0, 1, 2]) {
        for (let n = 0; n < 5; n++) {
          // the last CPU's events were made while the first one's ring buffer was copied
          const time = START + round * 100 + n * 10 + (cpu === 2 ? 55 : cpu);
          add(file, { seqno: time, time, cpu });
        }
      }
      file.round();
    }
    const capture = open(file.finish());
    const rows = rowsOf(capture);
    expect(rows).toHaveLength(300);
    expect(rows.every((row, n) => n === 0 || row.time >= (rows[n - 1] as Row).time)).toBe(true);
    expect(rows.map(({ id }) => id)).toEqual(rows.map((_, n) => n + 1));
    expect(capture.problems).toEqual([]);
  });

  it('sorts everything where there are no rounds; equal times stay as in the file', () => {
    const file = writer();
    const times = [50, 10, 30, 10, 20, 40, 10];
    times.forEach((time, n) => {
      add(file, { seqno: n, time: START + time });
    });
    expect(seqnos(rowsOf(open(file.finish())))).toEqual([1, 3, 6, 4, 2, 5, 0]);
  });

  it('counts what was not asked for, and says when it was first and last', () => {
    const file = writer();
    add(file, { seqno: 1, time: START });
    add(file, { seqno: 2, time: START + 10, format: SIGNALED });
    add(file, { seqno: 3, time: START + 30, format: SIGNALED });
    const capture = open(file.finish());
    const rows = rowsOf(capture, {
      select: ({ name }) => (name.endsWith('init') ? 'rows' : 'count'),
    });
    expect(seqnos(rows)).toEqual([1]);
    expect(capture.counts).toEqual([
      { events: 1, first: 0, last: 0 },
      { events: 2, first: 10, last: 30 },
    ]);
  });

  it('says so when an event comes after later ones were used', () => {
    const file = writer();
    add(file, { seqno: 1, time: START + 100 }).round();
    add(file, { seqno: 2, time: START + 200 }).round();
    add(file, { seqno: 3, time: START + 300 }).round();
    add(file, { seqno: 4, time: START + 50 });
    const capture = open(file.finish());
    expect(seqnos(rowsOf(capture)).sort()).toEqual([1, 2, 3, 4]);
    expect(capture.problems).toMatchObject([{ code: 'late-events', count: 1 }]);
  });
});

it('knows the names of threads at the time of each event', () => {
  const file = writer();
  add(file, { seqno: 1, time: START, tid: 0 });
  file
    .comm(99, 'late', START + 35)
    .comm(42, 'old name', START - 5)
    .fork(43, 42, START + 5)
    .comm(42, 'new: name', START + 20);
  for (const [seqno, tid, time] of [
    [2, 42, 10],
    [3, 43, 11],
    [4, 42, 30],
    [5, 43, 31],
    [6, 99, 32],
    [7, 99, 40],
  ] as const) {
    add(file, { seqno, tid, time: START + time });
  }
  const names = rowsOf(open(file.finish())).map(({ comm }) => comm);
  expect(names).toEqual([
    'swapper',
    'old name',
    'old name',
    'new: name',
    'old name',
    undefined,
    'late',
  ]);
});

describe('losses', () => {
  it('LOST stands between the events around it; counters tell what was lost at the end', () => {
    const file = writer().idIndex([0, 1]);
    add(file, { seqno: 1, time: START, cpu: 0 });
    add(file, { seqno: 2, time: START + 10, cpu: 1 });
    file.lost(INIT, 5, START + 40, 0);
    add(file, { seqno: 3, time: START + 50, cpu: 0 });
    // INIT counts on CPU 0, SIGNALED on CPU 1
    file
      .lostSamples(INIT, 8)
      .lostSamples(SIGNALED, 2)
      .lostSamples(SIGNALED, 9, 1 << 15);
    const capture = open(file.finish());
    rowsOf(capture);
    expect(capture.losses).toEqual([
      { buffer: 0, cpu: 0, from: 0, to: 40, events: 5, kind: 'dropped' },
      { buffer: 0, cpu: 0, from: 50, to: null, events: 3, kind: 'dropped' },
      { buffer: 0, cpu: 1, from: 10, to: null, events: 2, kind: 'dropped' },
    ]);
  });
});

describe('what was recorded', () => {
  it('one task alone: by the thread map, else by enable_on_exec', () => {
    const perTask = (file: PerfDataWriter) => {
      add(file, { seqno: 1, time: START });
      return open(file.finish()).header.facts['per-task'];
    };
    expect(perTask(writer({ enableOnExec: true }).threadMap([-1]))).toBeUndefined();
    expect(perTask(writer().threadMap([1894]))).toContain('1894');
    expect(perTask(writer({ enableOnExec: true }))).toBeDefined();
    expect(perTask(writer())).toBeUndefined();
  });

  it('one event in many: said, for "never" would be wrong', () => {
    const file = writer({ period: 1000 });
    add(file, { seqno: 1, time: START });
    expect(open(file.finish()).problems[0]).toMatchObject({
      code: 'sampled-event',
      severity: 'data-loss',
    });
  });

  it('events without their fields: counted, and said', () => {
    const sampleType = (DEFAULT_SAMPLE & ~BIT.raw) | BIT.callchain;
    const file = writer({ sampleType });
    add(file, { seqno: 1, time: START, chain: [5n] });
    const capture = open(file.finish());
    expect(rowsOf(capture)).toMatchObject([{ name: 'dma_fence_init', seqno: undefined }]);
    expect(capture.problems.map(({ code }) => code)).toEqual(['no-raw-data', 'no-raw-data']);
  });

  it('no tracepoints: says what to record', () => {
    const file = writer({ type: 0, sampleType: DEFAULT_SAMPLE & ~BIT.raw });
    expect(() => open(file.finish())).toThrow(TraceError);
    expect(() => open(file.finish())).toThrow(/no tracepoint events/);
  });
});

describe('pipe mode', () => {
  it.each([true, false])(
    'events, formats and records in one stream; little endian %s',
    (little) => {
      const file = writer({ isPipe: true, littleEndian: little });
      add(file, { seqno: 1, time: START }, little);
      add(file, { seqno: 2, time: START + 1, format: SIGNALED }, little);
      const capture = open(file.finish());
      expect(capture.header.facts.mode).toBe('pipe');
      expect(seqnos(rowsOf(capture))).toEqual([1, 2]);
      expect(capture.problems).toEqual([]);
    },
  );

  it('passes AUX data, and records it does not know', () => {
    const file = writer({ isPipe: true });
    add(file, { seqno: 1, time: START });
    const aux = new ByteWriter(true).u64(5000).bytes(new Uint8Array(32)).finish();
    file.record(71, aux).bytes(new Uint8Array(5000).fill(0xff));
    file.record(89, new Uint8Array(24));
    add(file, { seqno: 2, time: START + 1 });
    const capture = open(file.finish());
    expect(seqnos(rowsOf(capture))).toEqual([1, 2]);
    expect(capture.problems.map(({ code }) => code)).toEqual(['auxtrace', 'unknown-record']);
  });
});

describe('compressed records', () => {
  const COUNT = 3000;

  /** The records of `COUNT` events, as one zstd stream. */
  function stream(file: PerfDataWriter): Uint8Array {
    for (let n = 0; n < COUNT; n++) add(file, { seqno: n, time: START + n });
    return zstdStream(file.takeRecords());
  }

  function expectAll(file: PerfDataWriter): void {
    const capture = open(file.finish());
    expect(seqnos(rowsOf(capture))).toEqual(Array.from({ length: COUNT }, (_, n) => n));
    expect(capture.problems).toEqual([]);
    expect(capture.losses).toEqual([]);
  }

  it.each([100, 4093, 65_000])('COMPRESSED: one stream in records of %d bytes', (size) => {
    const file = writer();
    const bytes = stream(file);
    for (let at = 0; at < bytes.length; at += size) file.record(81, bytes.subarray(at, at + size));
    expectAll(file);
  });

  it('COMPRESSED2: aligned, with the size beside it', () => {
    const file = writer();
    const bytes = stream(file);
    for (let at = 0; at < bytes.length; at += 1001) {
      const part = bytes.subarray(at, at + 1001);
      file.record(83, new ByteWriter(true).u64(part.length).bytes(part).align(8).finish());
    }
    expectAll(file);
  });

  it('COMPRESSED2 whose aligned size wraps to 0, and has no padding', () => {
    const file = writer();
    const bytes = stream(file);
    for (let at = 0; at < bytes.length; at += 65_515) {
      const part = bytes.subarray(at, at + 65_515);
      const isWhole = part.length === 65_515;
      const body = new ByteWriter(true).u64(part.length).bytes(part);
      if (isWhole) file.record(83, body.finish(), 0, 0);
      else file.record(83, body.align(8).finish());
    }
    expectAll(file);
  });

  it('COMPRESSED2 of several records of which the first states the size of all', () => {
    const file = writer();
    const bytes = stream(file);
    const parts: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += 65_519) parts.push(bytes.subarray(at, at + 65_519));
    expect(parts.length).toBeGreaterThan(2);
    const rest = new ByteWriter(true);
    for (const part of parts.slice(1)) {
      rest
        .u32(83)
        .u16(0)
        .u16(16 + part.length)
        .u64(0xdeadbeef)
        .bytes(part);
    }
    const [first = new Uint8Array(0)] = parts;
    const all = first.length + rest.length;
    const body = new ByteWriter(true).u64(all).bytes(first).bytes(rest.finish()).finish();
    file.record(83, body, 0, Math.ceil((16 + all) / 8) * 8);
    add(file, { seqno: COUNT, time: START + COUNT });
    const capture = open(file.finish());
    expect(rowsOf(capture)).toHaveLength(COUNT + 1);
    expect(capture.problems).toEqual([]);
  });

  it('goes on with the plain records when the stream is damaged, and says what is lost', () => {
    const file = writer();
    add(file, { seqno: 1, time: START });
    const before = file.takeRecords();
    const bytes = stream(file);
    file.bytes(before).record(81, bytes.subarray(0, 40_000));
    file.record(81, bytes.subarray(50_000, 60_000)).record(81, bytes.subarray(60_000, 100_000));
    add(file, { seqno: 2, time: START + 1_000_000 });
    const capture = open(file.finish());
    const rows = rowsOf(capture);
    expect(rows.at(-1)).toMatchObject({ seqno: 2 });
    expect(rows.length).toBeGreaterThan(200);
    expect(capture.problems.map(({ severity }) => severity)).toContain('data-loss');
    expect(capture.losses.map(({ kind }) => kind)).toContain('truncated');
  });
});
