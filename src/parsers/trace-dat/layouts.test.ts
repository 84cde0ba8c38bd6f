/** Forms of trace.dat that no recording at hand has, from the scenario writer. */
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ByteWriter } from '../../../test/scenario/byte-writer.ts';
import { type Scenario, type ScenarioOptions, scenario } from '../../../test/scenario/scenario.ts';
import type { Capture } from '../parser.ts';
import { traceDat } from './trace-dat.ts';

const folder = mkdtempSync(join(tmpdir(), 'svm-trace-layout-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;

function openBytes(bytes: Uint8Array): Capture {
  const path = join(folder, `${files++}.dat`);
  writeFileSync(path, bytes);
  return traceDat.open(path);
}

interface Row {
  readonly time: bigint;
  readonly cpu: number;
  readonly buffer: string;
  readonly seqno: unknown;
}

function rowsOf(capture: Capture): Row[] {
  const rows: Row[] = [];
  for (const batch of capture.batches()) {
    for (let i = 0; i < batch.length; i++) {
      rows.push({
        time: capture.header.clock.base + BigInt(batch.ts[i] as number),
        cpu: batch.cpu[i] as number,
        buffer: capture.header.buffers[batch.buffer[i] as number]?.name ?? '',
        seqno: batch.fields(i).seqno,
      });
    }
  }
  return rows;
}

/** `count` fences, one each `step` ns, on the CPUs in turn. */
function fences(options: ScenarioOptions, count: number, step: number, cpus: number[]): Scenario {
  const made = scenario(options);
  for (let i = 0; i < count; i++) {
    made.at(BigInt(i) * BigInt(step), { cpu: cpus[i % cpus.length] as number, tid: 100 + i });
    made.fence('init', 1, i + 1);
  }
  return made;
}

const layouts: [string, ScenarioOptions][] = [
  ['zlib', { compression: 'zlib' }],
  ['zstd', { compression: 'zstd' }],
  ['4-byte longs, version 6', { longSize: 4, version: 6 }],
  ['4-byte longs, version 7', { longSize: 4 }],
  ['4-byte longs, big endian, zlib', { longSize: 4, endian: 'big', compression: 'zlib' }],
  ['big endian, version 6', { endian: 'big', version: 6 }],
  ['sub-buffers of 64 KiB', { pageSize: 65_536 }],
  ['sub-buffers of 64 KiB, version 6', { pageSize: 65_536, version: 6 }],
  ['sub-buffers of 64 KiB, zstd', { pageSize: 65_536, compression: 'zstd' }],
];

describe('layouts', () => {
  it.each(layouts)('%s: several pages, sparse CPUs, in order', (_, options) => {
    const made = fences({ ...options, cpus: 12 }, 2000, 1000, [0, 3, 11]);
    const capture = openBytes(made.bytes());
    const rows = rowsOf(capture);
    expect(rows.map(({ seqno }) => seqno)).toEqual(made.events.map(({ fields }) => fields.seqno));
    expect(rows.map(({ cpu }) => cpu)).toEqual(made.events.map(({ cpu }) => cpu));
    expect(rows.map(({ time }) => time)).toEqual(made.events.map(({ ts }) => ts));
    expect(capture.header.cpus).toBe(12);
    expect(capture.problems).toEqual([]);
    expect(capture.losses).toEqual([]);
  });

  it.each([6, 7] as const)(
    'instances, version %i; events of one time come top buffer first',
    (version) => {
      const made = scenario({ version, cpus: 2 });
      made.inBuffer('gpu').at(1000, { cpu: 0 }).fence('init', 1, 1);
      made.inBuffer('').at(1000, { cpu: 1 }).fence('init', 1, 2);
      made.inBuffer('gpu').at(2000, { cpu: 1 }).fence('init', 1, 3);
      made.inBuffer('').at(3000, { cpu: 0 }).fence('init', 1, 4);
      const rows = rowsOf(openBytes(made.bytes()));
      expect(rows.map(({ buffer, seqno }) => `${buffer} ${seqno}`)).toEqual([
        ' 2',
        'gpu 1',
        'gpu 3',
        ' 4',
      ]);
    },
  );

  it('times beyond 2^53 are exact', () => {
    const base = 1_795_206_790_530_000_001n;
    const made = fences({ base, clock: 'tai' }, 50, 999_999_937, [0, 1]);
    expect(rowsOf(openBytes(made.bytes())).map(({ time }) => time)).toEqual(
      made.events.map(({ ts }) => ts),
    );
  });

  it('absolute time stamps across the wrap of their 59 bits', () => {
    const base = (1n << 59n) - 1500n;
    const made = scenario({ base, clock: 'x86-tsc' });
    for (let i = 0; i < 6; i++)
      made
        .at(i * 1000)
        .absolute()
        .fence('init', 1, i + 1);
    expect(rowsOf(openBytes(made.bytes())).map(({ time }) => time)).toEqual(
      made.events.map(({ ts }) => ts),
    );
  });

  it('a discarded event in a page counts for the time and for nothing else', () => {
    const made = scenario();
    made.at(0).fence('init', 1, 1).after(500).discarded(40).after(300).fence('init', 1, 2);
    const rows = rowsOf(openBytes(made.bytes()));
    expect(rows.map(({ time }) => time)).toEqual(made.events.map(({ ts }) => ts));
  });

  it.each([6, 7] as const)('no CPU has events, version %i', (version) => {
    const capture = openBytes(scenario({ version, cpus: 0 }).bytes());
    expect(rowsOf(capture)).toEqual([]);
    expect(capture.header.clock.base).toBe(0n);
  });
});

describe('files that are odd as a whole', () => {
  it('pages beyond 4 GiB', () => {
    const made = fences({ version: 6 }, 400, 1000, [0, 1]);
    const bytes = made.bytes();
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const table = Buffer.from(bytes).indexOf('flyrecord\0') + 10;
    const offset = Number(view.getBigUint64(table + 16, true));
    const size = Number(view.getBigUint64(table + 24, true));
    const far = 5 * 2 ** 30;
    view.setBigUint64(table + 16, BigInt(far), true);
    const path = join(folder, 'far.dat');
    writeFileSync(path, bytes);
    // The space between is a hole that takes no room on the disk.
    const fd = openSync(path, 'r+');
    writeSync(fd, bytes, offset, size, far);
    closeSync(fd);
    const rows = rowsOf(traceDat.open(path));
    expect(rows.map(({ time }) => time)).toEqual(made.events.map(({ ts }) => ts));
  });

  it.each([6, 7] as const)('200 CPUs, version %i', (version) => {
    const cpus = Array.from({ length: 200 }, (_, i) => i);
    const made = fences({ version }, 1000, 7, cpus);
    expect(rowsOf(openBytes(made.bytes())).map(({ seqno }) => seqno)).toEqual(
      made.events.map(({ fields }) => fields.seqno),
    );
  });

  it('version 6 whose CPUCOUNT is larger than its CPU table', () => {
    const data = new ByteWriter(true).u32(6).finish();
    const made = fences({ version: 6, cpus: 2, options: [{ id: 8, data }] }, 10, 10, [0, 1]);
    const capture = openBytes(made.bytes());
    expect(rowsOf(capture)).toHaveLength(10);
    expect(capture.header.clock.name).toBe('mono');
    expect(capture.problems).toEqual([]);
    expect(capture.losses).toEqual([]);
  });
});

describe('lost events', () => {
  it.each([
    ['8-byte longs', {}],
    ['4-byte longs', { longSize: 4 }],
    ['big endian', { endian: 'big' }],
  ] as [string, ScenarioOptions][])('%s: stored numbers and unknown ones', (_, options) => {
    const made = scenario(options);
    made.loss(0, 7).at(1000).fence('init', 1, 1);
    made.loss(0, null).at(5000).fence('init', 1, 2);
    made.loss(0, 3).at(9000).fence('init', 1, 3);
    const capture = openBytes(made.bytes());
    rowsOf(capture);
    expect(capture.losses).toEqual([
      { buffer: 0, cpu: 0, from: null, to: 0, events: 7, kind: 'overwritten' },
      { buffer: 0, cpu: 0, from: 0, to: 4000, events: null, kind: 'dropped' },
      { buffer: 0, cpu: 0, from: 4000, to: 8000, events: 3, kind: 'dropped' },
    ]);
  });

  it('an overrun no page marks happened before the first event', () => {
    const text = new TextEncoder().encode('CPU: 1\nentries: 2\noverrun: 55\ndropped events: 4\n\0');
    const made = fences({ cpus: 2, options: [{ id: 2, data: text }] }, 4, 1000, [0, 1]);
    const capture = openBytes(made.bytes());
    rowsOf(capture);
    expect(capture.losses).toEqual([
      { buffer: 0, cpu: 1, from: null, to: 1000, events: 55, kind: 'overwritten' },
      { buffer: 0, cpu: 1, from: 3000, to: null, events: 4, kind: 'dropped' },
    ]);
  });
});

describe('options', () => {
  it('TSC2NSEC: products of more than 64 bits', () => {
    const tsc2nsec = { mult: 0x1999_999a, shift: 31, offset: 12345 };
    const base = 9_876_543_210_987_654_321n;
    const made = fences({ tsc2nsec, base, clock: 'x86-tsc' }, 20, 3_000_000_001, [0, 1]);
    const capture = openBytes(made.bytes());
    expect(rowsOf(capture).map(({ time }) => time)).toEqual(
      made.events.map(({ ts }) => (ts * BigInt(tsc2nsec.mult)) >> 31n),
    );
    expect(capture.header.clock).toMatchObject({ unit: 'ns', converted: 'tsc2nsec' });
  });

  it('TIME_SHIFT: each CPU by its own samples, which may change the order', () => {
    const sample = (offset: number) => ({ time: 0, offset, scaling: 1, fraction: 0 });
    const made = scenario({
      base: 0n,
      timeShift: { peer: 5, flags: 0, cpus: [[sample(10_000)], [sample(-500)]] },
    });
    made.at(1000, { cpu: 0 }).fence('init', 1, 1).at(2000, { cpu: 1 }).fence('init', 1, 2);
    expect(rowsOf(openBytes(made.bytes())).map(({ time, seqno }) => [seqno, time])).toEqual([
      [2, 1500n],
      [1, 11_000n],
    ]);
  });

  it('DATE and OFFSET move the base only', () => {
    const text = (value: string) => new TextEncoder().encode(`${value}\0`);
    const made = fences(
      {
        options: [
          { id: 1, data: text('0x10') },
          { id: 7, data: text('-3') },
        ],
      },
      2,
      10,
      [0],
    );
    expect(rowsOf(openBytes(made.bytes())).map(({ time }) => time)).toEqual(
      made.events.map(({ ts }) => ts + 16_000n - 3n),
    );
  });

  it('an option 8 that is text is a list of tgids, as Valve’s recorder wrote it', () => {
    const data = new TextEncoder().encode('2541 2540\n2542 2540\n\0');
    const made = fences({ cpus: 2, options: [{ id: 8, data }] }, 4, 10, [0, 1]);
    const capture = openBytes(made.bytes());
    expect(rowsOf(capture)).toHaveLength(4);
    expect(capture.header.cpus).toBe(2);
    expect(capture.tgid?.(2541)).toBe(2540);
    expect(capture.tgid?.(1)).toBeUndefined();
  });

  it('unknown options are skipped with a notice', () => {
    const made = fences({ options: [{ id: 4711, data: Uint8Array.of(1, 2, 3) }] }, 3, 10, [0]);
    const capture = openBytes(made.bytes());
    expect(rowsOf(capture)).toHaveLength(3);
    expect(capture.problems).toEqual([
      expect.objectContaining({ code: 'unknown-option', severity: 'info', count: 1 }),
    ]);
  });

  it('guests, hooks and the trace id are facts', () => {
    const guest = new ByteWriter(true).cString('vm1').u64(7).u32(1).u32(0).u32(4242).finish();
    const made = fences(
      {
        options: [
          { id: 13, data: guest },
          { id: 6, data: new TextEncoder().encode('sched_wakeup,pid\0') },
          { id: 11, data: new ByteWriter(true).u64(0xabcn).finish() },
        ],
      },
      1,
      1,
      [0],
    );
    expect(openBytes(made.bytes()).header.facts).toMatchObject({
      guests: 'vm1 (1 CPUs)',
      'event hooks': 'sched_wakeup,pid',
      'trace id': '0xabc',
    });
  });
});
