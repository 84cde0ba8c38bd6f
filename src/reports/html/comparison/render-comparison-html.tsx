/** The page of a comparison: one file that needs no network and no other file. */
import { renderToString } from 'preact-render-to-string';
import type { Comparison } from '../../../compare/comparison.ts';
import type { Gate } from '../../../compare/gate.ts';
import { visibleData } from '../../visible.ts';
import { ComparisonPage } from './page.tsx';

export function renderComparisonHtml(comparison: Comparison, verdict: Gate): string {
  const page = (
    <ComparisonPage comparison={visibleData(comparison)} verdict={visibleData(verdict)} />
  );
  return `<!doctype html>\n${renderToString(page)}\n`;
}
