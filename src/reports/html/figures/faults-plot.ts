/** Page faults of devices over time, and lines where the processes died that use devices. */
import type { FaultsOverTime } from '../../../analyzers/result.ts';
import { count, type TimeFormat } from '../../units.ts';
import { frame, inAxisUnit, type Plot, type Range, type Spec, timeAxis } from './axes.ts';

const HEIGHT_PIXELS = 200;
/** Names beside more lines than this lie over each other; they are in the text below. */
const NAMED_EXITS = 3;
const MARGIN = 0.02;
/** Above the highest bar, for the names of exits. */
const HEADROOM = 1.2;

/** In the order of the legend; told apart by lightness too. */
export const OUTCOMES: readonly {
  readonly name: FaultsOverTime['bins'][number]['outcome'];
  readonly series: number;
}[] = [
  { name: 'served', series: 1 },
  { name: 'refused', series: 2 },
  { name: 'outcome not recorded', series: 8 },
];

export function faultsPlot(id: string, of: FaultsOverTime, time: TimeFormat): Plot {
  const x = timeAxis(rangeOf(of, time));
  const bins = stacked(of, time);
  return {
    id,
    spec: {
      ...frame(of.title, HEIGHT_PIXELS),
      layer: [
        {
          data: { values: bins },
          mark: { type: 'rect', aria: false, stroke: 'var(--paper)', strokeWidth: 0.5 },
          encoding: {
            x: { field: 'from', ...x },
            x2: { field: 'to' },
            y: {
              field: 'low',
              type: 'quantitative',
              scale: { domain: [0, highest(bins) * HEADROOM], nice: false },
              axis: {
                title: `page faults per ${time.duration(of.binWidth)}`,
                tickMinStep: 1,
                format: ',d',
              },
            },
            y2: { field: 'high' },
            color: {
              field: 'outcome',
              type: 'nominal',
              scale: {
                domain: OUTCOMES.map(({ name }) => name),
                range: OUTCOMES.map(({ series }) => `var(--series-${series})`),
              },
              legend: null,
            },
            tooltip: [
              { field: 'number', title: 'page faults' },
              { field: 'outcome', title: 'outcome' },
              { field: 'at', title: 'from' },
            ],
          },
        },
        ...exitLines(of, time, x),
      ],
    },
  };
}

/** Those of one bin upon each other, in the order of the legend. */
function stacked({ bins, binWidth }: FaultsOverTime, time: TimeFormat) {
  const tops = new Map<number, number>();
  const ordered = OUTCOMES.flatMap(({ name }) => bins.filter(({ outcome }) => outcome === name));
  return ordered.map((bin) => {
    const low = tops.get(bin.from) ?? 0;
    tops.set(bin.from, low + bin.count);
    return {
      from: inAxisUnit(bin.from, time),
      to: inAxisUnit(bin.from + binWidth, time),
      low,
      high: low + bin.count,
      outcome: bin.outcome,
      at: time.moment(bin.from),
      number: count(bin.count),
    };
  });
}

function highest(bins: readonly { readonly high: number }[]): number {
  return bins.reduce((most, { high }) => Math.max(most, high), 1);
}

function exitLines({ exits }: FaultsOverTime, time: TimeFormat, x: Spec): Spec[] {
  const values = exits.map(({ ts, label }) => ({
    at: inAxisUnit(ts, time),
    moment: time.moment(ts),
    label: `exit of ${label}`,
  }));
  const line = {
    data: { values },
    mark: { type: 'rule', strokeWidth: 1.5, strokeDash: [5, 3], color: 'var(--ink)', aria: false },
    encoding: {
      x: { field: 'at', ...x },
      tooltip: [
        { field: 'label', title: 'exit' },
        { field: 'moment', title: 'at' },
      ],
    },
  };
  if (exits.length > NAMED_EXITS) return [line];
  const name = {
    data: { values },
    mark: { type: 'text', align: 'left', baseline: 'top', dx: 5, color: 'var(--ink)', limit: 220 },
    encoding: {
      x: { field: 'at', ...x },
      y: { value: 0 },
      text: { field: 'label', type: 'nominal' },
    },
  };
  return [line, name];
}

/** From the first fault or exit to the last. */
function rangeOf({ bins, exits, binWidth }: FaultsOverTime, time: TimeFormat): Range {
  const moments = [
    ...bins.flatMap(({ from }) => [from, from + binWidth]),
    ...exits.map(({ ts }) => ts),
  ];
  const from = Math.min(...moments);
  const to = Math.max(...moments);
  const margin = (to - from) * MARGIN;
  return { window: { from: Math.max(0, from - margin), to: to + margin }, time };
}
