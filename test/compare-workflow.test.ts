/** The workflow of the documentation is one: its scripts are run as GitHub’s runner runs them. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from './cli.ts';
import { junitComplaints } from './junit-structure.ts';
import { sarifComplaints } from './sarif-schema.ts';
import { scratch } from './scratch.ts';

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
}

interface Workflow {
  readonly on: string;
  readonly jobs: { readonly compare?: { readonly 'runs-on': string[]; readonly steps: Step[] } };
}

const text = readFileSync(join(ROOT, 'docs/compare-workflow.yml'), 'utf8');
const workflow = parse(text) as Workflow;
const steps = workflow.jobs.compare?.steps ?? [];

/** Scripts of a lab whose recordings are those of the fixtures, and `npx` of this checkout. */
function lab(): { readonly folder: string; readonly env: NodeJS.ProcessEnv } {
  const folder = scratch('workflow');
  const script = (path: string, body: string): void => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), `#!/bin/bash\nset -e\n${body}\n`);
    chmodSync(join(folder, path), 0o755);
  };
  script('lab/build.sh', 'echo "$1" > "built-$2"');
  script('lab/boot.sh', 'test -e "built-$1"; echo "$1" > booted');
  script(
    'lab/record.sh',
    `build=$(sed 's/base/a/;s/new/b/' booted); n=$(basename "$1" .dat)
all=(${join(ROOT, 'fixtures/regression-runs')}/$build/*.dat); cp "\${all[$n-1]}" "$1"`,
  );
  script(
    'bin/npx',
    `shift; exec ${process.execPath} --import ${import.meta.resolve('tsx')} ${join(ROOT, 'src/cli.ts')} "$@"`,
  );
  const env = {
    ...process.env,
    PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
    HOME: join(folder, 'home'),
    TSX_TSCONFIG_PATH: join(ROOT, 'tsconfig.json'),
    GITHUB_STEP_SUMMARY: join(folder, 'summary.md'),
  };
  return { folder, env };
}

it('every step does one thing, and has a runner', () => {
  expect(workflow.on).toBe('pull_request');
  expect(workflow.jobs.compare?.['runs-on']).toContain('self-hosted');
  for (const { uses, run, name } of steps) {
    expect([uses, run].filter(Boolean), name).toHaveLength(1);
    if (uses) expect(uses).toMatch(/^[\w-]+\/[\w-]+(\/[\w-]+)*@v\d+$/);
  }
});

it('its scripts build, record, analyse, compare, gate, and keep the base as an earlier build', () => {
  const { folder, env } = lab();
  const codes: Record<string, number | null> = {};
  for (const { name = '', run } of steps) {
    if (run === undefined) continue;
    const script = run
      .replaceAll(/\$\{\{ github\.event\.pull_request\.(base|head)\.sha \}\}/g, '$1-commit')
      // there are three recordings of each
      .replace('1 2 3 4 5 6', '1 2 3');
    expect(script).not.toContain('${{');
    const { status, stderr } = spawnSync('bash', ['-eo', 'pipefail', '-c', script], {
      cwd: folder,
      env,
      encoding: 'utf8',
    });
    codes[name] = status;
    expect(stderr, name).toBe('');
  }
  expect(codes).toEqual({
    'Build both kernels': 0,
    'Record six boots of each': 0,
    Analyse: 0,
    Compare: 0,
    'Keep the base for later comparisons': 0,
  });
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  expect(read('summary.md')).toMatch(/^## new shows no certain regression against base/);
  expect(junitComplaints(read('compare.xml'))).toEqual([]);
  expect(sarifComplaints(JSON.parse(read('compare.sarif')))).toEqual([]);
  expect(JSON.parse(read('compare.json'))).toMatchObject({ settings: { pairs: 'given' } });
  expect(existsSync(join(folder, 'compare.html'))).toBe(true);
  expect(readdirSync(join(folder, 'home/svm-trace-history/base-commit'))).toHaveLength(3);
}, 120_000);
