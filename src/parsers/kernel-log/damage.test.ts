import { describe, expect, it } from 'vitest';
import { codes, messages, readLog } from '../../../test/read-log.ts';
import { withText } from '../../../test/text-events.ts';
import { TraceError } from '../../errors.ts';
import { openCapture } from '../detect.ts';

const DEVICE = 'xe 0000:07:00.0:';

describe('a record in several lines', () => {
  const body = ['\tASID: 19', '\tFaulted Address: 0x00007f2233440000', '\tFaultType: 0'];
  const whole = `${DEVICE} [drm] Tile0: GT0:\n${body.join('\n')}`;

  it('is one event, whose lines follow without a prefix', () => {
    const log = readLog(`[   10.000001] ${whole}\n[   10.000002] ${DEVICE} [drm] next\n`);
    expect(messages(log)).toEqual([whole, `${DEVICE} [drm] next`]);
  });

  it.each(['[   10.000001] ', 'Mar 03 07:08:09 rig kernel: '])(
    'loses the indentation that puts it under the first, below %j',
    (head) => {
      const indent = ' '.repeat(head.length);
      const set = whole.split('\n').join(`\n${indent}`);
      expect(messages(readLog(`${head}${set}\n${head}next\n`))).toEqual([whole, 'next']);
    },
  );

  it('is escaped in /dev/kmsg, with what it says of its device below', () => {
    const escaped = whole.replaceAll('\n', '\\x0a').replaceAll('\t', '\\x09');
    const log = readLog(
      `4,17,10000001,-;${escaped}\n SUBSYSTEM=pci\n DEVICE=+pci:0000:07:00.0\n6,18,10000002,-;J\\xc3\\xbcrgen \\x5c\n`,
    );
    expect(messages(log)).toEqual([whole, 'Jürgen \\']);
    expect(codes(log)).toEqual({});
  });

  it('keeps its quoting to itself', () => {
    const quoted = `> [   10.000001] ${whole.split('\n').join('\n> ')}\n> [   11.000000] next\n`;
    expect(messages(readLog(quoted))).toEqual([whole, 'next']);
  });

  it('is a head alone where the lines were filtered out', () => {
    const log = readLog(`[   10.000001] ${DEVICE} [drm] Tile0: GT0:\n[   10.2] ${DEVICE} x\n`);
    expect(messages(log)[0]).toBe(`${DEVICE} [drm] Tile0: GT0:`);
  });

  it('ends at an empty line, and what follows is unknown', () => {
    const log = readLog('[    1.000000] a\n\nThat is what I see.\n[    2.000000] b\n');
    expect(messages(log)).toEqual(['a', 'b']);
    expect(codes(log)).toMatchObject({ 'unrecognised-line': 1 });
    expect(log.problems[0]?.message).toContain('That is what I see.');
  });

  it('does not take in the answer to a quotation', () => {
    const log = readLog('> [    1.000000] a\nCan you bisect?\n> [    2.000000] b\n');
    expect(messages(log)).toEqual(['a', 'b']);
    expect(codes(log)).toMatchObject({ 'unrecognised-line': 1 });
  });

  it('that never ends is cut off', () => {
    const log = readLog(`[    1.000000] a\n${'\tx\n'.repeat(150)}[    2.000000] b\n`);
    expect(String(messages(log)[0]).split('\n')).toHaveLength(101);
    expect(codes(log)).toMatchObject({ 'unrecognised-line': 50 });
  });
});

describe('wrapped lines', () => {
  const text = [
    '[  812.100001] amdgpu 0000:c4:00.0: amdgpu: [gfxhub0] no-retry page fault',
    '(src_id:0 ring:24 vmid:3 pasid:32770, for process render pid 812 thread',
    'render pid 812)',
    '[  812.100002] amdgpu 0000:c4:00.0: amdgpu:   in page starting at address',
    '0x00007f11a2c41000 from client 27',
  ];

  it('are put together with the blanks they had', () => {
    expect(messages(readLog(`${text.join('\n')}\n`))).toEqual([
      'amdgpu 0000:c4:00.0: amdgpu: [gfxhub0] no-retry page fault (src_id:0 ring:24 vmid:3 pasid:32770, for process render pid 812 thread render pid 812)',
      'amdgpu 0000:c4:00.0: amdgpu:   in page starting at address 0x00007f11a2c41000 from client 27',
    ]);
  });

  it('in a quotation as well', () => {
    const quoted = text.map((line) => `> ${line}\n`).join('');
    expect(messages(readLog(quoted))[1]).toContain('address 0x00007f11a2c41000 from');
  });

  it('that mail encoded are decoded', () => {
    const log = readLog(
      '[  812.100001] amdgpu 0000:c4:00.0: amdgpu: [gfxhub0] page fault (src_id:0 =\nring:24)\n' +
        '[  812.100002] name =3D J=C3=BCrgen\n',
    );
    expect(messages(log)).toEqual([
      'amdgpu 0000:c4:00.0: amdgpu: [gfxhub0] page fault (src_id:0 ring:24)',
      'name = Jürgen',
    ]);
  });

  it('are none where an equals sign ends a line of a log that is wide', () => {
    const wide = `[    1.000000] ${'x'.repeat(100)}`;
    const log = readLog(`${wide}\n[    2.000000] ${'a'.repeat(56)}==\n[    3.000000] c\n`);
    expect(log.records).toHaveLength(3);
  });
});

describe('lines taken out by hand', () => {
  it.each(['...', '......', '[...]', '[snip]', '…', '> ...', '<snip>', '--- 8< ---'])(
    '%s',
    (fold) => {
      const log = readLog(`[    1.000000] a\n${fold}\n[    2.000000] b\n`);
      expect(messages(log)).toEqual(['a', 'b']);
      expect(log.problems).toMatchObject([{ code: 'left-out-by-hand', severity: 'info' }]);
    },
  );

  it('as a number stay in the text', () => {
    expect(messages(readLog('[    1.000000] a fault (x25)\n'))).toEqual(['a fault (x25)']);
  });
});

describe('damage', () => {
  it('a lost first letter and a line that breaks off are records', () => {
    const log = readLog(
      '[    1.000000] NFO: task gpu:12 blocked for more than 120 sec\n[    2.000000] am',
    );
    expect(messages(log)).toEqual(['NFO: task gpu:12 blocked for more than 120 sec', 'am']);
  });

  it('a prefix that breaks off is no record of its own', () => {
    expect(readLog('[    1.000000] a\n[    2.00').records).toHaveLength(1);
  });

  it('carriage returns and a missing last line feed', () => {
    expect(messages(readLog('[    1.000000] a\r\n[    2.000000] b\r\n[    3.000000] c'))).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  it('colours', () => {
    const log = readLog(
      '\u001b[32m[    1.000000] \u001b[0m\u001b[33mxe 0000:07:00.0: \u001b[0ma\u001b[K\n',
    );
    expect(messages(log)).toEqual(['xe 0000:07:00.0: a']);
  });

  it('bytes that are no UTF-8', () => {
    const log = readLog(Buffer.from('[    1.000000] caf\u00e9\n', 'latin1'));
    expect(messages(log)).toEqual(['caf\u00e9']);
  });

  it('prose around it is counted and shown', () => {
    const log = readLog('Hi all,\nsee below.\n\n[    1.000000] a\n');
    expect(messages(log)).toEqual(['a']);
    expect(log.problems).toMatchObject([{ code: 'unrecognised-line', count: 2 }]);
    expect(log.header.lines).toEqual({ total: 4, unrecognised: 2 });
  });

  it('what a page of the web or a terminal puts around it is no part of a record', () => {
    const log = readLog(
      'I see:\n```text\n[    1.000000] a\n```\n[    2.000000] b\nme@rig:~$ dmesg | tail -1\n[    3.000000] c\n[root@rig ~]# journalctl -k\n[    4.000000] d\nlines 1-4/4 (END)\n',
    );
    expect(messages(log)).toEqual(['a', 'b', 'c', 'd']);
    expect(codes(log)).toEqual({ 'unrecognised-line': 3 });
  });

  it('a line of a trace inside is a record', () => {
    const line = 'umr:cs0-812     [003] .....   77.120345: dma_fence_signaled: driver=amdgpu';
    const log = readLog(`[   77.120345] a\n[   77.120346] ${line}\n`);
    expect(messages(log)).toEqual(['a', line]);
    expect(codes(readLog(`[   77.1] a\n[   77.120345] b\n[   77.120346] c\n${line}\n`))).toEqual(
      {},
    );
  });
});

describe('what the log itself says is missing', () => {
  it('is a loss between the records around it', () => {
    const log = readLog(
      '[    1.000000] a\n** 37 printk messages dropped **\n[    2.000000] ** 5 printk messages dropped **\n[    2.500000] b\n',
    );
    expect(log.losses).toMatchObject([
      { events: 37, from: 0, to: 1_000_000_000, kind: 'dropped' },
      { events: 5, from: 0, to: 1_000_000_000, kind: 'dropped' },
    ]);
    expect(codes(log)).toEqual({ 'lost-records': 2 });
  });

  it('by journald as well, which need not know how many', () => {
    const log = readLog(
      'Mar 03 07:08:09 rig kernel: a\nMar 03 07:08:10 rig systemd-journald[301]: Missed 12 kernel messages\n' +
        'Mar 03 07:08:10 rig systemd-journald[301]: /dev/kmsg buffer overrun, some messages lost.\nMar 03 07:08:11 rig kernel: b\n',
    );
    expect(log.losses.map(({ events }) => events)).toEqual([12, null]);
    expect(messages(log)).toEqual(['a', 'b']);
  });

  it('is no loss where it is a limit of the rate', () => {
    const log = readLog('[    1.000000] dmar_fault: 893 callbacks suppressed\n');
    expect(log.losses).toEqual([]);
    expect(log.records).toHaveLength(1);
  });
});

describe('other programs', () => {
  const journal = [
    'Mar 03 07:08:09 rig systemd[1]: Starting a thing',
    'Mar 03 07:08:09 rig kernel: amdgpu 0000:c4:00.0: amdgpu: a',
    'Mar 03 07:08:10 rig sddm-helper: no pid',
    '    more of that',
    'Mar 03 07:08:11 rig kernel: b',
  ].join('\n');

  it('are left out of a whole journal, with the lines that belong to them', () => {
    const log = readLog(journal);
    expect(messages(log)).toEqual(['amdgpu 0000:c4:00.0: amdgpu: a', 'b']);
    expect(codes(log)).toMatchObject({ 'other-programs': 2 });
  });

  it('alone are no log of the kernel', () => {
    const alone = 'Mar 03 07:08:09 rig systemd[1]: Starting a thing\n';
    expect(() => readLog(alone)).toThrow(/no line of the kernel, only of other programs/);
  });

  it('are what systemd shows on the console', () => {
    const log = readLog(
      '[    1.000000] a\n[\u001b[0;32m  OK  \u001b[0m] Reached target\n[FAILED] Failed to start\n[    2.000000] b\n',
    );
    expect(messages(log)).toEqual(['a', 'b']);
    expect(codes(log)).toEqual({ 'other-programs': 2 });
  });

  it('are not told from the kernel where a line only looks as if it said who speaks', () => {
    const head = '2025-03-03T07:08:09,120345+01:00';
    const lines = [
      'Booting kernel: x',
      'amdgpu 0000:c4:00.0: amdgpu: a',
      'xe 0000:07:00.0: b',
      'PM: c',
    ];
    const log = readLog(lines.map((line) => `${head} ${line}\n`).join(''));
    expect(log.records).toHaveLength(4);
  });

  it('are not told from the kernel by words alone', () => {
    const line = '2025-03-03T07:08:09,120345+01:00 amdgpu 0000:c4:00.0: amdgpu: a';
    expect(readLog(`${line}\n`).records).toHaveLength(1);
    expect(readLog('[    1.000000] systemd[1]: Reached target\n').records).toHaveLength(1);
  });
});

describe('what is no log of the kernel', () => {
  it.each([
    ['the log of Xorg', '[    22.704] (II) LoadModule: "glx"\n[    22.705] (II) Loading\n'],
    ['of some program', '2025-03-03 07:08:09 INFO started\n2025-03-03 07:08:10 INFO done\n'],
    ['JSON', '{"a": 1}\n'],
    ['a list of times', '07:08:09 breakfast\n'],
    ['an assignment', '__CURSOR_COLOUR=red\n'],
  ])('%s', (_, text) => {
    expect(() => readLog(text)).toThrow(TraceError);
  });

  it('a trace that has a log inside', () => {
    const trace = [
      '# tracer: nop',
      '#',
      '          render-812     [003] .....   77.120345: console: [   77.120340] amdgpu: a',
      '          render-812     [003] .....   77.120346: console: [   77.120341] amdgpu: b',
    ].join('\n');
    const format = withText(`${trace}\n`, ({ header }) => header.format, openCapture);
    expect(format).toBe('ftrace');
    const headless = trace.split('\n').slice(2).join('\n');
    expect(withText(`${headless}\n`, ({ header }) => header.format, openCapture)).toBe('ftrace');
  });
});
