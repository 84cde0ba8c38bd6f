/** Names in a capture are hostile: whatever is done with a report of them, they stay text. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import { inspect } from '../src/analyzers/inspect.ts';
import type { Result } from '../src/analyzers/result.ts';
import { renderBugTexts } from '../src/reports/bug-text.ts';
import { renderHtml } from '../src/reports/html/render-html.tsx';
import { renderInfo } from '../src/reports/info.ts';
import { renderMarkdown } from '../src/reports/markdown.ts';
import { renderText } from '../src/reports/text.ts';
import { plainStyle } from '../src/reports/text-style.ts';
import { visible } from '../src/reports/visible.ts';
import { launchBrowser, openReport, withoutBrowser } from './browser.ts';
import { COMMS, hostileCapture, KERNEL_NAMES, LONG_NAMES } from './hostile-capture.ts';
import { sampleResult } from './sample-result.ts';

/** Everything but line breaks, tabs and what can be seen. */
const INVISIBLE = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const SLOW_MACHINE_MS = 120_000;
/** Of parts that are alike, this many are tried. */
const TRIED = 25;

const path = hostileCapture();
const { result } = await analyze(path, { strict: true });
const inspection = await inspect([path]);

async function openAll(page: Page): Promise<void> {
  await page.evaluate(() => {
    for (const part of document.querySelectorAll('details')) part.open = true;
  });
}

/** Does everything a reader could: opens what is folded, points at what is drawn, presses every button. */
async function exercise(page: Page): Promise<void> {
  await openAll(page);
  const wanted = await page.locator('.plot').count();
  await page.waitForFunction(
    (plots) => document.querySelectorAll('.plot svg').length === plots,
    wanted,
  );
  for (const part of ['.lane .bar', '.plot svg path[aria-label]', '[title]', '[data-hop]']) {
    const all = await page.locator(part).all();
    for (const one of all.slice(0, TRIED)) {
      if (await one.isVisible()) await one.hover({ force: true });
    }
  }
  for (const part of ['button', '.lane .bar', 'a[href]']) {
    const all = await page.locator(part).all();
    for (const one of all.slice(0, 2 * TRIED)) {
      if (await one.isVisible()) await one.click({ force: true, noWaitAfter: true });
    }
  }
}

/** What of the page is an element that no component of ours makes. */
async function foreign(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [
      ...document.querySelectorAll(
        'img, iframe, script[src], object, embed, base, link, form:not(.vega-bindings)',
      ),
    ].map((element) => element.outerHTML),
  );
}

describe.skipIf(withoutBrowser())('hostile names in Chromium', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
  });

  async function attacked(hostile: Result): Promise<string> {
    const { page, complaints, close } = await openReport(browser, renderHtml(hostile));
    await exercise(page);
    expect(await page.evaluate(() => 'pwned' in globalThis)).toBe(false);
    expect(await foreign(page)).toEqual([]);
    const links = await page
      .locator('a')
      .evaluateAll((all) =>
        all.map((link) => `${link.getAttribute('href') ?? link.getAttribute('xlink:href')}`),
      );
    for (const link of links) expect(link).toMatch(/^#[\w-]+$/);
    await openAll(page);
    // biome-ignore lint/performance/useDomNodeTextContent: what is shown, not the data of islands
    const text = await page.locator('main').innerText();
    expect(text.match(INVISIBLE)).toBeNull();
    expect(complaints).toEqual([]);
    await close();
    return text;
  }

  it(
    'of a recording stay text, whatever is pressed',
    async () => {
      expect(result.findings.map(({ detector }) => detector)).toEqual(
        expect.arrayContaining(['invalidate-stall', 'fence-error', 'hmm-retry-storm']),
      );
      const text = await attacked(result);
      const { timeline, driver, other, ring, device, vega } = LONG_NAMES;
      for (const name of [
        timeline,
        driver,
        other,
        ring,
        device,
        ...Object.values(COMMS),
        ...KERNEL_NAMES,
      ]) {
        expect(text).toContain(visible(name));
      }
      expect(text).toContain(visible(vega));
      expect(text).toContain('characters)…');
    },
    SLOW_MACHINE_MS,
  );

  it(
    'of every part of a result stay text',
    () => attacked(sampleResult()).then(() => {}),
    SLOW_MACHINE_MS,
  );
});

describe('hostile names as text', () => {
  it.each([
    ['on the terminal', renderText(result, { verbose: true })],
    ['in a bug report', renderBugTexts(result)],
    ['in the description of a capture', renderInfo(inspection, plainStyle, 100)],
    ['in Markdown', renderMarkdown(result, { verbose: true })],
  ])('%s hide nothing', (_, text) => {
    expect(text.match(INVISIBLE)).toBeNull();
    expect(text).toContain('\\u202e');
  });

  it('are no markup in Markdown', () => {
    const prose = renderMarkdown(result, { verbose: true }).replace(/^(`{3,})[\s\S]*?^\1$/gm, '');
    const tags = prose.match(/<\/?[a-z!][^>\n]*>?/gi) ?? [];
    expect(new Set(tags)).toEqual(new Set(['<details>', '</details>', '<summary>', '</summary>']));
  });
});
