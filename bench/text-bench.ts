/**
 * `npm run bench:text`: the cost of `svm-trace analyze` of text. The real events of
 * fixtures/c612-lost-events (sched, kmem, fences, probes) are repeated with later times until there
 * are 1 and 5 million lines, as the text of tracefs and as that of `trace-cmd report`. Prints lines
 * per second of CPU, Node's start taken off, and fails when a target is missed.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { type Cost, measure } from './measure.ts';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const RECORDING = fileURLToPath(
  new URL('../fixtures/c612-lost-events/lost-events.report.txt.gz', import.meta.url),
);
const MILLION = 1_000_000;
const ROUNDS = 3;
const TARGET_LINES_PER_SECOND = MILLION;
const PEAK_LIMIT_MB = 250;
const EXIT_COULD_NOT_RUN = 2;

/** `comm-pid [cpu]`, time, name and payload of the recording's lines. */
const lines = gunzipSync(readFileSync(RECORDING))
  .toString()
  .split('\n')
  .flatMap((line) => {
    const match = /^(.{16}-\d+ +\[\d+\]) +(\d+)\.(\d{6}): (\S+): +(.*)$/.exec(line);
    if (!match) return [];
    const [, task = '', seconds, fraction = '', name = '', payload = ''] = match;
    return [{ task, seconds: Number(seconds), fraction, name, payload }];
  });
const span = (lines.at(-1)?.seconds ?? 0) - (lines[0]?.seconds ?? 0) + 1;

const forms = {
  'ftrace text': {
    head: '# tracer: nop\n#\n',
    line: (task: string, time: string, name: string, payload: string) =>
      `${task} d..2. ${time}: ${name}: ${payload}\n`,
  },
  'trace-cmd report': {
    head: 'cpus=3\n',
    line: (task: string, time: string, name: string, payload: string) =>
      `${task} ${time}: ${`${name}:`.padEnd(21)} ${payload}\n`,
  },
};

const folder = mkdtempSync(join(tmpdir(), 'svm-trace-text-bench-'));
let missed = 0;
try {
  const start = await analyze(write('start', forms['ftrace text'], 1));
  for (const [name, form] of Object.entries(forms)) {
    for (const count of [MILLION, 5 * MILLION])
      await judge(name, write('capture', form, count), count, start);
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = missed === 0 ? 0 : 1;

function write(name: string, { head, line }: (typeof forms)['ftrace text'], count: number): string {
  const path = join(folder, name);
  const file = openSync(path, 'w');
  writeSync(file, head);
  for (let written = 0, round = 0; written < count; round++) {
    const part = lines
      .slice(0, count - written)
      .map(({ task, seconds, fraction, name: event, payload }) => {
        const time = `${String(seconds + round * span).padStart(5)}.${fraction}`;
        return line(task, time, event, payload);
      });
    writeSync(file, part.join(''));
    written += part.length;
  }
  closeSync(file);
  return path;
}

async function judge(name: string, capture: string, count: number, start: Cost): Promise<void> {
  const costs: Cost[] = [];
  for (let round = 0; round < ROUNDS; round++) costs.push(await analyze(capture));
  costs.sort((a, b) => a.cpuSeconds - b.cpuSeconds);
  const { cpuSeconds, peakMegabytes } = costs[ROUNDS >> 1] as Cost;
  const speed = count / (cpuSeconds - start.cpuSeconds);
  const isGood = speed >= TARGET_LINES_PER_SECOND && peakMegabytes <= PEAK_LIMIT_MB;
  if (!isGood) missed++;
  console.log(
    `${name}, ${count / MILLION} M lines: ${cpuSeconds.toFixed(2)} s CPU, ${(speed / MILLION).toFixed(2)} M lines/s, ${peakMegabytes.toFixed(0)} MB ${isGood ? 'within' : 'MISSES'} ${TARGET_LINES_PER_SECOND / MILLION} M lines/s and ${PEAK_LIMIT_MB} MB`,
  );
}

async function analyze(capture: string): Promise<Cost> {
  const cost = await measure(process.execPath, [CLI, 'analyze', capture, '--quiet']);
  if (cost.exitCode === null || cost.exitCode >= EXIT_COULD_NOT_RUN) {
    throw new Error(`svm-trace analyze ended with ${cost.exitCode}`);
  }
  return cost;
}
