/**
 * Pictures of reports of recordings in fixtures/, for README.md and docs/report.md: what a reader sees
 * first, an incident, figures; in light, dark and as wide as a telephone.
 *
 *   npm run screenshots [-- <folder to write to>]
 */
import { mkdirSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { analyze } from '../src/analyzers/analyze.ts';
import { renderHtml } from '../src/reports/html/render-html.tsx';
import { launchBrowser, openReport } from '../test/browser.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const EACH_BYTES = 150_000;
const ALL_BYTES = 1_000_000;
const MARGIN_PIXELS = 12;

interface Look {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly colorScheme: 'light' | 'dark';
}

const LIGHT: Look = { name: 'light', width: 960, height: 610, colorScheme: 'light' };
const DARK: Look = { ...LIGHT, name: 'dark', colorScheme: 'dark' };
const NARROW: Look = { ...LIGHT, name: 'narrow', width: 390, height: 760 };

interface Picture {
  readonly name: string;
  readonly capture: string;
  /** What stands at the top of it; the top of the page where left out. */
  readonly at?: string;
  readonly looks: readonly Look[];
}

const HANG = 's612-svm-hang/svm-hang.dat';
const BEHIND = 's612-xpu-behind/xpu-behind.dat';
const PICTURES: readonly Picture[] = [
  { name: 'first-screen', capture: HANG, looks: [LIGHT, DARK, NARROW] },
  { name: 'incident', capture: BEHIND, at: '.incident', looks: [LIGHT, DARK, NARROW] },
  {
    name: 'faults',
    capture: 's612-svm-ghost/svm-ghost.dat',
    at: 'figure:has(#plot-faults)',
    looks: [{ ...LIGHT, height: 420 }],
  },
  {
    name: 'breakdown',
    capture: 'c612-sched-starve/sched-starve.dat',
    at: 'figure:has(#plot-fence-split)',
    looks: [{ ...LIGHT, height: 300 }],
  },
];

const folder = process.argv[2] ?? join(ROOT, 'docs/screenshots');
mkdirSync(folder, { recursive: true });
const browser = await launchBrowser();
const files: string[] = [];
try {
  for (const picture of PICTURES) files.push(...(await take(browser, picture)));
} finally {
  await browser.close();
}
const sizes = files.map((file) => statSync(file).size);
files.forEach((file, n) => {
  console.log(`${relative(process.cwd(), file)} ${Math.ceil((sizes[n] ?? 0) / 1000)} kB`);
});
const all = sizes.reduce((sum, size) => sum + size, 0);
if (sizes.some((size) => size > EACH_BYTES) || all > ALL_BYTES) {
  console.error(`too large: at most ${EACH_BYTES} bytes each and ${ALL_BYTES} in all`);
  process.exitCode = 1;
}

async function take(on: Browser, { name, capture, at, looks }: Picture): Promise<string[]> {
  const { result } = await analyze(join(ROOT, 'fixtures', capture));
  // pictures are shown to others: no folders of this machine
  const { inputs } = result.capture;
  const shown = {
    ...result.capture,
    path: basename(result.capture.path),
    inputs: inputs.map((input) => ({ ...input, path: basename(input.path) })),
  };
  const html = renderHtml({ ...result, capture: shown });
  const { page, complaints, close } = await openReport(on, html);
  const taken: string[] = [];
  for (const { name: look, width, height, colorScheme } of looks) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
    await drawn(page);
    const top = at === undefined ? 0 : await topOf(page, at);
    const path = join(folder, `${name}-${look}.png`);
    await page.screenshot({ path, fullPage: true, clip: { x: 0, y: top, width, height } });
    taken.push(path);
  }
  await close();
  if (complaints.length > 0) throw new Error(`${capture}: ${complaints.join('; ')}`);
  return taken;
}

async function drawn(page: Page): Promise<void> {
  await page.waitForFunction(
    () =>
      document.querySelectorAll('.plot svg').length === document.querySelectorAll('.plot').length,
  );
}

async function topOf(page: Page, selector: string): Promise<number> {
  const box = await page.locator(selector).first().boundingBox();
  if (box === null) throw new Error(`nothing to see at ${selector}`);
  return Math.max(0, box.y - MARGIN_PIXELS);
}
