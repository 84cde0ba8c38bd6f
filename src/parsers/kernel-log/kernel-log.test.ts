import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openCapture } from '../detect.ts';
import type { Capture, Fields } from '../parser.ts';

const folder = mkdtempSync(join(tmpdir(), 'svm-trace-log-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Seen {
  readonly ts: number;
  readonly cpu: number;
  readonly tid: number;
  readonly boot: string;
  readonly fields: Fields;
}

function open(text: string): Capture {
  const path = join(folder, 'log');
  writeFileSync(path, text);
  return openCapture(path);
}

function read(text: string): { capture: Capture; records: Seen[] } {
  const capture = open(text);
  const records: Seen[] = [];
  for (const batch of capture.batches()) {
    for (let i = 0; i < batch.length; i++) {
      records.push({
        ts: batch.ts[i] ?? -1,
        cpu: batch.cpu[i] ?? -1,
        tid: batch.tid[i] ?? -1,
        boot: capture.header.buffers[batch.buffer[i] ?? -1]?.name ?? '?',
        fields: batch.fields(i),
      });
    }
  }
  capture.close();
  return { capture, records };
}

describe('dmesg', () => {
  it('gives printk:console events in the time of the kernel', () => {
    const { capture, records } = read(
      '[    0.000000] Linux version 6.14.3-lab (me@there) (gcc 14) #7 SMP Mon May 4\n[   12.500001] xe 0000:07:00.0: [drm] wedged\n',
    );
    expect(capture.header).toMatchObject({
      format: 'kernel log',
      version: 'dmesg',
      clock: { name: 'printk', unit: 'ns', base: 0n },
      uname: 'Linux unknown 6.14.3-lab #7 SMP Mon May 4',
      eventTypes: [{ system: 'printk', name: 'console' }],
    });
    expect(records.at(-1)).toEqual({
      ts: 12_500_001_000,
      cpu: -1,
      tid: -1,
      boot: '',
      fields: { msg: 'xe 0000:07:00.0: [drm] wedged' },
    });
  });
});
