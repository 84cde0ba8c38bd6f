/**
 * `npm run coverage [-- --check]`: which recording or test shows each detector firing, silent, and
 * unable to decide. Analyses every committed recording, runs the detectors' own tests, and writes
 * docs/detector-coverage.md; fails when a detector lacks one of the three, or neither a recording nor
 * a test through the whole line shows it firing; with --check also when the page is stale.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { analyze } from '../src/analyzers/analyze.ts';
import { detectors } from '../src/analyzers/detectors/index.ts';
import { TraceError } from '../src/errors.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const PAGE = join(ROOT, 'docs/detector-coverage.md');
/** Of more examples the first are enough. */
const EXAMPLES = 3;
/** It tells how the others ended, and is never silent for long. */
const ABOUT_RECORDING = 'tool-blind';

const COLUMNS = ['fires', 'silent', 'undecidable'] as const;
type Column = (typeof COLUMNS)[number];
type Examples = Record<Column, { recordings: string[]; tests: string[] }>;

interface Noted {
  readonly detector: string;
  readonly outcome: string;
  /** A finding more than suspected. */
  readonly sure: boolean;
  readonly test: string;
}

const shown = new Map<string, Examples>(detectors.map(({ meta }) => [meta.id, noExamples()]));
await lookAtRecordings();
lookAtTests();
write();

function noExamples(): Examples {
  return {
    fires: { recordings: [], tests: [] },
    silent: { recordings: [], tests: [] },
    undecidable: { recordings: [], tests: [] },
  };
}

async function lookAtRecordings(): Promise<void> {
  for (const name of readdirSync(join(ROOT, 'fixtures')).sort()) {
    const folder = join(ROOT, 'fixtures', name);
    if (!existsSync(join(folder, 'README.md')) && !/^[cs]\d/.test(name)) continue;
    const capture = readdirSync(folder).find((file) => /\.dat$|\.data$|\.ftrace\.txt$/.test(file));
    if (capture === undefined) continue;
    try {
      const { result } = await analyze(join(folder, capture), { figures: false });
      for (const { detector, outcome } of result.detectors) {
        const own = result.findings.filter((finding) => finding.detector === detector);
        const sure = own.some(({ confidence }) => confidence !== 'suspect');
        shown.get(detector)?.[columnOf(outcome, sure)].recordings.push(name);
      }
    } catch (error) {
      // some recordings are there to be refused
      if (!(error instanceof TraceError)) throw error;
    }
  }
}

/** A finding that is only suspected is how a detector says that it cannot be sure. */
function columnOf(outcome: string, sure: boolean): Column {
  if (outcome === 'clean') return 'silent';
  return outcome === 'findings' && sure ? 'fires' : 'undecidable';
}

function lookAtTests(): void {
  const folder = mkdtempSync(join(tmpdir(), 'svm-trace-coverage-'));
  const file = join(folder, 'outcomes');
  try {
    execFileSync('npx', ['vitest', 'run', 'src/analyzers/detectors'], {
      cwd: ROOT,
      env: { ...process.env, DETECTOR_OUTCOMES: file },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    for (const line of readFileSync(file, 'utf8').trim().split('\n').sort()) {
      const { detector, outcome, sure, test } = JSON.parse(line) as Noted;
      const tests = shown.get(detector)?.[columnOf(outcome, sure)].tests;
      if (test !== '' && tests !== undefined && !tests.includes(test)) tests.push(test);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function exampleText({ recordings, tests }: Examples[Column]): string {
  const named = [
    ...recordings.slice(0, EXAMPLES).map((name) => `\`${name}\``),
    ...tests.slice(0, EXAMPLES).map((name) => `“${name.replaceAll('|', '\\|')}”`),
  ];
  const more = recordings.length + tests.length - named.length;
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Whole captures that tests write for a detector that fires in no recording; undefined = none. */
function writtenFor(detector: string): string | undefined {
  const sources = readdirSync(join(ROOT, 'test'))
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => [name, readFileSync(join(ROOT, 'test', name), 'utf8')] as const)
    .filter(([, text]) => text.includes(`'${detector}'`))
    .map(([name, text]) => {
      const kernels = new Set([...text.matchAll(/kernel: '([\d.]+)'/g)].map(([, one]) => one));
      const from =
        kernels.size > 0 ? `the formats of Linux ${[...kernels].join(', ')}` : 'log lines';
      return `${from} (test/${name})`;
    });
  return sources.length === 0 ? undefined : `no recording, written from ${sources.join(' and ')}: `;
}

function write(): void {
  const missing: string[] = [];
  const rows = [...shown].map(([detector, examples]) => {
    const cells = COLUMNS.map((column) => {
      const { recordings, tests } = examples[column];
      if (recordings.length + tests.length === 0 && detector !== ABOUT_RECORDING) {
        missing.push(`${detector}: nothing shows it ${column}`);
      }
      const written = column === 'fires' && recordings.length === 0 ? writtenFor(detector) : '';
      if (written === undefined) missing.push(`${detector}: only rows of objects show it firing`);
      return `${written ?? ''}${exampleText(examples[column])}` || '–';
    });
    return `| [${detector}](detectors.md#${detector}) | ${cells.join(' | ')} |`;
  });
  const text = [
    '# What shows each detector',
    '',
    'Generated by `npm run coverage` from the recordings under `fixtures/` (named as folders) and from the tests of the detectors (quoted). A detector that can say no more than *suspect* counts as undecidable. Where kernel code cannot produce a situation without hardware, or no recording happens to hold it, whole captures are written from the event formats of real kernels.',
    '',
    '| detector | fires | silent | undecidable |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
  const stale = !existsSync(PAGE) || readFileSync(PAGE, 'utf8') !== text;
  if (process.argv.includes('--check')) {
    if (stale) missing.push('docs/detector-coverage.md is stale: npm run coverage');
  } else if (stale) {
    writeFileSync(PAGE, text);
    process.stderr.write('wrote docs/detector-coverage.md\n');
  }
  for (const line of missing) process.stderr.write(`${line}\n`);
  process.exitCode = missing.length > 0 ? 1 : 0;
}
