/** What is still being written: it is ended by Ctrl-C, and what came so far is used. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Result } from '../src/analyzers/result.ts';
import { openInput, openParts } from '../src/parsers/detect.ts';
import { LiveStream } from '../src/parsers/unwrap/live-stream.ts';
import { isTraceFile } from '../src/parsers/unwrap/trace-file.ts';
import { ROOT } from './cli.ts';
import { scratch } from './scratch.ts';

const TEXT = join(ROOT, 'fixtures/s612-svm-stall-text/svm-stall-text.ftrace.txt');
const STACKS = join(ROOT, 'fixtures/c612-stacktrace-text/stacktrace-text.ftrace.txt');
const TIME_LIMIT_MS = 30_000;

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Temporary files of ours. */
  readonly left: readonly string[];
}

/**
 * Runs a command on a FIFO.
 * @param then bash, once the child `$child` waits; the FIFO is descriptor 7, `$err` what it says
 */
function onFifo(command: readonly string[], then: readonly string[]): Run {
  const folder = scratch('live');
  const script = [
    'mkfifo fifo; mkdir tmp; export TMPDIR=$PWD/tmp',
    `(cd ${ROOT} && exec ${process.execPath} --import tsx src/cli.ts ${command.join(' ')}) >out 2>err &`,
    'child=$!; exec 7>fifo',
    'told() { until grep -q "$1" "$2"; do sleep 0.05; done; }',
    ...then,
    'wait $child; echo "code $?"',
  ].join('\n');
  const done = spawnSync('bash', ['-c', script], {
    cwd: folder,
    encoding: 'utf8',
    timeout: TIME_LIMIT_MS,
    env: { ...process.env, NO_COLOR: '1', FIFO: join(folder, 'fifo') },
  });
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  return {
    code: Number(/code (\d+)/.exec(done.stdout)?.[1] ?? -1),
    stdout: read('out'),
    stderr: read('err'),
    left: readdirSync(join(folder, 'tmp')).filter((name) => name.startsWith('svm-trace')),
  };
}

describe('Ctrl-C while a FIFO is read', () => {
  it('ends it: what came so far is analysed, but for the line that breaks off', () => {
    const run = onFifo(
      ['analyze', '$FIFO', '--json', '--fail-on', 'never'],
      [
        `cat ${TEXT} >&7; printf '  svmload-7 [001] d..1. 9999.1: dma_fence_in' >&7`,
        'told live err',
        'kill -INT $child',
      ],
    );
    expect(run.stderr).toMatch(/fifo is read live: Ctrl-C ends it/);
    expect(run.code).toBe(0);
    const result = JSON.parse(run.stdout) as Result;
    expect(result.capture.facts['read from']).toBe('pipe, until interrupted');
    expect(result.findings.map(({ detector }) => detector)).toContain('invalidate-stall');
    expect(result.problems.map(({ code }) => code)).not.toContain('unrecognised-line');
    expect(run.left).toEqual([]);
  });

  it('lets the recorder write what it still holds', () => {
    const run = onFifo(
      ['info', '$FIFO', '--json'],
      [
        `head -n 40 ${TEXT} >&7; told live err`,
        `kill -INT $child; sleep 0.3; tail -n +41 ${TEXT} >&7; exec 7>&-`,
      ],
    );
    const { capture } = JSON.parse(run.stdout) as { capture: Result['capture'] };
    const whole = readFileSync(TEXT, 'utf8')
      .split('\n')
      .filter((line) => /^ .*\[\d+\]/.test(line));
    expect(capture.events).toBe(whole.length);
    expect(capture.facts['read from']).toBe('pipe');
  });

  it('a second time gives up, and so does the first where nothing came', () => {
    const twice = onFifo(
      ['analyze', '$FIFO'],
      [`cat ${TEXT} >&7; told live err`, 'kill -INT $child; sleep 0.3; kill -INT $child'],
    );
    expect(twice).toMatchObject({ code: 130, stdout: '', left: [] });
    expect(twice.stderr).toMatch(/interrupted; nothing was kept/);
    const nothing = onFifo(['analyze', '$FIFO'], ['told live err; kill -INT $child']);
    expect(nothing).toMatchObject({ code: 130, stdout: '', left: [] });
  });
});

describe('events of a FIFO', () => {
  it('are printed as they come, with all lines that belong to them', () => {
    const lines = readFileSync(STACKS, 'utf8').split('\n');
    const before = lines.findIndex((line, n) => n > 60 && line.includes('dma_fence_emit'));
    const run = onFifo(
      ['events', '$FIFO'],
      [
        `head -n ${before} ${STACKS} >&7`,
        // seen before the FIFO ends
        'told dma_fence_init out; told live err',
        `tail -n +${before + 1} ${STACKS} >&7; sleep 0.5`,
        'kill -INT $child',
      ],
    );
    const plain = spawnSync(process.execPath, ['--import', 'tsx', 'src/cli.ts', 'events', STACKS], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect(run.code).toBe(0);
    expect(run.stdout).toBe(plain.stdout);
    expect(run.left).toEqual([]);
  });

  it('stop at the limit, over all that came', async () => {
    const run = onFifo(
      ['events', '$FIFO', '--limit', '3', '--json', '-q'],
      [
        `grep -v '^#' ${TEXT} | head -n 2 >&7; told '"id":2' out`,
        `grep -v '^#' ${TEXT} | tail -n +3 >&7; wait $child; exec 7>&-`,
      ],
    );
    const ids = run.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).id);
    expect(ids).toEqual([1, 2, 3]);
    expect(run.stderr).toBe('');
  });

  it('of a file are one part', async () => {
    const parts = [];
    for await (const part of openParts(TEXT)) {
      parts.push(part.header.sizeBytes);
      part.close();
    }
    expect(parts).toHaveLength(1);
  });
});

describe('a stream', () => {
  async function* forever(): AsyncGenerator<Uint8Array> {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      yield Buffer.from('line\n');
    }
  }

  it('that is never silent ends all the same, and says how much came', async () => {
    const controller = new AbortController();
    const told: number[] = [];
    const live = new LiveStream(
      forever(),
      { finish: controller.signal, onStream: ({ lines }) => told.push(lines) },
      0,
    );
    let chunks = 0;
    for await (const _ of live) if (++chunks === 3) controller.abort();
    expect(live.wasFinished).toBe(true);
    expect(chunks).toBe(3);
    expect(told).toEqual([0, 1, 2, 3, 3]);
  });

  it('that fails is not taken for one that ended', async () => {
    // biome-ignore lint/correctness/useYield: it fails before it gives anything
    async function* failing(): AsyncGenerator<Uint8Array> {
      throw new Error('gone');
    }
    const live = new LiveStream(failing(), {}, 0);
    await expect(live[Symbol.asyncIterator]().next()).rejects.toThrow('gone');
  });
});

it('files of tracefs are streams, others are not', async () => {
  expect(isTraceFile(TEXT)).toBe(false);
  expect(isTraceFile(join(ROOT, 'missing'))).toBe(false);
  (await openInput(TEXT)).close();
});
