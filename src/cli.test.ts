import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Outcome, runMain as run } from '../test/run-main.ts';
import { scratch } from '../test/scratch.ts';
import type { Result } from './analyzers/result.ts';
import { VERSION } from './version.ts';

const cli = fileURLToPath(new URL('cli.ts', import.meta.url));
const root = fileURLToPath(new URL('..', import.meta.url));
/** A munmap whose invalidation waits 5 s for a fence that never signals. */
const hang = join(root, 'fixtures/s612-svm-hang/svm-hang.dat');

/** Starts the program itself. */
function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', cli, ...args], { cwd: root });
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  const [code] = await once(child, 'exit');
  return code;
}

describe('help', () => {
  test.each([
    [],
    ['analyze'],
    ['info'],
    ['query'],
    ['export'],
    ['report'],
    ['why'],
    ['explain'],
    ['compare'],
    ['trend'],
    ['bisect-step'],
  ])('%s --help', async (...command) => {
    const { code, stdout, stderr } = await run([...command, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatchSnapshot();
  });

  test('every command has examples', async () => {
    const { stdout } = await run(['--help']);
    const commands = [...stdout.matchAll(/^ {2}svm-trace ([\w-]+) [<[]/gm)].map(
      (match) => match[1],
    );
    expect(commands.length).toBeGreaterThanOrEqual(6);
    for (const command of commands) {
      expect((await run([command ?? '', '--help'])).stdout).toContain('Examples:');
    }
  });

  test('--version', async () => {
    expect((await run(['--version'])).stdout).toBe(`${VERSION}\n`);
  });
});

describe('analyze', () => {
  test('prints the verdict, and 1 where an error is found', async () => {
    const { code, stdout, stderr } = await run(['analyze', hang]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    // which detectors could not look changes with every new one, and has tests of its own
    const verdict = stdout
      .replaceAll(root, '')
      .replace(/\d+ of \d+ detectors/, 'N of M detectors')
      .replace(/(What this recording cannot show\n).*(?=\nDatabase)/s, '$1…\n');
    expect(verdict).toMatchSnapshot();
  });

  test('--fail-on decides about the exit code', async () => {
    const codes: number[] = [];
    for (const level of ['info', 'warn', 'error', 'critical', 'never']) {
      codes.push((await run(['analyze', hang, '--fail-on', level])).code);
    }
    expect(codes).toEqual([1, 1, 1, 0, 0]);
  });

  test('writes database, report and JSON where told, and nothing else', async () => {
    const directory = scratch();
    const [db, html, json] = ['x.db', 'x.html', 'x.json'].map((name) => join(directory, name));
    await run(['analyze', hang, '-o', `${db}`, '--report', `${html}`, '--json', `${json}`]);
    expect(readdirSync(directory).sort()).toEqual(['x.db', 'x.html', 'x.json']);
    const result = JSON.parse(readFileSync(`${json}`, 'utf8')) as Result;
    expect(result.schema).toBe('svm-trace-result');
    expect(result.findings.map((finding) => finding.detector)).toContain('invalidate-stall');
    expect(readFileSync(`${html}`, 'utf8')).toMatch(/^<!doctype html>/);
  });

  test('the report of the database is the result of the analysis', async () => {
    const db = join(scratch(), 'x.db');
    const analysed = await run(['analyze', hang, '-o', db, '--json']);
    const reported = await run(['report', db, '--json']);
    const reanalysed = await run(['analyze', db, '--json']);
    expect(JSON.parse(reported.stdout)).toEqual(JSON.parse(analysed.stdout));
    expect(JSON.parse(reanalysed.stdout)).toEqual(JSON.parse(analysed.stdout));
  });

  test('--format markdown is what the report of the database gives, and nothing else', async () => {
    const db = join(scratch(), 'x.db');
    const analysed = await run(['analyze', hang, '-o', db, '--format', 'markdown']);
    const reported = await run(['report', db, '--format', 'markdown']);
    expect(analysed.code).toBe(1);
    expect(analysed.stdout).toMatch(/^\| Capture \| svm-hang\.dat .*\n\| --- \| --- \|\n/);
    expect(analysed.stdout).toContain('### 1. ERROR proven invalidate-stall-');
    expect(analysed.stdout).not.toContain('Database  ');
    expect(reported.stdout).toBe(analysed.stdout);
  });

  test('the same capture again, wherever it lies now, uses the database', async () => {
    const directory = scratch();
    const db = join(directory, 'x.db');
    await run(['analyze', hang, '-o', db]);
    const written = statSync(db).ino;
    const moved = join(directory, 'moved.dat');
    copyFileSync(hang, moved);
    utimesSync(moved, statSync(hang).atime, statSync(hang).mtime);
    const again = await run(['analyze', hang, '-o', db]);
    expect(again.stderr).toBe(
      `svm-trace: ${db} is up to date: capture not read again (--force does)\n`,
    );
    expect(again.code).toBe(1);
    expect(statSync(db).ino).toBe(written);
    expect((await run(['analyze', hang, '-o', db, '--quiet'])).stderr).toBe('');

    for (const changed of [['--force'], ['--events', 'all']]) {
      const before = statSync(db).ino;
      expect((await run(['analyze', hang, '-o', db, ...changed])).stderr).toBe('');
      expect(statSync(db).ino).not.toBe(before);
    }
    const other = join(directory, 'other.dat');
    writeFileSync(other, Buffer.concat([readFileSync(hang), Buffer.alloc(1)]));
    expect((await run(['analyze', other, '-o', db])).stderr).toBe('');
  });

  test('interrupted, it leaves the old database and nothing else', async () => {
    const directory = scratch();
    const db = join(directory, 'x.db');
    writeFileSync(db, 'SQLite format 3\0 of before');
    const child = start(['analyze', hang, '-o', db]);
    await once(child, 'spawn');
    // whenever it comes: before, during or after the load
    setTimeout(() => child.kill('SIGTERM'), 400);
    await exitOf(child);
    expect(readdirSync(directory)).toEqual(['x.db']);
  });

  test('a reader that goes away is no error', async () => {
    const child = start(['analyze', hang, '--json']);
    let stderr = '';
    child.stderr?.on('data', (text) => {
      stderr += text;
    });
    child.stdout?.once('data', () => child.stdout?.destroy());
    await exitOf(child);
    expect(stderr).toBe('');
  });
});

describe('mistakes are one line with a hint, and 2', () => {
  const directory = scratch();
  const text = join(directory, 'notes.txt');
  writeFileSync(text, 'not a database');
  const empty = join(directory, 'empty.dat');
  writeFileSync(empty, '');

  test.each([
    ['a missing file', ['analyze', join(directory, 'missing.dat')], /no such file/],
    ['a directory', ['analyze', directory], /is a directory/],
    ['an empty file', ['analyze', empty], /is empty/],
    ['no capture', ['analyze', text], /no capture svm-trace knows/],
    ['no database', ['query', text, 'SELECT 1'], /no svm-trace database/],
    ['a missing database', ['report', join(directory, 'x.db')], /no such file/],
    [
      '-o in no directory',
      ['analyze', hang, '-o', join(directory, 'no/x.db')],
      /no such directory/,
    ],
    ['-o on the capture', ['analyze', empty, '-o', empty], /is the capture itself/],
    ['-o on a foreign file', ['analyze', hang, '-o', text], /exists and is no database/],
    ['--report on the capture', ['analyze', hang, '--report', hang], /is an input/],
    ['an unknown command', ['analyse', hang], /there is no command analyse/],
    ['an unknown option', ['analyze', hang, '--fast'], /Unknown argument: fast/],
    ['a wrong choice', ['analyze', hang, '--fail-on', 'bad'], /Invalid values/],
    ['no command', [], /which command/],
    ['too many arguments', ['explain', 'mm-pinned', 'too'], /one argument too many/],
    ['one capture twice', ['info', hang, hang], /is given twice/],
    ['an unknown detector', ['explain', 'gremlins'], /no detector is called gremlins/],
    ['control characters', ['analyze', 'a\x1b[31m\n.dat'], /a\\u001b\[31m .dat/],
  ])('%s', async (_, args, message) => {
    const { code, stdout, stderr } = await run(args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^svm-trace: [^\n]*\n( {2}[^\n]*\n)?$/);
  });

  test('nothing was touched', () => {
    expect(existsSync(join(directory, 'no'))).toBe(false);
    expect(readFileSync(text, 'utf8')).toBe('not a database');
  });
});

describe('query', () => {
  const db = join(scratch(), 'x.db');
  const query = (...args: string[]): Promise<Outcome> => run(['query', db, ...args]);

  beforeAll(async () => {
    await run(['analyze', hang, '-o', db]);
  });

  test('a table by default', async () => {
    expect((await query("SELECT 1 AS one, NULL AS none, x'00ff' AS bytes")).stdout).toBe(
      [
        '┌─────┬──────┬───────┐',
        '│ one │ none │ bytes │',
        '├─────┼──────┼───────┤',
        '│ 1   │ NULL │ 00ff  │',
        '└─────┴──────┴───────┘',
        '',
      ].join('\n'),
    );
  });

  test('integers keep all their digits', async () => {
    const sql = 'SELECT 9223372036854775807 AS a, -9007199254740993 AS b';
    expect((await query(sql, '--json')).stdout).toBe(
      '[\n  {"a": 9223372036854775807, "b": -9007199254740993}\n]\n',
    );
    expect((await query(sql, '--csv')).stdout).toBe('a,b\n9223372036854775807,-9007199254740993\n');
  });

  test('text that is a formula or an escape is disarmed', async () => {
    const sql = `SELECT '=HYPERLINK("x")' AS a, char(27) || '[31m' AS b, 'a,"b' AS c, -1 AS d`;
    expect((await query(sql, '--csv')).stdout).toBe(
      `a,b,c,d\n"'=HYPERLINK(""x"")",\x1b[31m,"a,""b",-1\n`,
    );
    expect((await query(sql)).stdout).toContain('\\u001b[31m');
    expect(JSON.parse((await query(sql, '--json')).stdout)).toEqual([
      { a: '=HYPERLINK("x")', b: '\x1b[31m', c: 'a,"b', d: -1 },
    ]);
  });

  test('no rows', async () => {
    const sql = 'SELECT id FROM event WHERE 0';
    expect((await query(sql, '--json')).stdout).toBe('[]\n');
    expect((await query(sql, '--csv')).stdout).toBe('id\n');
  });

  test('a long table is cut, and says so', async () => {
    const sql = 'SELECT id FROM event';
    const { stdout, stderr } = await query(sql, '--limit', '3');
    expect(stdout.split('\n')).toHaveLength(8);
    expect(stderr).toContain('only the first 3 rows');
    expect((await query(sql, '--limit', '0')).stderr).toBe('');
  });

  test.each([
    'DELETE FROM finding',
    'PRAGMA user_version = 1',
    "ATTACH '/tmp/other.db' AS other",
    'SELECT 1; SELECT 2',
    'SELECT * FROM nowhere',
    'nonsense',
    '',
  ])('refuses %s', async (sql) => {
    const { code, stderr } = await query(sql);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^svm-trace: [^\n]*\n( {2}[^\n]*\n)?$/);
  });
});

describe('explain', () => {
  test('a detector by id, by number and by the id of a finding', async () => {
    const byId = (await run(['explain', 'invalidate-stall'])).stdout;
    const byNumber = (await run(['explain', 'D6'])).stdout;
    const byFinding = (await run(['explain', 'invalidate-stall-0123abcd'])).stdout;
    expect(byId).toContain('How it can be wrong');
    expect(byNumber).toBe(byId);
    expect(byFinding).toBe(byId);
  });
});

describe('why', () => {
  const db = join(scratch(), 'why.db');
  beforeAll(() => run(['analyze', hang, '-o', db]));

  test('the chains of all findings, or of one, with their events', async () => {
    const all = await run(['why', db]);
    const one = await run(['why', db, 'invalidate-stall']);
    expect(all.code).toBe(0);
    expect(all.stdout).toContain(one.stdout);
    expect(one.stdout).toMatchSnapshot();
  });

  test('a thread or a fence at an instant', async () => {
    const during = await run(['why', db, '--task', '522', '--at', '2.5']);
    expect(during.stdout).toContain('-> is inside munmap');
    const after = await run(['why', db, '--task', '522', '--at', '5.08']);
    expect(after.stdout).toContain('had exited');
    const fence = await run(['why', db, '--fence', '3:1', '--json']);
    expect(JSON.parse(fence.stdout)).toMatchObject([{ chain: { end: { kind: 'stuck' } } }]);
  });

  test.each([
    ['an unknown finding', ['gremlin'], /there is no finding gremlin\n.*lists their ids/],
    ['a time outside', ['--task', '522', '--at', '99'], /not inside the capture\n.*to \+5\.08/],
    ['an unknown thread', ['--task', '1'], /no thread 1 is known/],
    ['no fence', ['--fence', '3'], /is no fence/],
    ['an unknown fence', ['--fence', '3:9'], /no fence 3:9/],
  ])('%s', async (_, args, message) => {
    const { code, stderr } = await run(['why', db, ...args]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe('info', () => {
  test('says what else reads a database', async () => {
    const db = join(scratch(), 'x.db');
    await run(['analyze', hang, '-o', db]);
    const { code, stderr } = await run(['info', db]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/is a database, not a capture\n.*report, query and analyze/);
  });

  test('what a capture holds', async () => {
    const { code, stdout } = await run(['info', hang]);
    expect(code).toBe(0);
    expect(stdout).toContain('Linux (none) 6.12.117+deb12-amd64 x86_64');
    expect(stdout).toMatch(/svm:inval_start +3 /);
    expect(stdout).toMatch(/post-exit-iommu-fault +cannot decide, not recorded: page requests/);
    expect(stdout).toContain('-e intel_iommu:prq_report');
  });
});

describe('colours', () => {
  afterEach(() => vi.unstubAllEnvs());

  test('only when wanted', async () => {
    const colour = '\x1b[';
    vi.stubEnv('NO_COLOR', '');
    expect((await run(['explain', 'D6'])).stdout).not.toContain(colour);
    vi.stubEnv('FORCE_COLOR', '1');
    expect((await run(['explain', 'D6'])).stdout).toContain(colour);
    vi.stubEnv('NO_COLOR', '1');
    expect((await run(['explain', 'D6'])).stdout).not.toContain(colour);
  });
});
