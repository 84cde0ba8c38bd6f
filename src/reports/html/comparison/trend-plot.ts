/** A dot per run over the builds, and the level of each stretch between two changes. */
import type { FigureTrend } from '../../../compare/trend.ts';
import { valueText } from '../../comparison/words.ts';
import type { Plot } from '../figures/axes.ts';
import { frame, valueAxis } from './plots.ts';

const HEIGHT = 200;

export function buildSeries(id: string, figure: FigureTrend): Plot {
  const dots = figure.builds.flatMap(({ label, values }) =>
    values.flatMap((v) => (v === null ? [] : [{ build: label, v, shown: valueText(v, figure) }])),
  );
  const changes = new Set(figure.changes.map(({ first }) => first));
  let level = 0;
  const medians = figure.builds.flatMap(({ label, median }) => {
    if (changes.has(label)) level += 1;
    return median === null ? [] : [{ build: label, v: median, level }];
  });
  const x = {
    field: 'build',
    type: 'nominal',
    sort: figure.builds.map(({ label }) => label),
    axis: { title: null, labelAngle: -40, labelLimit: 140 },
  };
  const y = {
    field: 'v',
    ...valueAxis(
      figure.unit,
      dots.map(({ v }) => v),
    ),
  };
  return {
    id,
    spec: {
      ...frame(HEIGHT),
      layer: [
        {
          data: { values: dots },
          mark: { type: 'point', filled: true, size: 45, opacity: 0.6, color: 'var(--series-1)' },
          encoding: {
            x,
            y,
            tooltip: [
              { field: 'build', title: 'build' },
              { field: 'shown', title: 'run' },
            ],
          },
        },
        {
          data: { values: medians },
          mark: { type: 'line', strokeWidth: 3, color: 'var(--series-2)' },
          encoding: { x, y, detail: { field: 'level', type: 'nominal' } },
        },
      ],
    },
  };
}
