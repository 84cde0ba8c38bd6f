/**
 * `npm run bench:report [-- options] [capture…]`: what the HTML report of a big capture costs: its
 * size, our time to build the Result from the database and to render the page, and in Chromium the
 * time to the first paint, to the first content, until the page can be used (its components are
 * awake), until the last figure is drawn, and the tasks that block it meanwhile. Fails when a target
 * is missed. Times mean something only on an idle machine: the load is printed with them.
 *
 *   --sizes 5,20     millions of events of the generated captures (none: `--sizes ""`)
 *   --rounds 5       times that the page is opened; medians are printed
 *   --keep <folder>  put the generated captures there and reuse them next time
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../test/browser.ts';
import { analysisCost } from './analysis.ts';
import { generate } from './generate.ts';

const MILLION = 1_000_000;
const MEGABYTE = 1e6;
const SIZE_LIMIT_MB = 15;
const USABLE_LIMIT_MS = 2_000;
const FIGURES_DRAWN_WITHIN_MS = 60_000;

/** Run in the page before all else. */
const HEAR_LONG_TASKS = `globalThis.longTasks = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longTasks.push(duration);
  }).observe({ type: 'longtask', buffered: true });`;

/** What the page itself and the browser say of one opening, ms since navigation began. */
interface Opening {
  readonly firstPaint: number;
  readonly firstContent: number;
  readonly usable: number;
  readonly figures: number;
  /** Tasks longer than 50 ms. */
  readonly longTasks: readonly number[];
}

// what is shipped, not the sources
const { buildResult, openStore, renderHtml } = (await import(
  new URL('../dist/index.js', import.meta.url).href
)) as typeof import('../src/index.ts');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sizes: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '5' },
    keep: { type: 'string' },
  },
});
const scratch = mkdtempSync(join(tmpdir(), 'svm-trace-report-bench-'));
const folder = values.keep ?? scratch;
mkdirSync(folder, { recursive: true });
const browser = await launchBrowser();
let missed = 0;
try {
  const [load = 0] = loadavg();
  const busy = load > 0.5 ? ': NOT IDLE, the times below are too long' : '';
  console.log(`load ${load.toFixed(1)} on ${availableParallelism()} CPUs${busy}`);
  for (const capture of positionals) await judge(capture, 'given');
  for (const millions of values.sizes.split(',').filter(Boolean).map(Number)) {
    const capture = join(folder, `generated-${millions}m.dat`);
    if (!existsSync(capture)) generate(capture, millions * MILLION);
    await judge(capture, `${millions} M events generated`);
    if (values.keep === undefined) rmSync(capture);
  }
} finally {
  await browser.close();
  rmSync(scratch, { recursive: true });
}
console.log(missed === 0 ? 'all targets met' : `${missed} targets missed`);
process.exitCode = missed === 0 ? 0 : 1;

async function judge(capture: string, what: string): Promise<void> {
  const megabytes = Math.round(statSync(capture).size / (1 << 20));
  console.log(`\n${basename(capture)} (${what}, ${megabytes} MiB)`);
  const database = join(scratch, 'bench.db');
  const analysis = await analysisCost(capture, database);
  const store = openStore(database);
  const [result, buildMs] = timed(() => buildResult(store));
  store.close();
  const [html, renderMs] = timed(() => renderHtml(result));
  const page = join(scratch, 'report.html');
  writeFileSync(page, html);
  print('analysis, to the database', `${analysis.wallSeconds.toFixed(2)} s`);
  print('Result built from it', `${buildMs.toFixed(0)} ms`);
  print('HTML rendered', `${renderMs.toFixed(0)} ms`);
  const size = statSync(page).size / MEGABYTE;
  print('report', `${size.toFixed(2)} MB${verdict(size <= SIZE_LIMIT_MB, `${SIZE_LIMIT_MB} MB`)}`);
  await open(browser, page);
}

async function open(on: Browser, file: string): Promise<void> {
  const openings: Opening[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    openings.push(await openOnce(on, file));
  }
  const of = (pick: (opening: Opening) => number): number => median(openings.map(pick));
  const usable = of((opening) => opening.usable);
  const isQuick = usable <= USABLE_LIMIT_MS;
  print('first paint', `${of(({ firstPaint }) => firstPaint).toFixed(0)} ms`);
  print('first contentful paint', `${of(({ firstContent }) => firstContent).toFixed(0)} ms`);
  print('usable', `${usable.toFixed(0)} ms${verdict(isQuick, `${USABLE_LIMIT_MS} ms`)}`);
  print('last figure drawn', `${of(({ figures }) => figures).toFixed(0)} ms`);
  const longest = of(({ longTasks }) => longTasks.reduce((a, b) => Math.max(a, b), 0));
  const number = of(({ longTasks }) => longTasks.length);
  const blocked = of(({ longTasks }) => longTasks.reduce((sum, task) => sum + task, 0));
  print(
    'tasks over 50 ms',
    `${number.toFixed(0)}, the longest ${longest.toFixed(0)} ms, all ${blocked.toFixed(0)} ms`,
  );
}

async function openOnce(on: Browser, file: string): Promise<Opening> {
  const page = await on.newPage({ viewport: { width: 1280, height: 900 } });
  try {
    await page.addInitScript({ content: HEAR_LONG_TASKS });
    await page.goto(pathToFileURL(file).href, { waitUntil: 'load' });
    await page.waitForFunction(
      () =>
        document.querySelectorAll('.plot svg').length === document.querySelectorAll('.plot').length,
      undefined,
      { timeout: FIGURES_DRAWN_WITHIN_MS },
    );
    return await read(page);
  } finally {
    await page.close();
  }
}

async function read(page: Page): Promise<Opening> {
  const entries = await page.evaluate(() =>
    performance.getEntries().map(({ name, startTime }) => ({ name, startTime })),
  );
  const at = (name: string): number =>
    entries.filter((entry) => entry.name === name).at(-1)?.startTime ?? Number.NaN;
  return {
    firstPaint: at('first-paint'),
    firstContent: at('first-contentful-paint'),
    usable: at('svm-trace-usable'),
    figures: at('svm-trace-figure'),
    longTasks: await page.evaluate<number[]>('longTasks'),
  };
}

function timed<T>(act: () => T): [T, number] {
  const start = performance.now();
  const value = act();
  return [value, performance.now() - start];
}

function print(label: string, value: string): void {
  console.log(`  ${label.padEnd(27)} ${value}`);
}

function verdict(isMet: boolean, target: string): string {
  if (!isMet) missed++;
  return isMet ? ` (within ${target})` : ` MISSES ${target}`;
}

function median(of: readonly number[]): number {
  const sorted = [...of].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
