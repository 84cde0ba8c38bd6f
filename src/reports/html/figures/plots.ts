/**
 * vega-lite specifications. Strings of a capture occur only as data values and scale domains, never
 * in expressions. Colours are custom properties, so that light, dark and print need no redrawing.
 */
import type { Distribution } from '../../../analyzers/result.ts';
import { durationAxis, frame, inAxisUnit, type Plot, type Range, timeAxis } from './axes.ts';
import { logBins, logDomain } from './log-scale.ts';
import { seriesScale } from './series.ts';

const HEIGHT_PIXELS = 240;
/** Of a plot with so few values that it has no histogram. */
const LOW_HEIGHT_PIXELS = 150;
/** More marks are slow to draw and show no more. */
export const DRAWN_AT_MOST = 600;
/** Fewer values than this have no shape worth drawing. */
export const BINNED_FROM = 20;
/** Quantiles drawn as lines across the plot. */
const RULES: Readonly<Record<string, string>> = { '0.5': 'median', '0.99': '99 %' };

/** Room right of the plot for their names. */
const RULE_NAME_PIXELS = 52;

/** When each happened (across) and how long it took (up). */
export function durationsOverTime(id: string, of: Distribution, range: Range): Plot {
  const series = seriesScale(of.points);
  const values = drawn(of).map((point) => ({
    t: inAxisUnit(point.ts, range.time),
    v: Math.max(point.value, 1),
    s: series.nameOf(point.series),
    series: point.series,
    at: range.time.moment(point.ts),
    took: range.time.duration(point.value),
  }));
  const y = durationAxis(logDomain(of.points.map((point) => point.value)), range.time, true);
  const scale = { domain: series.domain };
  const rules = quantileRules(of, y);
  const points = {
    data: { values },
    mark: { type: 'point', filled: true, size: 34, opacity: 0.8, aria: false },
    encoding: {
      x: { field: 't', ...timeAxis(range) },
      y: { field: 'v', ...y },
      color: {
        field: 's',
        type: 'nominal',
        scale: { ...scale, range: series.colours },
        legend: null,
      },
      shape: {
        field: 's',
        type: 'nominal',
        scale: { ...scale, range: series.shapes },
        legend: null,
      },
      tooltip: [
        { field: 'took', title: 'took' },
        { field: 'at', title: 'at' },
        { field: 'series', title: 'of' },
      ],
    },
  };
  return {
    id,
    spec: {
      ...frame(of.title, heightOf(of), rules.length > 0 ? RULE_NAME_PIXELS : 8),
      layer: [points, ...rules],
    },
  };
}

/** The same durations by how common they are, on the same vertical axis. */
export function durationHistogram(id: string, of: Distribution, range: Range): Plot {
  const durations = of.points.map((point) => point.value);
  const y = durationAxis(logDomain(durations), range.time, false);
  const values = logBins(durations).map((bin) => ({
    ...bin,
    percent: `${(bin.share * 100).toFixed(1)} %`,
    between: `${range.time.duration(bin.from)} to ${range.time.duration(bin.to)}`,
  }));
  return {
    id,
    spec: {
      ...frame(`${of.title} Shares`, heightOf(of)),
      data: { values },
      mark: { type: 'rect', color: 'var(--series-1)', opacity: 0.85, aria: false },
      encoding: {
        x: {
          field: 'share',
          type: 'quantitative',
          scale: { domainMin: 0 },
          axis: {
            title: `share of ${of.count.toLocaleString('en-US')}`,
            format: '.0%',
            tickCount: 3,
          },
        },
        x2: { datum: 0 },
        y: { field: 'from', ...y },
        y2: { field: 'to' },
        tooltip: [
          { field: 'between', title: 'took' },
          { field: 'percent', title: 'share' },
        ],
      },
    },
  };
}

function heightOf(of: Distribution): number {
  return of.points.length < BINNED_FROM ? LOW_HEIGHT_PIXELS : HEIGHT_PIXELS;
}

/** All of few; of many an even sample of the values, the shortest and the longest among them. */
function drawn({ points }: Distribution): Distribution['points'] {
  if (points.length <= DRAWN_AT_MOST) return points;
  const step = (points.length - 1) / (DRAWN_AT_MOST - 1);
  return Array.from({ length: DRAWN_AT_MOST }, (_, n) => points[Math.round(n * step)]).filter(
    (point) => point !== undefined,
  );
}

function quantileRules(of: Distribution, y: Record<string, unknown>): Record<string, unknown>[] {
  if (of.count < BINNED_FROM) return [];
  const values = of.quantiles
    .filter(({ q }) => String(q) in RULES)
    .map(({ q, value }) => ({ v: Math.max(value, 1), name: RULES[String(q)] }));
  const data = { values };
  return [
    {
      data,
      mark: { type: 'rule', strokeDash: [4, 3], color: 'var(--ink-soft)', aria: false },
      encoding: { y: { field: 'v', ...y } },
    },
    {
      data,
      mark: { type: 'text', align: 'left', dx: 4, color: 'var(--ink-soft)' },
      encoding: {
        x: { value: 'width' },
        y: { field: 'v', ...y },
        text: { field: 'name', type: 'nominal' },
      },
    },
  ];
}
