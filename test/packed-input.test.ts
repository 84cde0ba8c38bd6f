/** A packed capture, or one that comes through a pipe, is the same capture. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import type { Result } from '../src/analyzers/result.ts';
import { TraceError } from '../src/errors.ts';
import { openCapture, openInput } from '../src/parsers/detect.ts';
import { ROOT, svmTraceAfter, svmTraceReading } from './cli.ts';
import { randomFrom } from './random.ts';

const FIXTURES = join(ROOT, 'fixtures');
const DAT = join(FIXTURES, 's612-svm-stall-v6/svm-stall-v6.dat');
const TEXT = join(FIXTURES, 's612-svm-stall-text/svm-stall-text.ftrace.txt');
const PACKED = join(FIXTURES, 'packed');
const SEED = 20_261_121;
const MUTATIONS = 500;
const SLOW_MS = 5_000;
const MEMORY_LIMIT_BYTES = 512 * 1024 * 1024;
const dat = readFileSync(DAT);
const text = readFileSync(TEXT);
const jpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0);

const folder = mkdtempSync(join(tmpdir(), 'svm-trace-packed-'));
const unpacked = join(folder, 'unpacked');
mkdirSync(unpacked);
const TMPDIR = process.env.TMPDIR;
process.env.TMPDIR = unpacked;
afterAll(() => {
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
  rmSync(folder, { recursive: true });
});

/** Unpacked captures; tsx keeps things of its own there. */
function leftBehind(): string[] {
  return readdirSync(unpacked).filter((name) => name.startsWith('svm-trace'));
}

function file(name: string, content: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** All but what names the file. */
function withoutPath({ capture, ...rest }: Result): object {
  const { path: _, facts, inputs, ...others } = capture;
  const { packed, member, 'read from': from, ...plain } = facts;
  const unnamed = inputs.map(({ path: __, ...input }) => input);
  return { ...rest, capture: { ...others, facts: plain, inputs: unnamed } };
}

interface Member {
  readonly name: string;
  readonly content: Uint8Array;
  readonly encrypted?: boolean;
  readonly stored?: boolean;
}

/** A zip archive (APPNOTE.TXT 4.3). */
function zip(...members: readonly Member[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, encrypted, stored } of members) {
    const data = stored ? content : deflateRawSync(content);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(encrypted ? 1 : 0, 2);
    common.writeUInt16LE(stored ? 0 : 8, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), data]);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    const made = Buffer.from([20, 0]);
    directory.push(Buffer.from('PK\x01\x02'), made, common, place, Buffer.from(name));
    locals.push(local);
    offset += local.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(members.length, 4);
  end.writeUInt16LE(members.length, 6);
  end.writeUInt32LE(entries.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...locals, entries, Buffer.from('PK\x05\x06'), end]);
}

/** An archive whose zip64 record is said to lie at `place`. */
function zip64At(place: bigint): Buffer {
  const archive = zip({ name: 'a', content: jpeg });
  const locator = Buffer.alloc(20);
  locator.write('PK\x06\x07');
  locator.writeBigUInt64LE(place, 8);
  return Buffer.concat([archive.subarray(0, -22), locator, archive.subarray(-22)]);
}

async function refusal(path: string): Promise<TraceError> {
  const error = await openInput(path).then(
    () => new Error('it was opened'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof TraceError)) throw error;
  expect(error.message).not.toContain('\n');
  expect(leftBehind()).toEqual([]);
  return error;
}

const member = { name: 'trace.dat', content: dat };
const whole = zip(member);
const half = text.length / 2;

describe('the result is that of the plain file', () => {
  it.each([
    ['gzip', file('a.gz', gzipSync(dat)), DAT],
    ['two gzip members', two('b.gz'), TEXT],
    ['gzip', file('plain-name.dat', gzipSync(dat)), DAT],
    ['zstd', join(PACKED, 'svm-stall-v6.dat.zst'), DAT],
    ['zstd', join(PACKED, 'two-frames.txt.zst'), TEXT],
    ['xz', join(PACKED, 'svm-stall-v6.dat.xz'), DAT],
    ['xz', join(PACKED, 'two-streams.txt.xz'), TEXT],
    ['zip', file('a.zip', whole), DAT],
    ['zip', file('stored.zip', zip({ ...member, stored: true })), DAT],
    ['zip', file('mac.zip', zip(member, { name: '__MACOSX/._trace.dat', content: jpeg })), DAT],
    ['zip in gzip', file('a.zip.gz', gzipSync(whole)), DAT],
    ['gzip in zip', file('gz.zip', zip({ name: 'a.gz', content: gzipSync(dat) })), DAT],
    ['gzip in gzip in gzip', file('3.gz', gzipSync(gzipSync(gzipSync(dat)))), DAT],
  ])('%s: %s', async (packed, path, plain) => {
    const { result } = await analyze(path);
    if (!packed.startsWith('two')) expect(result.capture.facts.packed).toBe(packed);
    expect(withoutPath(result)).toEqual(withoutPath((await analyze(plain)).result));
    expect(result.capture.events).toBeGreaterThan(50);
    expect(result.problems.filter(({ severity }) => severity !== 'info')).toEqual([]);
    expect(leftBehind()).toEqual([]);
  });

  function two(name: string): string {
    return file(
      name,
      Buffer.concat([gzipSync(text.subarray(0, half)), gzipSync(text.subarray(half))]),
    );
  }

  it('the name of the member is kept', async () => {
    const capture = await openInput(file('named.zip', whole));
    expect(capture.header.facts.member).toBe('trace.dat');
    capture.close();
  });

  it('openCapture opens plain files only', () => {
    const path = file('sync.gz', gzipSync(dat));
    expect(() => openCapture(path)).toThrow(/packed with gzip/);
  });
});

describe('what is cut or damaged is read as far as it goes', () => {
  it.each([
    ['gzip', gzipSync(text)],
    ['zstd', readFileSync(join(PACKED, 'two-frames.txt.zst'))],
    ['xz', readFileSync(join(PACKED, 'two-streams.txt.xz'))],
  ])('%s, cut anywhere', async (name, packed) => {
    let salvaged = 0;
    for (let part = 1; part <= 20; part++) {
      const path = file(`cut.${name}`, packed.subarray(0, (packed.length * part) / 21));
      try {
        const { result } = await analyze(path);
        if (result.capture.events > 20) salvaged++;
        expect(result.problems[0]).toMatchObject({
          code: 'truncated-packing',
          severity: 'data-loss',
          message: expect.stringContaining(`the ${name} data ends early`),
        });
      } catch (error) {
        if (!(error instanceof TraceError)) throw error;
        expect(`${error.message} ${error.hint}`).toContain(`cut.${name}`);
        expect(error.message).not.toContain(unpacked);
      }
    }
    expect(salvaged).toBeGreaterThan(5);
    expect(leftBehind()).toEqual([]);
  });

  it('nothing of a gzip file is lost before the place where it is cut', async () => {
    const packed = gzipSync(text, { level: 0 });
    // stored blocks: as many bytes of text as are left of the file, but for headers
    const left = packed.subarray(0, packed.length - 2008);
    const { result } = await analyze(file('stored.gz', left));
    const { result: plain } = await analyze(file('cut.txt', text.subarray(0, text.length - 2000)));
    expect(result.capture.events).toBe(plain.capture.events);
    expect(result.capture.events).toBeGreaterThan(40);
  });

  it.each([
    ['gzip', gzipSync(dat)],
    ['zstd', readFileSync(join(PACKED, 'svm-stall-v6.dat.zst'))],
    ['xz', readFileSync(join(PACKED, 'svm-stall-v6.dat.xz'))],
    ['zip', whole],
  ])('%s, with a byte changed anywhere', async (name, packed) => {
    const plain = withoutPath((await analyze(DAT)).result);
    for (let part = 1; part <= 30; part++) {
      const damaged = Uint8Array.from(packed);
      const at = Math.floor((packed.length * part) / 31);
      damaged[at] = (damaged[at] ?? 0) ^ 0x55;
      try {
        const { result } = await analyze(file(`flip.${name}`, damaged));
        if (result.problems.length > 0) continue;
        expect(withoutPath(result), `byte ${at}`).toEqual(plain);
      } catch (error) {
        if (!(error instanceof TraceError)) throw error;
        expect(error.message).toContain(`flip.${name}`);
      }
    }
    expect(leftBehind()).toEqual([]);
  });

  it('what follows a gzip member and is none is not passed over in silence', async () => {
    const second = gzipSync(text.subarray(half));
    second[0] = 0;
    const first = gzipSync(text.subarray(0, half));
    const { result } = await analyze(file('trailing.gz', Buffer.concat([first, second])));
    expect(result.problems[0]).toMatchObject({ code: 'trailing-packing', severity: 'data-loss' });
    const padded = Buffer.concat([gzipSync(dat), Buffer.alloc(100_000)]);
    expect((await analyze(file('padded.gz', padded))).result.problems).toEqual([]);
  });

  it('a changed byte of a stored member is noticed', async () => {
    const damaged = zip({ ...member, stored: true });
    damaged[dat.length - 100] = (damaged[dat.length - 100] ?? 0) ^ 1;
    const { result } = await analyze(file('stored-flip.zip', damaged));
    expect(result.problems[0]).toMatchObject({ code: 'damaged-packing', severity: 'data-loss' });
  });
});

function mutated(source: Buffer, other: Buffer, below: (limit: number) => number): Buffer {
  const at = below(2) === 0 ? below(64) : below(source.length);
  const spliced = [source.subarray(0, at), other.subarray(below(other.length))];
  const bytes = Buffer.concat(below(3) === 0 ? spliced : [source]);
  const width = below(2) === 0 ? 1 : 8;
  bytes.fill(below(256), at, Math.min(bytes.length, at + width));
  return bytes;
}

it('hostile bytes: opened or refused, soon and with nothing left behind', async () => {
  const random = randomFrom(SEED);
  const below = (limit: number) => Math.floor(random() * limit);
  const sources = [
    ...readdirSync(PACKED)
      .filter((name) => /\.(xz|zst)$/.test(name))
      .map((name) => readFileSync(join(PACKED, name))),
    gzipSync(dat),
    whole,
    zip({ ...member, stored: true }),
    gzipSync(whole),
  ];
  for (let i = 0; i < MUTATIONS; i++) {
    const source = sources[i % sources.length] ?? whole;
    const bytes = mutated(source, sources[below(sources.length)] ?? whole, below);
    const start = performance.now();
    try {
      (await openInput(file('mutated', bytes))).close();
    } catch (error) {
      if (!(error instanceof TraceError)) throw new Error(`mutation ${i}`, { cause: error });
    }
    expect(performance.now() - start, `mutation ${i}`).toBeLessThan(SLOW_MS);
  }
  expect(process.memoryUsage.rss()).toBeLessThan(MEMORY_LIMIT_BYTES);
  expect(leftBehind()).toEqual([]);
});

describe('refused with one line', () => {
  it.each([
    [
      'several members',
      zip(member, { name: 'dmesg.txt', content: text }),
      /holds 2 files: trace\.dat, dmesg\.txt/,
    ],
    ['encrypted', zip({ ...member, encrypted: true }), /trace\.dat is encrypted/],
    ['an empty archive', zip(), /empty zip archive/],
    ['a place beyond 2^53', zip64At(2n ** 63n), /as a zip archive: it names a place beyond/],
    ['an archive without its end', whole.subarray(0, whole.length - 30), /whose end is missing/],
    ['a picture in gzip', gzipSync(jpeg), /no capture svm-trace knows/],
    ['a database in gzip', gzipSync('SQLite format 3\0'), /holds a database/],
    ['nothing in gzip', gzipSync(''), /is empty/],
    ['only the start of gzip', gzipSync(dat).subarray(0, 12), /the gzip data ends early/],
    ['four times packed', gzipSync(gzipSync(gzipSync(gzipSync(dat)))), /more than 3 times/],
    ['bzip2', Buffer.from('BZh91AY&SY'), /packed with bzip2/],
  ])('%s', async (name, content, message) => {
    const error = await refusal(file(name.replaceAll(' ', '-'), content));
    expect(error.message).toMatch(message);
  });

  it('no room for what is packed', () => {
    const zeros = gzipSync(Buffer.concat([dat, Buffer.alloc(4 * 1024 * 1024)]));
    const path = file('bomb.gz', zeros);
    expect(zeros.length).toBeLessThan(100_000);
    // Node ignores SIGXFSZ, so the write fails with EFBIG. 1024 blocks of 1024 bytes.
    const run = svmTraceAfter('ulimit -f 1024', 'info', path);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr.trim().split('\n')).toHaveLength(2);
    expect(run.stderr).toMatch(/bomb\.gz.*larger than a file may be/);
    expect(leftBehind()).toEqual([]);
  });
});

describe('through a pipe', () => {
  const plain = JSON.parse(
    svmTraceAfter(':', 'analyze', DAT, '--json', '--fail-on', 'never').stdout,
  ) as Result;

  it.each([
    ['plain', dat],
    ['gzip', gzipSync(dat)],
    ['zip', whole],
  ])('analyze -: %s', (_, content) => {
    const run = svmTraceReading(content, 'analyze', '-', '--json', '--fail-on', 'never');
    expect(run.stderr).toBe('');
    const result = JSON.parse(run.stdout) as Result;
    expect(result.capture.facts['read from']).toBe('standard input');
    expect(withoutPath(result)).toEqual(withoutPath(plain));
    expect(leftBehind()).toEqual([]);
  });

  it('info - and events -', () => {
    const packed = gzipSync(text);
    const info = svmTraceReading(packed, 'info', '-');
    expect(info.stdout).toMatch(/packed +gzip/);
    expect(info.stdout).toMatch(/read from +standard input/);
    const events = svmTraceReading(packed, 'events', '-');
    expect(events.stdout.length).toBeGreaterThan(1000);
    expect(events.stdout).toBe(svmTraceAfter(':', 'events', TEXT).stdout);
  });

  it('a FIFO, with a writer that comes later', () => {
    const fifo = join(folder, 'fifo');
    const shell = `mkfifo ${fifo}; (sleep 0.5; cat ${DAT} >${fifo}) & :`;
    const run = svmTraceAfter(shell, 'analyze', fifo, '--json', '--fail-on', 'never');
    const result = JSON.parse(run.stdout) as Result;
    expect(result.capture.facts['read from']).toBe('pipe');
    expect(withoutPath(result)).toEqual(withoutPath(plain));
  });

  it('a database of standard input is never taken for another one', () => {
    const db = join(folder, 'stdin.db');
    const first = svmTraceReading(dat, 'analyze', '-', '-o', db, '--fail-on', 'never');
    expect(first.code).toBe(0);
    const again = svmTraceReading(text, 'analyze', '-', '-o', db, '--fail-on', 'never');
    expect(again.stderr).toBe('');
    expect(again.stdout).toContain('ftrace text');
  });

  it('a packed file analysed before is not unpacked again', () => {
    const path = file('again.gz', gzipSync(dat));
    const db = join(folder, 'again.db');
    svmTraceAfter(':', 'analyze', path, '-o', db);
    expect(svmTraceAfter(':', 'analyze', path, '-o', db).stderr).toMatch(/up to date/);
  });

  it.each([
    ['nothing', new Uint8Array(0), /standard input is empty/],
    ['a picture', jpeg, /standard input is no capture/],
  ])('%s is refused', (_, content, message) => {
    const run = svmTraceReading(content, 'analyze', '-');
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(message);
  });

  it('a pipe nobody writes to is waited for until the signal is aborted', async () => {
    const fifo = join(folder, 'silent');
    spawnSync('mkfifo', [fifo]);
    const controller = new AbortController();
    const opening = openInput(fifo, { signal: controller.signal });
    const reason = new Error('enough');
    setTimeout(() => controller.abort(reason), 100);
    await expect(opening).rejects.toBe(reason);
    await expect(openInput(fifo, { signal: controller.signal })).rejects.toBe(reason);
  });

  it('interrupted, nothing is left behind', () => {
    const fifo = join(folder, 'endless');
    const script = [
      `mkfifo ${fifo}`,
      `${process.execPath} --import tsx ${ROOT}src/cli.ts info ${fifo} & child=$!`,
      `exec 7>${fifo}; cat ${DAT} >&7`,
      `until ls ${unpacked} | grep -q svm-trace; do sleep 0.05; done`,
      'kill -TERM $child; wait $child; echo "code $?"',
    ].join('\n');
    const run = spawnSync('bash', ['-c', script], { cwd: ROOT, encoding: 'utf8', timeout: 30_000 });
    expect(run.stdout).toContain('code 143');
    expect(leftBehind()).toEqual([]);
  });
});
