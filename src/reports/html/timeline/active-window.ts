import type { Result } from '../../../analyzers/result.ts';
import type { TimeWindow } from './layout.ts';

/** Where everything happened within less than this share of the capture, only that part is drawn. */
const WHOLE_FROM_SHARE = 0.5;
/** Share of that part left free on either side. */
const MARGIN = 0.05;

/** The part of the capture that figures show: all of it, unless most of it would be empty. */
export function activeWindow(result: Result): TimeWindow {
  const duration = Math.max(result.capture.durationNs, 1);
  const whole = { from: 0, to: duration };
  if (result.timelineLanesOmitted > 0) return whole;
  const { from, to } = extent(result);
  if (from > to || to - from >= duration * WHOLE_FROM_SHARE) return whole;
  const margin = Math.max((to - from) * MARGIN, 1);
  return { from: Math.max(0, from - margin), to: Math.min(duration, to + margin) };
}

/** From the first to the last known moment of anything drawn, lost events included. */
function extent(result: Result): TimeWindow {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  const include = (moment: number | null): void => {
    if (moment === null) return;
    from = Math.min(from, moment);
    to = Math.max(to, moment);
  };
  const spans = [...result.timeline.flatMap((lane) => lane.items), ...result.losses];
  for (const span of spans) {
    include(span.from);
    include(span.to);
  }
  for (const { ts, value } of result.distributions.flatMap(({ points }) => points)) {
    include(ts);
    include(ts + value);
  }
  return { from, to };
}
