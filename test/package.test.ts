/** What `npm pack` makes runs where only it and its dependencies are. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT } from './cli.ts';

const CAPTURE = join(ROOT, 'fixtures/s612-svm-hang/svm-hang.dat');
const folder = mkdtempSync(join(tmpdir(), 'svm-trace-package-'));
const installed = join(folder, 'node_modules/svm-trace');
let files: string[] = [];

afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(() => {
  // Built in a copy, so that nobody's dist/ is pulled from under them.
  const source = join(folder, 'source');
  mkdirSync(source);
  for (const part of [
    'src',
    'docs',
    'scripts/build-client.ts',
    'scripts/bundle.ts',
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
  ]) {
    cpSync(join(ROOT, part), join(source, part), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(source, 'node_modules'));
  const packed = execFileSync('npm', ['pack', '--json', '--silent', '--pack-destination', folder], {
    cwd: source,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // The build's own output, if any, comes before the JSON.
  const [description] = JSON.parse(packed.slice(packed.indexOf('[\n'))) as {
    filename: string;
    files: { path: string }[];
  }[];
  files = description?.files.map(({ path }) => path) ?? [];
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', [
    'xzf',
    join(folder, description?.filename ?? ''),
    '--strip-components=1',
    '-C',
    installed,
  ]);
  symlinkSync(join(ROOT, 'node_modules'), join(installed, 'node_modules'));
});

it('the package holds the program and its documents, no tests and no source maps', () => {
  expect(files).toEqual(
    expect.arrayContaining(['dist/cli.js', 'dist/index.d.ts', 'docs/tables.md']),
  );
  expect(files.filter((path) => /\.test\.|\.map$|^src\/|^test\//.test(path))).toEqual([]);
});

it('its command analyzes a capture and writes a report', () => {
  const report = join(folder, 'report.html');
  const run = spawnSync(
    process.execPath,
    [join(installed, 'dist/cli.js'), 'analyze', CAPTURE, '--report', report, '--quiet'],
    { cwd: folder, encoding: 'utf8' },
  );
  expect(run.stderr).toBe('');
  expect(run.status).toBe(1);
  expect(run.stdout).toContain('invalidate-stall');
  expect(existsSync(report)).toBe(true);
});

it('its library is imported by name', () => {
  const script = `import { analyze } from 'svm-trace';
    const { result } = await analyze(${JSON.stringify(CAPTURE)});
    console.log(result.findings.length > 0);`;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(run.stderr).toBe('');
  expect(run.stdout).toBe('true\n');
});
