/** Directories of `perf record --threads`: a file for each ring buffer. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PerfDataWriter, zstdStream } from '../../../test/perf-data-writer.ts';
import { encodeEvent } from '../../../test/scenario/encode-event.ts';
import { kernelFormats, type WriterFormat } from '../../../test/scenario/kernel-formats.ts';
import { scratch } from '../../../test/scratch.ts';
import { TraceError } from '../../errors.ts';
import { openCapture } from '../detect.ts';
import type { Capture } from '../parser.ts';

const INIT = kernelFormats('6.12').get('dma_fence:dma_fence_init') as WriterFormat;
const START = 1_000_000_000;
const PART_EVENTS = 2000;

interface Written {
  readonly time: number;
  readonly cpu: number;
}

/** @param parts the events of each file but `data` */
function directory(parts: readonly (readonly Written[])[], packs = false): string {
  const folder = join(scratch('perf'), 'perf.data');
  mkdirSync(folder);
  const writer = new PerfDataWriter({ formats: [INIT], isDirectory: true });
  parts.forEach((events, n) => {
    for (const { time, cpu } of events) {
      const fields = { driver: 'drv', timeline: 'line', context: 7, seqno: time - START };
      const raw = encodeEvent(INIT, fields, { tid: 42 }, true);
      writer.sample({ format: INIT, cpu, tid: 42, time, raw });
    }
    const records = writer.takeRecords();
    if (packs) writer.record(81, zstdStream(records));
    writeFileSync(join(folder, `data.${n}`), packs ? writer.takeRecords() : records);
  });
  // what perf made up itself stands in `data`, and so do its rounds
  writer.comm(42, 'worker', START).round().round();
  writeFileSync(join(folder, 'data'), writer.finish());
  return folder;
}

function read(path: string): { times: number[]; cpus: number[]; capture: Capture } {
  const capture = openCapture(path);
  const times: number[] = [];
  const cpus: number[] = [];
  for (const batch of capture.batches()) {
    for (let i = 0; i < batch.length; i++) {
      times.push(Number(batch.fields(i).seqno));
      cpus.push(batch.cpu[i] as number);
    }
  }
  capture.close();
  return { times, cpus, capture };
}

const from = (first: number, step: number, cpu: number, count = 3): Written[] =>
  Array.from({ length: count }, (_, n) => ({ time: START + first + n * step, cpu }));

describe('the files of a directory', () => {
  it('are one recording in the order of time', () => {
    const { times, cpus, capture } = read(directory([from(1, 10, 0), from(5, 3, 1), []]));
    expect(times).toEqual([1, 5, 8, 11, 11, 21]);
    expect(cpus).toEqual([0, 1, 1, 0, 1, 0]);
    expect(capture.comm(42)).toBe('worker');
    expect(capture.header.facts.mode).toBe('directory of 4 files');
    expect(capture.problems).toEqual([]);
    expect(capture.losses).toEqual([]);
  });

  it('stay in order however many there are, each packed by itself', () => {
    const parts = [0, 1, 2].map((cpu) => from(cpu, 7 + cpu, cpu, PART_EVENTS));
    expect(read(directory(parts)).times).toEqual(
      parts
        .flat()
        .map(({ time }) => time - START)
        .sort((a, b) => a - b),
    );
    const small = [from(0, 10, 0), from(5, 10, 1)];
    expect(read(directory(small, true)).times).toEqual([0, 5, 10, 15, 20, 25]);
  });

  it('are found by any of the two names', () => {
    const folder = directory([from(1, 1, 0)]);
    expect(read(join(folder, 'data')).times).toEqual(read(folder).times);
  });

  it('that are missing are missed', () => {
    const folder = directory([from(1, 1, 0)]);
    rmSync(join(folder, 'data.0'));
    const { times, capture } = read(join(folder, 'data'));
    expect(times).toEqual([]);
    expect(capture.problems.map(({ code }) => code)).toEqual(['missing-files']);
  });

  it('do not belong to a file that says nothing of them', () => {
    const folder = scratch('perf');
    const plain = new PerfDataWriter({ formats: [INIT] }).comm(42, 'worker', START);
    writeFileSync(join(folder, 'data'), plain.finish());
    writeFileSync(join(folder, 'data.0'), 'not records');
    expect(read(join(folder, 'data')).capture.problems).toEqual([]);
  });
});

describe('directories that are no capture', () => {
  const hintOf = (path: string) => {
    try {
      openCapture(path);
    } catch (error) {
      if (error instanceof TraceError) return error.hint;
    }
    return undefined;
  };

  it('name the capture inside them', () => {
    const folder = scratch('recording');
    writeFileSync(join(folder, 'trace.dat'), '');
    expect(hintOf(folder)).toBe(`give the capture file inside it: ${join(folder, 'trace.dat')}`);
  });

  it('and the files of single CPUs say how to make one of them', () => {
    const folder = scratch('loose');
    writeFileSync(join(folder, 'trace.dat.cpu1'), 'rubbish');
    expect(hintOf(folder)).toMatch(/trace-cmd restore/);
    expect(hintOf(join(folder, 'trace.dat.cpu1'))).toMatch(/trace-cmd restore/);
  });
});
