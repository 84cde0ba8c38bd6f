/** The HTML report: one file that needs no network and no other file. */
import { renderToString } from 'preact-render-to-string';
import type { Result } from '../../analyzers/result.ts';
import { Page } from './page.tsx';
import { Time, timeFormat } from './units.ts';
import { visibleResult } from './visible.ts';

export function renderHtml(result: Result): string {
  const page = (
    <Time.Provider value={timeFormat(result.capture.clock)}>
      <Page result={visibleResult(result)} />
    </Time.Provider>
  );
  return `<!doctype html>\n${renderToString(page)}\n`;
}
