/**
 * Compares what `events` prints of perf.data files with what `perf script` prints, line by line.
 *
 *   npx tsx scripts/compare-perf-goldens.ts <folder or capture…> [--run]
 *
 * A capture `x.perf.data` is compared with the golden `x.script.txt` or `x.script.txt.gz` beside it;
 * with `--run`, or where there is no golden, the installed perf is asked.
 * Lines that differ must be listed in perf-exceptions.json with the reason; others fail the run.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { printEvents } from '../src/commands/events.ts';
import { type Comparison, compareLines, type KnownException } from './compare-lines.ts';
import { addTo, capturesIn, conclude, goldenText } from './golden-captures.ts';

const args = process.argv.slice(2);
const isRun = args.includes('--run');
const paths = args.filter((arg) => !arg.startsWith('-'));
const exceptions: KnownException[] = JSON.parse(
  readFileSync(new URL('perf-exceptions.json', import.meta.url), 'utf8'),
);
if (paths.length === 0) {
  console.error('which folder or capture?');
  process.exit(2);
}

const sum: Comparison = { compared: 0, equal: 0, exceptions: [], differences: [] };
let captures = 0;
for (const path of paths.flatMap((path) => capturesIn(path, '.perf.data'))) {
  const golden = goldenOf(path);
  if (golden === undefined) {
    console.log(`${path}: no golden, and perf cannot read it`);
    continue;
  }
  captures++;
  const result = compareLines(golden, ownText(path), path, exceptions);
  addTo(sum, result);
  for (const { line, theirs, ours } of result.differences.slice(0, 5)) {
    console.log(`${path}:${line}\n    perf script: ${theirs}\n    svm-trace:   ${ours}`);
  }
}
const reasons = new Map<string, number>();
for (const { reason } of sum.exceptions) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
for (const [reason, count] of reasons) console.log(`${count} exceptions: ${reason}`);
conclude(captures, sum);

function goldenOf(path: string): string | undefined {
  const text = isRun ? undefined : goldenText(path.replace(/\.perf\.data$/, '.script.txt'));
  if (text !== undefined) return text;
  const run = spawnSync('perf', ['script', '-i', path], { maxBuffer: 2 ** 30 });
  const script = run.stdout.toString();
  return script === '' ? undefined : script;
}

function ownText(path: string): string {
  let text = '';
  printEvents(path, { style: 'no-plugins' }, (chunk) => {
    text += chunk;
    return true;
  });
  return text;
}
