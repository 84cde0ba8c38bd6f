import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../test/cli.ts';
import { scratch } from '../../test/scratch.ts';
import { analyze } from '../analyzers/analyze.ts';
import { byVersion, filesOf, loadRuns, naturally } from './inputs.ts';
import { kernelOf } from './run.ts';

const RUNS = join(ROOT, 'fixtures/regression-runs/a');
const CAPTURE = join(RUNS, 'reg-a-3.dat');

describe('files', () => {
  function folderOf(...names: string[]): string {
    const folder = scratch('runs');
    for (const name of names) writeFileSync(join(folder, name), '');
    return folder;
  }

  it('a folder holds each run once, in natural order, whatever else was kept of it', () => {
    const folder = folderOf(
      'run-10.dat',
      'run-9.dat',
      'run-9.report.txt.gz',
      'run-9.db',
      'run-9.truth.txt',
      'how.txt',
      'run-11.data.zst',
    );
    expect(filesOf(folder).map((file) => basename(file))).toEqual([
      'run-9.db',
      'run-10.dat',
      'run-11.data.zst',
    ]);
  });

  it('patterns that no shell resolved, in folders too', () => {
    const folder = scratch('runs');
    for (const build of ['one', 'two']) {
      mkdirSync(join(folder, build));
      writeFileSync(join(folder, build, 'x.dat'), '');
      writeFileSync(join(folder, build, 'x(1).dat'), '');
      writeFileSync(join(folder, build, '.hidden.dat'), '');
    }
    expect(filesOf(join(folder, '*', 'x.d?t'))).toEqual([
      join(folder, 'one/x.dat'),
      join(folder, 'two/x.dat'),
    ]);
    expect(filesOf(join(folder, 'one', '*(*.dat'))).toEqual([join(folder, 'one/x(1).dat')]);
    expect(filesOf(join(folder, 'one', '*.dat'))).toHaveLength(2);
  });

  it('what is not there is named', () => {
    const folder = folderOf('how.txt');
    expect(() => filesOf(folder)).toThrow(/holds no captures/);
    expect(() => filesOf(join(folder, 'x.dat'))).toThrow(/no such file/);
    expect(() => filesOf(join(folder, '*.dat'))).toThrow(/no such file/);
  });

  it('releases are in the order of their numbers, candidates before them', () => {
    const ordered = [
      '6.1.9',
      '6.12.0-rc2',
      '6.12.0-rc10-g1234',
      '6.12.0',
      '6.12.1',
      '6.12.1-custom',
      'v6.13-rc1',
      'v6.13',
    ];
    expect([...ordered].reverse().sort(byVersion)).toEqual(ordered);
  });

  it('numbers in names count as numbers', () => {
    expect(['6.12', '6.9', '6.10-rc2', '6.10-rc10'].sort(naturally)).toEqual([
      '6.9',
      '6.10-rc2',
      '6.10-rc10',
      '6.12',
    ]);
  });
});

describe('runs', () => {
  it('a capture and its database say the same', async () => {
    const db = join(scratch('runs'), 'run.db');
    await analyze(CAPTURE, { db });
    const [[ofCapture], [ofDatabase]] = [await loadRuns([CAPTURE]), await loadRuns([db])];
    expect(ofDatabase).toEqual({ ...ofCapture, path: db });
    expect(ofCapture?.metrics.length).toBeGreaterThan(25);
    expect(ofCapture?.detectors.length).toBeGreaterThan(10);
    expect(ofCapture?.programs).toEqual(['svmload']);
    expect(ofCapture && kernelOf(ofCapture)).toBe('6.12.117-svmlab');
  });

  it('one run twice is refused, whatever its name', async () => {
    const copy = join(scratch('runs'), 'copy.dat');
    copyFileSync(CAPTURE, copy);
    await expect(loadRuns([CAPTURE, CAPTURE])).rejects.toThrow(/are the same capture/);
  });

  it('a run that cannot be read is not left out', async () => {
    const broken = join(scratch('runs'), 'broken.dat');
    writeFileSync(broken, 'nothing of the kind');
    await expect(loadRuns([CAPTURE, broken])).rejects.toThrow(/broken\.dat/);
  });
});
