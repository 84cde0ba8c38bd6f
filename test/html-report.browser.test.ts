/** The report of every committed recording, opened in a browser: no complaint, and the truth on top. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import { renderHtml } from '../src/reports/html/render-html.tsx';
import { launchBrowser, openReport, withoutBrowser } from './browser.ts';
import { HEADLINES, misread } from './headlines.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url));

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
    expect(captures.length).toBeGreaterThanOrEqual(40);
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
    expect(await page.locator('.incident:visible').count()).toBe(result.incidents.length);
    expect(await page.locator('.incident .finding').count()).toBe(shown.length);
    expect(await page.locator('#timeline .lane:not(.axis)').count()).toBe(result.timeline.length);
    const facts = HEADLINES[path];
    const title = (await page.locator('h1').textContent()) ?? '';
    if (facts !== undefined) expect(misread(title, facts), title).toEqual([]);
    expect(complaints).toEqual([]);
    await close();
  });
});
