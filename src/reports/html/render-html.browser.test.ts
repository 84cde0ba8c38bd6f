import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, openReport, withoutBrowser } from '../../../test/browser.ts';
import { sampleResult } from '../../../test/sample-result.ts';
import { renderHtml } from './render-html.tsx';

describe.skipIf(withoutBrowser())('the report in Chromium', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
  });

  it('opens from disk without a complaint, draws its plots and shows its findings', async () => {
    const sample = sampleResult();
    const { page, complaints, close } = await openReport(browser, renderHtml(sample));
    const drawn = sample.distributions.filter((distribution) => distribution.points.length > 0);
    const { breakdowns } = sample.figures;
    const figures = drawn.length + breakdowns.length + ['attempts', 'faults', 'losses'].length;
    await page.waitForFunction(
      (plots) => document.querySelectorAll('figure .plot:first-child svg').length === plots,
      figures,
    );
    expect(await page.locator('figure').count()).toBe(figures);
    expect(await page.locator('figure .plot svg .mark-symbol path').count()).toBeGreaterThan(500);
    expect(await page.locator('#timeline .lane svg .bar').count()).toBeGreaterThan(12);
    expect(await page.locator('h1').textContent()).toContain('never signalled');
    for (const incident of sample.incidents) {
      const title = page.locator(`#${incident.id} h3`);
      expect(await title.isVisible()).toBe(true);
      expect(await title.textContent()).toContain(incident.headline);
    }
    expect(complaints).toEqual([]);
    await close();
  });

  it('fits a telephone without scrolling sideways', async () => {
    const { page, complaints, close } = await openReport(browser, renderHtml(sampleResult()));
    await page.setViewportSize({ width: 390, height: 800 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    expect(complaints).toEqual([]);
    await close();
  });

  it('shows a hostile name of a series as text in the tooltip', async () => {
    const { page, complaints, close } = await openReport(browser, renderHtml(sampleResult()));
    const plot = page.locator('#plot-invalidation-time');
    await plot.locator('svg').waitFor();
    const figure = page.locator('figure', { has: plot });
    const names = await figure.locator('.legend li').allTextContents();
    const series = names.findIndex((name) => name.includes('<script>')) + 1;
    await plot.locator(`svg path[fill="var(--series-${series})"]`).first().hover({ force: true });
    const tooltip = page.locator('#vg-tooltip-element.visible');
    await tooltip.waitFor();
    expect(await tooltip.textContent()).toContain('<script>alert(1)</script>');
    expect(await tooltip.locator('script').count()).toBe(0);
    expect(complaints).toEqual([]);
    await close();
  });

  it('gives the text of a bug report away at a click', async () => {
    const { page, complaints, close } = await openReport(browser, renderHtml(sampleResult()));
    const incident = page.locator('.incident', { has: page.locator('#invalidate-stall-0a1b2c3d') });
    await incident.locator('.bug-text summary').click();
    await incident.locator('.bug-text button.copy').click();
    await incident.locator('.bug-text button.copy', { hasText: /Copied|Selected/ }).waitFor();
    const text = await incident.locator('.bug-text pre').textContent();
    expect(text).toContain('mprotect() by svmload (tid 172) was held up for 411.8 ms');
    expect(text).toContain('dma_fence_wait_start: driver=svmlab');
    expect(complaints).toEqual([]);
    await close();
  });
});
