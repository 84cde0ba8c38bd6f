import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../test/cli.ts';
import { runMain } from '../../test/run-main.ts';
import { scratch } from '../../test/scratch.ts';
import { analyze } from '../analyzers/analyze.ts';
import type { Comparison } from '../compare/comparison.ts';
import { reportsBeside } from './reports-beside.ts';

const RUNS = join(ROOT, 'fixtures/regression-runs');
const BUILDS = scratch('builds');
const [A, B] = [join(BUILDS, 'a'), join(BUILDS, 'b')];

const svmTrace = (...args: string[]) => runMain(args);

beforeAll(async () => {
  for (const build of ['a', 'b']) {
    mkdirSync(join(BUILDS, build));
    for (const name of readdirSync(join(RUNS, build)).filter((file) => file.endsWith('.dat'))) {
      const db = join(BUILDS, build, name.replace('.dat', '.db'));
      await analyze(join(RUNS, build, name), { db, figures: false });
    }
  }
});

describe('svm-trace compare', () => {
  it('captures are analysed first', async () => {
    const captures = await svmTrace('compare', join(RUNS, 'a'), join(RUNS, 'b'));
    const table = (text: string): string => text.slice(0, text.indexOf('Findings'));
    expect(table(captures.stdout)).toBe(table((await svmTrace('compare', A, B)).stdout));
  });

  it('two folders: a table, and a suspicion at most from three runs', async () => {
    const { code, stdout } = await svmTrace('compare', A, B);
    expect(stdout).toMatch(
      /^b shows no certain regression against a: invalidation-duration \+\d+ % is suspect\n/,
    );
    expect(stdout).toMatch(/^verdict +metric +base +new +change/m);
    expect(stdout).toMatch(/^suspect +invalidation-duration p50 .* 3\/3 /m);
    expect(code).toBe(0);
  });

  it('the same by the files of both, by --base and --new, and by pattern', async () => {
    const files = (folder: string, ...names: string[]) => names.map((name) => join(folder, name));
    const a = files(A, 'reg-a-3.db', 'reg-a-4.db', 'reg-a2-1.db');
    const b = files(B, 'reg-b-1.db', 'reg-b-3.db', 'reg-b-5.db');
    const { stdout } = await svmTrace('compare', A, B);
    expect((await svmTrace('compare', ...a, ...b)).stdout).toBe(stdout);
    expect((await svmTrace('compare', '--base', ...a, '--new', ...b)).stdout).toBe(stdout);
    expect((await svmTrace('compare', join(A, '*.db'), join(B, '*.db'))).stdout).toBe(stdout);
  });

  it('captures and databases of one side together', async () => {
    const mixed = scratch('mixed');
    copyFileSync(join(A, 'reg-a-3.db'), join(mixed, 'reg-a-3.db'));
    for (const name of ['reg-a-4.dat', 'reg-a2-1.dat']) {
      // a copy of another age would be another capture
      symlinkSync(join(RUNS, 'a', name), join(mixed, name));
    }
    const verdicts = async (side: string): Promise<unknown> => {
      const { stdout } = await svmTrace('compare', side, B, '--json');
      const { figures, findings } = JSON.parse(stdout) as Comparison;
      return [
        figures.map(({ id, verdict, p }) => [id, verdict, p]),
        findings.map(({ identity, verdict }) => [identity, verdict]),
      ];
    };
    expect(await verdicts(mixed)).toEqual(await verdicts(A));
  });

  it('two kernels in one folder', async () => {
    const all = scratch('kernels');
    for (const [folder, kernel] of [
      [B, '6.13.0'],
      [A, '6.13.0-rc1'],
    ] as const) {
      for (const name of readdirSync(folder)) {
        copyFileSync(join(folder, name), join(all, name));
        const db = new Database(join(all, name));
        db.prepare('UPDATE capture SET uname = ?').run(`Linux host ${kernel} x86_64`);
        db.close();
      }
    }
    const { code, stdout } = await svmTrace('compare', all, '--by', 'kernel');
    expect(stdout).toMatch(/^6\.13\.0 shows no certain regression against 6\.13\.0-rc1: /);
    expect(stdout).toMatch(/^Base +6\.13\.0-rc1: 3 runs of Linux host 6\.13\.0-rc1 x86_64/m);
    expect(code).toBe(0);
  });

  it('exit codes: 1 of what --fail-on names, 3 of what cannot be compared, 2 of wrong usage', async () => {
    expect((await svmTrace('compare', A, B, '--fail-on', 'suspect')).code).toBe(1);
    const one = await svmTrace('compare', join(A, 'reg-a-3.db'), B);
    expect([one.code, one.stdout]).toEqual([
      3,
      expect.stringMatching(/a has one run: 3 are needed/),
    ]);
    expect((await svmTrace('compare', A, B, '--strict')).code).toBe(3);
    const wrong = await svmTrace('compare', A);
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      expect.stringMatching(/two folders are compared/),
    ]);
    expect((await svmTrace('compare', A, B, '--metric', 'speed')).code).toBe(2);
    expect((await svmTrace('compare', A, B, '--allow', 'all')).code).toBe(2);
    expect((await svmTrace('compare', A, B, '--threshold', 'x=-1')).code).toBe(2);
    expect((await svmTrace('compare', A, B, '--fdr', '2')).code).toBe(2);
    expect((await svmTrace('compare')).code).toBe(2);
  });

  it('one kernel is not two', async () => {
    const { code, stderr } = await svmTrace('compare', A, B, '--by', 'kernel');
    expect([code, stderr]).toEqual([2, expect.stringMatching(/two kernels.*1: 6\.12\.117-svmlab/)]);
  });

  it('JSON holds the inputs, Markdown the table; no input is overwritten', async () => {
    const folder = scratch('compare');
    const [json, markdown] = [join(folder, 'c.json'), join(folder, 'c.md')];
    await svmTrace('compare', A, B, '--json', json, '--markdown', markdown);
    const comparison = JSON.parse(readFileSync(json, 'utf8')) as Comparison;
    expect(comparison.schema).toBe('svm-trace-comparison');
    expect(comparison.base.runs.map(({ metrics }) => metrics.length > 20)).toEqual([
      true,
      true,
      true,
    ]);
    expect(JSON.parse((await svmTrace('compare', A, B, '--json')).stdout)).toEqual(comparison);
    expect(JSON.parse((await svmTrace('compare', A, B, '--json', '-')).stdout)).toEqual(comparison);
    expect(existsSync('-')).toBe(false);
    expect(readFileSync(markdown, 'utf8')).toMatch(/\| 🟠 suspect \| invalidation-duration p50 \|/);
    const refused = await svmTrace('compare', A, B, '--json', join(A, 'reg-a-3.db'));
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/is an input/)]);
  });

  it('links incidents to the reports beside their recordings', () => {
    const folder = scratch('reports');
    mkdirSync(join(folder, 'new runs'));
    for (const name of ['x.html', 'new runs/run 1.html']) writeFileSync(join(folder, name), '');
    const incident = (name: string) => ({ incident: { path: join(folder, name) } });
    const findings = [
      { base: incident('x.dat.zst'), new: incident('new runs/run 1.db') },
      { base: { incident: null }, new: incident('y.report.txt.gz') },
    ];
    const reports = reportsBeside({ findings }, join(folder, 'compare.html'));
    expect([...reports]).toEqual([
      [join(folder, 'x.dat.zst'), './x.html'],
      [join(folder, 'new runs/run 1.db'), './new%20runs/run%201.html'],
    ]);
    // a page is not its own report
    expect(reportsBeside({ findings }, join(folder, 'x.html')).size).toBe(1);
  });

  it('--aa compares one build with itself', async () => {
    const { code, stdout } = await svmTrace('compare', '--aa', join(BUILDS, '*', '*.db'));
    expect(stdout).toMatch(/^runs against itself: 6 runs split in two in 10 ways\n/);
    expect(stdout).toMatch(/^p <= 0\.05 +\d+ of \d+ tests/m);
    expect(code).toBe(0);
    expect((await svmTrace('compare', '--aa', A)).code).toBe(3);
  });
});
