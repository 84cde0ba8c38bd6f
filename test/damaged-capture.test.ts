/**
 * What is proven from a part of a recording must not be contradicted by the whole of it: neither
 * where the recording stopped early nor where events were lost.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { CUTS, compareParts, LOSSES } from './contradictions.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));
/** The larger ones hold the same situations, more often. */
const LARGEST_BYTES = 200_000;

const captures = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.dat$|\.perf\.data$/.test(name))
  .filter((name) => statSync(join(FIXTURES, name)).size < LARGEST_BYTES)
  .sort();

const proven = { cut: 0, lossy: 0 };

describe.each(captures)('%s', (name) => {
  it('proves nothing from its beginning that the whole contradicts', async () => {
    const comparison = await compareParts(join(FIXTURES, name), CUTS);
    expect(comparison.contradicted).toEqual([]);
    proven.cut += comparison.proven;
  });

  it('proves nothing from what losses left that the whole contradicts', async () => {
    const comparison = await compareParts(join(FIXTURES, name), LOSSES);
    expect(comparison.contradicted).toEqual([]);
    proven.lossy += comparison.proven;
  });
});

// Silence would pass every test above.
afterAll(() => {
  expect(proven.cut).toBeGreaterThan(10);
  expect(proven.lossy).toBeGreaterThan(10);
});
