/** A kernel log is a capture like any other: beside a recording, packed, through a pipe, as CSV and back. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { createRecognition } from '../src/analyzers/recognition.ts';
import { printEvents } from '../src/commands/events.ts';
import { openCapture, openInput } from '../src/parsers/detect.ts';
import type { Capture } from '../src/parsers/parser.ts';
import { svmTrace, svmTraceReading } from './cli.ts';
import { LOG_SAMPLES } from './log-samples.ts';

const FIXTURE = fileURLToPath(new URL('../fixtures/c612-oom-refused', import.meta.url));
const LOG = join(FIXTURE, 'dmesg.txt');
const folder = mkdtempSync(join(tmpdir(), 'svm-trace-logs-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Said {
  readonly ns: bigint;
  readonly msg: string;
}

function consoleOf(capture: Capture): Said[] {
  const { clock, eventTypes } = capture.header;
  const said: Said[] = [];
  for (const batch of capture.batches()) {
    for (let i = 0; i < batch.length; i++) {
      const type = eventTypes[batch.type[i] as number];
      if (type?.system !== 'printk' || type.name !== 'console') continue;
      const { msg } = batch.fields(i);
      said.push({ ns: clock.base + BigInt(batch.ts[i] as number), msg: String(msg) });
    }
  }
  capture.close();
  return said;
}

const log = consoleOf(openCapture(LOG));

describe('the log of a recorded run', () => {
  it('is of the event type the recording has for the same lines', () => {
    const recorded = consoleOf(openCapture(join(FIXTURE, 'oom-refused.dat')));
    const texts = new Set(recorded.map(({ msg }) => msg.trim()));
    const lost = log.filter(({ msg }) => !texts.has(msg.trim()));
    expect(lost.length).toBeLessThan(log.length / 4);
    const marks = (list: readonly Said[]) =>
      list.filter(({ msg }) => msg.startsWith('lab2 ')).map(({ msg }) => msg);
    expect(marks(log)).toEqual(marks(recorded));
    expect(marks(log)).toHaveLength(2);
  });

  it('packed and through a pipe is the same', async () => {
    const packed = join(folder, 'dmesg.gz');
    writeFileSync(packed, gzipSync(readFileSync(LOG)));
    expect(consoleOf(await openInput(packed))).toEqual(log);
    const { stdout } = svmTraceReading(readFileSync(LOG), 'events', '-');
    expect(stdout).toBe(readFileSync(LOG, 'utf8'));
  });

  it('as CSV and back is the same', () => {
    const db = join(folder, 'log.db');
    const table = join(folder, 'log.csv');
    svmTrace('analyze', LOG, '-o', db);
    svmTrace('export', db, '--csv', table);
    expect(consoleOf(openCapture(table))).toEqual(log);
  });
});

it('pids and pointers hold within one boot of a log', () => {
  const path = join(folder, 'boots');
  writeFileSync(path, '[    5.000000] a\n[    9.000000] b\n-- Reboot --\n[    1.000000] c\n');
  const capture = openCapture(path);
  expect(createRecognition(capture).bootOf).toEqual([0, 1]);
  capture.close();
});

describe('what `events` prints of a log is that log', () => {
  it.each(LOG_SAMPLES)('%s', (name, sample) => {
    const path = join(folder, 'sample');
    writeFileSync(path, sample);
    const first = consoleOf(openCapture(path));
    const printed = join(folder, 'printed');
    let text = '';
    printEvents(path, { style: 'plugins' }, (part) => {
      text += part;
      return true;
    });
    writeFileSync(printed, text);
    const again = consoleOf(openCapture(printed));
    expect(
      again.map(({ msg }) => msg),
      name,
    ).toEqual(first.map(({ msg }) => msg));
  });
});
