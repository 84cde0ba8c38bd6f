/** What an independent program, the loads and a reader of the golden texts found in the committed recordings. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import { detectors } from '../src/analyzers/detectors/index.ts';
import { compare } from './expected.ts';
import { CaptureFolder, statedRecordings } from './stated-recordings.ts';

const FIXTURES = join(dirname(fileURLToPath(import.meta.url)), '../fixtures');
const ids = new Set(detectors.map((detector) => detector.meta.id));
const captures = new CaptureFolder(FIXTURES);
afterAll(() => captures.close());

const recordings = statedRecordings(FIXTURES)
  .map(({ name, wanted }) => ({ name, wanted, capture: captures.find(name, 'capture') }))
  .filter(({ capture }) => capture !== undefined);

it('is stated of recordings of both rounds', () => {
  expect(recordings.length).toBeGreaterThan(40);
});

it.each(recordings)('$name', async ({ wanted, capture = '' }) => {
  const { result } = await analyze(capture, { strict: true });
  const { mustMissed, violations, overclaims, unexplained } = compare(wanted, result, ids);
  expect({ mustMissed, violations, overclaims, unexplained }).toEqual({
    mustMissed: [],
    violations: [],
    overclaims: [],
    unexplained: [],
  });
});
