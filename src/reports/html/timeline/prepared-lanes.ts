/** Lanes with everything that does not change when the window does: their rows and their heights. */
import type { TimelineItem, TimelineLane } from '../../../analyzers/result.ts';
import { type LaneLayout, layoutLane, type TimeWindow } from './layout.ts';

export const ROW_PIXELS = 16;
export const GAP_PIXELS = 3;
/** Of the label above a lane where there is no room beside it; as in widths.css. */
const COMPACT_LABEL_PIXELS = 18;
const LINE_PIXELS = 1;
/** Labels of more characters need two lines beside the lane. */
const ONE_LINE = 29;
const LOWEST_PIXELS = 20;
const TWO_LINES_PIXELS = 34;

export interface PreparedLane {
  readonly label: string;
  readonly tid: number | undefined;
  readonly items: readonly TimelineItem[];
  readonly layout: LaneLayout;
  readonly height: number;
  /** How many items share its last row. */
  readonly crowded: number;
}

export interface LaneRows {
  readonly maxRows: number;
  /** Of lanes that only say whose doings the others are: processes and their memory. */
  readonly contextRows?: number | undefined;
}

export function prepareLanes(
  lanes: readonly TimelineLane[],
  first: TimeWindow,
  { maxRows, contextRows = maxRows }: LaneRows,
): readonly PreparedLane[] {
  return lanes.map(({ label, tid, items }) => {
    const layout = layoutLane(items, first, items.some(isContext) ? contextRows : maxRows);
    const least = label.length > ONE_LINE ? TWO_LINES_PIXELS : LOWEST_PIXELS;
    const height = Math.max(layout.rows * ROW_PIXELS + GAP_PIXELS, least);
    const crowded = layout.placed.filter((placed) => placed.crowded).length;
    return { label, tid, items, layout, height, crowded };
  });
}

/** Where the picture of each lane begins below the first. */
export function laneTops(lanes: readonly PreparedLane[], compact: boolean): readonly number[] {
  const label = compact ? COMPACT_LABEL_PIXELS : 0;
  let top = 0;
  return lanes.map(({ height }) => {
    const here = top + label;
    top = here + height + LINE_PIXELS;
    return here;
  });
}

export function lanesHeight(lanes: readonly PreparedLane[], compact: boolean): number {
  const last = lanes.at(-1);
  return last === undefined ? 0 : (laneTops(lanes, compact).at(-1) ?? 0) + last.height;
}

function isContext({ kind }: TimelineItem): boolean {
  return kind === 'process' || kind === 'address_space' || kind === 'notifier';
}
