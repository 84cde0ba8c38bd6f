import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Capture } from '../parser.ts';
import { traceDat } from './trace-dat.ts';

const FIXTURES = fileURLToPath(new URL('../../../fixtures', import.meta.url));

/** Recordings with a golden text; function_graph ones are left out, whose lines join two events. */
const recordings = readdirSync(FIXTURES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.includes('function_graph'))
  .flatMap(({ name }) => {
    const files = readdirSync(join(FIXTURES, name));
    const capture = files.find((file) => file.endsWith('.dat'));
    const golden = files.find((file) => /\.report\.txt(\.gz)?$/.test(file));
    return capture && golden
      ? [[name, join(FIXTURES, name, capture), join(FIXTURES, name, golden)] as const]
      : [];
  });

function open(folder: string): Capture {
  const found = recordings.find(([name]) => name === folder);
  if (!found) throw new Error(`no fixture ${folder}`);
  return traceDat.open(found[1]);
}

/** Thread, CPU, time and name of each event, as far as trace-cmd report shows them. */
function eventsOf(capture: Capture): string[] {
  const { clock, eventTypes } = capture.header;
  // trace-cmd's list of nanosecond clocks lacks boot (extract_trace_clock, trace-input.c).
  const isPlain = clock.unit === 'ticks' || clock.name === 'boot';
  const seen: string[] = [];
  for (const batch of capture.batches()) {
    for (let i = 0; i < batch.length; i++) {
      const time = clock.base + BigInt(batch.ts[i] as number);
      const micros = (time + 500n) / 1000n;
      const shown = isPlain
        ? String(time)
        : `${micros / 1_000_000n}.${String(micros % 1_000_000n).padStart(6, '0')}`;
      const cpu = String(batch.cpu[i]).padStart(3, '0');
      seen.push(`${batch.tid[i]} [${cpu}] ${shown} ${eventTypes[batch.type[i] as number]?.name}`);
    }
  }
  return seen;
}

//            [buffer:]  comm-tid  [cpu] time: name
const LINE = /^(?:\S+:\s+)?.*?-(\d+)\s+\[(\d+)\]\s*([\d.]+):\s+(\w+):/;
const LOST = /^CPU:\d+ \[(?:\d+ )?EVENTS DROPPED\]$/;

function goldenOf(path: string): { events: string[]; lost: number; cpus: number } {
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1');
  const events: string[] = [];
  for (const line of text.split('\n')) {
    const [, tid, cpu, time, name] = LINE.exec(line) ?? [];
    if (name !== undefined) events.push(`${tid} [${cpu}] ${time} ${name}`);
  }
  const lost = text.split('\n').filter((line) => LOST.test(line)).length;
  return { events, lost, cpus: Number(/^cpus=(\d+)$/m.exec(text)?.[1]) };
}

describe('equal to what trace-cmd report says', () => {
  it.each(recordings)('%s', (_, path, golden) => {
    const capture = traceDat.open(path);
    const wanted = goldenOf(golden);
    expect(eventsOf(capture)).toEqual(wanted.events);
    expect(capture.losses).toHaveLength(wanted.lost);
    expect(capture.header.cpus).toBe(wanted.cpus);
    expect(capture.problems).toEqual([]);
    capture.close();
  });
});

describe('header', () => {
  it('version 7, zstd', () => {
    const { header } = open('s612-svm-stall');
    expect(header).toMatchObject({
      version: '7',
      endian: 'little',
      clock: { name: 'local', unit: 'ns' },
      cpus: 3,
      uname: 'Linux (none) 6.12.117+deb12-amd64 x86_64',
      buffers: [{ name: '', clock: 'local', cpus: [2] }],
      facts: { compression: 'zstd', 'kernel long': '8 bytes' },
    });
  });

  it('version 6 keeps its clock behind the CPU table', () => {
    const { header } = open('s612-svm-stall-v6');
    expect(header).toMatchObject({ version: '6', clock: { name: 'local', unit: 'ns' }, cpus: 3 });
  });

  it('big endian', () => {
    expect(open('s390be-svm-stall').header).toMatchObject({ endian: 'big', version: '7' });
  });

  it('an instance beside an empty top buffer; the clock is the one of the events', () => {
    const { header } = open('s612-inst-stall');
    expect(header.buffers).toEqual([
      { name: '', clock: 'local', cpus: [] },
      { name: 'gpu', clock: 'local', cpus: [1, 2] },
    ]);
    expect(header.clock.name).toBe('local');
  });

  it('cycles are no nanoseconds', () => {
    expect(open('s612-svm-stall-tsc').header.clock).toMatchObject({
      name: 'x86-tsc',
      unit: 'ticks',
    });
  });

  it('every event type has its system', () => {
    const types = open('s612-svm-stall').header.eventTypes.map(
      ({ system, name }) => `${system}:${name}`,
    );
    expect(types).toContain('ftrace:print');
    expect(types).toContain('dma_fence:dma_fence_init');
    expect(types).toContain('svm:inval_start');
  });
});

describe('batches', () => {
  it('counted events give no rows and keep the ordinals of the others', () => {
    const all = open('s612-svm-stall');
    const ordinals = new Map<number, string>();
    for (const batch of all.batches()) {
      for (let i = 0; i < batch.length; i++) {
        ordinals.set(
          batch.id[i] as number,
          all.header.eventTypes[batch.type[i] as number]?.name ?? '',
        );
      }
    }
    const some = open('s612-svm-stall');
    const rows: [number, string][] = [];
    const select = ({ system }: { system: string }) => (system === 'svm' ? 'rows' : 'count');
    for (const batch of some.batches({ select })) {
      for (let i = 0; i < batch.length; i++) {
        rows.push([
          batch.id[i] as number,
          some.header.eventTypes[batch.type[i] as number]?.name ?? '',
        ]);
      }
    }
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.length).toBeLessThan(ordinals.size);
    for (const [id, name] of rows) expect(ordinals.get(id)).toBe(name);
    expect(some.counts).toEqual(all.counts);
  });

  it('counts, first and last of each type', () => {
    const capture = open('s612-svm-stall');
    const times = new Map<number, number[]>();
    for (const batch of capture.batches()) {
      for (let i = 0; i < batch.length; i++) {
        const type = batch.type[i] as number;
        times.set(type, [...(times.get(type) ?? []), batch.ts[i] as number]);
      }
    }
    capture.counts.forEach((count, type) => {
      const seen = times.get(type) ?? [];
      expect(count).toEqual({
        events: seen.length,
        first: seen[0] ?? null,
        last: seen.at(-1) ?? null,
      });
    });
  });

  it('the first event is time 0', () => {
    for (const batch of open('s612-inst-stall').batches()) {
      expect(batch.ts[0]).toBe(0);
      expect(batch.id[0]).toBe(1);
      break;
    }
  });

  it('fields, flags, comm and symbol of an event', () => {
    const capture = open('s612-svm-stall');
    const types = capture.header.eventTypes;
    for (const batch of capture.batches()) {
      for (let i = 0; i < batch.length; i++) {
        if (types[batch.type[i] as number]?.name !== 'hmm_range_fault_ret') continue;
        const fields = batch.fields(i);
        expect(fields).toMatchObject({ ret: 0 });
        expect(capture.symbol(fields.__probe_func as bigint)).toMatchObject({
          name: 'hmm_range_fault',
        });
        expect(capture.comm(batch.tid[i] as number)).toBe('svmload');
        // TRACE_FLAG_IRQS_OFF and the depth of preemption fit their bytes.
        expect(batch.flags(i)).toBeLessThan(65_536);
        return;
      }
    }
    throw new Error('no hmm_range_fault_ret');
  });
});

describe('lost events', () => {
  it('gaps have the times of their neighbours, and known numbers', () => {
    const capture = open('c612-lost-events');
    eventsOf(capture);
    const [first, second] = capture.losses;
    expect(first).toMatchObject({ cpu: 0, from: null, kind: 'overwritten' });
    expect(second).toMatchObject({ cpu: 0, kind: 'dropped' });
    for (const { from, to } of capture.losses) expect(to).toBeGreaterThan(from ?? -1);
    const counted = capture.losses.reduce((sum, { events }) => sum + (events ?? 0), 0);
    // The overruns of the three CPUs are 2586 + 7231 + 1600; some gaps have no number.
    expect(counted).toBeGreaterThan(8000);
    expect(counted).toBeLessThanOrEqual(2586 + 7231 + 1600);
  });

  it('one gap without a number gets what the CPU counter leaves for it', () => {
    const capture = open('c612-lost-events');
    eventsOf(capture);
    const cpu2 = capture.losses.filter(({ cpu }) => cpu === 2);
    expect(cpu2.reduce((sum, { events }) => sum + (events ?? 0), 0)).toBe(1600);
  });
});
