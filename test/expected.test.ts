/** What an independent program and a reader of the golden texts found in the committed recordings. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import { detectors } from '../src/analyzers/detectors/index.ts';
import { compare, type ExpectedCapture } from './expected.ts';

const FIXTURES = join(dirname(fileURLToPath(import.meta.url)), '../fixtures');
const expected = JSON.parse(readFileSync(join(FIXTURES, 'expected.json'), 'utf8')) as Record<
  string,
  ExpectedCapture
>;
const ids = new Set(detectors.map((detector) => detector.meta.id));

it.each(Object.entries(expected))('%s', async (name, wanted) => {
  const capture = join(
    FIXTURES,
    name.replace(/\.report\.txt(\.gz)?$/, '.dat').replace(/\.script\.txt$/, '.perf.data'),
  );
  const { result } = await analyze(capture, { strict: true });
  const { mustMissed, violations, overclaims, unexplained } = compare(wanted, result, ids);
  expect({ mustMissed, violations, overclaims, unexplained }).toEqual({
    mustMissed: [],
    violations: [],
    overclaims: [],
    unexplained: [],
  });
});
