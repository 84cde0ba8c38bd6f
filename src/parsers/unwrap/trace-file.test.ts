/** trace_pipe as a FIFO plays it: without anything to read, reading it fails with EAGAIN. */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { scratch } from '../../../test/scratch.ts';
import { TraceFile } from './trace-file.ts';

let writer: number | undefined;
afterEach(() => {
  if (writer !== undefined) closeSync(writer);
  writer = undefined;
});

interface Pipe {
  readonly file: TraceFile;
  write(text: string): void;
  /** What `tracing_on` says. */
  turn(on: boolean): void;
}

function pipe(folder: string, tracingOn: string): Pipe {
  const path = join(folder, 'trace_pipe');
  spawnSync('mkfifo', [path]);
  const turn = (on: boolean) => writeFileSync(tracingOn, on ? '1\n' : '0\n');
  turn(true);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  writer = openSync(path, 'w');
  const file = new TraceFile(path);
  closeSync(reader);
  return { file, turn, write: (text) => void writeSync(writer as number, text) };
}

async function textOf(file: TraceFile): Promise<string> {
  let text = '';
  for await (const chunk of file) text += chunk;
  return text;
}

it('waits for more as long as tracing is on', async () => {
  const folder = scratch('tracefs');
  const { file, write, turn } = pipe(folder, join(folder, 'tracing_on'));
  const text = textOf(file);
  await setTimeout(120);
  write('one\n');
  await setTimeout(120);
  write('two\n');
  await setTimeout(120);
  turn(false);
  expect(await text).toBe('one\ntwo\n');
});

it('does not end before something was read, though tracing is off', async () => {
  const folder = scratch('tracefs');
  const { file, write, turn } = pipe(folder, join(folder, 'tracing_on'));
  turn(false);
  const text = textOf(file);
  await setTimeout(120);
  write('late\n');
  expect(await text).toBe('late\n');
});

it('ends when it is destroyed, and when there is nothing more', async () => {
  const folder = scratch('tracefs');
  const { file } = pipe(folder, join(folder, 'tracing_on'));
  const text = textOf(file).catch((error: Error) => error.message);
  file.destroy(new Error('enough'));
  expect(await text).toBe('enough');
  const plain = join(folder, 'trace');
  writeFileSync(plain, 'all of it\n');
  expect(await textOf(new TraceFile(plain))).toBe('all of it\n');
});

it('cannot be made of a file that is not there', () => {
  expect(() => new TraceFile(join(scratch('tracefs'), 'none'))).toThrow('ENOENT');
});
