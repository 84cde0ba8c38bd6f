/** What holds of every report however it is looked at: fit for assistive technology, and no wider than the window. */
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import type { Result } from '../src/analyzers/result.ts';
import { renderHtml } from '../src/reports/html/render-html.tsx';
import { violations } from './axe.ts';
import { launchBrowser, openReport, withoutBrowser } from './browser.ts';
import { ROOT } from './cli.ts';
import { sampleResult } from './sample-result.ts';

/** Colours, and the width of a window and of a telephone. */
const LOOKS = [
  ['light', 1280],
  ['dark', 360],
] as const;

/** Different parts of the report: incidents, chains, losses, ticks, nothing found, logs beside it, several inputs. */
const RECORDINGS: Readonly<Record<string, readonly string[]>> = {
  'a stall with its chain of causes': ['s612-svm-hang/svm-hang.dat'],
  'faults after exit': ['s612-svm-ghost/svm-ghost.dat'],
  'a retry storm': ['s612-svm-storm/svm-storm.dat'],
  'a clock of ticks': ['s612-svm-stall-tsc/svm-stall-tsc.dat'],
  'lost events': ['c612-lost-events/lost-events.dat'],
  'nothing found': ['c612-hmm-write/hmm-write.dat'],
  'jobs that wait, and a long path': ['c612-sched-starve/sched-starve.dat'],
  'a kernel log beside it': ['c612-oom-refused/oom-refused.dat', 'c612-oom-refused/dmesg.txt'],
};

const SLOW_MACHINE_MS = 180_000;

describe.skipIf(withoutBrowser())('the look of a report', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
  });

  async function check(result: Result): Promise<void> {
    const { page, complaints, close } = await openReport(browser, renderHtml(result));
    // folded parts are looked at too
    await page.evaluate(() => {
      for (const part of document.querySelectorAll('details')) part.open = true;
    });
    const plots = await page.locator('.plot').count();
    const drawn = (): Promise<unknown> =>
      page.waitForFunction(
        (wanted) => document.querySelectorAll('.plot svg').length === wanted,
        plots,
      );
    await drawn();
    for (const [colorScheme, width] of LOOKS) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      await drawn();
      expect(await violations(page), colorScheme).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    }
    await page.setViewportSize({ width: 3840, height: 2160 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(3840);
    expect(complaints).toEqual([]);
    await close();
  }

  it('with everything in it, and hostile names', () => check(sampleResult()), SLOW_MACHINE_MS);

  it.each(Object.entries(RECORDINGS))(
    '%s',
    async (_, paths) => {
      const { result } = await analyze(paths.map((path) => join(ROOT, 'fixtures', path)));
      await check(result);
    },
    SLOW_MACHINE_MS,
  );
});
