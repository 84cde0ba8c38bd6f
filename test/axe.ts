/** What stands in the way of assistive technology on an open page. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Rows and marks are like those before them, and thousands of them take minutes. */
const REPEATED = [
  'tbody tr:nth-child(n+20)',
  '.plot path:nth-child(n+20)',
  '.lane rect, .lane text',
];

/** Of the serious ones, each with its element and what is missing. */
export async function violations(page: Page): Promise<string[]> {
  // not a script element: the page's own policy would refuse it
  await page.evaluate(AXE);
  const { violations: found } = await page.evaluate<AxeResults>(
    `axe.run({ exclude: ${JSON.stringify(REPEATED)} })`,
  );
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
    );
}
