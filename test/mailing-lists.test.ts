/** docs/mailing-lists.md: what five threads foresaw is found, and by what is shown. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import { detectors } from '../src/analyzers/detectors/index.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CAPTURE = /\.(dat|perf\.data|report\.txt(\.gz)?)$/;

interface Row {
  readonly failure: string;
  readonly detector: string;
  readonly recordings: readonly string[];
  readonly tests: readonly string[];
}

const page = readFileSync(join(ROOT, 'docs/mailing-lists.md'), 'utf8');
const rows: readonly Row[] = [
  ...page.matchAll(/^\| (.+?) +\| \[(.+?)\]\(.+?\) +\| (.+?) +\|$/gm),
].map(([, failure = '', detector = '', shown = '']) => ({
  failure,
  detector,
  recordings: [...shown.matchAll(/`(.+?)`/g)].map(([, name = '']) => name),
  tests: [...shown.matchAll(/“(.+?)”/g)].map(([, title = '']) => title),
}));

/** Titles of all tests, as they are written. */
const titles = new Set(
  [join(ROOT, 'test'), join(ROOT, 'src/analyzers/detectors')].flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.test.ts'))
      .flatMap((file) => [
        ...readFileSync(join(folder, file), 'utf8').matchAll(
          /\)?\(\s*'((?:[^'\\]|\\.)+)',\s*(?:async )?\(/g,
        ),
      ])
      .map(([, title = '']) => title.replaceAll("\\'", "'")),
  ),
);

describe.each(rows.map((row) => [row.failure, row] as const))('%s', (_, row) => {
  it('has a detector, and is shown by something', () => {
    expect(detectors.map(({ meta }) => meta.id)).toContain(row.detector);
    expect(row.recordings.length + row.tests.length).toBeGreaterThan(0);
    for (const title of row.tests) expect(titles).toContain(title);
  });

  it.each(row.recordings)('is found in %s', async (name) => {
    const folder = join(ROOT, 'fixtures', name);
    const file = readdirSync(folder)
      .filter((one) => CAPTURE.test(one))
      .toSorted((a, b) => Number(a.includes('report')) - Number(b.includes('report')))[0];
    const { result } = await analyze(join(folder, file ?? ''), { strict: true });
    const found = result.findings.filter(
      ({ detector, severity }) => detector === row.detector && severity !== 'info',
    );
    expect(found.length).toBeGreaterThan(0);
    for (const finding of found) expect(finding.evidence.length).toBeGreaterThan(0);
  });
});

it('covers the five threads', () => {
  expect(page.match(/^## /gm)).toHaveLength(5);
  expect(rows.length).toBeGreaterThan(30);
});
