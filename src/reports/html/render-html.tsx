/** The HTML report: one file that needs no network and no other file. */
import { renderToString } from 'preact-render-to-string';
import type { Result } from '../../analyzers/result.ts';
import { timeFormat } from '../units.ts';
import { visibleResult } from '../visible.ts';
import { Page } from './page.tsx';
import { Time } from './time-context.ts';

export function renderHtml(result: Result): string {
  const page = (
    <Time.Provider value={timeFormat(result.capture.clock)}>
      <Page result={visibleResult(result)} />
    </Time.Provider>
  );
  return `<!doctype html>\n${renderToString(page)}\n`;
}
