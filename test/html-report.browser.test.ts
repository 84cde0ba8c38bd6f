/** The report of every committed recording, opened in a browser: no complaint, and the truth on top. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import { renderHtml } from '../src/reports/html/render-html.tsx';
import { launchBrowser, openReport, withoutBrowser } from './browser.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));

/** What the headline must name, from each recording's truth.txt; the others need only open. */
const HEADLINES: Readonly<Record<string, readonly RegExp[]>> = {
  's612-svm-stall': [/mprotect/, /4[0-9]{2} ms/, /fence 1:2/],
  's390be-svm-stall': [/mprotect/, /4[0-9]{2} ms/, /fence 1:2/],
  's612-svm-hang': [/munmap/, /5\.\d+ s/, /fence 3:1/],
  's612-svm-die': [/[Ff]ence 8:[34]/, /pending/, /svmload/],
  's612-svm-ghost': [/[78] page faults/, /ESRCH/],
  's612-svm-stall-tsc': [/ticks/],
  'c612-orphan': [/died/, /fence 5:[23]/],
  'c612-swsync-dead': [/died/, /fence 3:[23]/, /ENOENT/],
  'c612-hmm-slow-ebusy': [/EBUSY/, /2\d\d attempts/],
  's612-svm-storm': [/\d+ times/, /invalidations/],
};

const captures = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.dat'))
  .sort();

describe.skipIf(withoutBrowser())('the report of a recording, in Chromium', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
  });

  it('has recordings to open', () => {
    expect(captures.length).toBeGreaterThanOrEqual(Object.keys(HEADLINES).length);
  });

  it.each(captures)('%s', async (path) => {
    const { result } = await analyze(join(FIXTURES, path), { strict: true });
    const { page, complaints, close } = await openReport(browser, renderHtml(result));
    const plots = page.locator('.plot');
    const wanted = await plots.count();
    await page.waitForFunction(
      (number) => document.querySelectorAll('.plot svg').length === number,
      wanted,
    );
    const shown = result.findings.filter(({ detector }) => detector !== 'tool-blind');
    expect(await page.locator('.finding:visible').count()).toBe(shown.length);
    expect(await page.locator('#timeline .lane:not(.axis)').count()).toBe(result.timeline.length);
    const headline = (await page.locator('h1').textContent()) ?? '';
    const [name = ''] = path.split('/');
    for (const fact of HEADLINES[name] ?? []) expect(headline).toMatch(fact);
    expect(complaints).toEqual([]);
    await close();
  });
});
