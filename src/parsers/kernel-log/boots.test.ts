import { describe, expect, it } from 'vitest';
import { codes, messages, readLog, type SeenLog } from '../../../test/read-log.ts';

const ID = 'c0ffee00c0ffee00c0ffee00c0ffee0';
const boots = ({ records }: SeenLog) => records.map(({ boot }) => boot);
const times = ({ records }: SeenLog) => records.map(({ us }) => us / 1_000_000);
const VERSION = 'Linux version 6.14.3-lab (me@there) #7 SMP';

describe('boots are told apart', () => {
  it('where the time of the kernel runs backwards', () => {
    const log = readLog(
      `[    0.000000] ${VERSION}\n[   50.000000] a\n[    0.000000] b\n[    3.000000] c\n`,
    );
    expect(boots(log)).toEqual(['boot 1', 'boot 1', 'boot 2', 'boot 2']);
    // nothing says how long the machine was off
    expect(times(log)).toEqual([0, 50, 51, 54]);
    expect(codes(log)).toEqual({ 'several-boots': 1 });
    expect(log.counts).toEqual([{ events: 4, first: 0, last: 54e9 }]);
  });

  it('where the kernel says its version again', () => {
    const log = readLog(
      `Mar  3 07:00:00 rig kernel: ${VERSION}\nMar  3 07:00:09 rig kernel: a\nMar  3 08:00:00 rig kernel: ${VERSION}\n`,
    );
    expect(boots(log)).toEqual(['boot 1', 'boot 1', 'boot 2']);
    expect(log.header.uname).toBe('Linux rig 6.14.3-lab #7 SMP');
  });

  it('not where lines of the start stand ahead of it', () => {
    const log = readLog(`[    0.000000] microcode: early\n[    0.000000] ${VERSION}\n`);
    expect(boots(log)).toEqual(['', '']);
  });

  it.each(['-- Reboot --', `-- Boot ${ID}1 --`])('at %s', (mark) => {
    const log = readLog(`[    1.000000] a\n[    2.000000] b\n${mark}\n[    2.500000] c\n`);
    expect(new Set(boots(log)).size).toBe(2);
    expect(boots(log)[2]).toBe(mark === '-- Reboot --' ? 'boot 2' : `${ID}1`);
  });

  it('and named where a mark stands ahead of the first line', () => {
    const log = readLog(
      `-- Boot ${ID}1 --\n[    1.000000] a\n-- Boot ${ID}2 --\n[    1.000000] b\n`,
    );
    expect(boots(log)).toEqual([`${ID}1`, `${ID}2`]);
  });

  it('not where lines of several CPUs are in disorder', () => {
    const log = readLog('[    1.000300] a\n[    1.000100] b\n[    1.000400] c\n');
    expect(boots(log)).toEqual(['', '', '']);
    expect(times(log)).toEqual([1.0003, 1.0001, 1.0004]);
    expect(codes(log)).toEqual({ 'out-of-order': 1 });
  });

  it('not where both clocks ran backwards: the lines are in disorder', () => {
    const log = readLog(
      [
        'Mar  3 07:00:10 rig kernel: [   10.000000] a',
        'Mar  3 07:01:00 rig kernel: [   60.000000] b',
        'Mar  3 07:00:11 rig kernel: [   11.000000] c',
        'Mar  3 07:01:01 rig kernel: [   61.000000] d',
      ].join('\n'),
    );
    expect(boots(log)).toEqual(['', '', '', '']);
  });
});

describe('boots are laid one after another', () => {
  it('as far apart as the wall clock says', () => {
    const log = readLog(
      [
        'Mar  3 07:00:10 rig kernel: [   10.000000] a',
        'Mar  3 07:01:00 rig kernel: [   60.000000] b',
        'Mar  3 08:00:10 rig kernel: [   10.000000] c',
      ].join('\n'),
    );
    expect(times(log)).toEqual([10, 60, 3610]);
    expect(log.header.facts['boot 2']).toContain('wall clock from 03-03T08:00:10');
  });

  it('in the order of the wall clock, where a later one stands first', () => {
    const log = readLog(
      [
        'Mar  3 08:00:10 rig kernel: [   10.000000] c',
        'Mar  3 08:00:11 rig kernel: [   11.000000] d',
        'Mar  3 07:00:05 rig kernel: [    5.000000] a',
        'Mar  3 07:01:05 rig kernel: [   65.000000] b',
      ].join('\n'),
    );
    expect(times(log)).toEqual([3610, 3611, 5, 65]);
    expect(log.header.clock.base).toBe(5_000_000_000n);
  });

  it('where the wall clock was wrong, just behind each other', () => {
    const log = readLog(
      [
        '2025-03-03T07:00:10Z rig kernel: [   10.000000] a',
        '2025-03-03T07:01:00Z rig kernel: [   60.000000] b',
        '-- Reboot --',
        '2025-03-03T07:00:30Z rig kernel: [   61.000000] c',
      ].join('\n'),
    );
    expect(times(log)).toEqual([10, 60, 61]);
  });
});

describe('the newest line first', () => {
  const forward = [
    `[    0.000000] ${VERSION}`,
    '[    1.000000] xe 0000:07:00.0: [drm] Tile0: GT0:',
    '\tASID: 19',
    '\tFaultType: 0',
    '[    2.000000] b',
    '[    2.000000] c',
  ];

  it('is turned round, with the lines of a record in their order', () => {
    const [version, head, asid, type, b, c] = forward;
    const log = readLog(`${[c, b, head, asid, type, version].join('\n')}\n`);
    expect(messages(log)).toEqual([
      VERSION,
      'xe 0000:07:00.0: [drm] Tile0: GT0:\n\tASID: 19\n\tFaultType: 0',
      'b',
      'c',
    ]);
    expect(codes(log)).toEqual({ 'newest-first': 1 });
    expect(log.header.sizeBytes).toBe(`${forward.join('\n')}\n`.length);
  });

  it('has its boots in their order, under the names above them', () => {
    const log = readLog(
      [
        '-- Logs begin at …. --',
        'Mar 03 08:00:11 rig kernel: d',
        'Mar 03 08:00:10 rig kernel: c',
        `-- Boot ${ID}1 --`,
        'Mar 03 07:00:11 rig kernel: b',
        'Mar 03 07:00:10 rig kernel: a',
      ].join('\n'),
    );
    expect(messages(log)).toEqual(['a', 'b', 'c', 'd']);
    expect(boots(log)).toEqual([`${ID}1`, `${ID}1`, 'boot 2', 'boot 2']);
  });

  it('is told from many boots that are glued together', () => {
    const many = Array.from(
      { length: 20 },
      (_, n) => `[    1.000000] a${n}\n[    3.000000] b${n}\n`,
    );
    const log = readLog(many.join(''));
    expect(new Set(boots(log)).size).toBe(20);
    expect(codes(log)).toEqual({ 'several-boots': 1 });
  });

  it('of more than fits into memory at once comes out whole', () => {
    const count = 60_000;
    const lines = Array.from(
      { length: count },
      (_, n) =>
        `[${(count - n).toString().padStart(5)}.000000] line ${count - n} ${'x'.repeat(20)}`,
    );
    const log = readLog(lines.join('\n'));
    expect(log.records).toHaveLength(count);
    expect(log.records.every(({ us }, n) => us === (n + 1) * 1_000_000)).toBe(true);
  });
});

it('a boot of every line takes no more than memory has', () => {
  const lines = Array.from({ length: 9000 }, () => `-- Reboot --\n[    5.000000] a\n`);
  const log = readLog(lines.join(''));
  expect(log.header.buffers.length).toBeLessThanOrEqual(256);
  expect(log.records).toHaveLength(9000);
});
