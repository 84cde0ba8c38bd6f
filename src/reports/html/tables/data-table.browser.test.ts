import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, openReport, withoutBrowser } from '../../../../test/browser.ts';
import { HOSTILE_NAMES, sampleResult } from '../../../../test/sample-result.ts';
import type { ObjectTable } from '../../../analyzers/result.ts';
import { renderHtml } from '../render-html.tsx';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const ROWS = 10_000;
/** What a window of rows may hold, with those above and below it. */
const MOST_ROWS_MADE = 60;

const [fences] = sampleResult().objects;
if (fences === undefined) throw new Error('the sample has fences');

/** As many fences as a large capture has; every third never signalled. */
const many: ObjectTable = {
  ...fences,
  total: 1_000_000,
  rows: Array.from({ length: ROWS }, (_, n) => {
    const row = fences.rows[n % fences.rows.length] ?? [];
    return row.map((cell, column) => {
      const { name } = fences.columns[column] ?? {};
      if (name === 'id') return n + 1;
      // the longest are not the last
      if (name === 'wait_ns') return ((n * 7_919) % ROWS) * 1_000;
      return cell;
    });
  }),
};

describe.skipIf(withoutBrowser())('a table of 10,000 objects in Chromium', () => {
  const html = renderHtml(sampleResult({ objects: [many] }));
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
  });

  const details = (page: Page): Locator => page.locator('#objects-fence');
  const rows = (page: Page): Locator => details(page).locator('tbody tr:not(.gap)');
  const head = (page: Page, title: string): Locator =>
    details(page).locator('th', { has: page.getByRole('button', { name: title, exact: true }) });

  /** Of the first row on the screen. */
  async function firstRow(page: Page): Promise<Record<string, string>> {
    const titles = await details(page).locator('th').allTextContents();
    const cells = await rows(page).first().locator('td').allTextContents();
    return Object.fromEntries(titles.map((title, n) => [title, cells[n] ?? '']));
  }

  async function open(hash = '') {
    const opened = await openReport(browser, html);
    const { page } = opened;
    await page.evaluate((wanted) => {
      if (wanted !== '') location.hash = wanted;
    }, hash);
    if (hash === '') await details(page).locator('summary').click();
    await details(page).locator('table.virtual').waitFor();
    return opened;
  }

  it('makes only the rows on the screen, and says how many there are', async () => {
    const { page, complaints, close } = await open();
    expect(await rows(page).count()).toBeLessThan(MOST_ROWS_MADE);
    const table = details(page).locator('table');
    expect(await table.getAttribute('aria-rowcount')).toBe(String(ROWS + 1));
    await details(page)
      .locator('.scroll')
      .evaluate((scroller) => {
        scroller.scrollTop = scroller.scrollHeight;
      });
    const last = details(page).locator(`#object-fence-${ROWS}`);
    await last.waitFor();
    expect(await last.getAttribute('aria-rowindex')).toBe(String(ROWS + 1));
    expect(await rows(page).count()).toBeLessThan(MOST_ROWS_MADE);
    expect(complaints).toEqual([]);
    await close();
  });

  it('sorts by a click and by a key, and says so', async () => {
    const { page, complaints, close } = await open();
    // findings first, until something else is asked for
    expect(await head(page, 'findings').getAttribute('aria-sort')).toBe('ascending');
    await head(page, 'wait').getByRole('button').click();
    expect(await head(page, 'wait').getAttribute('aria-sort')).toBe('descending');
    expect(await head(page, 'findings').getAttribute('aria-sort')).toBe('none');
    expect((await firstRow(page)).wait).toBe('9.999 ms');
    await page.keyboard.press('Enter');
    expect(await head(page, 'wait').getAttribute('aria-sort')).toBe('ascending');
    expect((await firstRow(page)).wait).toBe('0 ns');
    await head(page, 'signaled').getByRole('button').press('Space');
    expect(await head(page, 'signaled').getAttribute('aria-sort')).toBe('ascending');
    expect((await firstRow(page)).signaled).toMatch(/^\+0\.0/);
    await page.keyboard.press('Space');
    // what is not known stands last in both directions
    expect((await firstRow(page)).signaled).toMatch(/^\+/);
    expect(await rows(page).count()).toBeLessThan(MOST_ROWS_MADE);
    expect(complaints).toEqual([]);
    await close();
  });

  it('filters by text, by findings and by thread', async () => {
    const { page, complaints, close } = await open();
    const status = details(page).getByRole('status');
    const search = details(page).getByRole('searchbox');
    await search.fill('3.456 ms');
    await expectText(status, '1 of 10,000 rows.');
    expect((await firstRow(page)).wait).toBe('3.456 ms');
    await search.fill('nothing has this');
    await expectText(status, '0 of 10,000 rows.');
    await details(page).getByRole('button', { name: 'Clear' }).click();
    await expectText(status, '');
    expect(await search.inputValue()).toBe('');
    await details(page).getByRole('checkbox', { name: 'in findings only' }).check();
    await expectText(status, '2 of 10,000 rows.');
    expect(await rows(page).locator('a[href="#fence-never-signalled-9f8e7d6c"]').count()).toBe(1);
    await details(page).getByRole('checkbox').uncheck();
    const [, thread] = await details(page).locator('option').allTextContents();
    await details(page).getByRole('combobox').selectOption({ index: 1 });
    await expectText(status, /^\d{3} of 10,000 rows\.$/);
    expect((await firstRow(page)).owner_tid).toBe(thread);
    expect(complaints).toEqual([]);
    await close();
  });

  it('shows the row that an address asks for: far down, or filtered out', async () => {
    const { page, complaints, close } = await open('object-fence-7777');
    const row = page.locator('#object-fence-7777');
    await row.waitFor();
    expect(await row.getAttribute('aria-current')).toBe('true');
    await page.waitForFunction(() => document.activeElement?.id === 'object-fence-7777');
    expect(await isSeen(row)).toBe(true);
    await details(page).getByRole('searchbox').fill('3.456 ms');
    await row.waitFor({ state: 'detached' });
    await page.evaluate(() => {
      location.hash = '#object-fence-42';
    });
    await page.locator('#object-fence-42[aria-current]').waitFor();
    await page.waitForFunction(() => document.activeElement?.id === 'object-fence-42');
    expect(await isSeen(page.locator('#object-fence-42'))).toBe(true);
    expect(await row.count()).toBe(0);
    expect(complaints).toEqual([]);
    await close();
  });

  it('says so where a row is only in the database', async () => {
    const { page, complaints, close } = await open('object-fence-777777');
    await expectText(details(page).getByRole('status'), /777777 .*only in the database/);
    expect(complaints).toEqual([]);
    await close();
  });

  it('is led to by the objects of findings, and leads back to them', async () => {
    const { page, complaints, close } = await openReport(browser, html);
    await page.locator('.incident dd a[href="#object-fence-2"]').first().click();
    await page.locator('#object-fence-2[aria-current]').waitFor();
    const link = page.locator('#object-fence-2 a[href="#invalidate-stall-0a1b2c3d"]');
    await link.press('Enter');
    expect(await page.locator('#invalidate-stall-0a1b2c3d').isVisible()).toBe(true);
    expect(await page.locator('#object-fence-2 a[href^="#timeline-fence-2"]').count()).toBe(1);
    expect(complaints).toEqual([]);
    await close();
  });

  it('keeps the row that has the focus, and goes on from it by Tab', async () => {
    const { page, complaints, close } = await open('object-fence-500');
    await page.waitForFunction(() => document.activeElement?.id === 'object-fence-500');
    const scroller = details(page).locator('.scroll');
    await scroller.evaluate((element) => {
      element.scrollTop = 0;
    });
    await page.locator('#object-fence-2').waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('object-fence-500');
    await page.keyboard.press('Tab');
    // the focus has scrolled to it, and its neighbours are made
    await page.locator('#object-fence-501').waitFor();
    await page.keyboard.press('Tab');
    const row = await page.evaluate(() => document.activeElement?.closest('tr')?.id);
    expect(row).toMatch(/^object-fence-50[01]$/);
    expect(complaints).toEqual([]);
    await close();
  });

  it('shows hostile cells as text', async () => {
    const { page, complaints, close } = await open();
    const search = details(page).getByRole('searchbox');
    for (const name of HOSTILE_NAMES.filter((candidate) => /[<&"]/.test(candidate))) {
      await search.fill(name);
      const cells = await rows(page).locator('td').allTextContents();
      expect(cells, name).toContain(name);
    }
    expect(await details(page).locator('td :is(script, img, svg)').count()).toBe(0);
    expect(complaints).toEqual([]);
    await close();
  });

  it('fits a telephone and suits assistive technology, folded out and filtered', async () => {
    const { page, complaints, close } = await open('object-fence-7777');
    for (const [colorScheme, width] of [
      ['dark', 390],
      ['light', 1280],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      await page.evaluate(AXE);
      const { violations } = await page.evaluate<AxeResults>(`axe.run('#objects')`);
      const serious = violations.filter(({ impact }) => /serious|critical/.test(impact ?? ''));
      expect(serious.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
    }
    expect(complaints).toEqual([]);
    await close();
  });

  it('can be read and printed without a script', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.setContent(html.replace(/<script>.*?<\/script>/gs, ''));
    await details(page).locator('summary').click();
    expect(await rows(page).count()).toBe(20);
    expect((await firstRow(page)).findings).toContain('fence-never-signalled-9f8e7d6c');
    await context.close();
  });

  it('prints the first rows', async () => {
    const { page, complaints, close } = await open('object-fence-7777');
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    await page.waitForFunction(
      () => document.querySelectorAll('#objects-fence tbody tr').length === 200,
    );
    expect(await details(page).locator('.gap').count()).toBe(0);
    await page.evaluate(() => dispatchEvent(new Event('afterprint')));
    await details(page).locator('table.virtual').waitFor();
    expect(complaints).toEqual([]);
    await close();
  });
});

/** Waits for it: what is said of the rows follows what is done to them. */
async function expectText(locator: Locator, wanted: string | RegExp): Promise<void> {
  const text = async (): Promise<string> => ((await locator.textContent()) ?? '').trim();
  if (typeof wanted === 'string') await expect.poll(text).toBe(wanted);
  else await expect.poll(text).toMatch(wanted);
}

/** Inside its scroller and inside the window. */
function isSeen(row: Locator): Promise<boolean> {
  return row.evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    const frame = element.closest('.scroll')?.getBoundingClientRect();
    return (
      frame !== undefined &&
      top >= Math.max(0, frame.top) &&
      bottom <= Math.min(innerHeight, frame.bottom)
    );
  });
}
