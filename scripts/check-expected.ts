/**
 * Analyses every capture that an expected.json names and prints what must be found and was, what
 * must not and was, and what nobody expected; and whether who reads only the headline learns what
 * happened (test/headlines.ts).
 *
 *   npm run expected -- <folder> [--only <part of a name>] [--quiet]
 *
 * Exit 1 when something is missing, violated, overclaimed or misread.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { analyze } from '../src/analyzers/analyze.ts';
import { detectors } from '../src/analyzers/detectors/index.ts';
import type { Result } from '../src/analyzers/result.ts';
import { TraceError } from '../src/errors.ts';
import { headline } from '../src/reports/headline.ts';
import { compare, type ExpectedCapture, type Verdict } from '../test/expected.ts';
import { HEADLINES, misread } from '../test/headlines.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    quiet: { type: 'boolean' },
    'report-text': { type: 'boolean' },
  },
});
const [folder] = positionals;
if (folder === undefined) {
  process.stderr.write('usage: check-expected <folder with expected.json> [--only <name>]\n');
  process.exit(2);
}

const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Record<
  string,
  ExpectedCapture
>;
const ids = new Set(detectors.map((detector) => detector.meta.id));
const scratch = mkdtempSync(join(tmpdir(), 'check-expected-'));
const total = { captures: 0, unreadable: 0, failed: 0, met: 0, missed: 0, violated: 0, over: 0 };
const seen = { may: 0, mayLeft: 0, unexplained: 0 };
const headlines = { right: 0, wrong: 0, read: new Set<string>() };

try {
  for (const [name, wanted] of Object.entries(expected)) {
    if (values.only !== undefined && !name.includes(values.only)) continue;
    const capture = captureOf(folder, name);
    if (capture === undefined) total.unreadable += 1;
    else await check(name, capture, wanted);
  }
  await readOtherHeadlines(folder);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

console.log(
  `\n${total.captures} captures: ${total.met} must met, ${total.missed} must missed, ${total.violated} must_not violated, ${total.over} overclaimed; ${seen.may} may found, ${seen.mayLeft} may left; ${seen.unexplained} findings unexplained; ${total.failed} captures failed; ${total.unreadable} not readable yet; ${headlines.right} headlines right, ${headlines.wrong} wrong`,
);
process.exitCode =
  total.missed + total.violated + total.over + total.failed + headlines.wrong > 0 ? 1 : 0;

/** The statement names the golden text; the capture lies beside it, where the text is none itself. */
function captureOf(root: string, name: string): string | undefined {
  const text = join(root, name.replace(/\.gz$/, ''));
  if (values['report-text']) return unpacked(text);
  const capture = text
    .replace(/\.report\.txt$/, '.dat')
    .replace(/\.script(-ns)?\.txt$/, '.perf.data');
  return unpacked(capture);
}

/** By the capture it is of, or the text made from it. */
function readHeadline(name: string, capture: string, result: Result): void {
  const path = join(dirname(name), basename(capture));
  const facts = HEADLINES[path];
  if (facts === undefined) return;
  headlines.read.add(path);
  const sentence = headline(result);
  const wrong = misread(sentence, facts);
  if (wrong.length === 0) headlines.right += 1;
  else {
    headlines.wrong += 1;
    console.log(`${name}: headline ${wrong.join(', ')}: ${sentence}`);
  }
}

/** Of recordings whose truth nobody has put down finding by finding. */
async function readOtherHeadlines(root: string): Promise<void> {
  for (const path of Object.keys(HEADLINES)) {
    const capture = unpacked(join(root, path));
    const isWanted = values.only === undefined || path.includes(values.only);
    if (!isWanted || capture === undefined || headlines.read.has(path)) continue;
    readHeadline(path, capture, (await analyze(capture, { strict: true })).result);
  }
}

function unpacked(capture: string): string | undefined {
  if (existsSync(capture)) return capture;
  if (!existsSync(`${capture}.gz`)) return undefined;
  const copy = join(scratch, basename(capture));
  writeFileSync(copy, gunzipSync(readFileSync(`${capture}.gz`)));
  return copy;
}

async function check(name: string, capture: string, wanted: ExpectedCapture): Promise<void> {
  total.captures += 1;
  try {
    const { result } = await analyze(capture, { strict: true });
    readHeadline(name, capture, result);
    print(name, compare(name.includes('.script') ? ofPerf(wanted) : wanted, result, ids));
  } catch (error) {
    if (error instanceof TraceError && refusalExpected(wanted)) {
      total.met += 1;
      if (!values.quiet) console.log(`ok   ${name}: refused: ${error.message}; ${error.hint}`);
      return;
    }
    total.failed += 1;
    console.log(`${name}: FAILED ${error instanceof Error ? error.stack : String(error)}`);
  }
}

/**
 * What perf script's text only suggests (lost events, a recording of one task) the recording itself
 * states: LOST records, the thread map. The text is not asked for what was lost.
 */
function ofPerf(wanted: ExpectedCapture): ExpectedCapture {
  const about = (what: string) => (entry: ExpectedCapture['must'][number]) =>
    entry.detector === 'tool-blind' && entry.key.what === what;
  const [isLost, isOneTask] = [about('lost'), about('one task recorded')];
  const must = values['report-text']
    ? wanted.must.filter((entry) => !isLost(entry))
    : wanted.must.map((entry) =>
        isLost(entry) || isOneTask(entry) ? { ...entry, confidence: 'proven' as const } : entry,
      );
  return { ...wanted, must };
}

/** Recordings without times, tasks or names are refused with the option that would have recorded them. */
function refusalExpected({ must }: ExpectedCapture): boolean {
  return must.some(
    ({ detector, key }) =>
      detector === 'tool-blind' && (key.what === 'context-info' || key.what === 'raw'),
  );
}

function print(name: string, verdict: Verdict): void {
  const { mustMet, mustMissed, mayMatched, mayLeft, violations, overclaims, unexplained } = verdict;
  total.met += mustMet;
  total.missed += mustMissed.length;
  total.violated += violations.length;
  total.over += overclaims.length;
  seen.may += mayMatched;
  seen.mayLeft += mayLeft;
  seen.unexplained += unexplained.length;
  const bad = mustMissed.length + violations.length + overclaims.length;
  if (values.quiet && bad === 0) return;
  console.log(
    `${bad === 0 ? 'ok  ' : 'BAD '} ${name}: must ${mustMet}/${mustMet + mustMissed.length}, may ${mayMatched}/${mayMatched + mayLeft}, must_not violated ${violations.length}, overclaimed ${overclaims.length}, unexplained ${unexplained.length}`,
  );
  for (const text of mustMissed) console.log(`       missed     ${text}`);
  for (const text of violations) console.log(`       violated   ${text}`);
  for (const text of overclaims) console.log(`       overclaim  ${text}`);
  for (const text of unexplained) console.log(`       unexplained ${text}`);
}
