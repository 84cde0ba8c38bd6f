/**
 * `npm run bench [-- options] [capture…]`: the cost of `svm-trace analyze` against
 * `trace-cmd report >/dev/null` on the same file, in interleaved rounds, so that other load on the
 * machine hits both alike. Prints the ratio of CPU times (median of the rounds) and the peak memory,
 * what lifetimes and detectors add to parsing and storing, and fails when a target is missed.
 *
 *   --sizes 1,5,20   millions of events of the generated captures (none: `--sizes ""`); ratios are
 *                    judged from 5 million events on, before that starting Node decides them
 *   --rounds 3       runs of each program on each file
 *   --keep <folder>  put the generated captures there and reuse them next time
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { analysisCost } from './analysis.ts';
import { buildOneRun, detectionCost, removeOneRun } from './detection-cost.ts';
import { generate } from './generate.ts';
import { type Cost, measure } from './measure.ts';

const PEAK_LIMIT_MB = 250;
/** Of the CPU time of parsing and storing, what lifetimes and detectors may add. */
const ADDED_LIMIT = 0.5;
const MILLION = 1_000_000;
const JUDGED_FROM_MILLIONS = 5;

interface Contender {
  readonly name: string;
  /** Highest ratio to trace-cmd's CPU time that is good enough; undefined for trace-cmd itself. */
  readonly target: number | undefined;
  run(capture: string, database: string): Promise<Cost>;
}

const contenders: readonly Contender[] = [
  {
    name: 'trace-cmd report',
    target: undefined,
    run: (capture) => measure('trace-cmd', ['report', '-i', capture]),
  },
  {
    name: 'analyze',
    target: 0.12,
    run: (capture, database) => analysisCost(capture, database),
  },
  {
    name: 'analyze --events all',
    target: 0.6,
    run: (capture, database) => analysisCost(capture, database, ['--events', 'all']),
  },
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sizes: { type: 'string', default: '1,5,20' },
    rounds: { type: 'string', default: '3' },
    keep: { type: 'string' },
  },
});
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'svm-trace-bench-'));
mkdirSync(folder, { recursive: true });
let missed = 0;
await buildOneRun();
try {
  for (const capture of positionals) await compare(capture, 'given', true);
  for (const millions of values.sizes.split(',').filter(Boolean).map(Number)) {
    const capture = join(folder, `generated-${millions}m.dat`);
    if (!existsSync(capture)) generate(capture, millions * MILLION);
    await compare(capture, `${millions} M events generated`, millions >= JUDGED_FROM_MILLIONS);
    if (values.keep === undefined) rmSync(capture);
  }
} finally {
  removeOneRun();
  if (values.keep === undefined) rmSync(folder, { recursive: true });
}
console.log(missed === 0 ? 'all targets met' : `${missed} targets missed`);
process.exitCode = missed === 0 ? 0 : 1;

async function compare(capture: string, what: string, isJudged: boolean): Promise<void> {
  const megabytes = Math.round(statSync(capture).size / (1 << 20));
  console.log(`\n${basename(capture)} (${what}, ${megabytes} MiB)`);
  const costs = new Map<Contender, Cost[]>(contenders.map((contender) => [contender, []]));
  const database = join(folder, 'bench.db');
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const contender of contenders) {
      costs.get(contender)?.push(await contender.run(capture, database));
    }
  }
  const [baseline] = contenders;
  const reference = (baseline && costs.get(baseline)) ?? [];
  console.log('  program                 CPU s   wall s  peak MB   ratio of CPU (each round)');
  for (const contender of contenders) {
    report(contender, costs.get(contender) ?? [], reference, isJudged);
  }
  for (const events of ['default', 'all'] as const)
    reportAdded(capture, database, events, isJudged);
  rmSync(database, { force: true });
}

function report(
  contender: Contender,
  costs: readonly Cost[],
  reference: readonly Cost[],
  isJudged: boolean,
): void {
  const ratios = costs.map((cost, round) => cost.cpuSeconds / (reference[round]?.cpuSeconds ?? 1));
  const peak = Math.max(...costs.map((cost) => cost.peakMegabytes));
  const columns = [
    contender.name.padEnd(21),
    median(costs.map((cost) => cost.cpuSeconds))
      .toFixed(2)
      .padStart(7),
    median(costs.map((cost) => cost.wallSeconds))
      .toFixed(2)
      .padStart(8),
    peak.toFixed(0).padStart(9),
  ];
  if (contender.target === undefined) {
    console.log(`  ${columns.join(' ')}`);
    return;
  }
  const ratio = median(ratios);
  const isFast = ratio <= contender.target;
  const isSmall = peak <= PEAK_LIMIT_MB;
  if (isJudged && !isFast) missed++;
  if (!isSmall) missed++;
  const rounds = ratios.map((each) => each.toFixed(3)).join(' ');
  const speed = isJudged ? `${isFast ? 'within' : 'MISSES'} ${contender.target}x` : '';
  const verdict = [speed, isSmall ? '' : `MISSES ${PEAK_LIMIT_MB} MB`].filter(Boolean).join(', ');
  console.log(`  ${columns.join(' ')}  ${ratio.toFixed(3)}x (${rounds}) ${verdict}`);
}

function reportAdded(
  capture: string,
  database: string,
  events: 'default' | 'all',
  isJudged: boolean,
): void {
  const pairs = Array.from({ length: Number(values.rounds) }, () =>
    detectionCost(capture, database, events),
  );
  const added = median(pairs.map((pair) => pair.added));
  const load = median(pairs.map(({ loadSeconds }) => loadSeconds)).toFixed(2);
  const verdict = median(pairs.map(({ verdictSeconds }) => verdictSeconds)).toFixed(2);
  const isFast = added <= ADDED_LIMIT;
  if (isJudged && !isFast) missed++;
  const each = pairs.map((pair) => pair.added.toFixed(2)).join(' ');
  const judgement = isJudged ? `${isFast ? 'within' : 'MISSES'} ${ADDED_LIMIT}x` : '';
  console.log(
    `  lifetimes and detectors (--events ${events}): ${load} s without, ${verdict} s with: they add ${added.toFixed(2)}x (${each}) ${judgement}`,
  );
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? high) + high) / 2;
}
