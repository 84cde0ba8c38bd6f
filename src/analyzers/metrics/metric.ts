/** What a metric declares: one entry says what is measured, how it is read, and when it matters. */
import type { OccurrenceKind } from '../../kernel/occurrence.ts';

/**
 * `lower`: less is better. `neutral`: it says what load ran, and a difference is a change of the
 * load, not of the kernel’s quality.
 */
export type Direction = 'lower' | 'neutral';

interface MetricBase {
  /** Kebab-case noun. */
  readonly name: string;
  /** The question a figure of it answers. */
  readonly title: string;
  /** What exactly is measured, and what it leaves out. */
  readonly doc: string;
  readonly direction: Direction;
  /** One kind of each list must be observable, else the capture does not say. */
  readonly needs: readonly (readonly OccurrenceKind[])[];
}

/** How long something takes: a value per object. */
export interface DurationMetric extends MetricBase {
  readonly kind: 'duration';
  /** Table or join. */
  readonly from: string;
  /** SQL of a duration in clock units. */
  readonly value: string;
  /** SQL condition that holds where `value` is known. */
  readonly where: string;
  /** How it is drawn: when it began, and what it is grouped by. Absent = not drawn. */
  readonly figure?: {
    readonly ts: string;
    readonly series: string;
    /** SQL condition of those that had begun and not ended. Absent = it cannot be told. */
    readonly unended?: string;
  };
  /** Relative change of the median that matters, for example 0.05. */
  readonly threshold: number;
  /** The same for the 99th percentile. */
  readonly tailThreshold: number;
  /** Smaller differences of nanoseconds do not matter, whatever their ratio. */
  readonly floorNs: number;
}

/** How often something happens, per object or per second of the capture. */
export interface RateMetric extends MetricBase {
  readonly kind: 'rate';
  readonly from: string;
  /** SQL aggregates over `from`. */
  readonly events: string;
  /** `second` = per second of the capture. */
  readonly per: string | 'second';
  /** What the rate is printed as: events per `scale` of `unit`. */
  readonly scale: number;
  readonly unit: string;
  readonly threshold: number;
  /** Smaller differences of events, over all runs of a side, do not matter. */
  readonly floorEvents: number;
}

export type Metric = DurationMetric | RateMetric;

export const MEDIAN_THRESHOLD = 0.05;
export const TAIL_THRESHOLD = 0.1;
export const RATE_THRESHOLD = 0.25;
export const FLOOR_NS = 1_000;
export const FLOOR_EVENTS = 5;

type Defaults<M, Defaulted extends keyof M> = Omit<M, 'kind' | Defaulted> &
  Partial<Pick<M, Defaulted>>;

/** A duration with the default thresholds. */
export function duration(
  metric: Defaults<DurationMetric, 'direction' | 'threshold' | 'tailThreshold' | 'floorNs'>,
): DurationMetric {
  return {
    kind: 'duration',
    direction: 'lower',
    threshold: MEDIAN_THRESHOLD,
    tailThreshold: TAIL_THRESHOLD,
    floorNs: FLOOR_NS,
    ...metric,
  };
}

/** Events per 1000 objects, with the default thresholds. */
export function share(
  metric: Defaults<RateMetric, 'direction' | 'scale' | 'threshold' | 'floorEvents'>,
): RateMetric {
  return {
    kind: 'rate',
    direction: 'lower',
    scale: 1000,
    threshold: RATE_THRESHOLD,
    floorEvents: FLOOR_EVENTS,
    ...metric,
  };
}

/** Events per second of the capture; neutral unless said otherwise. */
export function perSecond(
  metric: Defaults<
    RateMetric,
    'direction' | 'per' | 'scale' | 'unit' | 'threshold' | 'floorEvents'
  >,
): RateMetric {
  return {
    kind: 'rate',
    direction: 'neutral',
    per: 'second',
    scale: 1,
    unit: 's',
    threshold: RATE_THRESHOLD,
    floorEvents: FLOOR_EVENTS,
    ...metric,
  };
}
