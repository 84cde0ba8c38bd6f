/** What holds for every text, whatever tool printed it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../test/random.ts';
import { eventsIn, withText } from '../../../test/text-events.ts';
import { TraceError } from '../../errors.ts';
import { eventRules } from '../../kernel/catalogue.ts';
import { ftraceDialect, ftraceText } from '../ftrace-text/ftrace-text.ts';
import { perfScriptDialect, perfScriptText } from '../perf-script-text/perf-script-text.ts';
import { traceCmdDialect, traceCmdText } from '../trace-cmd-text/trace-cmd-text.ts';
import { systemOf } from './event-systems.ts';
import { openText } from './text-capture.ts';

const FIXTURES = fileURLToPath(new URL('../../../fixtures', import.meta.url));
const KINDS = [
  { suffix: /\.ftrace\.txt$/, parser: ftraceText, dialect: ftraceDialect },
  { suffix: /\.report\.txt(\.gz)?$/, parser: traceCmdText, dialect: traceCmdDialect },
  { suffix: /\.script\.txt$/, parser: perfScriptText, dialect: perfScriptDialect },
];
const parsers = KINDS.map(({ parser }) => parser);

interface Fixture {
  readonly name: string;
  readonly bytes: Buffer;
  readonly kind: (typeof KINDS)[number];
}

const fixtures: Fixture[] = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).flatMap(
  (name) => {
    const kind = KINDS.find(({ suffix }) => suffix.test(name));
    if (!kind) return [];
    const bytes = readFileSync(join(FIXTURES, name));
    return [{ name, kind, bytes: name.endsWith('.gz') ? gunzipSync(bytes) : bytes }];
  },
);
const refused = /nocontext|text-raw/;
const readable = fixtures.filter(({ name }) => !refused.test(name));

describe('each text is known by one parser, from its first 4 KiB', () => {
  it.each(fixtures)('$name', ({ bytes, kind }) => {
    const head = bytes.subarray(0, 4096);
    expect(parsers.filter((parser) => parser.sniff(head)).map(({ meta }) => meta.id)).toEqual([
      kind.parser.meta.id,
    ]);
  });

  const others: [string, string][] = [
    [
      'a kernel log',
      '[    0.000000] Linux version 6.12.117\n[    4.123456] CPU: 0 PID: 11 Comm: kworker/0:1-ev\n',
    ],
    [
      'a journal',
      'Nov 20 23:11:38 box kernel: amdgpu 0000:03:00.0: [gfxhub0] page fault (src_id:0 ring:24 vmid:3)\n',
    ],
    ['CSV', 'ts,cpu,tid,comm,event\n1,2,3,a,b\n'],
    ['prose', 'This is a file - not a trace.\nIt has [brackets] and 12.345678: numbers.\n'],
    ['nothing', ''],
  ];
  it.each(others)('%s is none', (_, text) => {
    expect(parsers.filter((parser) => parser.sniff(Buffer.from(text)))).toEqual([]);
  });
});

describe('the size of the pieces it is read in makes no difference', () => {
  const digest = (bytes: Buffer, { dialect }: Fixture['kind'], chunk?: number) =>
    withText(bytes, eventsIn, (path) => openText(path, dialect, chunk));
  // not below the longest event: that one would be cut
  it.each(readable.filter(({ bytes }) => bytes.length < 300_000))('$name', ({ bytes, kind }) => {
    const whole = digest(bytes, kind);
    expect(whole.length).toBeGreaterThan(0);
    for (const chunk of [4096, 5001]) expect(digest(bytes, kind, chunk)).toEqual(whole);
  });
});

it('every line of the recordings is understood', () => {
  const unknown = readable.flatMap(({ name, bytes }) =>
    withText(bytes, ({ problems }) =>
      problems
        .filter(({ code }) => code === 'unrecognised-line')
        .map(({ message }) => `${name}: ${message}`),
    ),
  );
  expect(unknown).toEqual([]);
});

describe('events selected out', () => {
  const [fixture] = readable.filter(({ name }) => name.includes('stall-text'));
  it('are counted and not given out', () => {
    withText(fixture?.bytes ?? '', (capture) => {
      const select = ({ name }: { readonly name: string }) =>
        name === 'dma_fence_init' ? 'rows' : 'count';
      let rows = 0;
      for (const { length } of capture.batches({ select })) rows += length;
      expect(rows).toBe(3);
      expect(capture.counts.reduce((sum, { events }) => sum + events, 0)).toBe(59);
    });
  });
});

describe('the systems of events', () => {
  it('are known for all events of the formats at hand', () => {
    const missing = readdirSync(join(FIXTURES, 'formats'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.format'))
      .flatMap((name) => {
        const system = name.replace(/^.*\//, '').replace('.format', '');
        const names = readFileSync(join(FIXTURES, 'formats', name), 'utf8').matchAll(
          /^name: (\S+)$/gm,
        );
        return [...names].map(([, event = '']) => [event, system, systemOf(event)] as const);
      })
      .filter(([, system, found]) => system !== found);
    expect(missing).toEqual([]);
  });

  it('are known for all events the catalogue knows', () => {
    // no text of ftrace holds SMI events
    const kernel = [...eventRules.keys()].filter((key) => !key.startsWith('kfd_smi:'));
    const names = new Set(kernel.map((key) => key.replace(/^.*:/, '')));
    expect([...names].filter((name) => !eventRules.has(`${systemOf(name)}:${name}`))).toEqual([]);
  });
});

describe('damaged text', () => {
  /** FUZZ_SECONDS=600 makes it a long run. */
  const LONG_MS = Number(process.env.FUZZ_SECONDS ?? 0) * 1000;
  const ROUNDS = 400;
  const SLOW_MS = 2000;
  const HOSTILE = [
    '18446744073709551615',
    '99999999999999999999999',
    '[00000000000]',
    '9223372036.854775',
    '0x',
    '=>',
    '/*',
    '*/',
    ' a=1 a=1',
    'constructor: toString=5',
    '__proto__=1',
    '<stack trace>',
    'CPU:0 [LOST 5 EVENTS]',
    '\0',
    '\r\n',
    '\xff\xfe',
  ];
  const next = randomFrom(20_261_120);
  const below = (limit: number) => Math.floor(next() * limit);
  const small = readable.filter(({ bytes }) => bytes.length < 40_000);

  /** Bytes changed, cut out, doubled, and pieces of other texts put in. */
  function damaged(): Buffer {
    let bytes = Buffer.from((small[below(small.length)] as Fixture).bytes);
    for (let n = below(6); n >= 0; n--) {
      const at = below(bytes.length);
      const other = (small[below(small.length)] as Fixture).bytes;
      const kind = below(5);
      if (kind === 0) bytes[at] = below(256);
      else if (kind === 1) bytes = bytes.subarray(0, at);
      else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at >> 1)]);
      else if (kind === 3) {
        const token = Buffer.from(HOSTILE[below(HOSTILE.length)] as string, 'latin1');
        bytes = Buffer.concat([bytes.subarray(0, at), token, bytes.subarray(at + below(4))]);
      } else {
        const from = below(other.length);
        const piece = other.subarray(from, from + below(2000));
        bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
      }
    }
    return bytes;
  }

  /** Milliseconds it took. */
  function survives(bytes: Buffer): number {
    const start = performance.now();
    try {
      withText(bytes, (capture) => {
        for (const { time, tid, cpu, fields } of eventsIn(capture)) {
          expect(time >= 0n && Number.isSafeInteger(tid) && Number.isSafeInteger(cpu)).toBe(true);
          expect(typeof fields.payload).toBe('string');
        }
      });
    } catch (error) {
      if (!(error instanceof TraceError)) throw error;
    }
    return performance.now() - start;
  }

  it('ends as events or as a TraceError, and soon', { timeout: LONG_MS + 60_000 }, () => {
    const end = performance.now() + LONG_MS;
    for (let round = 0; round < ROUNDS || performance.now() < end; round++) {
      expect(survives(damaged()), `round ${round}`).toBeLessThan(SLOW_MS);
    }
  });

  const megabyte = (text: string) => text.repeat(Math.ceil(1_000_000 / text.length));
  const head = '         svmload-1826    [001] .....   252.000001: ';
  const hostile: [string, string][] = [
    ['one field a thousand times', `${head}x: ${megabyte('a=1 ')}`],
    [
      'fields without end',
      `${head}x: ${Array.from({ length: 100_000 }, (_, n) => `f${n}=1`).join(' ')}`,
    ],
    ['a comm in every word', `${head}sched_process_fork: ${megabyte('comm= pid= child_comm= ')}`],
    ['a duration without end', `# tracer: function_graph\n 0) ${megabyte('1')} us | f();`],
    ['comments in comments', `# tracer: function_graph\n 0)  1.0 us | f(); ${megabyte('/* ')}`],
    ['switches of tasks', `# tracer: function_graph\n 0) ${megabyte('-1')} => a-1`],
    [
      'a new event in every line',
      Array.from({ length: 20_000 }, (_, n) => `${head}e${n}: a=1`).join('\n'),
    ],
    [
      'a new thread in every line',
      Array.from({ length: 20_000 }, (_, n) => `${head.replace('1826', String(n))}e: a=1`).join(
        '\n',
      ),
    ],
    ['spaces', `${head}${megabyte(' ')}`],
    ['brackets', megabyte('a-1 [0] ')],
  ];
  it.each(hostile)('%s', (_, text) => {
    expect(survives(Buffer.from(text))).toBeLessThan(SLOW_MS);
  });
});
