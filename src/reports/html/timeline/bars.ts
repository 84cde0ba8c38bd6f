/** What is drawn of a lane in a window: only what is in it, and what is too narrow to tell apart as one. */
import type { TimelineItem } from '../../../analyzers/result.ts';
import {
  endOf,
  type LaneLayout,
  type PlacedItem,
  percent,
  type TimeWindow,
  touches,
} from './layout.ts';

export interface Bar {
  /** Where it is first of all: tells bars of a lane apart. */
  readonly place: number;
  /** More than one: too narrow to be drawn apart. */
  readonly items: readonly TimelineItem[];
  readonly row: number;
  readonly crowded: boolean;
  /** Percent of the window's width. */
  readonly x: number;
  readonly width: number;
  /** Ended after the capture itself. */
  readonly openEnd: boolean;
}

/** SVG draws nothing of a rectangle without width; its outline makes this one visible. */
const NARROWEST_PERCENT = 0.01;
/** Bars narrower than this, and closer to each other, cannot be told apart. */
const APART_PIXELS = 2;

export function barsIn(layout: LaneLayout, window: TimeWindow, pixels: number): readonly Bar[] {
  const apart = (100 * APART_PIXELS) / Math.max(pixels, 1);
  const bars: Growing[] = [];
  for (const [place, placed] of layout.placed.entries()) {
    if (!touches(placed.item, window)) continue;
    const bar = barOf(placed, place, window);
    const before = bars.at(-1);
    if (before !== undefined && isOne(before, bar, apart)) join(before, bar);
    else bars.push(bar);
  }
  return bars;
}

type Growing = { -readonly [Key in keyof Bar]: Bar[Key] } & { readonly items: TimelineItem[] };

function barOf({ item, row, crowded }: PlacedItem, place: number, window: TimeWindow): Growing {
  const x = percent(item.from ?? window.from, window);
  const end = percent(item.to ?? window.to, window);
  return {
    place,
    items: [item],
    row,
    crowded,
    x,
    width: Math.max(end - x, NARROWEST_PERCENT),
    openEnd: item.to === null,
  };
}

/** Those of findings are never hidden among others. */
function isOne(a: Bar, b: Bar, apart: number): boolean {
  return (
    a.row === b.row &&
    b.width < apart &&
    (a.items.length > 1 || a.width < apart) &&
    b.x - (a.x + a.width) < apart &&
    isMarked(a) === isMarked(b) &&
    a.openEnd === b.openEnd
  );
}

function join(a: Growing, b: Bar): void {
  a.width = Math.max(a.x + a.width, b.x + b.width) - a.x;
  a.items.push(...b.items);
}

export function isMarked({ items }: Bar): boolean {
  return items.some(({ findings }) => findings !== undefined);
}

/** How many objects a bar stands for. */
export function objectsOf({ items }: Bar): number {
  return items.reduce((sum, { count }) => sum + (count ?? 1), 0);
}

/** From the first to the last moment of what a bar stands for; null = not known. */
export function spanOf({ items }: Pick<Bar, 'items'>): {
  readonly from: number | null;
  readonly to: number | null;
} {
  const open = items.some(({ from }) => from === null);
  const last = Math.max(...items.map(endOf));
  return {
    from: open ? null : Math.min(...items.map(({ from }) => from ?? 0)),
    to: Number.isFinite(last) ? last : null,
  };
}

/** The bar at a place of a lane, or the nearest one in reach: narrow ones are hard to hit. */
export function barAt(
  bars: readonly Bar[],
  row: number,
  x: number,
  reach: number,
): Bar | undefined {
  const distance = (bar: Bar): number => Math.max(bar.x - x, x - (bar.x + bar.width), 0);
  return bars
    .filter((bar) => bar.row === row && distance(bar) <= reach)
    .reduce<Bar | undefined>(
      (best, bar) => (best === undefined || distance(bar) <= distance(best) ? bar : best),
      undefined,
    );
}
