/** What is drawn across lanes: how one thing led to another. */
import type { VNode } from 'preact';
import { percent, type TimeWindow } from './layout.ts';
import { lanesHeight, laneTops, type PreparedLane, ROW_PIXELS } from './prepared-lanes.ts';

/** A moment of something that is drawn: an object, or else whatever a thread does. */
export interface PathPlace {
  readonly ts: number;
  /** Object table and row. */
  readonly object?: { readonly kind: string; readonly id: number };
  /** The lanes of this thread. */
  readonly tid?: number;
}

export interface TimelinePath {
  readonly from: PathPlace;
  readonly to: PathPlace;
  /** What the second is to the first: `waits for`. */
  readonly label: string;
  /** Drawn with dashes. */
  readonly inferred?: boolean;
}

interface Point {
  /** Percent. */
  readonly x: number;
  readonly y: number;
}

export function Paths(props: {
  readonly paths: readonly TimelinePath[];
  readonly lanes: readonly PreparedLane[];
  readonly window: TimeWindow;
  readonly compact: boolean;
}): VNode {
  const { lanes, window, compact } = props;
  const tops = laneTops(lanes, compact);
  const drawn = props.paths.flatMap((path, n) => {
    const from = pointOf(path.from, lanes, tops, window);
    const to = pointOf(path.to, lanes, tops, window);
    return from && to ? [{ path, n, from, to }] : [];
  });
  return (
    <svg
      class={compact ? 'paths compact' : 'paths'}
      height={lanesHeight(lanes, compact)}
      aria-hidden="true"
    >
      {drawn.map((each) => (
        <Path key={each.n} {...each} />
      ))}
    </svg>
  );
}

/** Down or up to the lane of the other, then along it: lines at right angles need no width to be known. */
function Path(props: {
  readonly path: TimelinePath;
  readonly n: number;
  readonly from: Point;
  readonly to: Point;
}): VNode {
  const { path, from, to } = props;
  const x = (point: Point): string => `${Number(point.x.toFixed(4))}%`;
  const bent = Math.abs(from.x - to.x) > 0.05;
  return (
    <g class={path.inferred === true ? 'path inferred' : 'path'}>
      <circle class="stop" cx={x(from)} cy={from.y} r="4" />
      <line
        x1={x(from)}
        y1={from.y}
        x2={x(from)}
        y2={to.y}
        marker-end={bent ? undefined : 'url(#path-arrow)'}
      />
      {bent && <line x1={x(from)} y1={to.y} x2={x(to)} y2={to.y} marker-end="url(#path-arrow)" />}
      <text
        x={x(from)}
        y={(from.y + to.y) / 2 + 4}
        dx={from.x > 80 ? -8 : 8}
        text-anchor={from.x > 80 ? 'end' : 'start'}
      >
        {`${props.n + 1}. ${path.label}`}
      </text>
    </g>
  );
}

/** Undefined where nothing is drawn of it in the window. */
function pointOf(
  { ts, object, tid }: PathPlace,
  lanes: readonly PreparedLane[],
  tops: readonly number[],
  window: TimeWindow,
): Point | undefined {
  if (ts < window.from || ts > window.to) return undefined;
  const x = percent(ts, window);
  const middle = ROW_PIXELS / 2 + 1;
  for (const [n, { layout }] of lanes.entries()) {
    const placed = layout.placed.find(
      ({ item }) => item.id !== undefined && item.id === object?.id && item.kind === object.kind,
    );
    if (placed) return { x, y: (tops[n] ?? 0) + placed.row * ROW_PIXELS + middle };
  }
  const lane = tid === undefined ? -1 : lanes.findIndex((candidate) => candidate.tid === tid);
  return lane === -1 ? undefined : { x, y: (tops[lane] ?? 0) + middle };
}
