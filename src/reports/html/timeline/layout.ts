/** Where the bars of a lane go: percentages across, rows down. Pure arithmetic. */
import type { TimelineItem } from '../../../analyzers/result.ts';

/** The part of the capture that is drawn, relative ns (or ticks). */
export interface TimeWindow {
  readonly from: number;
  readonly to: number;
}

export interface Bar {
  readonly item: TimelineItem;
  readonly row: number;
  /** In the last row, where bars may lie over each other. */
  readonly crowded: boolean;
  /** Percent of the window's width. */
  readonly x: number;
  readonly width: number;
  /** Began before, or ended after, the capture itself. */
  readonly openStart: boolean;
  readonly openEnd: boolean;
}

/** SVG draws nothing of a rectangle without width; its outline makes this one visible. */
const NARROWEST_PERCENT = 0.01;

export interface LaneLayout {
  readonly bars: readonly Bar[];
  readonly rows: number;
}

/**
 * Items that touch the window, stacked so that those alive at the same time lie in rows of their own.
 * What finds none free shares one more row, the last, except items of findings.
 */
export function layoutLane(
  items: readonly TimelineItem[],
  window: TimeWindow,
  maxRows: number,
): LaneLayout {
  const rowEnds: number[] = [];
  const bars: Bar[] = [];
  const crowd: TimelineItem[] = [];
  for (const item of itemsIn(items, window)) {
    const from = item.from ?? Number.NEGATIVE_INFINITY;
    const free = rowEnds.findIndex((end) => end <= from);
    const row = free === -1 ? rowEnds.length : free;
    if (row >= maxRows && row === rowEnds.length && item.findings === undefined) {
      crowd.push(item);
      continue;
    }
    rowEnds[row] = item.to ?? Number.POSITIVE_INFINITY;
    bars.push({ item, row, crowded: false, ...across(item, window) });
  }
  const last = rowEnds.length;
  bars.push(...crowd.map((item) => ({ item, row: last, crowded: true, ...across(item, window) })));
  return { bars, rows: Math.max(last + (crowd.length > 0 ? 1 : 0), 1) };
}

export function itemsIn(items: readonly TimelineItem[], window: TimeWindow): TimelineItem[] {
  return items
    .filter((item) => (item.from ?? 0) <= window.to && (item.to ?? window.to) >= window.from)
    .sort((a, b) => (a.from ?? Number.NEGATIVE_INFINITY) - (b.from ?? Number.NEGATIVE_INFINITY));
}

function across(
  item: TimelineItem,
  window: TimeWindow,
): Pick<Bar, 'x' | 'width' | 'openStart' | 'openEnd'> {
  const start = percent(item.from ?? window.from, window);
  const end = percent(item.to ?? window.to, window);
  return {
    x: start,
    width: Math.max(end - start, NARROWEST_PERCENT),
    openStart: item.from === null,
    openEnd: item.to === null,
  };
}

export function percent(moment: number, window: TimeWindow): number {
  const share = (moment - window.from) / Math.max(window.to - window.from, 1);
  return Math.min(Math.max(share, 0), 1) * 100;
}
