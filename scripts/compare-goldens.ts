/**
 * Compares what `events` prints with what `trace-cmd report` prints, line by line.
 *
 *   npm run goldens -- <folder or capture…> [--run] [-N] [-R] [-t] [-l] [--head N]
 *
 * A capture `x.dat` is compared with the golden `x.report.txt` or `x.report.txt.gz` beside it. With
 * `--run`, with options, or where there is no golden, the installed trace-cmd is asked.
 * Lines that differ must be listed in golden-exceptions.json with the reason; others fail the run.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { printEvents } from '../src/commands/events.ts';
import { type Comparison, compareLines, type KnownException } from './compare-lines.ts';
import { addTo, capturesIn, conclude, goldenText } from './golden-captures.ts';

const FLAGS = new Set(['-N', '-R', '-t', '-l']);

const args = process.argv.slice(2);
const flags = args.filter((arg) => FLAGS.has(arg));
const headAt = args.indexOf('--head');
const headValue = headAt < 0 ? -1 : headAt + 1;
const head = headAt < 0 ? Number.POSITIVE_INFINITY : Number(args[headValue]);
const isRun = args.includes('--run') || flags.length > 0;
const paths = args.filter((arg, i) => !arg.startsWith('-') && i !== headValue);
const exceptions: KnownException[] = JSON.parse(
  readFileSync(new URL('golden-exceptions.json', import.meta.url), 'utf8'),
);

if (paths.length === 0) {
  console.error('which folder or capture?');
  process.exit(2);
}
const sum: Comparison = { compared: 0, equal: 0, exceptions: [], differences: [] };
let captures = 0;
for (const path of paths.flatMap((path) => capturesIn(path, '.dat'))) {
  const golden = goldenOf(path);
  if (golden === undefined) {
    console.log(`${path}: no golden, and trace-cmd cannot read it`);
    continue;
  }
  captures++;
  const ours = ownText(path);
  const result = compareLines(golden, ours, path, exceptions);
  addTo(sum, result);
  if (result.differences.length > 0) show(path, result);
}
for (const { path, line, reason, theirs, ours } of sum.exceptions) {
  console.log(`exception ${path}:${line}: ${reason}\n  trace-cmd: ${theirs}\n  svm-trace: ${ours}`);
}
conclude(captures, sum);

function goldenOf(path: string): string | undefined {
  const text = isRun ? undefined : goldenText(path.replace(/\.dat$/, '.report.txt'));
  if (text !== undefined) return cut(text);
  const pipe = Number.isFinite(head) ? `| head -n ${head}` : '';
  const run = spawnSync(
    'sh',
    ['-c', `trace-cmd report ${flags.join(' ')} "$0" 2>/dev/null ${pipe}`, path],
    {
      maxBuffer: 2 ** 30,
    },
  );
  const report = run.stdout.toString();
  return report === '' ? undefined : cut(report);
}

function cut(text: string): string {
  if (!Number.isFinite(head)) return text;
  return `${text.split('\n').slice(0, head).join('\n')}\n`;
}

function ownText(path: string): string {
  let text = '';
  let lines = 0;
  printEvents(
    path,
    {
      style: flags.includes('-R') ? 'raw' : flags.includes('-N') ? 'no-plugins' : 'plugins',
      nanoseconds: flags.includes('-t'),
      latency: flags.includes('-l'),
    },
    (chunk) => {
      text += chunk;
      if (Number.isFinite(head)) lines += chunk.split('\n').length - 1;
      return lines <= head;
    },
  );
  return cut(text);
}

function show(path: string, { differences }: Comparison): void {
  console.log(`${path}: ${differences.length} lines differ`);
  for (const { line, theirs, ours } of differences.slice(0, 5)) {
    console.log(`  ${line}\n    trace-cmd: ${theirs}\n    svm-trace: ${ours}`);
  }
}
