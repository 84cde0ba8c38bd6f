/** Windows and the zoom library's transforms: which part of the capture fills the track. */
import type { TimelineItem } from '../../../analyzers/result.ts';
import type { TimeWindow } from './layout.ts';

/** Where the bars are, in pixels of the element that hears the gestures. */
export interface Track {
  readonly left: number;
  readonly width: number;
}

/** `x * k + x0` of d3-zoom, which is where it is made and used: see client/zoom.ts. */
export interface Transform {
  readonly k: number;
  readonly x: number;
}

/** Nothing is drawn larger than this many nanoseconds, or ticks, across. */
export const SHORTEST_WINDOW = 100;
/** Share of an object's length shown on either side of it. */
const MARGIN = 0.6;
/** A moment is shown with this share of the capture around it. */
const MOMENT_SHARE = 0.002;

/** The transform under which the window fills the track that the whole capture fills at identity. */
export function transformOf(window: TimeWindow, whole: TimeWindow, track: Track): Transform {
  const k = lengthOf(whole) / lengthOf(window);
  const start = track.left + (track.width * (window.from - whole.from)) / lengthOf(whole);
  return { k, x: track.left - k * start };
}

export function windowOf({ k, x }: Transform, whole: TimeWindow, track: Track): TimeWindow {
  const moment = (pixel: number): number =>
    whole.from + (((pixel - x) / k - track.left) / Math.max(track.width, 1)) * lengthOf(whole);
  // rounding of far magnified places must not lead out of the capture
  return {
    from: Math.max(moment(track.left), whole.from),
    to: Math.min(moment(track.left + track.width), whole.to),
  };
}

/** An object with its surroundings. What is not known of it ends where the capture does. */
export function windowAround(
  span: Pick<TimelineItem, 'from' | 'to'>,
  whole: TimeWindow,
): TimeWindow {
  const from = span.from ?? whole.from;
  const to = span.to ?? whole.to;
  const margin = Math.max(
    (to - from) * MARGIN,
    to === from ? lengthOf(whole) * MOMENT_SHARE : 0,
    SHORTEST_WINDOW / 2,
  );
  return { from: Math.max(from - margin, whole.from), to: Math.min(to + margin, whole.to) };
}

/** How far one can zoom into a capture. */
export function largestScale(whole: TimeWindow): number {
  return Math.max(lengthOf(whole) / SHORTEST_WINDOW, 1);
}

export function wholeOf(durationNs: number): TimeWindow {
  return { from: 0, to: Math.max(durationNs, 1) };
}

function lengthOf({ from, to }: TimeWindow): number {
  return Math.max(to - from, 1);
}
