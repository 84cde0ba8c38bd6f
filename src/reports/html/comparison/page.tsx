/** A comparison of builds as one page: the verdict, the table, then every run of what is in doubt. */

import type { VNode } from 'preact';
import type { Comparison, FigureComparison } from '../../../compare/comparison.ts';
import type { Gate } from '../../../compare/gate.ts';
import {
  calibrationText,
  changeText,
  comparisonHeadline,
  intervalText,
  splitFigures,
} from '../../comparison/words.ts';
import { count, counted } from '../../units.ts';
import { Document } from '../document.tsx';
import type { Plot } from '../figures/axes.ts';
import { Island } from '../island.tsx';
import { FindingsOfBoth } from './findings.tsx';
import { distributions, runStrip, shifts } from './plots.ts';
import { figureTable, runTable } from './tables.ts';
import { VerdictBadge } from './verdict-badge.tsx';

/** More metrics are only in the table: a browser draws each of their plots. */
const MOST_DRAWN = 24;

interface Drawn {
  readonly figure: FigureComparison;
  readonly plots: readonly Plot[];
}

export function ComparisonPage(props: {
  readonly comparison: Comparison;
  readonly verdict: Gate;
  readonly reports: ReadonlyMap<string, string>;
}): VNode {
  const { comparison, verdict, reports } = props;
  const { compared, apart } = splitFigures(comparison);
  const drawn = compared.slice(0, MOST_DRAWN).map((figure, n) => draw(figure, n, comparison));
  return (
    <Document
      title={`svm-trace: ${comparison.base.label} and ${comparison.new.label}`}
      plots={drawn.flatMap(({ plots }) => plots)}
    >
      <main>
        <Head comparison={comparison} verdict={verdict} />
        <FigureTable figures={compared} />
        <FindingsOfBoth comparison={comparison} reports={reports} />
        <Figures drawn={drawn} inPairs={comparison.pairs !== null} />
        <Apart apart={apart} />
        <Runs comparison={comparison} />
      </main>
      <footer>
        <p>
          Made by {comparison.tool.name} {comparison.tool.version}.
        </p>
      </footer>
    </Document>
  );
}

/** The distributions of a metric once, though both its median and its tail are compared. */
function draw(figure: FigureComparison, n: number, comparison: Comparison): Drawn {
  const strip = runStrip(`runs-${n}`, figure, comparison);
  if (figure.statistic !== 'p50') return { figure, plots: [strip] };
  const curves = distributions(`curves-${n}`, figure.metric, comparison);
  const shift = shifts(`shifts-${n}`, figure.metric, comparison);
  return { figure, plots: [strip, ...[curves, shift].filter((plot) => plot !== undefined)] };
}

function Head({
  comparison,
  verdict,
}: {
  readonly comparison: Comparison;
  readonly verdict: Gate;
}): VNode {
  const remarks = [...comparison.obstacles, ...comparison.notes];
  return (
    <header class="summary">
      <p class="kicker">svm-trace compare</p>
      <h1>{comparisonHeadline(comparison, verdict)}</h1>
      <ul class="verdict">
        {(['regressed', 'suspect', 'changed', 'improved', 'inconclusive', 'same'] as const).map(
          (word) => verdictCount(comparison.figures, word),
        )}
      </ul>
      {remarks.map((remark) => (
        <p class="note">{remark}</p>
      ))}
      <dl class="facts">
        {(['base', 'new'] as const).map((side) => (
          <div class="wide">
            <dt>{side === 'base' ? 'Base' : 'New'}</dt>
            <dd>
              <b class={`side side-${side}`}>{comparison[side].label}</b>,{' '}
              {counted(comparison[side].runs.length, 'run')} of{' '}
              {[
                ...new Set(comparison[side].runs.map(({ uname }) => uname ?? 'unknown kernel')),
              ].join(', ')}
            </dd>
          </div>
        ))}
        <div class="wide">
          <dt>Test</dt>
          <dd>{calibrationText(comparison)}</dd>
        </div>
      </dl>
      <nav aria-label="Sections">
        <a href="#metrics">Metrics</a>
        <a href="#findings">Findings</a>
        <a href="#figures">Every run</a>
        <a href="#apart">Not comparable</a>
        <a href="#runs">Recordings</a>
      </nav>
    </header>
  );
}

function verdictCount(
  figures: readonly FigureComparison[],
  word: FigureComparison['verdict'],
): VNode | undefined {
  const number = figures.filter(({ verdict }) => verdict === word).length;
  if (number === 0) return undefined;
  return (
    <li>
      <a href="#metrics">
        <VerdictBadge verdict={word} /> {count(number)}
      </a>
    </li>
  );
}

function FigureTable({ figures }: { readonly figures: readonly FigureComparison[] }): VNode {
  return (
    <section id="metrics">
      <h2>Metrics</h2>
      {figures.length === 0 ? (
        <p>None could be compared.</p>
      ) : (
        <Island name="table" props={{ table: figureTable(figures) }} />
      )}
      <p class="note">
        The run is the unit. p: how often runs of one build differ so much; q: the share of false
        alarms among metrics with such a q or a smaller one; runs needed: a side, to find a change
        of that size, or of the size that matters, in four of five comparisons.
      </p>
    </section>
  );
}

function Figures({
  drawn,
  inPairs,
}: {
  readonly drawn: readonly Drawn[];
  readonly inPairs: boolean;
}): VNode {
  return (
    <section id="figures">
      <h2>Every run</h2>
      <p class="note">
        A dot is a run, the bar the median of the runs
        {inPairs && ', a line joins the two of a pair'}. Below it, where there are durations: their
        distribution (thin lines are runs, thick ones builds), and by how much each part of it
        shifted, with what the scatter of the runs allows. <b class="side side-base">base</b> and{' '}
        <b class="side side-new">new</b>.
      </p>
      {drawn.map(({ figure, plots }) => (
        <figure>
          <figcaption>
            <h3>
              <VerdictBadge verdict={figure.verdict} /> {figure.id}{' '}
              <span class="quiet">
                {changeText(figure.ratio)} ({intervalText(figure.ci95)})
              </span>
            </h3>
          </figcaption>
          <div class="plots">
            <div class="plot plot-low" id={plots[0]?.id} />
          </div>
          {plots.length > 1 && (
            <div class="plots plots-even">
              {plots.slice(1).map(({ id }) => (
                <div class="plot" id={id} />
              ))}
            </div>
          )}
        </figure>
      ))}
    </section>
  );
}

function Apart({ apart }: { readonly apart: ReadonlyMap<string, readonly string[]> }): VNode {
  return (
    <section id="apart">
      <h2>Not comparable</h2>
      {apart.size === 0 && <p>Everything that was recorded could be compared.</p>}
      <dl class="blind">
        {[...apart].map(([reason, metrics]) => (
          <>
            <dt>{reason}</dt>
            <dd class="mono">{[...new Set(metrics)].join(', ')}</dd>
          </>
        ))}
      </dl>
    </section>
  );
}

function Runs({ comparison }: { readonly comparison: Comparison }): VNode {
  return (
    <section id="runs">
      <h2>Recordings</h2>
      <Island name="table" props={{ table: runTable(comparison) }} />
    </section>
  );
}
