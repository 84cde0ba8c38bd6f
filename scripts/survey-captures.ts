/**
 * Says of every file of a folder what svm-trace makes of it: other people's captures, in a table.
 *
 *   npm run survey -- <folder or file…> [--match <regular expression>]
 *
 * Per file: format, events, lines and those not recognised, parts not read, or the sentence it is
 * refused with. The samples of a perf.data are compared with `perf script -F comm,tid,cpu,time,event`
 * as far as they are tracepoints' and the installed perf can read them. Exit 1 when a sample differs,
 * or when anything but a TraceError ends the reading.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { printEvents } from '../src/commands/events.ts';
import { TraceError } from '../src/errors.ts';
import { openInput } from '../src/parsers/detect.ts';
import type { Capture } from '../src/parsers/parser.ts';

const { values, positionals } = parseArgs({
  options: { match: { type: 'string', default: '' } },
  allowPositionals: true,
});
const wanted = new RegExp(values.match);
/** `comm tid [cpu] time: system:event:`, of a tracepoint; `cycles:pp` is a counter with modifiers. */
const SAMPLE = /^(.*?\d+\.\d+:)\s+(?:\d+\s+)?(?![\w-]+:[ukhpPGHSDIeW]{1,6}:)([\w-]+:[\w-]+):/;
const EXITED = ':-1 -1 ';
const PERF_FIELDS = ['comm,tid,cpu,time,event', 'comm,tid,time,event'];

interface Row {
  readonly file: string;
  readonly text: string;
  readonly lines: number;
  readonly unrecognised: number;
  readonly events: number;
  readonly isRefused: boolean;
  readonly isWrong: boolean;
}

if (positionals.length === 0) {
  console.error('which folder or file?');
  process.exit(2);
}
const rows: Row[] = [];
for (const root of positionals) {
  for (const path of filesIn(root)) {
    const row = await rowOf(path, root === path ? path : relative(root, path));
    rows.push(row);
    console.log(`${row.file}\n    ${row.text}`);
  }
}
const sum = (count: (row: Row) => number) => rows.reduce((total, row) => total + count(row), 0);
console.log(
  `\n${rows.length} files: ${rows.filter(({ isRefused }) => !isRefused).length} read, ` +
    `${rows.filter(({ isRefused }) => isRefused).length} refused, ` +
    `${count(sum(({ events }) => events))} events; ${count(sum(({ lines }) => lines))} lines of text, ` +
    `${count(sum(({ unrecognised }) => unrecognised))} of them not recognised; ` +
    `${rows.filter(({ isWrong }) => isWrong).length} wrong`,
);
if (rows.some(({ isWrong }) => isWrong)) process.exitCode = 1;

function count(value: number): string {
  return value.toLocaleString('en');
}

function filesIn(root: string): string[] {
  if (statSync(root).isFile()) return [root];
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((name) => join(root, name))
    .filter((path) => wanted.test(path) && (statSync(path).isFile() || isDirectoryOfPerf(path)))
    .filter((path) => !isDirectoryOfPerf(dirname(path)))
    .sort();
}

/** What `perf record --threads` makes is one capture. */
function isDirectoryOfPerf(path: string): boolean {
  return existsSync(join(path, 'data.0')) && existsSync(join(path, 'data'));
}

async function rowOf(path: string, file: string): Promise<Row> {
  const nothing = { file, lines: 0, unrecognised: 0, events: 0 };
  try {
    const capture = await openInput(path);
    try {
      return readRow(capture, path, file);
    } finally {
      capture.close();
    }
  } catch (error) {
    if (!(error instanceof TraceError)) {
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { ...nothing, text: `FAILED: ${why}`, isRefused: true, isWrong: true };
    }
    const sentence = error.message.replaceAll(path, 'it');
    const { text, isWrong } = refusedSamples(path);
    return { ...nothing, text: `refused: ${sentence}${text}`, isRefused: true, isWrong };
  }
}

function readRow(capture: Capture, path: string, file: string): Row {
  for (const batch of capture.batches()) {
    for (let i = 0; i < batch.length; i++) {
      const type = capture.header.eventTypes[batch.type[i] as number];
      if (type) capture.print(type, batch.fields(i));
    }
  }
  const { header, counts, problems, losses } = capture;
  const events = counts.reduce((total, one) => total + one.events, 0);
  const types = counts.filter((one) => one.events > 0).length;
  const { total = 0, unrecognised = 0 } = header.lines ?? {};
  const lost = problems.filter(({ severity }) => severity !== 'info');
  const samples = header.format === 'perf.data' ? comparedSamples(path) : undefined;
  const parts = [
    `${header.format} ${header.version}: ${count(events)} events of ${types} types`,
    ...(header.lines ? [`${count(total)} lines, ${count(unrecognised)} not recognised`] : []),
    ...(losses.length > 0 ? [`${losses.length} losses`] : []),
    ...(samples ? [samples.text] : []),
    ...lost.map(({ code, count: times }) => (times > 1 ? `${code} x ${count(times)}` : code)),
  ];
  return {
    file,
    text: parts.join('; '),
    lines: total,
    unrecognised,
    events,
    isRefused: false,
    isWrong: samples?.isWrong ?? false,
  };
}

interface Compared {
  readonly text: string;
  readonly isWrong: boolean;
}

/** Each sample by its task, CPU, time and event. */
function comparedSamples(path: string): Compared {
  const theirs = perfSamples(path);
  if (theirs === undefined) return { text: 'perf cannot read it', isWrong: false };
  const ours = samplesOf(ownText(path));
  let different = Math.abs(ours.length - theirs.length);
  let exited = 0;
  let first = '';
  for (let n = 0; n < Math.min(ours.length, theirs.length); n++) {
    if (ours[n] === theirs[n]) continue;
    if (isOfExited(theirs[n] ?? '', ours[n] ?? '')) {
      exited++;
      continue;
    }
    different++;
    first ||= ` (first: perf ${theirs[n]}, svm-trace ${ours[n]})`;
  }
  const but =
    exited === 0 ? '' : ` but for the threads of ${count(exited)}, which perf does not know`;
  const equal = different === 0 ? `all equal${but}` : `${different} differ${first}`;
  return {
    text: `perf script shows ${count(theirs.length)} tracepoint samples, ${equal}`,
    isWrong: different > 0,
  };
}

/** perf calls a thread that has exited `:-1 -1`; the event itself says which it is. */
function isOfExited(theirs: string, ours: string): boolean {
  return theirs.startsWith(EXITED) && ours.endsWith(` ${theirs.slice(EXITED.length)}`);
}

/** What is refused must hold no tracepoint's sample. */
function refusedSamples(path: string): Compared {
  if (!/perf|\.data/.test(path)) return { text: '', isWrong: false };
  const theirs = perfSamples(path);
  if (theirs === undefined) return { text: '; perf script cannot read it', isWrong: false };
  return {
    text: `; perf script shows ${count(theirs.length)} tracepoint samples`,
    isWrong: theirs.length > 0,
  };
}

/** undefined when perf cannot read it. */
function perfSamples(path: string): string[] | undefined {
  for (const fields of PERF_FIELDS) {
    const run = spawnSync('perf', ['script', '-i', path, '-F', fields], { maxBuffer: 2 ** 30 });
    if (run.status === 0) return samplesOf(run.stdout.toString());
  }
  return undefined;
}

function samplesOf(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const [, place, event] = SAMPLE.exec(line) ?? [];
    return place === undefined ? [] : [`${place.trim().replaceAll(/\s+/g, ' ')} ${event}`];
  });
}

function ownText(path: string): string {
  let text = '';
  printEvents(path, { style: 'no-plugins' }, (chunk) => {
    text += chunk;
    return true;
  });
  return text;
}
