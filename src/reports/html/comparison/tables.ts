/** The tables of a comparison: every metric, every recording. */
import type { Comparison, FigureComparison } from '../../../compare/comparison.ts';
import {
  changeText,
  intervalText,
  probabilityText,
  runsNeededText,
  runsText,
  valueText,
} from '../../comparison/words.ts';
import { count, formatNanoseconds } from '../../units.ts';
import type { TableColumn, TableData } from '../tables/table-data.ts';
import { verdictClass } from './verdict-badge.tsx';

export function figureTable(figures: readonly FigureComparison[]): TableData {
  const column = (
    title: string,
    value: (figure: FigureComparison) => number | null,
    text: (figure: FigureComparison) => string,
  ): TableColumn => ({
    title,
    type: 'number',
    cells: figures.map(value),
    texts: figures.map(text),
  });
  return {
    label: 'Metrics',
    rows: figures.length,
    isWhole: true,
    columns: [
      {
        title: 'verdict',
        type: 'text',
        cells: figures.map(({ verdict }) => verdict),
        badges: figures.map(({ verdict }) => verdictClass(verdict)),
      },
      { title: 'metric', type: 'text', cells: figures.map(metricText) },
      column(
        'base',
        ({ base }) => base.median,
        (figure) => valueText(figure.base.median, figure),
      ),
      column(
        'new',
        (figure) => figure.new.median,
        (figure) => valueText(figure.new.median, figure),
      ),
      column(
        'change',
        ({ ratio }) => ratio,
        ({ ratio }) => changeText(ratio),
      ),
      column(
        '95 % interval',
        ({ ci95 }) => ci95?.[0] ?? null,
        ({ ci95 }) => intervalText(ci95),
      ),
      { title: 'runs', type: 'text', cells: figures.map(runsText) },
      column(
        'p',
        ({ p }) => p,
        ({ p }) => probabilityText(p),
      ),
      column(
        'q',
        ({ q }) => q,
        ({ q }) => probabilityText(q),
      ),
      column('runs needed', ({ runsNeeded }) => runsNeeded, runsNeededText),
    ],
  };
}

function metricText(figure: FigureComparison): string {
  const name = figure.statistic === 'rate' ? `${figure.metric}, ${figure.unit}` : figure.id;
  const doubt = figure.verdict === 'not comparable' ? '' : figure.reason;
  return doubt ? `${name} (${doubt})` : name;
}

export function runTable(comparison: Comparison): TableData {
  const rows = (['base', 'new'] as const).flatMap((side) =>
    comparison[side].runs.map((run) => ({ side, run })),
  );
  return {
    label: 'Recordings',
    rows: rows.length,
    isWhole: true,
    columns: [
      {
        title: 'side',
        type: 'text',
        cells: rows.map(({ side }) => side),
        badges: rows.map(({ side }) => `side side-${side}`),
      },
      { title: 'file', type: 'text', cells: rows.map(({ run }) => run.path) },
      { title: 'kernel', type: 'text', cells: rows.map(({ run }) => run.uname ?? 'unknown') },
      { title: 'events', type: 'count', cells: rows.map(({ run }) => run.events) },
      {
        title: 'lost',
        type: 'count',
        cells: rows.map(({ run }) => run.lost),
        texts: rows.map(({ run }) => (run.lost === null ? 'not counted' : count(run.lost))),
      },
      {
        title: 'duration',
        type: 'duration',
        cells: rows.map(({ run }) => run.durationNs),
        texts: rows.map(({ run }) =>
          run.clock.unit === 'ns' ? formatNanoseconds(run.durationNs) : count(run.durationNs),
        ),
      },
      { title: 'findings', type: 'count', cells: rows.map(({ run }) => run.findings.length) },
    ],
  };
}
