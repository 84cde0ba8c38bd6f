/** Recordings and logs of one machine analysed together: what is said across them, and what is not. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import type { Result } from '../src/analyzers/result.ts';
import { ROOT, svmTrace, svmTraceReading } from './cli.ts';
import { type Scenario, scenario } from './scenario/scenario.ts';
import { scratch } from './scratch.ts';

const MS = 1_000_000;
const SECOND = 1_000_000_000;
/** The recording's clock is that much ahead of the log's. */
const AHEAD_NS = 39.6 * MS;
const START_NS = 100 * SECOND;
const PID = 4242;
const MARKS = ['test begins', 'ring up', 'test ends'];

/** A client of the GPU that exits 500 ms after the start; the recording goes on for another second. */
function client(options: { console?: boolean } = {}): Scenario {
  const recording = scenario({ base: BigInt(START_NS + AHEAD_NS), kernel: '7.2' });
  const mark = (at: number, msg: string | undefined) => {
    recording.at(at, { cpu: 1, tid: 90, comm: 'sh' });
    if (options.console !== false && msg !== undefined) recording.event('printk:console', { msg });
  };
  mark(0, MARKS[0]);
  mark(10 * MS, MARKS[1]);
  recording.at(20 * MS, { cpu: 0, tid: PID, comm: 'vectoradd' }).fence('init', 7, 1);
  recording.after(MS).by({ cpu: 2, tid: 0, comm: 'swapper/2' }).fence('signaled', 7, 1);
  recording.at(500 * MS, { cpu: 0, tid: PID, comm: 'vectoradd' }).exit(true);
  recording.after(MS).event('mmap:exit_mmap', { mm: 0xffff888001234000n });
  mark(1500 * MS, MARKS[2]);
  return recording;
}

/** Where the exit is in the log's time. */
const EXIT_NS = 500 * MS;

function line(at: number, text: string): string {
  const us = Math.round((START_NS + at) / 1000);
  const seconds = String(Math.floor(us / 1e6)).padStart(5);
  return `[${seconds}.${String(us % 1e6).padStart(6, '0')}] ${text}\n`;
}

/** A GPU page fault as Linux 7.x logs it, `at` ns after the start. */
function fault(at: number, pid = PID): string {
  return [
    `amdgpu 0000:03:00.0: [gfxhub] page fault (src_id:0 ring:24 vmid:4 pasid:98)`,
    `amdgpu 0000:03:00.0:  Process vectoradd pid ${pid} thread vectoradd pid ${pid}`,
    'amdgpu 0000:03:00.0:   in page starting at address 0x00007f3a2c000000 from client 10',
    'amdgpu 0000:03:00.0: GCVM_L2_PROTECTION_FAULT_STATUS:0x00801031',
  ]
    .map((text, n) => line(at + n * 3000, text))
    .join('');
}

function dmesg(...more: string[]): string {
  const marks = [
    line(0, MARKS[0] ?? ''),
    line(10 * MS, MARKS[1] ?? ''),
    line(1500 * MS, MARKS[2] ?? ''),
  ];
  const all = [...marks, ...more].flatMap((text) => text.split(/(?<=\n)/));
  return all.sort((a, b) => (a < b ? -1 : 1)).join('');
}

function file(name: string, text: string): string {
  const path = join(scratch('several'), name);
  writeFileSync(path, text);
  return path;
}

async function together(...paths: string[]): Promise<Result> {
  return (await analyze(paths, { strict: true })).result;
}

const postExit = ({ findings }: Result) =>
  findings.filter(({ detector }) => detector === 'post-exit-gpu-fault');

describe('a fault in the log and an exit in the recording', () => {
  it('are so far apart, give or take the clock error', async () => {
    const log = file('dmesg.txt', dmesg(fault(EXIT_NS + 170 * MS)));
    const result = await together(client().file(), log);
    expect(result.capture.inputs[1]).toMatchObject({
      aligned: 'lines',
      offsetNs: String(AHEAD_NS),
      anchors: 3,
      errorNs: 101_000,
    });
    const [finding] = postExit(result);
    expect(finding).toMatchObject({ severity: 'error', confidence: 'likely' });
    expect(finding?.summary).toMatch(/the first 1(69|70) ms later \(± 101 µs between the clocks\)/);
    expect(finding?.evidence.map(({ type }) => type)).toContain('printk:console');
  });

  it('cannot be ordered when they are nearer than that', async () => {
    const log = file('dmesg.txt', dmesg(fault(EXIT_NS + 50_000)));
    const [finding, ...more] = postExit(await together(client().file(), log));
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ severity: 'warn', confidence: 'suspect' });
    expect(finding?.summary).toContain('cannot be ordered');
  });

  it('are not compared when nothing ties the clocks', async () => {
    const log = file('dmesg.txt', dmesg(fault(EXIT_NS + 170 * MS)));
    const result = await together(client({ console: false }).file(), log);
    expect(result.capture.inputs[1]).toMatchObject({ aligned: 'none', errorNs: null, boot: 1 });
    expect(result.capture.inputs[1]?.reason).toContain('printk:console');
    expect(postExit(result)).toEqual([]);
    expect(result.problems).toContainEqual(expect.objectContaining({ code: 'unaligned-input' }));
  });

  it('are not compared when the log is of another boot', async () => {
    const other = dmesg(fault(EXIT_NS + 170 * MS)).replaceAll('test ends', 'other test');
    const log = file(
      'dmesg.txt',
      other.replaceAll('test begins', 'other begin').replace('ring up', 'r'),
    );
    const result = await together(client().file(), log);
    expect(result.capture.inputs[1]).toMatchObject({ aligned: 'none' });
    expect(postExit(result)).toEqual([]);
  });
});

describe('a log', () => {
  it('of several boots is used for the boot of the recording', async () => {
    const before = '[    0.000000] Linux version 7.2.0 (a@b) #1 SMP\n[  900.000000] test begins\n';
    const log = file(
      'dmesg.txt',
      `${before}[    0.000000] Linux version 7.2.0 (a@b) #1 SMP\n${dmesg(fault(EXIT_NS + 170 * MS))}`,
    );
    const result = await together(client().file(), log);
    expect(result.capture.inputs[1]).toMatchObject({
      part: 'boot 2',
      aligned: 'lines',
      offsetNs: String(AHEAD_NS),
    });
    expect(result.problems).toContainEqual(expect.objectContaining({ code: 'other-boots' }));
    expect(postExit(result)).toHaveLength(1);
    expect(result.capture.durationNs).toBeLessThan(200 * SECOND);
  });

  it('of several boots that nothing ties keeps its boots apart', async () => {
    const boot = `[    0.000000] Linux version 7.2.0 (a@b) #1 SMP\n${fault(0)}`;
    const log = file('dmesg.txt', boot + boot);
    const alone = await together(log);
    const both = await together(client().file(), log);
    expect(both.capture.inputs[1]).toMatchObject({ aligned: 'none', part: null });
    const records = ({ objectCounts }: Result) =>
      objectCounts.find(({ kind }) => kind === 'log_record')?.count;
    expect(records(both)).toBe(records(alone));
    expect(postExit(both)).toEqual([]);
  });

  it('that goes on for hours makes nothing of the recording last as long', async () => {
    const recording = client();
    recording.at(1490 * MS, { cpu: 0, tid: 500, comm: 'late' }).fence('init', 9, 1);
    const log = file('dmesg.txt', dmesg(line(3600 * SECOND, 'usb 1-1: new device')));
    const alone = await together(recording.file());
    const both = await together(recording.file(), log);
    const about = ({ findings }: Result) =>
      findings.map(({ detector, severity }) => [detector, severity]);
    expect(about(both)).toEqual(about(alone));
    expect(both.capture.inputs[0]).toMatchObject({ from: 0, to: 1500 * MS });
  });

  it('without times is analysed too, and compared with nothing', async () => {
    const log = file('dmesg.txt', dmesg(fault(EXIT_NS + 170 * MS)).replaceAll(/^\[.*?\] /gm, ''));
    const result = await together(client().file(), log);
    expect(result.capture.inputs[1]).toMatchObject({ clock: 'order of lines', aligned: 'none' });
    expect(result.objectCounts).toContainEqual({ kind: 'log_record', count: 1 });
    expect(postExit(result)).toEqual([]);
  });

  it('tells nothing twice that the recording has as well', async () => {
    const recording = client();
    const lines = fault(EXIT_NS + 170 * MS)
      .split('\n')
      .filter(Boolean);
    for (const [n, text] of lines.entries()) {
      const msg = text.replace(/^\[.*?\] /, '');
      recording.at(EXIT_NS + 170 * MS + n * 3000, { cpu: 3, tid: 60, comm: 'kworker' });
      recording.event('printk:console', { msg });
    }
    const log = file('dmesg.txt', dmesg(fault(EXIT_NS + 170 * MS)));
    const [finding] = postExit(await together(recording.file(), log));
    expect(finding?.summary).toContain('One page fault');
    expect(finding?.summary).not.toContain('±');
    expect(finding?.confidence).toBe('likely');
  });
});

describe('three inputs', () => {
  it('are one model, each with its error', async () => {
    const log = file('dmesg.txt', dmesg(fault(EXIT_NS + 170 * MS)));
    const second = scenario({ base: BigInt(START_NS + 3 * MS), clock: 'local', kernel: '7.2' });
    second.at(20 * MS - 3 * MS, { cpu: 0, tid: PID, comm: 'vectoradd' }).fence('init', 7, 1);
    second.at(21 * MS - 3 * MS, { cpu: 2, tid: 0, comm: 'swapper/2' }).fence('signaled', 7, 1);
    second.at(500 * MS - 3 * MS, { cpu: 0, tid: PID, comm: 'vectoradd' }).exit(true);
    second.after(MS).event('sched:sched_process_free', { comm: 'vectoradd', pid: PID });
    const result = await together(client().file('a.dat'), log, second.file('b.dat'));
    expect(result.capture.inputs.map(({ aligned, boot }) => [aligned, boot])).toEqual([
      ['reference', 0],
      ['lines', 0],
      ['events', 0],
    ]);
    expect(postExit(result)).toHaveLength(1);
  });
});

describe('recordings with the log of their run', () => {
  it.each([
    ['c612-leader-exit/leader-exit.dat', -14.1, 0.341],
    ['c612-oom-refused/oom-refused.dat', -24.9, 0.3],
    ['s72-fprobe-stall/fprobe-stall.dat', -21, 0.3],
    ['s72-svm-twopass/svm-twopass.dat', 35.4, 0.102],
  ])('%s: %f ms apart, and the same findings as without it', async (name, offset, error) => {
    const path = join(ROOT, 'fixtures', name);
    const log = join(ROOT, 'fixtures', name, '../dmesg.txt');
    const [alone, both] = [await together(path), await together(path, log)];
    const [, input] = both.capture.inputs;
    expect(input).toMatchObject({ aligned: 'lines', boot: 0, clock: 'printk' });
    expect(Number(input?.offsetNs) / MS).toBeCloseTo(offset, 1);
    expect((input?.errorNs ?? 0) / MS).toBeLessThan(error);
    const about = ({ findings }: Result) =>
      findings.map(({ detector, severity, confidence, key }) => ({
        detector,
        severity,
        confidence,
        key,
      }));
    expect(about(both)).toEqual(about(alone));
  });

  it('says what would have tied them where the recording has no console lines', async () => {
    const folder = join(ROOT, 'fixtures/s72-ft-function');
    const result = await together(join(folder, 'ft-function.dat'), join(folder, 'dmesg.txt'));
    expect(result.capture.inputs[1]).toMatchObject({ aligned: 'none' });
    expect(result.capture.inputs[1]?.reason).toContain('printk:console');
  });
});

describe('on the command line', () => {
  const folder = join(ROOT, 'fixtures/c612-leader-exit');
  const [recording, log] = [join(folder, 'leader-exit.dat'), join(folder, 'dmesg.txt')];

  it('the alignment of each input is shown with its error', () => {
    const shown = /moved by -14\.1\d\d ms ± 0\.3\d\d ms:\s+2\s+console\s+lines\s+in\s+both/;
    for (const command of ['analyze', 'info']) {
      const { stdout, code } = svmTrace(command, '-q', log, recording);
      expect(code).toBe(0);
      expect(stdout).toMatch(shown);
      expect(stdout).toMatch(/leader-exit\.dat[^:]*: clock\s+mono, the\s+reference/);
    }
  });

  it('events of all are merged, and one of them may be standard input', () => {
    const [begin, end] = readFileSync(log, 'utf8').split(/(?<=\n)/);
    const lines = `${begin}[   11.900000] only in the log\n${end}`;
    const { stdout, code } = svmTraceReading(Buffer.from(lines), 'events', '-q', recording, '-');
    expect(code).toBe(0);
    const printed = stdout.split('\n');
    const place = printed.findIndex((text) => text.includes('only in the log'));
    expect(printed[place]).toMatch(/ {4}11\.88[56]\d{3}: console:/);
    expect(printed.filter((text) => text.includes('lab2 begin'))).toHaveLength(1);
    const stamps = printed.flatMap((text) => /\] +(\d+\.\d+):/.exec(text)?.[1] ?? []).map(Number);
    expect(stamps).toEqual([...stamps].sort((a, b) => a - b));
  });

  it('two of them cannot be standard input, and one not given twice', () => {
    expect(svmTrace('info', '-', '-').stderr).toContain('given twice');
    expect(svmTrace('analyze', recording, recording).stderr).toContain('given twice');
  });
});

describe('recordings of two boots', () => {
  it('are not analysed together; what ties them and their events can be seen', async () => {
    const fences = (clock: string) => scenario({ clock }).at(MS, { tid: 7 }).fence('init', 4, 1);
    const paths = [fences('mono').exit().file('a.dat'), fences('local').file('b.dat')];
    await expect(analyze(paths)).rejects.toThrow(/b\.dat and .*a\.dat cannot be analysed together/);
    expect(svmTrace('info', ...paths).stdout).toContain('NOT ALIGNED');
    const { stdout } = svmTrace('events', '-q', ...paths, '--json');
    const stamps = stdout
      .split('\n')
      .filter(Boolean)
      .map((text) => JSON.parse(text));
    expect(stamps.map(({ ts, buffer }) => [ts, buffer ?? ''])).toEqual([
      [1_000_001_000_000, ''],
      [1_000_001_000_000, ''],
      [1_000_001_000_000, 'b.dat'],
    ]);
  });
});

describe('one recording as file and as text', () => {
  it.each([
    ['the file first', 0],
    ['the text first', 1],
  ])('shows everything once, %s', async (_, first) => {
    const folder = join(ROOT, 'fixtures/s612-svm-stall');
    const paths = [join(folder, 'svm-stall.dat'), join(folder, 'svm-stall.report.txt')];
    const alone = await together(paths[0] ?? '');
    const both = await together(...(first === 0 ? paths : paths.toReversed()));
    expect(both.capture.inputs[1]).toMatchObject({ aligned: 'events', boot: 0 });
    expect(both.objectCounts).toEqual(alone.objectCounts);
    const about = ({ findings }: Result) =>
      findings.map(({ summary, severity }) => [summary, severity]);
    expect(about(both)).toEqual(about(alone));
  });
});

describe('events of a GPU’s driver', () => {
  it('are tied by the clock they have, and by the names of the processes', async () => {
    const hex = (ns: number) => String(Math.round(START_NS + AHEAD_NS + ns));
    const events = file(
      'kfd-smi.txt',
      [
        `5 ${hex(30 * MS)} -${PID} @7f3a2c000(200) 0->ad5c ad5c:0 1`,
        `6 ${hex(31 * MS)} -${PID} @7f3a2c000(200) 0->ad5c 1 0`,
        `1 ${PID.toString(16)}:vectoradd`,
        `7 ${hex(EXIT_NS + 400 * MS)} -${PID} @7f3a2c127(ad5c) R`,
        `8 ${hex(EXIT_NS + 401 * MS)} -${PID} @7f3a2c127(ad5c) U`,
        '',
      ].join('\n'),
    );
    const result = await together(client().file(), events);
    const [, input] = result.capture.inputs;
    expect(input).toMatchObject({ aligned: 'clock', offsetNs: '0', boot: 0, clock: 'boot' });
    expect(input?.anchors).toBe(1);
    const [finding] = postExit(result);
    expect(finding).toMatchObject({ confidence: 'likely', key: { pid: PID } });
    expect(finding?.summary).toContain('400 ms later (± 1.00 µs between the clocks)');
  });
});

describe('the database of several inputs', () => {
  it('is used again while all of them are the same', async () => {
    const recording = client().file();
    const log = file('dmesg.txt', dmesg());
    const db = join(scratch('db'), 'several.db');
    expect((await analyze([recording, log], { db })).reused).toBe(false);
    const again = await analyze([recording, log], { db });
    expect(again.reused).toBe(true);
    expect(again.result.capture.inputs).toHaveLength(2);
    appendFileSync(log, line(1600 * MS, 'one line more'));
    expect((await analyze([recording, log], { db })).reused).toBe(false);
    expect((await analyze([recording], { db })).reused).toBe(false);
    await expect(analyze([recording, db])).rejects.toThrow('is a database');
  });
});
