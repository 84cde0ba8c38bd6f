/** Durations side by side: a row each, on one logarithmic axis. */
import type { Breakdown } from '../../../analyzers/result.ts';
import { count, type TimeFormat } from '../../units.ts';
import { durationAxis, frame, type Plot, type Spec } from './axes.ts';
import { logDomain } from './log-scale.ts';
import { layoutRows, type PlacedRow, pixelAxis, rowNames } from './row-layout.ts';
import { SERIES_SYMBOLS } from './series.ts';

/** Room right of the plot for the counts. */
const COUNT_PIXELS = 66;

type Row = Breakdown['rows'][number];

/** Names of the parts in the order in which they follow each other. */
export function partNames({ rows }: Breakdown): readonly string[] {
  return [...new Set(rows.flatMap(({ parts }) => parts.map(({ name }) => name)))];
}

export function rowsPlot(id: string, of: Breakdown, time: TimeFormat): Plot {
  const parts = partNames(of);
  const layout = layoutRows(of.rows.map((row) => row.parts.length));
  const domain = logDomain(of.rows.flatMap((row) => row.parts.flatMap(({ sample }) => sample)));
  const x = durationAxis(domain, time, true);
  const y = { field: 'y', ...pixelAxis(layout) };
  const color = colour(parts);
  const placed = of.rows.flatMap((row, n) => {
    const place = layout.rows[n];
    return place === undefined ? [] : [{ row, place }];
  });
  const samples = { values: placed.flatMap(({ row, place }) => samplesOf(row, place, time)) };
  const summaries = { values: placed.flatMap(({ row, place }) => summariesOf(row, place, time)) };
  return {
    id,
    spec: {
      ...frame(of.title, layout.height, COUNT_PIXELS),
      layer: [
        {
          data: summaries,
          mark: { type: 'rule', color: 'var(--line)', aria: false },
          encoding: { x: { field: 'low', ...x }, x2: { field: 'high' }, y },
        },
        {
          data: samples,
          mark: { type: 'tick', thickness: 1.5, size: 11, opacity: 0.6, aria: false },
          encoding: { x: { field: 'v', ...x }, y, color, tooltip: tooltip('took') },
        },
        {
          data: summaries,
          mark: {
            type: 'point',
            filled: true,
            size: 90,
            opacity: 1,
            // among strokes of its own colour
            stroke: 'var(--ink)',
            strokeWidth: 1.5,
            aria: false,
          },
          encoding: {
            x: { field: 'median', ...x },
            y,
            color,
            shape: { field: 'part', type: 'nominal', scale: shapes(parts), legend: null },
            tooltip: tooltip('median'),
          },
        },
        {
          data: summaries,
          mark: { type: 'text', align: 'left', dx: 6, color: 'var(--ink-soft)' },
          encoding: { x: { value: 'width' }, y, text: { field: 'n', type: 'nominal' } },
        },
        rowNames(
          of.rows.map(({ name }) => name),
          layout,
        ),
      ],
    },
  };
}

function samplesOf(row: Row, { strips }: PlacedRow, time: TimeFormat): Spec[] {
  return row.parts.flatMap(({ name, sample }, n) =>
    sample.map((value) => ({
      y: strips[n],
      part: name,
      v: Math.max(value, 1),
      of: row.name,
      took: time.duration(value),
    })),
  );
}

function summariesOf(row: Row, { strips }: PlacedRow, time: TimeFormat): Spec[] {
  return row.parts.map(({ name, count: number, quantiles, sample }, n) => {
    const median = quantiles[0]?.value ?? 0;
    return {
      y: strips[n],
      part: name,
      of: row.name,
      low: Math.max(sample[0] ?? 0, 1),
      high: Math.max(sample.at(-1) ?? 0, 1),
      median: Math.max(median, 1),
      took: time.duration(median),
      n: `n = ${count(number)}`,
    };
  });
}

function colour(parts: readonly string[]): Spec {
  const range = parts.map((_, n) => `var(--series-${n + 1})`);
  return { field: 'part', type: 'nominal', scale: { domain: parts, range }, legend: null };
}

function shapes(parts: readonly string[]): Spec {
  return { domain: parts, range: parts.map((_, n) => SERIES_SYMBOLS[n]?.shape ?? 'circle') };
}

function tooltip(title: string): Spec[] {
  return [
    { field: 'took', title },
    { field: 'of', title: 'of' },
    { field: 'part', title: 'part' },
  ];
}
