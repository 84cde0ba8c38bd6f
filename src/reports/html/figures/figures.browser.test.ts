/** Every figure as a browser draws it: no complaint, axes with units, counts, nothing only on hover. */
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, openReport, withoutBrowser } from '../../../../test/browser.ts';
import { ROOT } from '../../../../test/cli.ts';
import { sampleResult } from '../../../../test/sample-result.ts';
import { analyze } from '../../../analyzers/analyze.ts';
import type { Result } from '../../../analyzers/result.ts';
import { renderHtml } from '../render-html.tsx';

/** Invalidations, page faults and exits, retries, jobs, losses; the questions that each can answer. */
const RECORDINGS: Readonly<Record<string, readonly string[]>> = {
  's612-svm-stall/svm-stall.dat': [
    'Whose invalidations take long?',
    'What do invalidations wait for?',
    'Do fences wait for the hardware, or does the hardware take long?',
  ],
  's612-svm-ghost/svm-ghost.dat': ['Do page faults of the GPU go on after its processes exit?'],
  's612-svm-storm/svm-storm.dat': ['Do range faults take long because they are tried again?'],
  'c612-sched-starve/sched-starve.dat': [
    'On which ring do jobs wait before the hardware gets them?',
  ],
  'c612-lost-events/lost-events.dat': ['When were events lost?'],
};

/** A unit of time, of count or of share. */
const UNIT = /\b(ns|µs|ms|s|ticks)\b|%|attempts|page faults|share/;

interface DrawnFigure {
  readonly title: string;
  readonly drawn: boolean;
  /** Of each axis its title and what stands at its ticks. */
  readonly axes: readonly string[];
  readonly text: string;
}

function figures(page: Page): Promise<readonly DrawnFigure[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('#figures figure')].map((figure) => {
      const axes = [...figure.querySelectorAll('.plot svg .mark-group.role-axis')].filter((axis) =>
        axis.querySelector('.role-axis-label'),
      );
      return {
        title: figure.querySelector('h3')?.textContent ?? '',
        drawn: figure.querySelectorAll('.plot svg').length > 0,
        axes: axes.map((axis) =>
          [...axis.querySelectorAll('text')].map((text) => text.textContent).join(' '),
        ),
        text: [...figure.querySelectorAll('p, ul, .plot text')]
          .map((part) => part.textContent)
          .join(' '),
      };
    }),
  );
}

describe.skipIf(withoutBrowser())('figures in Chromium', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
  });

  async function check(result: Result): Promise<readonly DrawnFigure[]> {
    const { page, complaints, close } = await openReport(browser, renderHtml(result));
    const wanted = await page.locator('.plot').count();
    await page.waitForFunction(
      (plots) => document.querySelectorAll('.plot svg').length === plots,
      wanted,
    );
    const all = await figures(page);
    for (const { title, drawn, axes, text } of all.filter((figure) => figure.drawn)) {
      expect(drawn, title).toBe(true);
      expect(axes.length, title).toBeGreaterThan(0);
      for (const axis of axes) expect(axis, title).toMatch(UNIT);
      expect(text, title).toMatch(/\bn (= |> )?[\d,]+|n unknown/);
    }
    // whoever has no pointer reads the same numbers
    for (const summary of await page.locator('details.values summary').all()) {
      await summary.focus();
      await page.keyboard.press('Enter');
    }
    const tables = page.locator('details.values');
    for (const table of await tables.all()) {
      expect(await table.locator('tbody tr').count()).toBeGreaterThan(0);
    }
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    const tooWide = await page.evaluate(
      () =>
        [...document.querySelectorAll('.plot svg')].filter(
          (svg) => svg.getBoundingClientRect().right > innerWidth,
        ).length,
    );
    expect(tooWide).toBe(0);
    expect(complaints).toEqual([]);
    await close();
    return all;
  }

  it('with hostile names', async () => {
    const all = await check(sampleResult());
    const { breakdowns } = sampleResult().figures;
    for (const { title } of breakdowns) {
      expect(all.filter((figure) => figure.title === title && figure.drawn)).toHaveLength(1);
    }
  });

  it.each(Object.entries(RECORDINGS))('%s', async (path, titles) => {
    const { result } = await analyze(join(ROOT, 'fixtures', path));
    const drawn = (await check(result)).filter((figure) => figure.drawn);
    expect(drawn.map(({ title }) => title)).toEqual(expect.arrayContaining([...titles]));
  });

  it('draws what was not drawn yet before it prints', async () => {
    const { page, close } = await openReport(browser, renderHtml(sampleResult()));
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    const wanted = await page.locator('.plot').count();
    await page.waitForFunction(
      (plots) => document.querySelectorAll('.plot svg').length === plots,
      wanted,
      { timeout: 5_000 },
    );
    expect(await page.locator('.plot svg').count()).toBe(wanted);
    await close();
  });
});
