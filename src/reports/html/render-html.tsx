/** The HTML report: one file that needs no network and no other file. */
import { renderToString } from 'preact-render-to-string';
import type { Result } from '../../analyzers/result.ts';
import { withoutFolders } from '../inputs.ts';
import { timeFormat } from '../units.ts';
import { visibleResult } from '../visible.ts';
import { Page } from './page.tsx';
import { Data, pageData } from './page-data.ts';
import { Time } from './time-context.ts';

export function renderHtml(result: Result): string {
  const shown = visibleResult({ ...result, capture: withoutFolders(result.capture) });
  const page = (
    <Data.Provider value={pageData(shown)}>
      <Time.Provider value={timeFormat(shown.capture.clock)}>
        <Page result={shown} />
      </Time.Provider>
    </Data.Provider>
  );
  return `<!doctype html>\n${renderToString(page)}\n`;
}
