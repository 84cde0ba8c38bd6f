/** What is drawn across lanes: how one thing led to another. */
import type { VNode } from 'preact';
import type { TimelineLane } from '../../../analyzers/result.ts';
import { percent, type TimeWindow } from './layout.ts';
import { lanesHeight, laneTops, type PreparedLane, ROW_PIXELS } from './prepared-lanes.ts';

/** Words are about as wide as this, or narrower. */
const ROOM_PERCENT = 30;

/** A moment of something that is drawn: an object, or else whatever a thread does. */
export interface PathPlace {
  readonly ts: number;
  /** Object table and row. */
  readonly object: { readonly kind: string; readonly id: number };
  /** The lanes of this thread stand for it where it is not drawn itself. */
  readonly tid?: number;
}

export interface PathStop extends PathPlace {
  /** What is written of it elsewhere has the same in `data-hop`: they light up together. */
  readonly mark: string;
  readonly number: number;
  /** What it is to the stop before it: `waits for`; empty for the first. */
  readonly relation: string;
  /** Its whole sentence. */
  readonly title: string;
  /** Nothing recorded says so; drawn with dashes. */
  readonly inferred: boolean;
}

export interface TimelinePath {
  readonly stops: readonly PathStop[];
  /** Written at the last stop. */
  readonly end: string;
  /** What comes behind the last stop was not recorded. */
  readonly lost: boolean;
}

interface Point {
  /** Percent. */
  readonly x: number;
  readonly y: number;
}

interface DrawnStop {
  readonly stop: PathStop;
  readonly point: Point;
}

export function Paths(props: {
  readonly paths: readonly TimelinePath[];
  readonly lanes: readonly PreparedLane[];
  readonly window: TimeWindow;
  readonly compact: boolean;
}): VNode {
  const { lanes, window, compact } = props;
  const tops = laneTops(lanes, compact);
  return (
    <svg
      class={compact ? 'paths compact' : 'paths'}
      height={lanesHeight(lanes, compact)}
      aria-hidden="true"
    >
      {props.paths.map((path) => {
        const drawn = path.stops.flatMap((stop) => {
          const point = pointOf(stop, lanes, tops, window);
          return point ? [{ stop, point }] : [];
        });
        return <Path path={path} drawn={drawn} />;
      })}
    </svg>
  );
}

function Path(props: { readonly path: TimelinePath; readonly drawn: readonly DrawnStop[] }): VNode {
  const { path, drawn } = props;
  return (
    <g class="path">
      {drawn.map(({ stop, point }, n) => {
        const before = drawn[n - 1];
        return (
          before && <Link key={`to-${stop.mark}`} from={before.point} to={point} stop={stop} />
        );
      })}
      {drawn.map(({ stop, point }) => (
        <Stop
          key={stop.mark}
          stop={stop}
          point={point}
          end={stop === path.stops.at(-1) ? path : undefined}
        />
      ))}
    </g>
  );
}

/** Down or up to the lane of the other, then along it: lines at right angles need no width to be known. */
function Link(props: { readonly from: Point; readonly to: Point; readonly stop: PathStop }): VNode {
  const { from, to, stop } = props;
  const bent = Math.abs(from.x - to.x) > 0.05;
  return (
    <g class={stop.inferred ? 'link inferred' : 'link'}>
      <line
        x1={across(from)}
        y1={from.y}
        x2={across(from)}
        y2={to.y}
        marker-end={bent ? undefined : 'url(#path-arrow)'}
      />
      {bent && (
        <line x1={across(from)} y1={to.y} x2={across(to)} y2={to.y} marker-end="url(#path-arrow)" />
      )}
    </g>
  );
}

/** From here on in pixels, whatever the width: an svg of its own. */
function Stop(props: {
  readonly stop: PathStop;
  readonly point: Point;
  readonly end: TimelinePath | undefined;
}): VNode {
  const { stop, point, end } = props;
  // links come from the right: there is room for words on the left, unless it is the edge
  const side = point.x > ROOM_PERCENT ? -1 : 1;
  const words = [stop.relation, end?.end ?? ''].filter(Boolean).join('; ');
  return (
    <svg x={across(point)} y={point.y} overflow="visible">
      <title>{stop.title}</title>
      <g
        class={`stop${stop.inferred ? ' inferred' : ''}${end === undefined ? '' : ' last'}`}
        data-hop={stop.mark}
      >
        {end?.lost === true && <line class="lost" x1="0" y1="0" x2={34 * side} y2="0" />}
        <circle r="8.5" />
        <text class="number" y="4" text-anchor="middle">
          {stop.number}
        </text>
        {words !== '' && (
          <text
            class="words"
            x={(end?.lost === true ? 40 : 14) * side}
            y="4"
            text-anchor={side > 0 ? 'start' : 'end'}
          >
            {words}
          </text>
        )}
      </g>
    </svg>
  );
}

function across({ x }: Point): string {
  return `${Number(x.toFixed(4))}%`;
}

/** Undefined where nothing is drawn of it in the window. */
function pointOf(
  stop: PathPlace,
  lanes: readonly PreparedLane[],
  tops: readonly number[],
  window: TimeWindow,
): Point | undefined {
  if (stop.ts < window.from || stop.ts > window.to) return undefined;
  const n = laneOf(stop, lanes);
  const placed = lanes[n]?.layout.placed.find(({ item }) => isAt(item, stop));
  if (n === -1) return undefined;
  const y = (tops[n] ?? 0) + (placed?.row ?? 0) * ROW_PIXELS + ROW_PIXELS / 2 + 1;
  return { x: percent(stop.ts, window), y };
}

/** The lane that shows the object, or else its thread; -1 where none does. */
export function laneOf(
  place: PathPlace,
  lanes: readonly { readonly items: TimelineLane['items']; readonly tid?: number | undefined }[],
): number {
  const own = lanes.findIndex(({ items }) => items.some((item) => isAt(item, place)));
  if (own !== -1 || place.tid === undefined) return own;
  return lanes.findIndex(({ tid }) => tid === place.tid);
}

function isAt(item: TimelineLane['items'][number], { object }: PathPlace): boolean {
  return item.id === object.id && item.kind === object.kind;
}
