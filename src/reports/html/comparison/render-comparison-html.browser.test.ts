import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, openReport, withoutBrowser } from '../../../../test/browser.ts';
import { recordedBuild, scaled } from '../../../../test/regression-runs.ts';
import { compareRuns } from '../../../compare/compare.ts';
import type { Comparison, Side } from '../../../compare/comparison.ts';
import { gate } from '../../../compare/gate.ts';
import { findTrend } from '../../../compare/trend.ts';
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
    expect(await opened.locator('img').count()).toBe(0);
    expect(complaints).toEqual([]);
    await close();
    await browser.close();
  });
});
