/** Everything one can do with an incident of a report, done in Chromium, and what comes of it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import type { Result } from '../src/analyzers/result.ts';
import { renderBugTexts } from '../src/reports/bug-text.ts';
import { renderHtml } from '../src/reports/html/render-html.tsx';
import { placeIncidents } from '../src/reports/placed-findings.ts';
import { launchBrowser, type OpenPage, openReport, withoutBrowser } from './browser.ts';
import { ROOT } from './cli.ts';
import { sampleResult } from './sample-result.ts';

/** Chains that are lost, stuck, inferred or go on, and incidents without one; one and several findings. */
const RECORDINGS = [
  's612-svm-hang/svm-hang.dat',
  'c612-dep-never/dep-never.dat',
  'c612-orphan/orphan.dat',
  's612-svm-stall/svm-stall.dat',
  's612-svm-ghost/svm-ghost.dat',
  's612-svm-storm/svm-storm.dat',
  'c612-sched-hang/sched-hang.dat',
  's612-svm-stall-tsc/svm-stall-tsc.dat',
  'c612-hmm-slow-ebusy/hmm-slow-ebusy.dat',
  's390be-svm-stall/svm-stall.dat',
];

async function resultOf(capture: string): Promise<Result> {
  return (await analyze(join(ROOT, 'fixtures', capture), { strict: true })).result;
}

/** The lines of trace-cmd itself. */
function printedOf(capture: string): ReadonlySet<string> {
  const path = join(ROOT, 'fixtures', capture.replace(/dat$/, 'report.txt'));
  const text = existsSync(path)
    ? readFileSync(path, 'utf8')
    : gunzipSync(readFileSync(`${path}.gz`)).toString();
  return new Set(text.split('\n').map((line) => line.trimEnd()));
}

const clipboard = (page: Page): Promise<string> =>
  page.evaluate(() => navigator.clipboard.readText());

const isLit = (place: Locator): Promise<boolean> =>
  place.evaluate((element) => element.classList.contains('lit'));

describe.skipIf(withoutBrowser())('an incident in Chromium', () => {
  let browser: Browser;
  let open: OpenPage;

  beforeAll(async () => {
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
  });

  async function show(result: Result): Promise<Page> {
    open = await openReport(browser, renderHtml(result));
    await open.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    open.page.setDefaultTimeout(10_000);
    return open.page;
  }

  describe.each(RECORDINGS)('of %s', (capture) => {
    let result: Result;
    let page: Page;

    beforeEach(async () => {
      result ??= await resultOf(capture);
      page = await show(result);
    });

    afterEach(async () => {
      expect(open.complaints).toEqual([]);
      await open.close();
    });

    it('is led to from the first screen, where its sentence stands with how sure it is', async () => {
      const incidents = placeIncidents(result);
      expect(incidents.length).toBeGreaterThan(0);
      for (const { incident, lead } of incidents) {
        await page.locator('details.incident').evaluateAll((all) => {
          for (const one of all) (one as HTMLDetailsElement).open = false;
        });
        const link = page.locator(`.summary a[href="#${incident.id}"]`);
        const row = await link.evaluate((element) => element.parentElement?.textContent);
        expect(row).toContain(lead.finding.confidence);
        await link.click();
        const card = page.locator(`#${incident.id}[open]`);
        await card.waitFor();
        expect(await card.locator('h3').textContent()).toContain(lead.finding.summary);
        expect(await card.evaluate((element) => element.getBoundingClientRect().top)).toBeLessThan(
          400,
        );
      }
      expect(await page.locator('.summary').textContent()).toContain(
        incidents[0]?.lead.finding.summary,
      );
    });

    it('gives its evidence away as trace-cmd prints it', async () => {
      const [placed] = placeIncidents(result);
      const card = page.locator(`#${placed?.incident.id}`);
      const evidence = card.locator('.evidence');
      if ((await evidence.getAttribute('open')) === null) await evidence.locator('summary').click();
      await evidence.locator('button.copy').click();
      await evidence.locator('button.copy', { hasText: 'Copied' }).waitFor();
      const copied = (await clipboard(page)).split('\n');
      expect(copied.length).toBe(await evidence.locator('tbody tr').count());
      const printed = printedOf(capture);
      expect(copied.filter((line) => !printed.has(line))).toEqual([]);
    });

    it('gives away the text of a bug report, which is that of the command line', async () => {
      const texts = renderBugTexts(result)
        .trimEnd()
        .split(`\n\n${'-'.repeat(72)}\n\n`);
      const cards = await page.locator('details.incident').all();
      for (const [n, card] of cards.entries()) {
        if ((await card.getAttribute('open')) === null) await card.locator('h3').click();
        await card.locator('.bug-text summary').click();
        await card.locator('.bug-text button.copy').click();
        await card.locator('.bug-text button.copy', { hasText: 'Copied' }).waitFor();
        expect(await clipboard(page)).toBe(texts[n]);
      }
    });

    it('lights up each link of its chain on the timeline and in words, whichever is pointed to', async () => {
      const stops = page.locator('.incident:has(.chain) .stop');
      for (const stop of await stops.all()) {
        if (!(await stop.isVisible())) continue;
        const mark = await stop.getAttribute('data-hop');
        const words = page.locator(`.chain li[data-hop="${mark}"]`);
        expect(await words.count()).toBe(1);
        await words.hover();
        expect(await isLit(stop)).toBe(true);
        await stop.hover();
        expect(await isLit(words)).toBe(true);
        await page.locator('h1').hover();
        expect([await isLit(words), await isLit(stop)]).toEqual([false, false]);
        await words.focus();
        expect(await isLit(stop)).toBe(true);
      }
    });
  });

  it('draws what is inferred with dashes and what is lost with dots', async () => {
    const dashes = async (capture: string, part: string): Promise<string> => {
      const page = await show(await resultOf(capture));
      const [first] = await page.locator(part).all();
      const drawn = await first?.evaluate((line) => getComputedStyle(line).strokeDasharray);
      await open.close();
      return drawn ?? 'not drawn';
    };
    expect(await dashes('c612-orphan/orphan.dat', '.path .link.inferred line')).toMatch(/4px, 3px/);
    expect(await dashes('c612-dep-never/dep-never.dat', '.path .link line')).toBe('none');
    expect(await dashes('s612-svm-hang/svm-hang.dat', '.path .stop .lost')).toMatch(/2px, 4px/);
    expect(await dashes('c612-dep-never/dep-never.dat', '.path .stop .lost')).toBe('not drawn');
  });

  it('numbers the links from what stood to its first cause, each on the lane of its object', async () => {
    const page = await show(await resultOf('c612-dep-never/dep-never.dat'));
    const stops = page.locator('.path .stop');
    expect(await stops.locator('.number').allTextContents()).toEqual(['1', '2', '3']);
    expect(await stops.locator('.words').allTextContents()).toEqual([
      'is signalled by',
      'may not run before; the first thing that did not move',
    ]);
    const row = async (place: Locator): Promise<number> => {
      const box = await place.boundingBox();
      return box === null ? Number.NaN : box.y + box.height / 2;
    };
    for (const [stop, bar] of [
      [0, 'fence 7:1'],
      [2, 'fence 4:1'],
    ] as const) {
      const label = page.locator('.incident .bar-label', { hasText: bar }).first();
      expect(
        Math.abs((await row(stops.nth(stop).locator('circle'))) - (await row(label))),
      ).toBeLessThan(8);
    }
    await open.close();
  });

  it('folds and unfolds by mouse and keys', async () => {
    const page = await show(await resultOf('c612-hmm-slow-ebusy/hmm-slow-ebusy.dat'));
    const card = page.locator('details.incident').first();
    const body = card.locator('.next').first();
    expect(await body.isVisible()).toBe(true);
    await card.locator('h3').click();
    expect(await body.isVisible()).toBe(false);
    await card.locator('summary').first().focus();
    await page.keyboard.press('Enter');
    expect(await body.isVisible()).toBe(true);
    await open.close();
  });

  it('gives the commands away that record what could not be seen', async () => {
    const page = await show(await resultOf('c612-hmm-write/hmm-write.dat'));
    await page.locator('.not-recorded button.copy').click();
    await page.locator('.not-recorded button.copy', { hasText: 'Copied' }).waitFor();
    expect(await clipboard(page)).toMatch(
      /^trace-cmd record -C mono .*-e dma_fence:dma_fence_signaled/m,
    );
    await open.close();
  });

  it('selects the text where nothing may be copied', async () => {
    const page = await show(sampleResult());
    await page.evaluate(() => {
      Object.defineProperty(navigator, 'clipboard', { value: undefined });
    });
    const evidence = page.locator('.evidence').first();
    if ((await evidence.getAttribute('open')) === null) await evidence.locator('summary').click();
    await evidence.locator('button.copy').click();
    expect(await evidence.locator('button.copy').textContent()).toContain('Selected');
    expect(await page.evaluate(() => `${getSelection()}`)).toContain('sched_process_exit');
    await open.close();
  });

  it('is told whole on paper', async () => {
    const page = await show(await resultOf('c612-hmm-slow-ebusy/hmm-slow-ebusy.dat'));
    await page.locator('details.incident').evaluateAll((all) => {
      for (const one of all) (one as HTMLDetailsElement).open = false;
    });
    const seen = (part: string): Promise<boolean[]> =>
      page.locator(part).evaluateAll((all) => all.map((one) => one.checkVisibility()));
    expect(new Set(await seen('.incident .chain'))).toEqual(new Set([false]));
    await page.emulateMedia({ media: 'print' });
    for (const part of ['.incident .chain', '.incident .evidence td.text', '.finding .details']) {
      expect(new Set(await seen(part)), part).toEqual(new Set([true]));
    }
    expect(new Set(await seen('button.copy'))).toEqual(new Set([false]));
    expect((await page.pdf({ format: 'A4' })).subarray(0, 4).toString()).toBe('%PDF');
    await open.close();
  });

  it('is reached by keys alone: links, incidents, links of the chain, buttons', async () => {
    const page = await show(await resultOf('s612-svm-hang/svm-hang.dat'));
    const reached = new Set<string>();
    for (let n = 0; n < 60; n += 1) {
      await page.keyboard.press('Tab');
      reached.add(
        await page.evaluate(() => {
          const { activeElement: element } = document;
          if (element?.closest('.chain li')) return 'a link of the chain';
          return `${element?.tagName} ${element?.parentElement?.className ?? ''}`.trim();
        }),
      );
    }
    expect([...reached]).toEqual(
      expect.arrayContaining([
        'A tags',
        'SUMMARY incident error',
        'a link of the chain',
        'SUMMARY finding error',
        'BUTTON evidence',
        'SUMMARY bug-text',
      ]),
    );
    await open.close();
  });
});
