/**
 * Analyses every capture that an expected.json, or test/expected-recordings.json, names and prints
 * what must be found and was, what must not and was, and what nobody expected; and whether who reads
 * only the headline learns what happened (test/headlines.ts).
 *
 *   npm run expected -- <folder> [--only <part of a name>] [--quiet] [--report-text] [--page]
 *
 * --report-text analyses the texts that trace-cmd and perf made of the captures instead; --page does
 * both and writes docs/recordings.md. Exit 1 when something is missing, violated, overclaimed,
 * unexplained or misread.
 */
import { writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { analyze } from '../src/analyzers/analyze.ts';
import { detectors } from '../src/analyzers/detectors/index.ts';
import type { Result } from '../src/analyzers/result.ts';
import { TraceError } from '../src/errors.ts';
import { headline } from '../src/reports/headline.ts';
import { compare, type ExpectedCapture, type Verdict } from '../test/expected.ts';
import { HEADLINES, misread } from '../test/headlines.ts';
import { CaptureFolder, type Form, statedRecordings } from '../test/stated-recordings.ts';
import { type RecordingRow, recordingTable } from './recording-table.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    quiet: { type: 'boolean' },
    'report-text': { type: 'boolean' },
    page: { type: 'boolean' },
  },
});
const [folder] = positionals;
if (folder === undefined) {
  process.stderr.write('usage: check-expected <folder with expected.json> [--only <name>]\n');
  process.exit(2);
}

const PAGE = fileURLToPath(new URL('../docs/recordings.md', import.meta.url));
const captures = new CaptureFolder(folder);
const ids = new Set(detectors.map((detector) => detector.meta.id));
const total = { captures: 0, unreadable: 0, failed: 0, met: 0, missed: 0, violated: 0, over: 0 };
const seen = { may: 0, mayLeft: 0, unexplained: 0 };
const rows: RecordingRow[] = [];
const headlines = { right: 0, wrong: 0, read: new Set<string>() };

try {
  const forms: Form[] = values.page
    ? ['capture', 'text']
    : [values['report-text'] ? 'text' : 'capture'];
  for (const { name, load, wanted } of statedRecordings(folder)) {
    if (values.only !== undefined && !name.includes(values.only)) continue;
    for (const form of forms) {
      const capture = captures.find(name, form);
      if (form === 'text' && values.page && capture === captures.find(name, 'capture')) continue;
      if (capture !== undefined) {
        const verdict = await check(name, capture, statementFor(name, form, wanted));
        rows.push({ name, load, form, wanted, ...verdict });
      } else if (form === 'capture' || /\.txt(\.gz)?$/.test(name)) total.unreadable += 1;
    }
  }
  await readOtherHeadlines();
} finally {
  captures.close();
}
if (values.page) writeFileSync(PAGE, recordingTable(rows));

console.log(
  `\n${total.captures} captures: ${total.met} must met, ${total.missed} must missed, ${total.violated} must_not violated, ${total.over} overclaimed; ${seen.may} may found, ${seen.mayLeft} may left; ${seen.unexplained} findings unexplained; ${total.failed} captures failed; ${total.unreadable} not readable yet; ${headlines.right} headlines right, ${headlines.wrong} wrong`,
);
process.exitCode =
  total.missed + total.violated + total.over + total.failed + headlines.wrong + seen.unexplained > 0
    ? 1
    : 0;

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
async function readOtherHeadlines(): Promise<void> {
  for (const path of Object.keys(HEADLINES)) {
    const capture = captures.open(path);
    const isWanted = values.only === undefined || path.includes(values.only);
    if (!isWanted || capture === undefined || headlines.read.has(path)) continue;
    readHeadline(path, capture, (await analyze(capture, { strict: true })).result);
  }
}

async function check(
  name: string,
  capture: string,
  wanted: ExpectedCapture,
): Promise<Pick<RecordingRow, 'verdict' | 'result' | 'refused'>> {
  total.captures += 1;
  try {
    const { result } = await analyze(capture, { strict: true });
    readHeadline(name, capture, result);
    const verdict = compare(wanted, result, ids);
    print(name, verdict);
    return { verdict, result };
  } catch (error) {
    if (error instanceof TraceError && refusalExpected(wanted)) {
      total.met += 1;
      if (!values.quiet) console.log(`ok   ${name}: refused: ${error.message}; ${error.hint}`);
      // the page is shown to others: no folders of this machine
      return { refused: error.message.replace(`${dirname(capture)}/`, '') };
    }
    total.failed += 1;
    console.log(`${name}: FAILED ${error instanceof Error ? error.stack : String(error)}`);
    return {};
  }
}

/**
 * What perf script's text only suggests (lost events, a recording of one task) the recording itself
 * states: LOST records, the thread map. The text is not asked for what was lost.
 */
function statementFor(name: string, form: Form, wanted: ExpectedCapture): ExpectedCapture {
  if (!name.includes('.script')) return wanted;
  const about = (what: string) => (entry: ExpectedCapture['must'][number]) =>
    entry.detector === 'tool-blind' && entry.key.what === what;
  const [isLost, isOneTask] = [about('lost'), about('one task recorded')];
  const must =
    form === 'text'
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
