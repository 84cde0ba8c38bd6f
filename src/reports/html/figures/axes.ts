/** Frames and axes that the plots share. Every axis names its unit, in its title or at its ticks. */
import type { TimeFormat } from '../../units.ts';
import type { TimeWindow } from '../timeline/layout.ts';
import { decades, type LogDomain } from './log-scale.ts';

export type Spec = Record<string, unknown>;

/** What the page's script hands to vega-embed. */
export interface Plot {
  /** Id of the element it is drawn into. */
  readonly id: string;
  readonly spec: Readonly<Spec>;
}

export interface Range {
  readonly window: TimeWindow;
  readonly time: TimeFormat;
}

export const DURATION_LABELS: string = [
  "datum.value >= 1e9 ? datum.value / 1e9 + ' s'",
  "datum.value >= 1e6 ? datum.value / 1e6 + ' ms'",
  "datum.value >= 1e3 ? datum.value / 1e3 + ' µs'",
  "datum.value + ' ns'",
].join(' : ');

/** `description` is read aloud; the values are in the page as text. */
export function frame(description: string, height: number, right = 8): Spec {
  return {
    description,
    width: 'container',
    height,
    autosize: { type: 'fit-x', contains: 'padding' },
    padding: { left: 2, right, top: 8, bottom: 2 },
  };
}

/** Across: when. */
export function timeAxis({ window, time }: Range): Spec {
  return {
    type: 'quantitative',
    scale: { domain: [inAxisUnit(window.from, time), inAxisUnit(window.to, time)], nice: false },
    axis: {
      title: time.unit === 'ns' ? 'since the first event, s' : 'since the first event, ticks',
      tickCount: 6,
    },
  };
}

/** Logarithmic: durations have tails. */
export function durationAxis(domain: LogDomain, time: TimeFormat, titled: boolean): Spec {
  const labels = time.unit === 'ns' ? { labelExpr: DURATION_LABELS } : { format: '~s' };
  const title = time.unit === 'ns' ? 'took (log scale)' : 'took, ticks (log scale)';
  return {
    type: 'quantitative',
    scale: { type: 'log', domain: [domain.low, domain.high], nice: false },
    axis: { values: decades(domain), title: titled ? title : null, ...labels },
  };
}

export function inAxisUnit(value: number, time: TimeFormat): number {
  return time.unit === 'ns' ? value / 1e9 : value;
}
