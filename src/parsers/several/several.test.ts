import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Scenario, type ScenarioOptions, scenario } from '../../../test/scenario/scenario.ts';
import { OPTION } from '../../../test/scenario/trace-dat-writer.ts';
import { scratch } from '../../../test/scratch.ts';
import { TraceError } from '../../errors.ts';
import { openInput } from '../detect.ts';
import type { Capture, CaptureInput } from '../parser.ts';
import { openInputs } from './open-inputs.ts';

const MS = 1_000_000;
const START = 100_000_000_000n;

/** A recording of ten forks, one each 10 ms, on a clock that is `ahead` of the others. */
function forks(ahead: number, options: ScenarioOptions = {}, first = 500): Scenario {
  const written = scenario({ base: START + BigInt(ahead), ...options });
  for (let n = 0; n < 10; n += 1) {
    written.at(n * 10 * MS, { cpu: 0, tid: 100, comm: 'make' }).fork(first + n);
  }
  return written;
}

/** Lines of the kernel log, `every` ns apart. */
function lines(written: Scenario, texts: readonly string[], every = 10 * MS): Scenario {
  texts.forEach((msg, n) => {
    written
      .at(n * every + MS, { cpu: 1, tid: 7, comm: 'kworker' })
      .event('printk:console', { msg });
  });
  return written;
}

interface Seen {
  readonly id: number;
  readonly ts: number;
  readonly type: string;
  readonly buffer: number;
}

function eventsOf(capture: Capture): Seen[] {
  const seen: Seen[] = [];
  for (const batch of capture.batches()) {
    for (let i = 0; i < batch.length; i += 1) {
      seen.push({
        id: batch.id[i] ?? 0,
        ts: batch.ts[i] ?? 0,
        type: capture.header.eventTypes[batch.type[i] ?? -1]?.name ?? '',
        buffer: batch.buffer[i] ?? -1,
      });
    }
  }
  return seen;
}

async function inputsOf(...written: Scenario[]): Promise<readonly CaptureInput[]> {
  const capture = await openInputs(written.map((one) => one.file()));
  capture.close();
  return capture.header.inputs ?? [];
}

async function alignmentOf(first: Scenario, second: Scenario): Promise<CaptureInput['alignment']> {
  const [, input] = await inputsOf(first, second);
  if (!input) throw new Error('there is no second input');
  return input.alignment;
}

describe('one input', () => {
  it('is opened as it is', async () => {
    const path = forks(0).file();
    const [alone, one] = [await openInput(path), await openInputs([path])];
    expect(one.header).toEqual(alone.header);
    expect(one.header.inputs).toBeUndefined();
    expect(one.constructor).toBe(alone.constructor);
  });
});

describe('clocks are aligned', () => {
  it('by events both recorded, whatever the clocks are', async () => {
    const found = await alignmentOf(forks(0), forks(-12 * MS, { clock: 'local' }));
    expect(found).toMatchObject({ how: 'events', offset: BigInt(12 * MS), anchors: 10 });
    expect(found.error).toBeLessThan(0.1 * MS);
  });

  it('by console lines, within what their stamps differ', async () => {
    const texts = ['gpu: reset', 'gpu: back', 'gpu: idle'];
    const found = await alignmentOf(
      lines(scenario({ base: START }), texts),
      lines(scenario({ base: START + 25n * BigInt(MS), clock: 'global' }), texts, 10.2 * MS),
    );
    expect(found).toMatchObject({ how: 'lines', anchors: 3, offset: -25_200_000n });
    expect(found.error).toBe(201_000);
  });

  it('by the same clock, if they recorded at one time', async () => {
    const fences = scenario({ base: START })
      .at(5 * MS)
      .fence('init', 3, 1)
      .fence('signaled', 3, 1);
    expect(await alignmentOf(forks(0), fences)).toMatchObject({
      how: 'clock',
      offset: 0n,
      error: 1000,
    });
    const later = scenario({ base: START + 3_600_000_000_000n }).fence('init', 3, 1);
    expect(await alignmentOf(forks(0), later)).toMatchObject({ how: 'none' });
  });

  it('by boot and mono, which are the same on a machine that was never suspended', async () => {
    const fences = scenario({ base: START, clock: 'boot' })
      .at(5 * MS)
      .fence('init', 3, 1);
    expect(await alignmentOf(forks(0), fences)).toMatchObject({ how: 'clock', offset: 0n });
    const slept = scenario({ base: START + 60_000_000_000n, clock: 'boot' }).fence('init', 3, 1);
    expect(await alignmentOf(forks(0), slept)).toMatchObject({ how: 'none' });
  });

  it('by the wall clock both tell', async () => {
    const dated = (base: bigint, us: string, clock: string) =>
      scenario({
        base,
        clock,
        options: [{ id: 1, data: Buffer.from(`0x${BigInt(us).toString(16)}\0`) }],
      });
    const first = dated(START, '1795000000000000', 'mono').fence('init', 3, 1).after(MS).exit();
    const second = dated(START - 7_000_000n, '1795000000007000', 'local').fence('emit', 3, 1);
    expect(await alignmentOf(first, second)).toMatchObject({ how: 'wall', offset: 0n });
  });

  it('through an input that is aligned itself', async () => {
    const inputs = await inputsOf(
      forks(0),
      lines(forks(-12 * MS, { clock: 'local' }), ['mark 1', 'mark 2']),
      lines(scenario({ base: START - 40n * BigInt(MS), clock: 'global' }), ['mark 1', 'mark 2']),
    );
    const [, second, third] = inputs.map(({ alignment }) => alignment);
    expect(second).toMatchObject({ how: 'events', offset: BigInt(12 * MS) });
    expect(third).toMatchObject({ how: 'lines', offset: BigInt(40 * MS) });
    expect(third?.error).toBeGreaterThan(second?.error ?? 0);
    expect(inputs.map(({ boot }) => boot)).toEqual([0, 0, 0]);
  });

  it('by a single happening with little trust', async () => {
    const found = await alignmentOf(
      lines(scenario({ base: START }), ['gpu: reset']),
      lines(scenario({ base: START - 5n, clock: 'local' }), ['gpu: reset']),
    );
    expect(found).toMatchObject({ how: 'lines', anchors: 1, error: 1_001_000 });
  });
});

describe('nothing ties inputs', () => {
  it('that have nothing in common', async () => {
    const fences = scenario({ base: START, clock: 'local' }).fence('init', 3, 1);
    const inputs = await inputsOf(forks(0), fences);
    expect(inputs[1]).toMatchObject({ boot: 1, alignment: { how: 'none', anchors: 0 } });
    expect(inputs[1]?.alignment.error).toBeUndefined();
  });

  it('whose shared lines are other times apart', async () => {
    const texts = ['test begins', 'test ends'];
    const found = await alignmentOf(
      lines(scenario({ base: START }), texts, 900 * MS),
      lines(scenario({ base: START, clock: 'local' }), texts, 907 * MS),
    );
    expect(found.how).toBe('none');
    expect(found.reason).toContain('not one boot');
  });

  it('whose shared lines put clocks apart that start with the machine', async () => {
    const texts = ['test begins', 'test ends'];
    const found = await alignmentOf(
      lines(scenario({ base: START }), texts),
      lines(scenario({ base: START + 60_000_000_000n, clock: 'local' }), texts),
    );
    expect(found.how).toBe('none');
    expect(found.reason).toContain('60.000 s');
  });

  it('whose same clock tells other times for one line', async () => {
    const texts = ['test begins', 'test ends'];
    const found = await alignmentOf(
      lines(scenario({ base: START }), texts),
      lines(scenario({ base: START + 10_000_000n }), texts),
    );
    expect(found.how).toBe('none');
  });

  it('of the same clock and time without one line in common', async () => {
    const found = await alignmentOf(
      lines(scenario({ base: START }), ['a first', 'a second']),
      lines(scenario({ base: START }), ['b first', 'b second']),
    );
    expect(found.how).toBe('none');
  });

  it('of the same clock and time that both saw forks, and not the same ones', async () => {
    const found = await alignmentOf(forks(0), forks(3 * MS, {}, 900));
    expect(found.how).toBe('none');
    expect(found.reason).toContain('no sched_process_fork in common');
  });

  it('of different machines, even if they share every line', async () => {
    const found = await alignmentOf(
      lines(scenario({ base: START }), ['a first', 'a second']),
      lines(scenario({ base: START, uname: 'Linux other.lan 6.12.0 x86_64' }), [
        'a first',
        'a second',
      ]),
    );
    expect(found.reason).toContain('different machines, scenario and other');
  });

  it('of different kernels, even if they share every line', async () => {
    const found = await alignmentOf(
      lines(scenario({ base: START }), ['a first', 'a second']),
      lines(scenario({ base: START, uname: 'Linux other 6.13.0 x86_64' }), ['a first', 'a second']),
    );
    expect(found.reason).toContain('different kernels');
  });
});

describe('a guest and its host', () => {
  it('share the time and nothing else', async () => {
    const traceId = (id: bigint) => {
      const data = Buffer.alloc(8);
      data.writeBigUInt64LE(id);
      return { id: OPTION.traceId, data };
    };
    const host = forks(0, { options: [traceId(0x1234n)] });
    const guest = scenario({
      base: START,
      uname: 'Linux guest 6.13.0 x86_64',
      timeShift: {
        peer: 0x1234n,
        flags: 0,
        cpus: [[{ time: 0n, offset: 0n, scaling: 1n, fraction: 0n }]],
      },
    })
      .at(0, { tid: 100, comm: 'guestd' })
      .fork(500);
    const inputs = await inputsOf(host, guest);
    expect(inputs[1]).toMatchObject({ boot: 1, alignment: { how: 'host' } });
  });
});

describe('merged events', () => {
  it('are in the order of the aligned times, numbered through, each once', async () => {
    const first = forks(0);
    const second = forks(-12 * MS, { clock: 'local' });
    second.at(4.5 * MS, { tid: 7 }).fence('init', 3, 1);
    second.at(55 * MS, { tid: 7 }).fence('signaled', 3, 1);
    const capture = await openInputs([first.file(), second.file()]);
    const seen = eventsOf(capture);
    expect(seen.map(({ type }) => type)).toEqual([
      'sched_process_fork',
      'dma_fence_init',
      ...Array.from({ length: 5 }, () => 'sched_process_fork'),
      'dma_fence_signaled',
      ...Array.from({ length: 4 }, () => 'sched_process_fork'),
    ]);
    expect(seen[1]).toMatchObject({ ts: 4.5 * MS, buffer: 1 });
    for (const [n, event] of seen.entries()) {
      expect(event.ts).toBeGreaterThanOrEqual(seen[n - 1]?.ts ?? 0);
      expect(event.id).toBeGreaterThan(seen[n - 1]?.id ?? 0);
    }
    expect(capture.problems).toContainEqual(expect.objectContaining({ code: 'repeated-events' }));
    expect(capture.counts.reduce((sum, { events }) => sum + events, 0)).toBe(22);
    capture.close();
  });

  it('are printed and named by the input they are of', async () => {
    const first = forks(0);
    const second = scenario({ base: START, uname: 'Linux other 6.13.0 x86_64' });
    second.at(0, { tid: 100, comm: 'otherd' }).fence('init', 3, 1, { driver: 'xe' });
    const capture = await openInputs([first.file('a.dat'), second.file('b.dat')]);
    const texts: string[] = [];
    for (const batch of capture.batches()) {
      for (let i = 0; i < batch.length; i += 1) {
        const type = capture.header.eventTypes[batch.type[i] ?? -1];
        if (type?.name === 'dma_fence_init') texts.push(capture.print(type, batch.fields(i)));
      }
    }
    expect(texts).toEqual(['driver=xe timeline=ring0 context=3 seqno=1']);
    expect([capture.comm(100, 0), capture.comm(100, 1)]).toEqual(['make', 'otherd']);
    expect(capture.header.buffers.map(({ name }) => name)).toEqual(['', 'b.dat']);
    capture.close();
  });

  it('that only one input records are not missed silently when it ends early', async () => {
    const capture = await openInputs([
      forks(0).file(),
      scenario({ base: START })
        .at(20 * MS)
        .fence('init', 3, 1)
        .file(),
    ]);
    expect(capture.losses).toEqual([
      { buffer: 1, cpu: -1, from: 20 * MS + 1, to: null, events: null, kind: 'ended' },
    ]);
    capture.close();
  });
});

describe('a log beside a recording', () => {
  it('that lacks lines takes nothing from what the recording shows', async () => {
    const texts = ['gpu: reset', 'gpu: back', 'gpu: idle'];
    const log = join(scratch('log'), 'dmesg.txt');
    writeFileSync(
      log,
      `[  100.001000] ${texts[0]}\n** 9 printk messages dropped **\n[  100.011000] ${texts[1]}\n...\n[  100.021000] ${texts[2]}\n`,
    );
    const capture = await openInputs([lines(scenario({ base: START }), texts).file(), log]);
    expect(capture.header.inputs?.[1]).toMatchObject({ isLog: true, alignment: { how: 'lines' } });
    expect(capture.losses).toEqual([]);
    expect(capture.problems.map(({ code, severity }) => [code, severity])).toEqual(
      expect.arrayContaining([
        ['lost-records', 'info'],
        ['left-out-by-hand', 'info'],
      ]),
    );
    capture.close();
  });
});

describe('refused', () => {
  const refusal = async (...paths: string[]): Promise<string> => {
    const error = await openInputs(paths).catch((thrown: unknown) => thrown);
    if (!(error instanceof TraceError)) throw new Error('it was opened');
    return error.message;
  };

  it('one file twice, under whatever name', async () => {
    const path = forks(0).file();
    const copy = join(scratch('copy'), 'other.dat');
    copyFileSync(path, copy);
    expect(await refusal(path, path)).toContain('given twice');
    expect(await refusal(path, copy)).toContain('the same recording');
    expect(await refusal(path, '-', '-')).toContain('- is given twice');
  });

  it('ticks of unknown length beside nanoseconds', async () => {
    const ticks = scenario({ clock: 'counter' }).fence('init', 3, 1).file('ticks.dat');
    expect(await refusal(forks(0).file(), ticks)).toContain('ticks of unknown length');
  });

  it('what cannot be read at all, and everything is closed', async () => {
    expect(await refusal(forks(0).file(), '/nonexistent/x.dat')).toContain('no such file');
  });
});
