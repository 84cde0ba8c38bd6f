/** Everything one can do with a timeline, done in Chromium, and what comes of it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  launchBrowser,
  type OpenPage,
  openReport,
  withoutBrowser,
} from '../../../../test/browser.ts';
import { sampleResult } from '../../../../test/sample-result.ts';
import { analyze } from '../../../analyzers/analyze.ts';
import type { Result } from '../../../analyzers/result.ts';
import { renderHtml } from '../render-html.tsx';

const FIXTURES = new URL('../../../../fixtures/', import.meta.url);

/** A stall, a storm of thousands of objects, faults after exit, a clock of ticks, lost events. */
const RECORDINGS = [
  's612-svm-hang/svm-hang.dat',
  's612-svm-storm/svm-storm.dat',
  's612-svm-ghost/svm-ghost.dat',
  's612-svm-stall-tsc/svm-stall-tsc.dat',
  'c612-lost-events/lost-events.dat',
  's612-svm-die/svm-die.dat',
  'c612-hmm-slow-ebusy/hmm-slow-ebusy.dat',
  's390be-svm-stall/svm-stall.dat',
];

async function resultOf(capture: string): Promise<Result> {
  return (await analyze(new URL(capture, FIXTURES).pathname, { strict: true })).result;
}

const CHART = '#timeline .timeline-chart';

/** What the chart says it shows: two moments and the time between them. */
async function shown(page: Page, chart = CHART): Promise<{ from: number; to: number }> {
  // what was done is drawn in the next frame
  await page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 30))),
  );
  const text = (await page.locator(`${chart} .range`).textContent()) ?? '';
  const [from = Number.NaN, to = Number.NaN] = [...text.matchAll(/\+([\d.,]+)/g)].map(
    ([, number = '']) => Number(number.replaceAll(',', '')),
  );
  return { from, to };
}

function length({ from, to }: { from: number; to: number }): number {
  return to - from;
}

/** Ready to act, in sight, with the pointer over the middle of its bars. */
async function pointAt(page: Page, chart = CHART): Promise<{ x: number; y: number }> {
  const lanes = page.locator(`${chart} .lanes[role="application"]`);
  await lanes.waitFor();
  await lanes.evaluate((element) => element.scrollIntoView({ block: 'start' }));
  const axis = await page.locator(`${chart} .axis svg`).boundingBox();
  if (!axis) throw new Error('no axis');
  const spot = { x: axis.x + axis.width / 2, y: axis.y + axis.height + 8 };
  await page.mouse.move(spot.x, spot.y);
  return spot;
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

async function seriousViolations(page: Page, within: string): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run(${JSON.stringify({ include: [within], exclude: ['.lane rect, .lane text'] })})`,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}

describe.skipIf(withoutBrowser())('a timeline in Chromium', () => {
  let browser: Browser;
  let open: OpenPage;

  async function openSample(device: { hasTouch?: boolean } = {}): Promise<Page> {
    open = await openReport(browser, renderHtml(sampleResult()), device);
    return open.page;
  }

  async function closeQuietly(): Promise<void> {
    expect(open.complaints).toEqual([]);
    await open.close();
  }

  beforeAll(async () => {
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
  });

  describe.each(RECORDINGS)('of %s', (capture) => {
    it('zooms by wheel and keys, moves by drag and keys, and finds back', async () => {
      open = await openReport(browser, renderHtml(await resultOf(capture)));
      const { page } = open;
      const spot = await pointAt(page);
      const first = await shown(page);

      await page.keyboard.down('Control');
      await page.mouse.wheel(0, -300);
      await page.keyboard.up('Control');
      const wheeled = await shown(page);
      expect(length(wheeled)).toBeLessThan(length(first) * 0.8);
      // about the pointer
      const middle = (first.from + first.to) / 2;
      expect(wheeled.from).toBeLessThan(middle);
      expect(wheeled.to).toBeGreaterThan(middle);
      expect(await page.evaluate(() => devicePixelRatio)).toBe(1);

      await page.mouse.down();
      await page.mouse.move(spot.x - 100, spot.y, { steps: 4 });
      await page.mouse.up();
      const dragged = await shown(page);
      expect(dragged.from).toBeGreaterThan(wheeled.from);
      expect(length(dragged) / length(wheeled)).toBeCloseTo(1, 2);
      expect(await page.locator('.object-panel').count()).toBe(0);

      await page.locator(`${CHART} .lanes`).focus();
      await page.keyboard.press('ArrowLeft');
      const left = await shown(page);
      expect(left.from).toBeLessThan(dragged.from);
      await page.keyboard.press('ArrowRight');
      expect((await shown(page)).from).toBeGreaterThan(left.from);
      await page.keyboard.press('+');
      const nearer = await shown(page);
      expect(length(nearer)).toBeLessThan(length(dragged) * 0.9);
      await page.keyboard.press('-');
      expect(length(await shown(page))).toBeGreaterThan(length(nearer));
      await page.keyboard.press('0');
      expect(await shown(page)).toEqual(first);

      for (let n = 0; n < 60; n++) await page.keyboard.press('+');
      const nearest = await shown(page);
      expect(length(nearest)).toBeLessThan(length(first) / 100);
      await page.keyboard.press('Home');
      expect(await shown(page)).toEqual(first);
      await closeQuietly();
    });

    it('shows and opens every kind of object, with what its lifetime and events are', async () => {
      const result = await resultOf(capture);
      open = await openReport(browser, renderHtml(result));
      const { page } = open;
      await pointAt(page);
      await page.locator(`${CHART} .lanes`).focus();
      const kinds = new Set(result.timeline.flatMap(({ items }) => items.map(({ kind }) => kind)));
      for (const kind of kinds) {
        const item = result.timeline
          .flatMap(({ items }) => items)
          .find((each) => each.kind === kind && each.id !== undefined);
        if (item === undefined) continue;
        await page.evaluate((hash) => {
          location.hash = hash;
        }, `timeline-${kind}-${item.id}`);
        const panel = page.locator('dialog.object-panel');
        await panel.getByText(kind.replaceAll('_', ' '), { exact: true }).waitFor();
        expect(await panel.locator('h4').textContent()).toBe(item.label);
        const lifetime = result.lifetimes.objects.find(
          (object) => object.kind === kind && object.id === item.id,
        );
        expect(await panel.locator('.steps li').count()).toBe(lifetime?.steps.length ?? 0);
        const lines = (await panel.locator('pre').allTextContents()).join('\n').split('\n');
        for (const n of lifetime?.events ?? []) {
          const [text = ''] = result.lifetimes.events[n]?.text.split('\n') ?? [];
          expect(lines.some((line) => line.includes(text.trim()))).toBe(true);
        }
      }
      await page.keyboard.press('Escape');
      await page.locator('dialog.object-panel').waitFor({ state: 'detached' });
      await closeQuietly();
    });
  });

  it('finds in the page what it would have made itself', async () => {
    const html = renderHtml(sampleResult());
    const context = await browser.newContext();
    await context.addInitScript(() => {
      const islands = (of: Document): string[] =>
        [...of.querySelectorAll('[data-island]')].map(({ innerHTML }) => innerHTML);
      // told after the script of the page, and before what its components do once they are there
      new MutationObserver((_, observer) => {
        observer.disconnect();
        Object.assign(globalThis, { islands, woken: islands(document) });
      }).observe(document, { attributes: true, attributeFilter: ['class'], subtree: true });
    });
    const page = await context.newPage();
    await page.setContent(html);
    await page.locator(`${CHART} .lanes[role="application"]`).waitFor();
    const [before, after] = await page.evaluate((text) => {
      const { islands, woken } = globalThis as unknown as {
        islands(of: Document): string[];
        woken: string[];
      };
      return [islands(new DOMParser().parseFromString(text, 'text/html')), woken];
    }, html);
    expect(before?.length).toBeGreaterThan(2);
    expect(after).toEqual(before);
    await context.close();
  });

  it('zooms by two fingers, moves by one, and leaves scrolling to the page', async () => {
    const page = await openSample({ hasTouch: true });
    await page.setViewportSize({ width: 390, height: 800 });
    const { x, y } = await pointAt(page);
    const first = await shown(page);
    const session = await page.context().newCDPSession(page);
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', points: number[][]) =>
      session.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: points.map(([px = 0, py = 0], id) => ({ x: px, y: py, id })),
      });

    await touch('touchStart', [
      [x - 20, y],
      [x + 20, y],
    ]);
    for (const apart of [40, 70, 100])
      await touch('touchMove', [
        [x - apart, y],
        [x + apart, y],
      ]);
    await touch('touchEnd', []);
    const pinched = await shown(page);
    expect(length(pinched)).toBeLessThan(length(first) / 2);

    await touch('touchStart', [[x, y]]);
    for (const by of [30, 60, 90]) await touch('touchMove', [[x + by, y]]);
    await touch('touchEnd', []);
    const moved = await shown(page);
    expect(moved.from).toBeLessThan(pinched.from);
    expect(length(moved) / length(pinched)).toBeCloseTo(1, 2);
    expect(await page.locator('.object-panel').count()).toBe(0);

    const before = await page.evaluate(() => scrollY);
    await touch('touchStart', [[x, y + 200]]);
    for (const by of [20, 60, 110, 160]) await touch('touchMove', [[x, y + 200 - by]]);
    await touch('touchEnd', []);
    await page.waitForFunction((from) => scrollY > from + 50, before);
    expect(length(await shown(page)) / length(moved)).toBeCloseTo(1, 2);
    await closeQuietly();
  });

  it('leaves a wheel alone to the page, except over its axis', async () => {
    const page = await openSample();
    const spot = await pointAt(page);
    const first = await shown(page);
    const before = await page.evaluate(() => scrollY);
    await page.mouse.wheel(0, 120);
    await page.waitForFunction((from) => scrollY > from, before);
    expect(await shown(page)).toEqual(first);

    await page.mouse.move(spot.x, (await page.locator(`${CHART} .axis`).boundingBox())?.y ?? 0 + 5);
    await page.mouse.wheel(0, -120);
    const zoomed = await shown(page);
    expect(length(zoomed)).toBeLessThan(length(first));
    await page.mouse.wheel(60, 0);
    expect((await shown(page)).from).toBeGreaterThan(zoomed.from);
    await closeQuietly();
  });

  it('has buttons for all of it', async () => {
    const page = await openSample();
    await pointAt(page);
    const first = await shown(page);
    const press = (name: string) => page.locator(CHART).getByRole('button', { name }).click();
    await press('Zoom in');
    await press('Zoom in');
    await press('Zoom in');
    const nearer = await shown(page);
    expect(length(nearer)).toBeLessThan(length(first) / 3);
    await press('Later');
    expect((await shown(page)).from).toBeGreaterThan(nearer.from);
    await press('Earlier');
    expect((await shown(page)).from).toBeCloseTo(nearer.from, 5);
    await press('Zoom out');
    await press('Reset');
    expect(await shown(page)).toEqual(first);
    await closeQuietly();
  });

  it('shows what is under the pointer, and opens it at a click', async () => {
    const page = await openSample();
    await pointAt(page);
    const bar = page.locator(`${CHART} .bar.kind-invalidation.marked`);
    await bar.hover();
    const card = page.locator('.object-card');
    expect(await card.textContent()).toContain('mprotect, 411.8 ms');
    expect(await card.textContent()).toContain('+1.402000 s');
    expect(await card.textContent()).toContain('lasting412 ms');
    expect(await card.textContent()).toContain('error mprotect() by svmload');
    await bar.click();
    const panel = page.locator('dialog.object-panel');
    expect(await panel.locator('h4').textContent()).toBe('mprotect, 411.8 ms');
    expect(await panel.locator('.steps li').allTextContents()).toEqual([
      '+1.402000 s  Start of a invalidation',
      '+1.814000 s after 412 ms End',
    ]);
    expect(await panel.locator('pre').textContent()).toContain('<script>alert(1)</script>');
    expect(await panel.textContent()).toContain('3 more events');
    expect(await card.count()).toBe(0);
    await panel.getByRole('button', { name: 'Zoom to it' }).click();
    const zoomed = await shown(page);
    expect(zoomed.from).toBeGreaterThan(1);
    expect(zoomed.from).toBeLessThan(1.402);
    expect(zoomed.to).toBeGreaterThan(1.814);
    expect(zoomed.to).toBeLessThan(2.3);
    await panel.locator('.findings-here a').click();
    expect(page.url()).toMatch(/#invalidate-stall-0a1b2c3d$/);
    await panel.getByRole('button', { name: 'Close' }).click();
    await panel.waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.activeElement?.className === 'lanes');
    await closeQuietly();
  });

  it('goes from object to object by keys', async () => {
    const page = await openSample();
    await pointAt(page);
    const lanes = page.locator(`${CHART} .lanes`);
    await lanes.focus();
    await page.keyboard.press('ArrowDown');
    const named = async (): Promise<string | null> => {
      const id = await lanes.getAttribute('aria-activedescendant');
      return page.locator(`[id="${id}"]`).getAttribute('aria-label');
    };
    const first = await named();
    expect(first).toContain('svmload\n');
    expect(await page.locator('.object-card .object-name').textContent()).toBe('svmload');
    await page.keyboard.press('ArrowDown');
    await expect.poll(named).not.toBe(first);
    await page.keyboard.press('ArrowUp');
    await expect.poll(named).toBe(first);
    await page.keyboard.press('Enter');
    expect(await page.locator('dialog.object-panel h4').textContent()).toBe('svmload');
    // an effect gives it the focus, after it is drawn
    await page.waitForFunction(
      () => document.activeElement?.getAttribute('aria-label') === 'Close',
    );
    await page.keyboard.press('Escape');
    await page.locator('dialog.object-panel').waitFor({ state: 'detached' });
    await closeQuietly();
  });

  it('draws what is too close together as one, which opens into a list', async () => {
    const page = await openSample();
    await pointAt(page);
    const several = page.locator(`${CHART} .bar.kind-range-fault-attempt.several`).first();
    await several.hover();
    expect(await page.locator('.object-card .object-name').textContent()).toMatch(
      /^\d+ short ones close/,
    );
    await several.click();
    const panel = page.locator('dialog.object-panel');
    const total = Number.parseInt((await panel.locator('h4').textContent()) ?? '', 10);
    expect(total).toBeGreaterThan(100);
    await panel.locator('.objects-here button').first().click();
    expect(await panel.locator('h4').textContent()).toMatch(/^attempt \d+$/);
    await panel.getByRole('button', { name: 'Zoom to it' }).click();
    const near = page.locator(`${CHART} .bar.kind-range-fault-attempt:not(.several)`);
    await near.first().waitFor();
    await closeQuietly();
  });

  it('is led to by an address, also by one that it is at already', async () => {
    const page = await openSample();
    await pointAt(page);
    const first = await shown(page);
    await page.evaluate(() => {
      const link = document.createElement('a');
      link.href = '#timeline-fence-2';
      link.textContent = 'there';
      link.id = 'there';
      document.querySelector('h1')?.append(link);
    });
    await page.locator('#there').click();
    const panel = page.locator('dialog.object-panel');
    await panel.waitFor();
    expect(await panel.locator('h4').textContent()).toBe('3:2');
    const near = await shown(page);
    expect(near.from).toBeLessThan(1.4);
    expect(near.from).toBeGreaterThan(first.from + 0.5);
    expect(await page.locator(`${CHART} .bar.active`).isVisible()).toBe(true);
    await page.keyboard.press('Escape');
    await page.keyboard.press('0');
    expect(await shown(page)).toEqual(first);
    await page.locator('#there').click();
    await panel.waitFor();
    expect(await shown(page)).toEqual(near);
    await closeQuietly();
  });

  it('leads to the row of an object, and that leads back', async () => {
    const page = await openSample();
    await pointAt(page);
    await page.evaluate(() => {
      location.hash = 'timeline-fence-2';
    });
    const panel = page.locator('dialog.object-panel');
    await panel.getByText('Its row in the table of').click();
    const row = page.locator('#object-fence-2');
    await row.waitFor();
    await panel.getByRole('button', { name: 'Close' }).click();
    await row.locator('a[href="#timeline-fence-2"]').click();
    await panel.waitFor();
    expect(await panel.locator('h4').textContent()).toBe('3:2');
    await closeQuietly();
  });

  it('stays quick with thousands of objects: only what is seen of them is drawn', async () => {
    const lanes = Array.from({ length: 150 }, (_, lane) => ({
      label: `lane ${lane}`,
      items: Array.from({ length: 40 }, (_item, n) => ({
        kind: 'fence',
        id: lane * 40 + n + 1,
        label: `fence ${n}`,
        from: n * 120e6,
        to: n * 120e6 + (n % 7) * 8e6,
      })),
    }));
    open = await openReport(browser, renderHtml(sampleResult({ timeline: lanes })));
    const { page } = open;
    await pointAt(page);
    const [below, far] = [5, 145].map((n) => page.locator(`${CHART} svg[data-lane="${n}"] .bar`));
    if (!below || !far) throw new Error('no lanes');
    const before = await far.count();
    expect(before).toBe(40);
    await page.locator(`${CHART} .lanes`).focus();
    for (let n = 0; n < 10; n++) await page.keyboard.press('+');
    await shown(page);
    expect(await below.count()).toBeLessThan(10);
    // out of sight nothing is drawn anew until it is seen
    expect(await far.count()).toBe(before);
    await page.locator(`${CHART} svg[data-lane="145"]`).scrollIntoViewIfNeeded();
    await page.waitForFunction(
      (chart) => document.querySelectorAll(`${chart} svg[data-lane="145"] .bar`).length < 10,
      CHART,
    );
    await closeQuietly();
  });

  it('is fit for assistive technology while an object is pointed to and open', async () => {
    const page = await openSample();
    await pointAt(page);
    await page.locator(`${CHART} .lanes`).focus();
    for (const key of ['ArrowDown', 'ArrowDown', '+']) await page.keyboard.press(key);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await seriousViolations(page, '.timeline-chart')).toEqual([]);
    }
    await page.keyboard.press('Enter');
    await page.locator('dialog.object-panel').waitFor();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await seriousViolations(page, '.timeline-chart')).toEqual([]);
    }
    await closeQuietly();
  });

  it('zooms at a double click, at once where nothing may move', async () => {
    const page = await openSample();
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.reload();
    const { x, y } = await pointAt(page);
    const first = await shown(page);
    // between the rows of a lane: no object
    await page.mouse.dblclick(x, y - 12);
    expect(length(await shown(page))).toBeCloseTo(length(first) / 2, 2);
    await closeQuietly();
  });

  it('on paper is the picture without its buttons', async () => {
    const page = await openSample();
    await pointAt(page);
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator(`${CHART} .lane:not(.axis)`).count()).toBe(
      sampleResult().timeline.filter(({ items }) => items.length > 0).length,
    );
    expect(await page.locator(`${CHART} button:visible, ${CHART} .hint:visible`).count()).toBe(0);
    await closeQuietly();
  });

  it('without a script says what it shows, and its bars lead to their findings', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.setContent(renderHtml(sampleResult()));
    expect(await page.locator(`${CHART} .range`).textContent()).toContain('+4.900000 s');
    expect(await page.locator(`${CHART} button:visible, ${CHART} .hint:visible`).count()).toBe(0);
    const bar = page.locator(`${CHART} a[href="#invalidate-stall-0a1b2c3d"] .kind-invalidation`);
    expect(await bar.locator('title').textContent()).toBe(
      'mprotect, 411.8 ms\n+1.402000 s … +1.814000 s (412 ms)',
    );
    await context.close();
  });

  it('of a finding leads out to the whole capture', async () => {
    const page = await openSample();
    const chart = '.incident:has(#invalidate-stall-0a1b2c3d) .timeline-chart';
    await page.evaluate(() => {
      location.hash = 'invalidate-stall-0a1b2c3d';
    });
    await pointAt(page, chart);
    await expect.poll(async () => (await shown(page, chart)).from).toBeGreaterThan(0.5);
    expect((await shown(page, chart)).to).toBeLessThan(4.89);
    await page.locator(chart).getByRole('button', { name: 'Whole capture' }).click();
    await expect.poll(() => shown(page, chart)).toEqual({ from: 0, to: 4.9 });
    await expect.poll(() => page.locator(`${chart} .bar.kind-invalidation`).count()).toBe(3);
    const { x, y } = await pointAt(page, chart);
    await page.mouse.click(x, y);
    await page.locator(`${chart} dialog.object-panel`).waitFor();
    await page.locator(`${CHART} .bar.kind-fence.marked`).first().click();
    await page.locator(`${CHART} dialog.object-panel`).waitFor();
    // the one opened before is taken away by an effect
    await expect.poll(() => page.locator('dialog.object-panel').count()).toBe(1);
    await closeQuietly();
  });
});
