/** `bisect-step` under `git bisect run` itself, in a repository made for it. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import { ROOT } from './cli.ts';
import { scratch } from './scratch.ts';

const RUNS = join(ROOT, 'fixtures/regression-runs');
const BUILDS = scratch('bisect-builds');
const STEP = `${process.execPath} --import ${import.meta.resolve('tsx')} ${join(ROOT, 'src/cli.ts')} bisect-step`;

const COMMITS = 8;
const FIRST_BAD = 6;
/** Its two runs say nothing, so the commit is skipped. */
const UNKNOWN = 4;

beforeAll(async () => {
  for (const build of ['a', 'b', 'two']) mkdirSync(join(BUILDS, build));
  for (const build of ['a', 'b']) {
    for (const name of readdirSync(join(RUNS, build)).filter((file) => file.endsWith('.dat'))) {
      const db = join(BUILDS, build, name.replace('.dat', '.db'));
      await analyze(join(RUNS, build, name), { db, figures: false });
    }
  }
  for (const name of readdirSync(join(BUILDS, 'a')).slice(0, 2)) {
    copyFileSync(join(BUILDS, 'a', name), join(BUILDS, 'two', name));
  }
}, 60_000);

/** A history of which each commit says what its kernel would record. */
function repository(): { readonly git: (...args: string[]) => string; readonly ids: string[] } {
  const folder = scratch('bisect');
  const git = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync('git', args, {
      cwd: folder,
      encoding: 'utf8',
      env: {
        ...process.env,
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_AUTHOR_NAME: 'x',
        GIT_AUTHOR_EMAIL: 'x@example.org',
        GIT_COMMITTER_NAME: 'x',
        GIT_COMMITTER_EMAIL: 'x@example.org',
      },
    });
    if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  git('init', '-q');
  const ids: string[] = [];
  for (let n = 0; n < COMMITS; n += 1) {
    const good = n === UNKNOWN ? 'two' : 'a';
    writeFileSync(join(folder, 'kernel'), n < FIRST_BAD ? good : 'b');
    writeFileSync(join(folder, 'change'), String(n));
    git('add', '.');
    git('commit', '-q', '-m', `change ${n}`);
    ids.push(git('rev-parse', 'HEAD').trim());
  }
  return { git, ids };
}

describe('git bisect run', () => {
  it.each([
    ['by a metric', `--by invalidation-duration --good ${BUILDS}/a --bad ${BUILDS}/b`],
    ['by a detector', '--detector invalidate-stall'],
  ])('%s ends at the first bad commit', (_, decides) => {
    const { git, ids } = repository();
    git('bisect', 'start', ids.at(-1) ?? '', ids[0] ?? '');
    const said = git('bisect', 'run', 'sh', '-c', `${STEP} ${BUILDS}/$(cat kernel) ${decides}`);
    expect(said).toContain(`${ids[FIRST_BAD]} is the first bad commit`);
    expect(said).toMatch(/^good: /m);
    expect(said).toMatch(/^bad: /m);
  });

  it('leaves a commit out that cannot be told, and gives up where the step cannot run', () => {
    const { git, ids } = repository();
    git('bisect', 'start', ids[FIRST_BAD] ?? '', ids[UNKNOWN - 2] ?? '');
    const decides = `--by invalidation-duration --good ${BUILDS}/a --bad ${BUILDS}/b`;
    const said = git('bisect', 'run', 'sh', '-c', `${STEP} ${BUILDS}/$(cat kernel) ${decides}`);
    expect(said).toMatch(/^skip: .* has 2 runs: 3 are needed/m);
    expect(said).toContain(`${ids[FIRST_BAD]} is the first bad commit`);
    git('bisect', 'reset');
    git('bisect', 'start', ids.at(-1) ?? '', ids[0] ?? '');
    expect(() => git('bisect', 'run', 'sh', '-c', `${STEP} missing ${decides}`)).toThrow(/128/);
  });
});
