/** The numbers detectors judge by, which a configuration can change. */
import { TraceError } from '../errors.ts';
import type { DetectorMeta } from './detector.ts';

export interface Threshold {
  /** kebab-case, unique within its detector. */
  readonly name: string;
  readonly unit: 'ns' | 'count' | 'bytes' | 'share' | 'per second';
  readonly default: number;
  /** What happens from this value on, one sentence. */
  readonly doc: string;
}

/** By detector id and name of the threshold; a duration may be text with a unit: `10 ms`. */
export type ThresholdSettings = Readonly<Record<string, Readonly<Record<string, number | string>>>>;

/** The values to judge by, of those that differ from their defaults. */
export type Limits = ReadonlyMap<Threshold, number>;

export const NO_LIMITS: Limits = new Map();

/** @throws TraceError for a detector, threshold or value there is not. */
export function limitsOf(settings: ThresholdSettings, metas: readonly DetectorMeta[]): Limits {
  const limits = new Map<Threshold, number>();
  for (const [detector, values] of Object.entries(settings)) {
    const meta = metas.find(({ id }) => id === detector);
    if (meta === undefined) throw new TraceError(`thresholds: there is no detector ${detector}`);
    const known = meta.thresholds ?? [];
    for (const [name, value] of Object.entries(values)) {
      const threshold = known.find((one) => one.name === name);
      if (threshold === undefined) {
        throw new TraceError(`thresholds: ${detector} has no ${name}`, {
          hint:
            known.length === 0
              ? 'it has none'
              : `it has ${known.map((one) => one.name).join(', ')}`,
        });
      }
      limits.set(threshold, parseValue(threshold, value, `${detector}.${name}`));
    }
  }
  return limits;
}

/** Its default as one reads it: `10 ms`, `5 (count)`. */
export function thresholdText({ unit, default: value }: Threshold): string {
  if (unit !== 'ns') return `${value} (${unit})`;
  const [name, factor] = Object.entries(UNITS).findLast(([, size]) => value >= size) ?? ['ns', 1];
  return `${value / factor} ${name}`;
}

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9 };

function parseValue(threshold: Threshold, value: number | string, where: string): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  const [, digits, unit] = /^\s*(\d+(?:\.\d+)?)\s*([a-zµ]+)\s*$/.exec(String(value)) ?? [];
  const factor = UNITS[unit ?? ''];
  if (threshold.unit === 'ns' && typeof value === 'string' && factor !== undefined) {
    return Number(digits) * factor;
  }
  throw new TraceError(`thresholds: ${where} cannot be ${JSON.stringify(value)}`, {
    hint:
      threshold.unit === 'ns'
        ? 'a number of ns, or text with a unit: "10 ms"'
        : `a number (${threshold.unit})`,
  });
}
