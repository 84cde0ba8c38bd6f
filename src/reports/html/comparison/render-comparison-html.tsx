/** The page of a comparison: one file that needs no network and no other file. */
import { renderToString } from 'preact-render-to-string';
import type { Comparison } from '../../../compare/comparison.ts';
import type { Gate } from '../../../compare/gate.ts';
import { visibleData } from '../../visible.ts';
import { ComparisonPage } from './page.tsx';

/** `reports`: by the path of a run, where its own report is. */
export function renderComparisonHtml(
  comparison: Comparison,
  verdict: Gate,
  reports: ReadonlyMap<string, string> = new Map(),
): string {
  const page = (
    <ComparisonPage
      comparison={visibleData(comparison)}
      verdict={visibleData(verdict)}
      reports={reports}
    />
  );
  return `<!doctype html>\n${renderToString(page)}\n`;
}
