/** Opens a report the way a reader does, from disk, and hears everything the browser complains of. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/**
 * Whether to leave browser tests out. A missing Chromium is a failure unless that was asked for,
 * so that a machine without one cannot pass by accident.
 */
export function withoutBrowser(): boolean {
  if (existsSync(CHROMIUM)) return false;
  if (process.env.SVM_TRACE_NO_BROWSER && !process.env.CI) {
    console.warn(`No Chromium at ${CHROMIUM}: browser tests left out (SVM_TRACE_NO_BROWSER).`);
    return true;
  }
  throw new Error(
    `No Chromium at ${CHROMIUM}: run "apt-get install chromium", name one in CHROMIUM, or set SVM_TRACE_NO_BROWSER=1 to leave these tests out.`,
  );
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-default-apps',
      '--no-first-run',
    ],
  });
}

export interface OpenPage {
  readonly page: Page;
  /**
   * Console errors and warnings, uncaught errors, dialogs, what the page's policy refused, and requests
   * for anything but the file itself.
   */
  readonly complaints: string[];
  close(): Promise<void>;
}

export async function openReport(
  browser: Browser,
  html: string,
  device: { readonly hasTouch?: boolean } = {},
): Promise<OpenPage> {
  const folder = mkdtempSync(join(tmpdir(), 'svm-trace-report-'));
  const file = join(folder, 'report.html');
  writeFileSync(file, html);
  const url = pathToFileURL(file).href;
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...device });
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (/error|warning/.test(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (request.url().split('#')[0] !== url) complaints.push(`request: ${request.url()}`);
  });
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      console.error(`refused by the policy: ${violatedDirective} ${blockedURI}`);
    });
  });
  await page.goto(url);
  return {
    page,
    complaints,
    async close(): Promise<void> {
      await page.close();
      rmSync(folder, { recursive: true });
    },
  };
}
