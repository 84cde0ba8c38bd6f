/** Numbers as readers want them: with a unit, and no more digits than they can use. */
import type { ResultClock } from '../analyzers/result.ts';

/** Durations and moments in the unit of the capture's clock. Ticks are never called seconds. */
export interface TimeFormat {
  readonly unit: 'ns' | 'ticks';
  /** The time between two moments: `411.8 ms`, or `12,345 ticks`. */
  duration(value: number): string;
  /** A moment after the first event of the capture: `+0.412346 s`. */
  moment(value: number): string;
  /** Every digit, for tooltips: `411,790,123 ns`. */
  exact(value: number): string;
}

const SCALES = [
  { factor: 1e9, unit: 's' },
  { factor: 1e6, unit: 'ms' },
  { factor: 1e3, unit: 'µs' },
  { factor: 1, unit: 'ns' },
] as const;

export interface Scale {
  readonly factor: number;
  readonly unit: string;
}

/** The largest unit in which the value is at least one. */
export function scaleOf(ns: number): Scale {
  const size = Math.abs(ns);
  return SCALES.find((scale) => size >= scale.factor) ?? { factor: 1, unit: 'ns' };
}

export function timeFormat(clock: Pick<ResultClock, 'unit'>): TimeFormat {
  if (clock.unit === 'ticks') {
    const ticks = (value: number): string => `${count(value)} ${value === 1 ? 'tick' : 'ticks'}`;
    return {
      unit: 'ticks',
      duration: ticks,
      moment: (value) => signed(value, ticks),
      exact: ticks,
    };
  }
  return {
    unit: 'ns',
    duration: formatNanoseconds,
    moment: (value) => signed(value, (ns) => `${(ns / 1e9).toFixed(6)} s`),
    exact: (value) => `${count(value)} ns`,
  };
}

export function formatNanoseconds(ns: number): string {
  const { factor, unit } = scaleOf(ns);
  return `${significant(ns / factor)} ${unit}`;
}

/** Kept: making one takes longer than formatting a hundred numbers. */
const DIGITS = new Intl.NumberFormat('en-US', { maximumFractionDigits: 3 });

export function count(value: number): string {
  return DIGITS.format(value);
}

/** `1 event`, `2 events`. */
export function counted(value: number, noun: string, plural: string = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : plural}`;
}

export function formatBytes(value: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;
  let index = 0;
  let size = value;
  while (Math.abs(size) >= 1024 && index < units.length - 1) {
    size /= 1024;
    index++;
  }
  return `${significant(size)} ${units[index]}`;
}

function signed(value: number, format: (value: number) => string): string {
  return value < 0 ? `−${format(-value)}` : `+${format(value)}`;
}

/** Four significant digits, whole numbers kept whole, no trailing zeros. */
function significant(value: number): string {
  return count(Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4)));
}
