/** Where the bars of a lane go: rows down, percentages across. Pure arithmetic. */
import type { TimelineItem } from '../../../analyzers/result.ts';

/** The part of the capture that is drawn, relative ns (or ticks). */
export interface TimeWindow {
  readonly from: number;
  readonly to: number;
}

export interface PlacedItem {
  readonly item: TimelineItem;
  readonly row: number;
  /** In the last row, where bars may lie over each other. */
  readonly crowded: boolean;
}

export interface LaneLayout {
  /** By row, and in each by time. */
  readonly placed: readonly PlacedItem[];
  readonly rows: number;
}

/**
 * Items stacked so that those alive at the same time lie in rows of their own, for good: a row does
 * not change when the window does. Those in the first window decide how many rows there are; what
 * finds none free shares one more, the last, except items of findings.
 */
export function layoutLane(
  items: readonly TimelineItem[],
  first: TimeWindow,
  maxRows: number,
): LaneLayout {
  const sorted = [...items].sort(byTime);
  const rows = new Rows();
  for (const item of sorted.filter((each) => touches(each, first))) {
    rows.place(item, item.findings === undefined ? maxRows : Number.POSITIVE_INFINITY);
  }
  const few = Math.max(rows.count, 1);
  for (const item of sorted.filter((each) => startOf(each) > first.to)) rows.place(item, few);
  const before = sorted.filter((each) => endOf(each) < first.from);
  for (const item of before.reverse()) rows.placeBefore(item, few);
  return rows.layout();
}

/** Rows that grow at both ends. */
class Rows {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #placed: { item: TimelineItem; row: number }[] = [];
  readonly #crowd: TimelineItem[] = [];

  get count(): number {
    return this.#ends.length;
  }

  /** Behind everything in its row; in a new row where there are not `most` yet. */
  place(item: TimelineItem, most: number): void {
    const free = this.#ends.findIndex((end) => end <= startOf(item));
    const row = free === -1 ? this.count : free;
    if (row === this.count && row >= most) {
      this.#crowd.push(item);
      return;
    }
    this.#starts[row] ??= startOf(item);
    this.#ends[row] = endOf(item);
    this.#placed.push({ item, row });
  }

  placeBefore(item: TimelineItem, most: number): void {
    const free = this.#starts.findIndex((start) => endOf(item) <= start);
    const row = free === -1 ? this.count : free;
    if (row === this.count && row >= most) {
      this.#crowd.push(item);
      return;
    }
    this.#starts[row] = startOf(item);
    this.#ends[row] ??= endOf(item);
    this.#placed.push({ item, row });
  }

  layout(): LaneLayout {
    const last = this.count;
    const placed = [
      ...this.#placed.map(({ item, row }) => ({ item, row, crowded: false })),
      ...this.#crowd.map((item) => ({ item, row: last, crowded: true })),
    ];
    placed.sort((a, b) => a.row - b.row || byTime(a.item, b.item));
    return { placed, rows: Math.max(last + (this.#crowd.length > 0 ? 1 : 0), 1) };
  }
}

/** Infinities of unknown ends are equal to each other. */
function byTime(a: TimelineItem, b: TimelineItem): number {
  return compare(startOf(a), startOf(b)) || compare(endOf(a), endOf(b));
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

export function touches(item: TimelineItem, window: TimeWindow): boolean {
  return startOf(item) <= window.to && endOf(item) >= window.from;
}

export function startOf({ from }: TimelineItem): number {
  return from ?? Number.NEGATIVE_INFINITY;
}

export function endOf({ to }: TimelineItem): number {
  return to ?? Number.POSITIVE_INFINITY;
}

export function percent(moment: number, window: TimeWindow): number {
  const share = (moment - window.from) / Math.max(window.to - window.from, 1);
  return Math.min(Math.max(share, 0), 1) * 100;
}
