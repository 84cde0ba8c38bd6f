/** vega-lite specifications of a comparison; colours as in the other plots. */
import type { Comparison, FigureComparison } from '../../../compare/comparison.ts';
import {
  type Curve,
  curvesOf,
  quantileShift,
  typicalCurve,
} from '../../../compare/quantile-shift.ts';
import { valueText } from '../../comparison/words.ts';
import { DURATION_LABELS, type Plot } from '../figures/axes.ts';
import { decades, logDomain } from '../figures/log-scale.ts';

const STRIP_HEIGHT = 96;
const CURVE_HEIGHT = 220;
const SIDES = ['base', 'new'] as const;
const COLOURS = ['var(--series-1)', 'var(--series-2)'];
const COLOUR = {
  field: 'side',
  type: 'nominal',
  scale: { domain: SIDES, range: COLOURS },
  legend: null,
};

const RATIO_TICKS = [
  0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 5, 10, 20, 50, 100,
];
/** A wider axis has a tick at each power of ten, a closer one between them. */
const WIDE = 30;

export type Spec = Record<string, unknown>;

export function frame(height: number): Spec {
  return {
    width: 'container',
    height,
    autosize: { type: 'fit-x', contains: 'padding' },
    padding: { left: 2, right: 14, top: 8, bottom: 2 },
  };
}

/** A dot per run, the median of each side as a tick: whoever sees it needs no test. */
export function runStrip(id: string, figure: FigureComparison, comparison: Comparison): Plot {
  const values = SIDES.flatMap((side) =>
    figure[side].values.flatMap((value, n) =>
      value === null
        ? []
        : [
            {
              side,
              v: value,
              shown: valueText(value, figure),
              run: comparison[side].runs[n]?.path ?? '',
            },
          ],
    ),
  );
  const medians = SIDES.flatMap((side) => {
    const { median } = figure[side];
    return median === null
      ? []
      : [{ side, v: median, shown: `median ${valueText(median, figure)}` }];
  });
  const y = { field: 'side', type: 'nominal', sort: SIDES, title: null, scale: { domain: SIDES } };
  const x = {
    field: 'v',
    ...valueAxis(
      figure.unit,
      values.map(({ v }) => v),
    ),
  };
  return {
    id,
    spec: {
      ...frame(STRIP_HEIGHT),
      layer: [
        {
          data: { values: partnersOf(figure, comparison) },
          mark: { type: 'rule', color: 'var(--ink-soft)', opacity: 0.35, aria: false },
          encoding: {
            x: { ...x, field: 'base' },
            x2: { field: 'new' },
            y: { ...y, field: 'from' },
            y2: { field: 'to' },
          },
        },
        {
          data: { values },
          mark: { type: 'point', filled: true, size: 70, opacity: 0.75 },
          encoding: {
            x,
            y,
            color: COLOUR,
            tooltip: [
              { field: 'shown', title: 'run' },
              { field: 'run', title: 'from' },
            ],
          },
        },
        {
          data: { values: medians },
          mark: { type: 'tick', thickness: 3, size: 34, color: 'var(--ink)' },
          encoding: { x, y, tooltip: [{ field: 'shown', title: 'side' }] },
        },
      ],
    },
  };
}

/** The values of runs that are a pair; from one row of dots to the other. */
function partnersOf(figure: FigureComparison, { pairs }: Comparison): Spec[] {
  return (pairs ?? []).flatMap(([a, b]) => {
    const [base, next] = [figure.base.values[a] ?? null, figure.new.values[b] ?? null];
    return base === null || next === null ? [] : [{ base, new: next, from: 'base', to: 'new' }];
  });
}

/** Each run thin, each side thick: how large a share took at most so long. */
export function distributions(
  id: string,
  metric: string,
  comparison: Comparison,
): Plot | undefined {
  const sides = SIDES.map((side) => ({ side, curves: curvesOf(comparison[side].runs, metric) }));
  if (sides.some(({ curves }) => curves.length === 0)) return undefined;
  const thin = sides.flatMap(({ side, curves }) =>
    curves.flatMap(({ run, quantiles }: Curve) =>
      quantiles.map(({ q, value }) => ({ side, line: `${side} ${run}`, q, v: Math.max(1, value) })),
    ),
  );
  const thick = sides.flatMap(({ side, curves }) =>
    typicalCurve(curves).map(({ q, value }) => ({ side, line: side, q, v: Math.max(1, value) })),
  );
  const encoding = {
    x: {
      field: 'v',
      ...logAxis(
        thin.map(({ v }) => v),
        'ns',
        'took (log scale)',
      ),
    },
    y: {
      field: 'q',
      type: 'quantitative',
      axis: { title: 'share that took at most so long', format: '.0%', tickCount: 5 },
    },
    color: COLOUR,
    detail: { field: 'line', type: 'nominal' },
    order: { field: 'q', type: 'quantitative' },
  };
  return {
    id,
    spec: {
      ...frame(CURVE_HEIGHT),
      layer: [
        { data: { values: thin }, mark: { type: 'line', strokeWidth: 1, opacity: 0.35 }, encoding },
        { data: { values: thick }, mark: { type: 'line', strokeWidth: 3 }, encoding },
      ],
    },
  };
}

/** How much slower each part of the distribution is, with what the scatter of the runs allows. */
export function shifts(id: string, metric: string, comparison: Comparison): Plot | undefined {
  const values = quantileShift(
    curvesOf(comparison.base.runs, metric),
    curvesOf(comparison.new.runs, metric),
    comparison,
  );
  if (values.length === 0) return undefined;
  const x = {
    field: 'q',
    type: 'quantitative',
    scale: { domain: [0, 1], nice: false },
    axis: { title: 'quantile: the fast ones left, the tail right', format: '.0%', tickCount: 5 },
  };
  const ratios = values.flatMap(({ low, high }) => [low, high]);
  const [low, high] = [
    Math.max(0.01, Math.min(0.8, ...ratios)),
    Math.min(100, Math.max(1.25, ...ratios)),
  ];
  const scale = { type: 'log', domain: [low, high], nice: false, clamp: true };
  const y = (field: string): Spec => ({ field, type: 'quantitative', scale });
  const axis = {
    title: 'new / base',
    labelExpr: "'× ' + format(datum.value, '.2~f')",
    values: RATIO_TICKS.filter((ratio) => ratio >= low && ratio <= high),
    labelOverlap: 'greedy',
  };
  return {
    id,
    spec: {
      ...frame(CURVE_HEIGHT),
      data: { values },
      layer: [
        {
          mark: { type: 'area', opacity: 0.25, color: 'var(--series-2)' },
          encoding: { x, y: { ...y('low'), axis }, y2: { field: 'high' } },
        },
        {
          mark: { type: 'line', strokeWidth: 2, color: 'var(--series-2)' },
          encoding: { x, y: { ...y('ratio'), axis } },
        },
        {
          data: { values: [{ one: 1 }] },
          mark: { type: 'rule', strokeDash: [4, 3], color: 'var(--ink-soft)' },
          encoding: { y: { ...y('one'), axis } },
        },
      ],
    },
  };
}

export function valueAxis(unit: string, values: readonly number[]): Spec {
  if (unit === 'ns') return logAxis(values, unit, null);
  const high = Math.max(...values);
  return {
    type: 'quantitative',
    scale: { domain: [0, high > 0 ? high * 1.05 : 1], nice: true },
    axis: { title: unit, tickCount: 6 },
  };
}

/** Close around the values: a change of a tenth must be seen. */
function logAxis(values: readonly number[], unit: string, title: string | null): Spec {
  const [low, high] = [Math.max(1, Math.min(...values)), Math.max(1, ...values)];
  const domain = [low / 1.08, Math.max(high, low * 1.05) * 1.08];
  return {
    type: 'quantitative',
    scale: { type: 'log', domain, nice: false },
    axis: {
      title,
      ...(high > low * WIDE ? { values: decades(logDomain(values)) } : { tickCount: 6 }),
      labelOverlap: 'greedy',
      ...(unit === 'ns' ? { labelExpr: DURATION_LABELS } : {}),
    },
  };
}
