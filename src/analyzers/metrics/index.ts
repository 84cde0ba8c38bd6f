import { deviceMetrics } from './device.ts';
import { fenceMetrics } from './fence.ts';
import { memoryMetrics } from './memory.ts';
import type { DurationMetric, Metric } from './metric.ts';

/** Everything that is measured of a capture, in the order it is shown. */
export const metrics: readonly Metric[] = [...memoryMetrics, ...fenceMetrics, ...deviceMetrics];

/** Those that are drawn in the report of one capture. */
export const drawnMetrics: readonly DurationMetric[] = metrics.filter(
  (metric): metric is DurationMetric => metric.kind === 'duration' && metric.figure !== undefined,
);
