/**
 * `npm run bench:perf [-- trace.dat…]`: the cost of `svm-trace analyze` of a perf.data against
 * `perf script >/dev/null` on the same file, in interleaved rounds. Without arguments the events are
 * generated; a trace.dat given is rewritten as perf.data. Fails when the target is missed.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generate } from './generate.ts';
import { type Cost, measure } from './measure.ts';
import { traceToPerf } from './trace-to-perf.ts';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const EVENTS = 5_000_000;
const ROUNDS = 3;
const TARGET = 0.3;
const PEAK_LIMIT_MB = 250;
const EXIT_COULD_NOT_RUN = 2;

const folder = mkdtempSync(join(tmpdir(), 'svm-trace-perf-bench-'));
let missed = 0;
try {
  const given = process.argv.slice(2);
  const generated = join(folder, 'generated.dat');
  if (given.length === 0) generate(generated, EVENTS);
  for (const trace of given.length > 0 ? given : [generated]) {
    const capture = join(folder, 'bench.perf.data');
    const events = traceToPerf(trace, capture, EVENTS);
    const megabytes = Math.round(statSync(capture).size / (1 << 20));
    console.log(`${events} events of ${trace} as perf.data, ${megabytes} MiB`);
    await compare(capture);
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = missed === 0 ? 0 : 1;

async function compare(capture: string): Promise<void> {
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const script = await measure('perf', ['script', '-i', capture]);
    const analysis = await measure(process.execPath, [CLI, 'analyze', capture, '--quiet']);
    if (analysis.exitCode === null || analysis.exitCode >= EXIT_COULD_NOT_RUN) {
      throw new Error(`svm-trace analyze ended with ${analysis.exitCode}`);
    }
    const ratio = analysis.cpuSeconds / script.cpuSeconds;
    ratios.push(ratio);
    const isSmall = analysis.peakMegabytes <= PEAK_LIMIT_MB;
    if (!isSmall) missed++;
    console.log(
      `  perf script ${text(script)}; analyze ${text(analysis)}${isSmall ? '' : ' MISSES'}; ${ratio.toFixed(3)}x`,
    );
  }
  ratios.sort((a, b) => a - b);
  const median = ratios[ratios.length >> 1] ?? Number.NaN;
  if (!(median <= TARGET)) missed++;
  console.log(
    `  median ${median.toFixed(3)}x ${median <= TARGET ? 'within' : 'MISSES'} ${TARGET}x`,
  );
}

function text({ cpuSeconds, peakMegabytes }: Cost): string {
  return `${cpuSeconds.toFixed(2)} s CPU, ${peakMegabytes.toFixed(0)} MiB`;
}
