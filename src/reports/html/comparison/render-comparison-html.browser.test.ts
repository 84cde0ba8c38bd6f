import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { violations } from '../../../../test/axe.ts';
import { launchBrowser, openReport, withoutBrowser } from '../../../../test/browser.ts';
import { recordedBuild, scaled } from '../../../../test/regression-runs.ts';
import { compareRuns } from '../../../compare/compare.ts';
import type { Comparison, Side } from '../../../compare/comparison.ts';
import { gate } from '../../../compare/gate.ts';
import { findTrend } from '../../../compare/trend.ts';
import { visible } from '../../visible.ts';
import { renderComparisonHtml } from './render-comparison-html.tsx';
import { renderTrendHtml } from './trend-page.tsx';

const HOSTILE = '</script><img src=x onerror=alert(1)>\u202e';

const hostile = ({ runs }: Side): Side => ({
  label: HOSTILE,
  runs: runs.map((run, n) => ({
    ...run,
    path: `${HOSTILE}${n}.dat`,
    uname: HOSTILE,
    findings: [
      {
        id: 'fence-error-1',
        detector: 'fence-error',
        severity: 'error',
        confidence: 'proven',
        summary: HOSTILE,
        identity: [HOSTILE],
      },
    ],
  })),
});

const page = (comparison: Comparison): string =>
  renderComparisonHtml(comparison, gate(comparison, 'regressed', false));

describe.skipIf(withoutBrowser())('the page of a comparison in Chromium', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
  });

  it('draws a dot per run, the distributions and their shifts, without a complaint', async () => {
    const comparison = compareRuns(recordedBuild('la'), recordedBuild('lb'));
    const { page: opened, complaints, close } = await openReport(browser, page(comparison));
    const wanted = await opened.locator('#figures .plot').count();
    expect(wanted).toBeGreaterThan(25);
    await opened.waitForFunction(
      (plots) => document.querySelectorAll('#figures .plot svg').length === plots,
      wanted,
    );
    expect(await opened.locator('h1').textContent()).toBe(
      'c612-lb is worse than c612-la: invalidation-duration +26 %, range-fault-duration +45 %, 1 more',
    );
    expect(await opened.locator('#runs-0 svg path[aria-label]').count()).toBeGreaterThanOrEqual(12);
    expect(await opened.locator('#metrics tbody tr').first().textContent()).toMatch(
      /^regressedinvalidation-duration p50/,
    );
    await opened.setViewportSize({ width: 390, height: 800 });
    expect(await opened.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    expect(complaints).toEqual([]);
    await close();
  });

  it('shows hostile names as text', async () => {
    const comparison = compareRuns(recordedBuild('la'), hostile(recordedBuild('lb')));
    const { page: opened, complaints, close } = await openReport(browser, page(comparison));
    expect(await opened.locator('h1').textContent()).toContain('<img src=x');
    expect(await opened.locator('img').count()).toBe(0);
    expect(await opened.locator('#findings').textContent()).toContain('\\u202e');
    expect(complaints).toEqual([]);
    await close();
  });

  it.each([
    ['light', 1280],
    ['dark', 390],
  ] as const)(
    'is fit for assistive technology and fits the window: %s, %d wide',
    async (colorScheme, width) => {
      const comparison = compareRuns(recordedBuild('k0'), hostile(recordedBuild('k1')));
      const { page: opened, complaints, close } = await openReport(browser, page(comparison));
      await opened.emulateMedia({ colorScheme });
      await opened.setViewportSize({ width, height: 900 });
      await opened.waitForFunction(
        () => document.querySelectorAll('#figures .plot svg').length > 15,
      );
      expect(await violations(opened)).toEqual([]);
      expect(await opened.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      expect(complaints).toEqual([]);
      await close();
    },
  );

  it('joins the runs of pairs, and only those', async () => {
    const lines = async (pairs: 'recorded' | 'none'): Promise<number> => {
      const comparison = compareRuns(recordedBuild('la'), recordedBuild('lb'), { pairs });
      const { page: opened, close } = await openReport(browser, page(comparison));
      await opened.waitForSelector('#runs-0 svg');
      const found = await opened.locator('#runs-0 svg .layer_0_marks.mark-rule line').count();
      await close();
      return found;
    };
    expect([await lines('recorded'), await lines('none')]).toEqual([6, 0]);
  });

  it('links an incident to the report of its run, where there is one', async () => {
    const comparison = compareRuns(recordedBuild('la'), hostile(recordedBuild('lb')));
    const [{ path = '' } = {}] = hostile(recordedBuild('lb')).runs;
    const reports = new Map([[visible(path), './new/run%201.html']]);
    const html = renderComparisonHtml(comparison, gate(comparison, 'never', false), reports);
    const { page: opened, close } = await openReport(browser, html);
    const links = opened.locator('#findings dd a');
    expect(await links.count()).toBe(1);
    expect(await links.getAttribute('href')).toBe('./new/run%201.html#fence-error-1');
    await close();
  });

  it('says why nothing could be compared', async () => {
    const { label, runs } = recordedBuild('la');
    const comparison = compareRuns({ label, runs: runs.slice(0, 2) }, recordedBuild('lb'));
    const { page: opened, complaints, close } = await openReport(browser, page(comparison));
    expect(await opened.locator('h1').textContent()).toContain('cannot be compared');
    expect(await opened.locator('#apart').textContent()).toContain('3 are needed');
    expect(complaints).toEqual([]);
    await close();
  });
});

describe.skipIf(withoutBrowser())('the page of a trend in Chromium', () => {
  it('draws every build and the level of each stretch', async () => {
    const browser = await launchBrowser();
    const { runs } = recordedBuild('la');
    const builds = Array.from({ length: 14 }, (_, n) => ({
      label: `${HOSTILE} 6.${n}`,
      runs: [0, 1, 2].map((k) => {
        const run = runs[(n + 2 * k) % runs.length];
        if (!run) throw new Error('no run');
        return scaled(run, ['invalidation-duration'], n < 8 ? 1 : 1.5);
      }),
    }));
    const {
      page: opened,
      complaints,
      close,
    } = await openReport(browser, renderTrendHtml(findTrend(builds)));
    const wanted = await opened.locator('#figures .plot').count();
    expect(wanted).toBeGreaterThan(10);
    await opened.waitForFunction(
      (plots) => document.querySelectorAll('#figures .plot svg').length === plots,
      wanted,
    );
    expect(await opened.locator('h1').textContent()).toContain(
      'invalidation-duration p50 is worse since',
    );
    expect(await opened.locator('#figures code').first().textContent()).toMatch(
      /^git bisect start '.*6\.\d+' '.*6\.\d+'$/,
    );
    expect(await violations(opened)).toEqual([]);
    expect(await opened.locator('img').count()).toBe(0);
    expect(complaints).toEqual([]);
    await close();
    await browser.close();
  });
});
