import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../test/cli.ts';
import { runMain } from '../../test/run-main.ts';
import { scratch } from '../../test/scratch.ts';
import { analyze } from '../analyzers/analyze.ts';

const RUNS = join(ROOT, 'fixtures/regression-runs');
const BUILDS = scratch('builds');
const [A, B] = [join(BUILDS, 'a'), join(BUILDS, 'b')];

beforeAll(async () => {
  for (const build of ['a', 'b']) {
    mkdirSync(join(BUILDS, build));
    for (const name of readdirSync(join(RUNS, build)).filter((file) => file.endsWith('.dat'))) {
      const db = join(BUILDS, build, name.replace('.dat', '.db'));
      await analyze(join(RUNS, build, name), { db, figures: false });
    }
  }
});

describe('svm-trace bisect-step', () => {
  it('prints one word, why, and ends as git bisect run wants it', async () => {
    const bad = await runMain(['bisect-step', B, '--good', A, '--by', 'invalidation-duration']);
    expect([bad.code, bad.stdout]).toEqual([
      1,
      expect.stringMatching(/^bad: invalidation-duration p50 × 1\.\d+/),
    ]);
    const good = await runMain(['bisect-step', A, '--detector', 'fence-never-signalled']);
    expect([good.code, good.stdout]).toEqual([
      0,
      'good: fence-never-signalled found nothing in 3 runs\n',
    ]);
    const skip = await runMain(['bisect-step', A, '--detector', 'post-exit-iommu-fault']);
    expect([skip.code, skip.stdout]).toEqual([
      125,
      expect.stringMatching(/^skip: .*could not look at 3 of 3 runs/),
    ]);
  });

  it.each([
    ['no such file', [join(BUILDS, 'c'), '--detector', 'fence-order']],
    ['nothing that decides', [A]],
    ['an unknown detector', [A, '--detector', 'all']],
    ['an unknown metric', [A, '--by', 'speed', '--good', B]],
    ['no good build', [A, '--by', 'fence-latency']],
    ['an unknown option', [A, '--fast']],
  ])('%s ends the bisection instead of calling the commit bad', async (_, args) => {
    const { code, stdout, stderr } = await runMain(['bisect-step', ...args]);
    expect([code, stdout]).toEqual([128, '']);
    expect(stderr).not.toBe('');
  });
});

describe('svm-trace trend', () => {
  it('too few builds end with 3, builds by kernel are one here', async () => {
    const { code, stdout } = await runMain(['trend', A, B]);
    expect([code, stdout]).toEqual([3, expect.stringMatching(/^Too few builds for a trend: 2\n/)]);
    const one = await runMain(['trend', A, B, '--by', 'kernel', '--json']);
    expect(JSON.parse(one.stdout)).toMatchObject({
      schema: 'svm-trace-trend',
      builds: [{ label: '6.12.117-svmlab' }],
    });
  });

  it('orders builds by the numbers of their names', async () => {
    const { stdout } = await runMain(['trend', B, A, '--order', 'version']);
    expect(stdout).toMatch(/^Builds +a \(3\), b \(3\)/m);
  });
});
