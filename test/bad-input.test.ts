/**
 * Whatever is given to it, svm-trace ends soon with one clear line and exit code 2, or with a result
 * that states what is missing; never with a stack trace, a hang or all of the memory.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import type { Result } from '../src/analyzers/result.ts';
import { TraceError } from '../src/errors.ts';
import { openCapture } from '../src/parsers/detect.ts';
import { type CliRun, svmTrace, svmTraceAfter } from './cli.ts';
import { randomFrom } from './random.ts';
import { DRIVER_PROBES, SVM_PROBES, scenario } from './scenario/scenario.ts';

const folder = mkdtempSync(join(tmpdir(), 'svm-trace-bad-'));
afterAll(() => rmSync(folder, { recursive: true }));

const REAL = new URL('../fixtures/s612-svm-stall/svm-stall.dat', import.meta.url);
const real = new Uint8Array(readFileSync(REAL));

const TRUNCATIONS = 50;
const BYTE_FLIPS = 200;
const HOSTILE_LENGTHS = 100;
const SEED = 20_261_120;
/** More than a small capture needs by far, less than what a hostile length asks for. */
const MEMORY_LIMIT_BYTES = 512 * 1024 * 1024;
const SLOW_MS = 10_000;
const NOBODY = 65_534;

function file(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** A capture of several pages on two CPUs, in the given version. */
function busy(version: 6 | 7): Uint8Array {
  const made = scenario({ version, probes: [...SVM_PROBES, ...DRIVER_PROBES] });
  for (let i = 1; i <= 100; i++) {
    made
      .at(i * 1_000_000, { cpu: i % 2, tid: 100 + (i % 3), comm: 'app' })
      .fence('init', 1 + (i % 3), i)
      .after(100)
      .invalidate({ mm: 0xffff888001234000n, start: 0x1000, end: 0x2000, mni: 1, takes: 1_000 })
      .after(100)
      .fence('signaled', 1 + (i % 3), i);
  }
  return made.bytes();
}

function expectRefusal(run: CliRun, words: RegExp): void {
  expect(run.code, run.stderr).toBe(2);
  expect(run.stdout).toBe('');
  expect(run.stderr).toMatch(words);
  expect(run.stderr).not.toMatch(/^\s+at /m);
  // One line for the error, at most one more for the hint.
  expect(run.stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
}

describe('what cannot be read at all is refused with one clear line and exit code 2', () => {
  it('empty file', () => {
    expectRefusal(svmTrace('analyze', file('empty.dat', '')), /is empty/);
  });

  it('JPEG', () => {
    const jpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0);
    expectRefusal(svmTrace('analyze', file('photo.dat', jpeg)), /no capture svm-trace knows/);
  });

  it('directory', () => {
    expectRefusal(svmTrace('analyze', folder), /is a directory/);
  });

  it('missing file', () => {
    expectRefusal(svmTrace('info', join(folder, 'gone.dat')), /no such file/);
  });

  it('only a magic number', () => {
    expectRefusal(svmTrace('analyze', file('head.dat', real.subarray(0, 12))), /head\.dat/);
  });

  it('no permission', () => {
    const path = file('secret.dat', real);
    spawnSync('chmod', ['000', path]);
    // Root may read everything: become somebody who may not.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) process.seteuid?.(NOBODY);
    try {
      expect(() => openCapture(path)).toThrow(TraceError);
      expect(() => openCapture(path)).toThrow('permission denied');
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  it('every command that takes a capture', () => {
    const path = file('photo2.dat', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0));
    for (const command of ['info', 'events']) {
      expectRefusal(svmTrace(command, path), /no capture svm-trace knows/);
    }
    expectRefusal(svmTrace('query', path, 'SELECT 1'), /photo2\.dat/);
  });

  it('an unknown command', () => {
    const run = svmTrace('analyse', file('x.dat', real));
    expect(run.code).toBe(2);
    expect(run.stderr).not.toMatch(/^\s+at /m);
  });
});

describe('captures with nothing in them are analysed', () => {
  it.each([6, 7] as const)('version %i without CPUs', async (version) => {
    const path = file(`no-cpu-${version}.dat`, scenario({ version, cpus: 0 }).bytes());
    const { result } = await analyze(path);
    expect(result.capture.events).toBe(0);
    expect(result.findings.filter((finding) => finding.severity === 'error')).toEqual([]);
  });

  it('CPUs without data', async () => {
    const { result } = await analyze(file('no-data.dat', scenario({ cpus: 4 }).bytes()));
    expect(result.capture.events).toBe(0);
  });
});

describe('damaged captures are read as far as they go', () => {
  /** The last column: of the truncated files, how many must give events at least. */
  const sources: [string, Uint8Array, number][] = [
    // all its events are in one compressed chunk: cut, nothing of it can be read
    ['a real recording, v7 zstd', real, 0],
    ['v6', busy(6), TRUNCATIONS / 5],
    ['v7 without compression', busy(7), TRUNCATIONS / 5],
  ];

  it.each(sources)('truncated: %s', async (name, bytes, leastSalvaged) => {
    const whole = await analyze(file('whole.dat', bytes));
    const random = randomFrom(SEED);
    let salvaged = 0;
    for (let i = 0; i < TRUNCATIONS; i++) {
      const length = Math.floor(random() * bytes.length);
      const result = await survives(`${name}-${length}.dat`, bytes.subarray(0, length));
      if (!result) continue;
      if (result.capture.events < whole.result.capture.events) {
        const stated = result.problems.length + result.losses.length;
        expect(stated, `cut at ${length}`).toBeGreaterThan(0);
        if (result.capture.events > 0) salvaged++;
      }
    }
    expect(salvaged).toBeGreaterThanOrEqual(leastSalvaged);
  });

  it.each(sources)('bytes flipped: %s', async (name, bytes) => {
    const random = randomFrom(SEED);
    for (let i = 0; i < BYTE_FLIPS; i++) {
      const damaged = bytes.slice();
      const at = Math.floor(random() * bytes.length);
      damaged[at] = (damaged[at] ?? 0) ^ (1 + Math.floor(random() * 255));
      await survives(`${name}-flip-${at}.dat`, damaged);
    }
  });

  it.each(sources)('hostile lengths: %s', async (name, bytes) => {
    const random = randomFrom(SEED);
    for (let i = 0; i < HOSTILE_LENGTHS; i++) {
      const damaged = bytes.slice();
      const at = Math.floor(random() * bytes.length);
      const width = random() < 0.5 ? 4 : 8;
      const value = random() < 0.5 ? 0xff : 0x7f;
      damaged.fill(value, at, at + width);
      await survives(`${name}-length-${at}.dat`, damaged);
    }
  });
});

/** Analyses to an end, or is refused with a TraceError; soon and within bounds of memory. */
async function survives(name: string, bytes: Uint8Array): Promise<Result | undefined> {
  const path = file(name.replaceAll(/[ ,]/g, '-'), bytes);
  const start = performance.now();
  try {
    return (await analyze(path)).result;
  } catch (error) {
    if (!(error instanceof TraceError)) throw new Error(`${name}: ${error}`, { cause: error });
    expect(error.message).not.toContain('\n');
    return undefined;
  } finally {
    expect(performance.now() - start, name).toBeLessThan(SLOW_MS);
    expect(process.memoryUsage.rss(), name).toBeLessThan(MEMORY_LIMIT_BYTES);
    rmSync(path);
  }
}

describe('a database that cannot be written', () => {
  const capture = file('capture.dat', busy(7));

  it('into a folder that is not there', () => {
    expectRefusal(svmTrace('analyze', capture, '-o', join(folder, 'none', 'x.db')), /none/);
  });

  it('over the capture itself', () => {
    expectRefusal(svmTrace('analyze', capture, '-o', capture), /capture itself/);
  });

  it('beyond the size a file may have: nothing is left behind', () => {
    const place = join(folder, 'limited');
    mkdirSync(place);
    // Node ignores SIGXFSZ, so the write fails with EFBIG. 16 blocks of 1024 bytes.
    expectRefusal(
      svmTraceAfter('ulimit -f 16', 'analyze', capture, '-o', join(place, 'x.db')),
      /x\.db/,
    );
    expect(readdirSync(place)).toEqual([]);
  });

  it('on a full disk: nothing is left behind', (context) => {
    const place = join(folder, 'full');
    mkdirSync(place);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', place]);
    if (mounted.status !== 0) {
      context.skip('mounting a small tmpfs needs root; the size limit above stands in for it');
    }
    try {
      expectRefusal(svmTrace('analyze', capture, '-o', join(place, 'x.db')), /full|no space/i);
      expect(readdirSync(place)).toEqual([]);
    } finally {
      spawnSync('umount', [place]);
    }
  });
});
