/**
 * The report of every recording in fixtures/, and a page that leads to them: so that a change to the
 * reports can be looked at as a whole.
 *
 *   npm run gallery [-- <folder to write to>] [--match <regular expression>]
 */
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { analyze } from '../src/analyzers/analyze.ts';
import type { Severity } from '../src/analyzers/finding.ts';
import type { Result } from '../src/analyzers/result.ts';
import { TraceError } from '../src/errors.ts';
import { headline } from '../src/reports/headline.ts';
import { Document } from '../src/reports/html/document.tsx';
import { Island } from '../src/reports/html/island.tsx';
import { renderHtml } from '../src/reports/html/render-html.tsx';
import type { TableData } from '../src/reports/html/tables/table-data.ts';
import { byImportance, isAboutRecording, SEVERITIES } from '../src/reports/importance.ts';
import { count } from '../src/reports/units.ts';
import { visible } from '../src/reports/visible.ts';
import { sampleResult } from '../test/sample-result.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FIXTURES = join(ROOT, 'fixtures');
const CAPTURE = /\.(dat|perf\.data|ftrace\.txt)$/;

interface Entry {
  readonly name: string;
  /** File name beside the index. */
  readonly page: string;
  readonly headline: string;
  readonly worst: Severity | null;
  readonly findings: number;
  readonly sizeBytes: number;
}

const { values, positionals } = parseArgs({
  options: { match: { type: 'string', default: '' } },
  allowPositionals: true,
});
const folder = positionals[0] ?? join(ROOT, 'out/gallery');
const wanted = new RegExp(values.match);
mkdirSync(folder, { recursive: true });

const entries: Entry[] = [];
for (const inputs of recordings()) {
  const name = inputs.map((path, n) => (n === 0 ? path : basename(path))).join(' + ');
  if (!wanted.test(name)) continue;
  try {
    const { result } = await analyze(
      // pages are shown to others: no folders of this machine
      inputs.map((path) => relative(process.cwd(), join(FIXTURES, path))),
    );
    entries.push(entryOf(name, result));
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    console.log(`${name}\n    refused: ${error.message}`);
  }
}
if (wanted.test('hostile names')) entries.push(entryOf('hostile names', sampleResult()));
writeFileSync(
  join(folder, 'index.html'),
  `<!doctype html>\n${renderToString(<Index entries={entries} />)}\n`,
);
console.log(`${entries.length} reports: ${relative(process.cwd(), join(folder, 'index.html'))}`);

/** Each recording alone, and with the kernel log that was taken beside it. */
function recordings(): string[][] {
  const paths = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).sort();
  const logs = new Set(paths.filter((path) => basename(path) === 'dmesg.txt'));
  return paths
    .filter((path) => CAPTURE.test(path))
    .flatMap((path) => {
      const log = join(dirname(path), 'dmesg.txt');
      return logs.has(log) ? [[path], [path, log]] : [[path]];
    });
}

function entryOf(name: string, result: Result): Entry {
  const findings = result.findings.filter((finding) => !isAboutRecording(finding));
  const page = `${name.replaceAll(/[^\w.+-]+/g, '-')}.html`;
  const path = join(folder, page);
  writeFileSync(path, renderHtml(result));
  const [worst] = byImportance(findings);
  const entry = {
    name,
    page,
    headline: visible(headline(result)),
    worst: worst?.severity ?? null,
    findings: findings.length,
    sizeBytes: statSync(path).size,
  };
  console.log(`${name}\n    ${entry.headline}`);
  return entry;
}

function Index({ entries }: { readonly entries: readonly Entry[] }): VNode {
  return (
    <Document title="svm-trace: reports of the fixtures" plots={[]}>
      <main>
        <header class="summary">
          <p class="kicker">svm-trace gallery</p>
          <h1>{count(entries.length)} reports of the recordings in fixtures/</h1>
        </header>
        <section>
          <Island name="table" props={{ table: indexTable(entries) }} />
        </section>
      </main>
    </Document>
  );
}

function indexTable(entries: readonly Entry[]): TableData {
  const rank = (worst: Severity | null): number =>
    worst === null ? SEVERITIES.length : SEVERITIES.indexOf(worst);
  return {
    label: 'Reports',
    rows: entries.length,
    isWhole: true,
    columns: [
      {
        title: 'Recording',
        type: 'text',
        cells: entries.map(({ page }) => page),
        labels: Object.fromEntries(entries.map(({ page, name }) => [page, name])),
        link: { prefix: '' },
      },
      {
        title: 'Worst',
        type: 'number',
        cells: entries.map(({ worst }) => rank(worst)),
        texts: entries.map(({ worst }) => worst ?? 'none'),
        badges: entries.map(({ worst }) => (worst === null ? '' : `badge ${worst}`)),
      },
      { title: 'Headline', type: 'text', cells: entries.map((entry) => entry.headline) },
      { title: 'Findings', type: 'count', cells: entries.map(({ findings }) => findings) },
      { title: 'Size', type: 'bytes', cells: entries.map(({ sizeBytes }) => sizeBytes) },
    ],
  };
}
