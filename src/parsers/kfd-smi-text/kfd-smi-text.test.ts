import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { svmTraceReading } from '../../../test/cli.ts';
import { ROCM_SMI_TEXT, ROCR_TEXT, SMI_LINES, SMI_TEXT } from '../../../test/kfd-smi-lines.ts';
import { randomFrom } from '../../../test/random.ts';
import { eventsIn, type TextEvent, withText } from '../../../test/text-events.ts';
import { TraceError } from '../../errors.ts';
import { createRecogniser, type Recogniser } from '../../kernel/recognise.ts';
import { openCapture } from '../detect.ts';
import type { Capture, EventType } from '../parser.ts';
import { kfdSmiText } from './kfd-smi-text.ts';

const START = 61_000_000_100_000n;

interface Read {
  readonly events: readonly TextEvent[];
  readonly printed: readonly string[];
  readonly capture: Pick<Capture, 'header' | 'problems' | 'losses' | 'counts'>;
}

function read(text: string | Uint8Array): Read {
  return withText(
    text,
    (capture) => {
      const events = eventsIn(capture);
      const { header, problems, losses, counts } = capture;
      const printed = events.map(({ type, fields }) => {
        const known = header.eventTypes.find(({ name }) => `kfd_smi:${name}` === type);
        return known ? capture.print(known, fields) : '';
      });
      return { events, printed, capture: { header, problems, losses, counts } };
    },
    openCapture,
  );
}

function recognise(text: string): Recogniser {
  return withText(
    text,
    (capture) => {
      const recogniser = createRecogniser(capture.header, () => undefined);
      for (const batch of capture.batches()) {
        for (let i = 0; i < batch.length; i++) {
          const type = capture.header.eventTypes[batch.type[i] as number] as EventType;
          const moment = { event: i, ts: batch.ts[i] as number, cpu: -1, tid: -1 };
          recogniser.recognise(type, batch.fields(i), moment);
        }
      }
      return recogniser;
    },
    openCapture,
  );
}

const oneOf = (line: string) => read(`${line}\n`).events[0];
const codes = ({ capture }: Read) => capture.problems.map(({ code, count }) => [code, count]);
const ofType = ({ events }: Read, name: string) =>
  events.find(({ type }) => type === `kfd_smi:${name}`);

describe('every event of enum kfd_smi_event', () => {
  const all = read(SMI_TEXT);

  it('is read', () => {
    expect(all.events.map(({ type }) => type.replace('kfd_smi:', ''))).toEqual([
      'process_start',
      'page_fault_start',
      'migrate_start',
      'queue_eviction',
      'migrate_end',
      'page_fault_end',
      'queue_restore',
      'queue_restore',
      'unmap_from_gpu',
      'thermal_throttle',
      'dropped_event',
      'vmfault',
      'gpu_pre_reset',
      'gpu_post_reset',
      'process_end',
    ]);
  });

  it('has its fields: pages and nodes are hexadecimal, triggers decimal', () => {
    expect(ofType(all, 'migrate_start')?.fields).toEqual({
      own_time: 1,
      start: 0x7fa608000,
      size: 0x200,
      from: 0,
      to: 0xad5c,
      prefetch_loc: 0xad5c,
      preferred_loc: 0,
      trigger: 1,
    });
    expect(ofType(all, 'migrate_end')?.fields).toMatchObject({ trigger: 1, error_code: 0 });
    expect(ofType(all, 'page_fault_start')?.fields).toMatchObject({
      addr: 0x7fa608127,
      node: 0xad5c,
      rw: 'R',
    });
    expect(ofType(all, 'unmap_from_gpu')?.fields).toMatchObject({ size: 0x200, trigger: 2 });
    expect(ofType(all, 'thermal_throttle')?.fields).toMatchObject({ bitmask: 16, counter: 3 });
  });

  it('is printed with the names of triggers', () => {
    expect(all.printed[2]).toBe(
      'start=0x7fa608000 size=0x200 from=system to=ad5c prefetch_loc=ad5c preferred_loc=system trigger=PAGEFAULT_GPU (1)',
    );
    expect(all.printed[3]).toBe('node=ad5c trigger=SVM (0)');
    expect(all.printed[8]).toBe('addr=0x7fa608000 size=0x200 node=ad5c trigger=UNMAP_FROM_CPU (2)');
    expect(all.printed[9]).toBe('bitmask=16 counter=3 (time of the event before)');
  });

  it('is of its process, whose name two of them tell; those of a GPU are of none', () => {
    expect(ofType(all, 'migrate_start')).toMatchObject({
      tid: 4711,
      cpu: -1,
      comm: 'vectoradd',
    });
    expect(ofType(all, 'vmfault')).toMatchObject({
      tid: 4711,
      fields: { task_name: 'vector:add x' },
    });
    expect(ofType(all, 'gpu_pre_reset')).toMatchObject({ tid: -1 });
  });

  it('of another kernel is read too', () => {
    expect(oneOf('6 5 -1 @a(1) 0->b 2')?.fields).not.toHaveProperty('error_code');
    expect(oneOf('6 5 -1 @a(1) 0->b 2 -16')?.fields).toMatchObject({ error_code: -16 });
    expect(oneOf('3 2')?.fields).toMatchObject({ reset_seq_num: 2 });
    expect(oneOf('c 5 -1 7')?.type).toBe('kfd_smi:dropped_event');
    expect(oneOf('c 5 a b')?.type).toBe('kfd_smi:process_start');
    expect(oneOf('9 18446744073709551615 -1 ad5c 9')).toMatchObject({
      time: 18_446_744_073_709_551_615n,
      fields: { trigger: 9 },
    });
  });
});

describe('a restored queue', () => {
  it.each([
    ['a 5 -1 ad5c', undefined],
    ['a 5 -1 ad5c 0', '0'],
    ['a 5 -1 ad5c \0', undefined],
    ['a 5 -1 ad5c R', 'R'],
    ['e 5 -1 ad5c R', 'R'],
  ])('%j', (line, rescheduled) => {
    expect(oneOf(line)?.fields.rescheduled).toBe(rescheduled);
  });

  it('is no loss of events though its number once meant that', () => {
    const read14 = read('9 5 -1 1000 0\ne 6 -1 1000\ne 7 -1 1001\n');
    expect(read14.events.map(({ type }) => type)).toEqual([
      'kfd_smi:queue_eviction',
      'kfd_smi:queue_restore_rescheduled',
      'kfd_smi:dropped_event',
    ]);
    expect(read14.capture.losses).toEqual([
      { buffer: 0, cpu: -1, from: 1, to: 2, events: 1001, kind: 'dropped' },
    ]);
  });
});

describe('times', () => {
  it('are CLOCK_BOOTTIME; an event without one has that of its neighbour and says so', () => {
    const all = read(SMI_TEXT);
    expect(all.capture.header.clock).toEqual({ name: 'boot', unit: 'ns', base: START });
    expect(all.events[0]).toMatchObject({ time: START, fields: { own_time: 0 } });
    expect(all.events[1]).toMatchObject({ time: START, fields: { own_time: 1 } });
    expect(ofType(all, 'vmfault')).toMatchObject({ time: 61_000_004_120_000n });
    expect(codes(all)).toEqual([['no-own-time', 6]]);
  });

  it('of rocm-smi are seconds of the day, over midnight', () => {
    const printed = read(ROCM_SMI_TEXT);
    expect(printed.events.map(({ type, time, fields }) => [type, time, fields.gpu])).toEqual([
      ['kfd_smi:vmfault', 86_398_000_000_000n, 0],
      ['kfd_smi:thermal_throttle', 86_399_000_000_000n, 1],
      ['kfd_smi:gpu_pre_reset', 86_401_000_000_000n, 0],
    ]);
    expect(codes(printed)).toEqual([['printed-time', 3]]);
  });

  it('give way to those of the events where rocm-smi prints both', () => {
    const line = (text: string) => `GPU[0]:\t12:00:00\tEVENT_QUEUE_EVICTION\t${text}`;
    const { capture, events } = read(`${line('5000 -1 ad5c 0')}\n${line('7000 -1 ad5c 0')}\n`);
    expect(capture.header.clock.name).toBe('boot');
    expect(events.map(({ time }) => time)).toEqual([5000n, 7000n]);
  });

  it('are only an order where nothing has any', () => {
    const none = read('1 a:x\n3 1\n4 1\n');
    expect(none.capture.header.clock.unit).toBe('ticks');
    expect(none.events.map(({ time }) => time)).toEqual([1n, 2n, 3n]);
    expect(codes(none)).toEqual([['no-time', 3]]);
  });

  it('of several GPUs, read in turn, are put into order', () => {
    const back = read('9 50 -1 a 0\n1 1:x\n9 40 -2 b 0\n9 60 -1 a 0\n');
    expect(back.capture.header.clock.base).toBe(40n);
    expect(back.events.map(({ time }) => time)).toEqual([40n, 50n, 50n, 60n]);
    expect(back.events[2]?.type).toBe('kfd_smi:vmfault');
    expect(codes(back)).toEqual([['no-own-time', 1]]);
  });

  it('that go back too far are counted', () => {
    const lines = Array.from({ length: 9000 }, (_, n) => `9 ${1000 + n} -1 a 0`);
    const back = read(`${lines.join('\n')}\n9 1 -1 a 0\n`);
    expect(back.capture.header.clock.base).toBe(1n);
    expect(codes(back)).toEqual([['out-of-order', 1]]);
  });
});

describe("the log of ROCm's runtime", () => {
  const log = read(ROCR_TEXT);

  it('holds the events of its own process in bytes, with GPUs by their number', () => {
    expect(log.events.map(({ type }) => type.replace('kfd_smi:', ''))).toEqual([
      'page_fault_start',
      'migrate_start',
      'queue_eviction',
      'migrate_end',
      'page_fault_end',
      'queue_restore_either',
      'unmap_from_gpu',
    ]);
    expect(log.events[1]).toMatchObject({
      tid: -1,
      time: 61_000_000_110_000n,
      fields: { start: 0x7fa608000, size: 0x200, from: 0, to: 1, trigger: 1 },
    });
    expect(log.events[0]?.fields).toMatchObject({ addr: 0x7fa608127, rw: 'R', node: 1 });
    expect(log.events[6]?.fields).toMatchObject({ node: 2, trigger: 2 });
    expect(log.capture.problems).toEqual([]);
  });

  it('does not show whether a queue runs again: nothing is said of it', () => {
    const recogniser = recognise(ROCR_TEXT);
    expect(recogniser.possible('queue.restore')).toBe(false);
    expect(recogniser.possible('queue.evict')).toBe(true);
    expect(recognise(SMI_TEXT).possible('queue.restore')).toBe(true);
  });
});

describe('NULs and line ends', () => {
  it('of buffers written whole do not matter', () => {
    const padded = SMI_LINES.map((line) => `${line}\n`.padEnd(96, '\0')).join('');
    expect(read(padded).events).toEqual(read(SMI_TEXT).events);
    expect(read(SMI_TEXT.replaceAll('\n', '\r\n')).events).toEqual(read(SMI_TEXT).events);
  });
});

describe('detection', () => {
  const sniff = (text: string) => kfdSmiText.sniff(Buffer.from(text).subarray(0, 4096));

  it('takes any one event with a time for enough', () => {
    expect(sniff(`something\n${SMI_LINES[2]}\n`)).toBe(true);
    expect(sniff(ROCM_SMI_TEXT)).toBe(true);
    expect(sniff('5 61000000110000 -4711 @7fa608000(200) 0->ad5c ad5c:0 1')).toBe(true);
  });

  it('wants nothing else beside those without', () => {
    expect(sniff('1 a:x\n3 1\n')).toBe(true);
    expect(sniff('1 a:x\nchapter two\n')).toBe(false);
    expect(sniff('')).toBe(false);
    expect(sniff('# comment\n')).toBe(false);
  });
});

describe('damage', () => {
  it('costs the lines it is in, and says how many', () => {
    const bad = ['zz', '5 1 2 3', '7 5 -1 @x(1) R', '9 99999999999999999999999 -1 a 0', 'f 1'];
    const { events, capture } = read(`${SMI_TEXT}${bad.join('\n')}\n5 7 -1 @7fa`);
    expect(events).toHaveLength(SMI_LINES.length);
    expect(capture.problems).toContainEqual({
      code: 'unrecognised-line',
      severity: 'data-loss',
      message: 'lines that are no event were left out, the first: zz',
      count: bad.length + 1,
    });
  });

  it('everywhere ends in events or in a refusal', () => {
    const random = randomFrom(7);
    for (let n = 0; n < 300; n++) {
      const bytes = Buffer.from(n % 2 ? SMI_TEXT : ROCM_SMI_TEXT);
      for (let i = 0; i < 20; i++) {
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      }
      try {
        withText(bytes, eventsIn, (path) => kfdSmiText.open(path));
      } catch (error) {
        expect(error).toBeInstanceOf(TraceError);
      }
    }
  });

  it('without an event is refused', () => {
    expect(() => withText('nothing\n', eventsIn, (path) => kfdSmiText.open(path))).toThrow(
      TraceError,
    );
  });
});

it('is read packed, and from standard input', () => {
  const { code, stdout } = svmTraceReading(gzipSync(SMI_TEXT), 'events', '-', '-q');
  expect(code).toBe(0);
  expect(stdout.split('\n').filter((line) => line.includes('[---]'))).toHaveLength(
    SMI_LINES.length,
  );
  expect(stdout).toContain('CPU:? [12 EVENTS DROPPED]');
});
