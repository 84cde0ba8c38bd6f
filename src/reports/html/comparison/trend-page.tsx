/** A trend over builds as one page: every run of every build, and the levels between the changes. */
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { Change, FigureTrend, Trend } from '../../../compare/trend.ts';
import { bisectCommand, trendHeadline } from '../../comparison/trend-text.ts';
import { changeText, probabilityText } from '../../comparison/words.ts';
import { visibleData } from '../../visible.ts';
import { Document } from '../document.tsx';
import { buildSeries } from './trend-plot.ts';
import { VerdictBadge } from './verdict-badge.tsx';

/** More metrics are only named: a browser draws each of them. */
const MOST_DRAWN = 40;

export function renderTrendHtml(trend: Trend): string {
  return `<!doctype html>\n${renderToString(<TrendPage trend={visibleData(trend)} />)}\n`;
}

function TrendPage({ trend }: { readonly trend: Trend }): VNode {
  const drawn = trend.figures.slice(0, MOST_DRAWN);
  return (
    <Document
      title={`svm-trace: ${trend.builds.length} builds`}
      plots={drawn.map((figure, n) => buildSeries(`builds-${n}`, figure))}
    >
      <main>
        <header class="summary">
          <p class="kicker">svm-trace trend</p>
          <h1>{trendHeadline(trend)}</h1>
          {[...trend.obstacles, ...trend.notes].map((line) => (
            <p class="note">{line}</p>
          ))}
        </header>
        <section id="figures">
          <h2>Every run of every build</h2>
          <p class="note">
            A dot is a run, the line the median of each build; it is broken where the level changes.
          </p>
          {drawn.map((figure, n) => (
            <figure>
              <figcaption>
                <h3>{figure.id}</h3>
                {figure.changes.map((change) => (
                  <ChangeOf change={change} figure={figure} />
                ))}
              </figcaption>
              <div class="plots">
                <div class="plot" id={`builds-${n}`} />
              </div>
            </figure>
          ))}
        </section>
      </main>
      <footer>
        <p>
          Made by {trend.tool.name} {trend.tool.version}. Changes by the largest t of all splits and
          permutations of the builds; false discovery rate {trend.settings.q * 100} % over the
          metrics.
        </p>
      </footer>
    </Document>
  );
}

function ChangeOf({
  change,
  figure,
}: {
  readonly change: Change;
  readonly figure: FigureTrend;
}): VNode {
  const { verdict, first, from, to, ratio, p } = change;
  const range = from === to ? '' : `; it could be any from ${from} to ${to}`;
  return (
    <p>
      <VerdictBadge verdict={verdict} /> {changeText(ratio)} since <b>{first}</b>
      {range} (p {probabilityText(p)}, q {probabilityText(figure.q)}).{' '}
      <code>{bisectCommand(change, figure)}</code>
    </p>
  );
}
