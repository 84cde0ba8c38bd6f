import { describe, expect, it } from 'vitest';
import { at, codes, messages, readLog } from '../../../test/read-log.ts';
import { TraceError } from '../../errors.ts';

const FAULT =
  'amdgpu 0000:c4:00.0: amdgpu: [gfxhub0] no-retry page fault (src_id:0 ring:24 vmid:3)';
const PAGE = 'amdgpu 0000:c4:00.0: amdgpu:   in page starting at address 0x00007f11a2c41000';

/** A line of each form; its time in µs as the log's clock tells it. */
const KERNEL_TIMES: readonly (readonly [name: string, head: string, us: number])[] = [
  ['dmesg', '[   77.120345] ', 77_120_345],
  ['without padding', '[77.120345] ', 77_120_345],
  ['beyond what is padded', '[1234567.120345] ', 1_234_567_120_345],
  ['a no-break space', '[\u00a0\u00a0\u00a077.120345]\u00a0', 77_120_345],
  ['fewer digits', '[   77.12] ', 77_120_000],
  ['a decimal comma', '[   77,120345] ', 77_120_345],
  ['dmesg -d', '[   77.120345 <    0.000017>] ', 77_120_345],
  ['a level', '<4>[   77.120345] ', 77_120_345],
  ['dmesg -x', 'kern  :warn  : [   77.120345] ', 77_120_345],
  ['a thread', '[   77.120345][  T812] ', 77_120_345],
  ['a thread set apart', '[   77.120345] [    T812] ', 77_120_345],
  ['a CPU', '[   77.120345][    C5] ', 77_120_345],
  ['journalctl -o short-monotonic', '[   77.120345] rig kernel: ', 77_120_345],
  ['who speaks behind the time', '[   77.120345] kernel: ', 77_120_345],
  ['both clocks', 'Mar  3 07:08:09 rig kernel: [   77.120345] ', 77_120_345],
  ['both clocks and a thread', 'Mar  3 07:08:09 rig kernel: [   77.120345][  T812] ', 77_120_345],
  ['both clocks, ISO', '2025-03-03T07:08:09.5+01:00 rig kernel: [   77.120345] ', 77_120_345],
  ['only who speaks', 'kernel: [   77.120345] ', 77_120_345],
  ['quoted mail', '> [   77.120345] ', 77_120_345],
  ['mail quoted twice', '> > [   77.120345] ', 77_120_345],
  ['a frame', '| [   77.120345] ', 77_120_345],
  ['one blank', ' [   77.120345] ', 77_120_345],
  ['five blanks', '     [   77.120345] ', 77_120_345],
  ['a tab', '\t[   77.120345] ', 77_120_345],
  ['a lost bracket', '   77.120345] ', 77_120_345],
  ['/dev/kmsg', '4,1931,77120345,-;', 77_120_345],
  ['netconsole with the release', '6.14.3-lab,4,1931,77120345,-;', 77_120_345],
  ['/dev/kmsg and a thread', '4,1931,77120345,-,caller=T812;', 77_120_345],
];

const YEARLESS = at('2000-03-03T07:08:09Z');
const WALL_CLOCKS: readonly (readonly [name: string, head: string, us: number])[] = [
  ['dmesg -T', '[Mon Mar  3 07:08:09 2025] ', at('2025-03-03T07:08:09Z')],
  ['dmesg -T in German', '[Mo Mär  3 07:08:09 2025] ', at('2025-03-03T07:08:09Z')],
  ['dmesg -T in Russian', '[Пн мар  3 07:08:09 2025] ', at('2025-03-03T07:08:09Z')],
  [
    'dmesg --time-format iso',
    '2025-03-03T07:08:09,120345+01:00 ',
    at('2025-03-03T06:08:09Z') + 120_345,
  ],
  ['journalctl', 'Mar 03 07:08:09 rig kernel: ', YEARLESS],
  ['syslog', 'Mar  3 07:08:09 rig kernel: ', YEARLESS],
  ['small letters', 'mar  3 07:08:09 rig kernel: ', YEARLESS],
  ['Polish', 'mar 03 07:08:09 rig kernel: ', YEARLESS],
  ['French', 'mars 03 07:08:09 rig kernel: ', YEARLESS],
  ['Chinese', ' 3月 03 07:08:09 rig kernel: ', YEARLESS],
  ['without the host', 'Mar  3 07:08:09  kernel: ', YEARLESS],
  ['short-precise', 'Mar 03 07:08:09.120345 rig kernel: ', YEARLESS + 120_345],
  ['short-iso', '2025-03-03T07:08:09+0100 rig kernel: ', at('2025-03-03T06:08:09Z')],
  ['a zone with a colon', '2025-03-03T07:08:09-05:00 rig kernel: ', at('2025-03-03T12:08:09Z')],
  [
    'short-iso-precise',
    '2025-03-03T07:08:09.120345+0100 rig kernel: ',
    at('2025-03-03T06:08:09Z') + 120_345,
  ],
  [
    'ISO without zone or speaker',
    '2025-03-03T07:08:09.120345 ',
    at('2025-03-03T07:08:09Z') + 120_345,
  ],
  ['ISO with a blank', '2025-03-03 07:08:09 rig kernel: ', at('2025-03-03T07:08:09Z')],
  ['short-full', 'Mon 2025-03-03 07:08:09 CET rig kernel: ', at('2025-03-03T07:08:09Z')],
  [
    'RFC 5424',
    '<4>1 2025-03-03T07:08:09.120345+01:00 rig kernel - - - ',
    at('2025-03-03T06:08:09Z') + 120_345,
  ],
  ['short-full in UTC', 'Mon 2025-03-03 07:08:09 UTC rig kernel: ', at('2025-03-03T07:08:09Z')],
  ['short-unix', '1740985689.120345 rig kernel: ', 1_740_985_689_120_345],
  ['a year behind the day', 'Mar  3 2025 07:08:09 rig kernel: ', at('2025-03-03T07:08:09Z')],
  ['a pid', 'Mar  3 07:08:09 rig kernel[0]: ', YEARLESS],
  ['time of day', '07:08:09 kernel: ', at('1970-01-02T07:08:09Z')],
  ['time of day and host', '07:08:09.120345 rig kernel: ', at('1970-01-02T07:08:09Z') + 120_345],
];

describe('the time of the kernel', () => {
  it.each(KERNEL_TIMES)('%s', (_, head, us) => {
    const log = readLog(`${head}${FAULT}\n${head}${PAGE}\n`);
    expect(messages(log)).toEqual([FAULT, PAGE]);
    expect(log.records.map((record) => record.us)).toEqual([us, us]);
    expect(log.header.clock).toMatchObject({ name: 'printk', unit: 'ns' });
    expect(codes(log)).not.toHaveProperty('unrecognised-line');
  });
});

describe('the wall clock', () => {
  it.each(WALL_CLOCKS)('%s', (_, head, us) => {
    const log = readLog(`${head}${FAULT}\n${head}${PAGE}\n`);
    expect(messages(log)).toEqual([FAULT, PAGE]);
    expect(log.records.map((record) => record.us)).toEqual([us, us]);
    expect(log.header.clock).toMatchObject({
      name: expect.stringMatching(/^(realtime|wall clock)$/),
      unit: 'ns',
    });
    expect(codes(log)).toHaveProperty('wall-clock-only');
  });

  it.each([
    ['2025-03-03T07:08:09+01:00 rig kernel: ', 'realtime'],
    ['1740985689.120345 rig kernel: ', 'realtime'],
    ['2025-03-03T07:08:09 rig kernel: ', 'wall clock'],
    ['Mon 2025-03-03 07:08:09 CET rig kernel: ', 'wall clock'],
    ['[Mon Mar  3 07:08:09 2025] ', 'wall clock'],
    ['Mar  3 07:08:09 rig kernel: ', 'wall clock'],
  ])('%s is on the clock %s', (head, name) => {
    expect(readLog(`${head}${FAULT}\n`).header.clock.name).toBe(name);
  });

  it('beside the time of the kernel tells when that was, as soon as a line was written down', () => {
    const clock = (first: string, second: string) =>
      readLog(
        `2025-03-03T07:00:${first}Z rig kernel: [    1.000000] a\n2025-03-03T07:00:${second}Z rig kernel: [   10.000000] b\n`,
      ).header.clock;
    const wall = { clock: 1_000_000_000n, wall: BigInt(at('2025-03-03T07:00:05Z')) * 1000n };
    expect(clock('05', '14')).toEqual({ name: 'printk', unit: 'ns', base: 1_000_000_000n, wall });
    // journald had not been started when the first line was printed
    expect(clock('12', '14').wall).toEqual(wall);
  });

  it('of dmesg -H is a minute and what went by since', () => {
    const log = readLog(
      `[Dez26 08:58] ${FAULT}\n[  +0,000007] ${PAGE}\n[  +0.250000] x\n[Dez26 09:01] y\n[  +1.000000] z\n`,
    );
    const start = at('2000-12-26T08:58:00Z');
    const later = at('2000-12-26T09:01:00Z');
    expect(log.records.map(({ us }) => us)).toEqual([
      start,
      start + 7,
      start + 250_007,
      later,
      later + 1_000_000,
    ]);
    expect(log.header.version).toBe('dmesg -H');
  });

  it('of dmesg --time-format delta is what went by since', () => {
    const log = readLog(`[<    0.000000>] ${FAULT}\n[<   69.623456>] ${PAGE}\n`);
    expect((log.records[1]?.us ?? 0) - (log.records[0]?.us ?? 0)).toBe(69_623_456);
    expect(codes(log)).toMatchObject({ 'unknown-date': 1 });
  });

  it('goes on into the new year and the new day', () => {
    const year = readLog(`Dec 31 23:59:58 rig kernel: a\nJan  1 00:00:01 rig kernel: b\n`);
    expect((year.records[1]?.us ?? 0) - (year.records[0]?.us ?? 0)).toBe(3_000_000);
    const day = readLog(`23:59:58 kernel: a\n00:00:01 kernel: b\n`);
    expect((day.records[1]?.us ?? 0) - (day.records[0]?.us ?? 0)).toBe(3_000_000);
  });

  it('loses against the time of the kernel where they disagree', () => {
    const log = readLog(
      `Mar  3 07:08:09 rig kernel: [   10.000000] a\nMar  3 07:09:00 rig kernel: [   10.000400] b\n`,
    );
    expect(log.records.map(({ us }) => us)).toEqual([10_000_000, 10_000_400]);
  });

  it('places the lines that lack the time of the kernel not at all', () => {
    const log = readLog(
      `Mar  3 07:08:09 rig kernel: [   10.000000] a\nMar  3 07:09:00 rig kernel: b\nMar  3 07:10:09 rig kernel: [   30.000000] c\n`,
    );
    expect(log.records.map(({ us }) => us)).toEqual([10_000_000, 10_000_000, 30_000_000]);
    expect(codes(log)).toMatchObject({ 'no-own-time': 1 });
  });

  it('of no day there is is no time', () => {
    const log = readLog(`[    1.000000] a\nFeb 31 07:08:09 rig kernel: b\n`);
    expect(log.records).toHaveLength(1);
  });
});

describe('levels and callers', () => {
  it.each([
    ['<3>[   77.120345] ', { level: 3 }],
    ['<30>[   77.120345] ', { level: 6 }],
    ['kern  :err   : [   77.120345] ', { level: 3 }],
    ['6,1931,77120345,-,caller=C5;', { level: 6, caller: 'C5' }],
    ['[   77.120345][  T812] ', { caller: 'T812' }],
    ['[   77.120345] ', {}],
  ])('%s', (head, told) => {
    const { header, records } = readLog(`${head}${FAULT}\n`);
    expect(records[0]?.fields).toEqual({ msg: FAULT, ...told });
    expect(header.eventTypes[0]?.fields.map(({ name }) => name).sort()).toEqual(
      Object.keys({ msg: '', ...told }).sort(),
    );
  });

  it('give the thread or the CPU', () => {
    const { records, header } = readLog('[    1.000000][  T812] a\n[    2.000000][    C5] b\n');
    expect(records.map(({ tid, cpu }) => [tid, cpu])).toEqual([
      [812, -1],
      [-1, 5],
    ]);
    expect(header.cpus).toBe(6);
    expect(header.buffers[0]?.cpus).toEqual([5]);
  });

  it('that no kernel has are none', () => {
    const { records } = readLog('[    1.000000][T99999999999] a\n[    2.000000][ C99999999] b\n');
    expect(records.map(({ tid, cpu }) => [tid, cpu])).toEqual([
      [-1, -1],
      [-1, -1],
    ]);
  });
});

describe('no prefix at all', () => {
  it('leaves the order, where it is a log of the kernel beyond doubt', () => {
    const log = readLog(
      `${FAULT}\n${PAGE}\nxe 0000:07:00.0: [drm] Tile0: GT0:\n\tASID: 7\n\tVFID: 0\n`,
    );
    expect(messages(log)).toEqual([
      FAULT,
      PAGE,
      'xe 0000:07:00.0: [drm] Tile0: GT0:\n\tASID: 7\n\tVFID: 0',
    ]);
    expect(log.header.clock).toMatchObject({ unit: 'ticks' });
    expect(log.problems).toMatchObject([{ code: 'no-time', severity: 'info' }]);
  });

  it('leaves callers, and the blanks the kernel sets in records of one line by', () => {
    const log = readLog(
      `Linux version 6.14.3-lab\n[  T812] ${FAULT}\nZone ranges:\n  DMA      empty\n`,
    );
    expect(log.records.map(({ fields }) => fields)).toEqual([
      { msg: 'Linux version 6.14.3-lab' },
      { msg: FAULT, caller: 'T812' },
      { msg: 'Zone ranges:' },
      { msg: '  DMA      empty' },
    ]);
  });

  it('is no log where nothing says so', () => {
    expect(() => readLog('Dear all,\nmy GPU hangs.\nRegards\n')).toThrow(TraceError);
  });
});
