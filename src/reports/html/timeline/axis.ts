import { count, scaleOf } from '../../units.ts';
import { percent, type TimeWindow } from './layout.ts';

export interface Tick {
  readonly x: number;
  readonly label: string;
}

/** Ticks at round moments, at most so many, labelled in one unit. */
export function axisTicks(window: TimeWindow, unit: 'ns' | 'ticks', most = 5): readonly Tick[] {
  const step = roundStep((window.to - window.from) / most);
  const scale = unit === 'ticks' ? { factor: 1, unit: '' } : scaleOf(Math.max(window.to, 1));
  const digits = Math.max(0, Math.ceil(-Math.log10(step / scale.factor) - 1e-9));
  const ticks: Tick[] = [];
  for (let n = Math.ceil(window.from / step); n * step <= window.to; n++) {
    const value = (n * step) / scale.factor;
    const text = unit === 'ticks' ? count(value) : `${value.toFixed(digits)} ${scale.unit}`;
    ticks.push({ x: percent(n * step, window), label: text });
  }
  return ticks;
}

/** 1, 2 or 5 times a power of ten, at least one nanosecond. */
function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1)));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough) ?? 10;
  return factor * power;
}
