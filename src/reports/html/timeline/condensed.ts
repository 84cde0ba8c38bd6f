import type { TimelineItem } from '../../../analyzers/result.ts';
import type { TimeWindow } from './layout.ts';

/** More items than this are not all drawn apart. */
const APART_AT_MOST = 50;
/** Parts of the window in which the shorter items are drawn as one. */
const SLICES = 100;

/**
 * Few enough bars for a small picture: the kept and the longest as they are, the others together by
 * slices of the window, so that no part of it looks idle that was not.
 */
export function condensed(
  items: readonly TimelineItem[],
  window: TimeWindow,
  isKept: (item: TimelineItem) => boolean,
): readonly TimelineItem[] {
  if (items.length <= APART_AT_MOST) return items;
  const kept = items.filter(isKept);
  const others = items.filter((item) => !isKept(item)).sort((a, b) => length(b) - length(a));
  const room = Math.max(APART_AT_MOST - kept.length, 0);
  const long = others.filter((item) => length(item) >= (window.to - window.from) / SLICES).length;
  const apart = Math.min(room, long);
  const slices = new Map<number, TimelineItem>();
  for (const item of others.slice(apart)) {
    const slice = sliceOf(item, window);
    const before = slices.get(slice);
    slices.set(slice, before ? together(before, item) : item);
  }
  return [...kept, ...others.slice(0, apart), ...slices.values()];
}

function sliceOf(item: TimelineItem, { from, to }: TimeWindow): number {
  const start = Math.max(item.from ?? from, from);
  return Math.floor(((start - from) / Math.max(to - from, 1)) * SLICES);
}

function together(a: TimelineItem, b: TimelineItem): TimelineItem {
  const count = (a.count ?? 1) + (b.count ?? 1);
  return {
    kind: a.kind,
    label: `${count} shorter ones`,
    count,
    from: a.from === null || b.from === null ? null : Math.min(a.from, b.from),
    to: a.to === null || b.to === null ? null : Math.max(a.to, b.to),
  };
}

function length(item: TimelineItem): number {
  return (item.to ?? Number.POSITIVE_INFINITY) - (item.from ?? Number.NEGATIVE_INFINITY);
}
