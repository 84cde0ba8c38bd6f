/** One lane as an SVG whose positions are percentages, so that it fits any width without a script. */
import type { RefObject, VNode } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import type { ResultLoss, TimelineItem } from '../../../analyzers/result.ts';
import { counted } from '../../units.ts';
import { Time } from '../time-context.ts';
import type { Tick } from './axis.ts';
import { type Bar, barsIn, isMarked } from './bars.ts';
import { barName, barText, isSeveral, kindClass } from './item-words.ts';
import { percent, type TimeWindow } from './layout.ts';
import { GAP_PIXELS, type PreparedLane, ROW_PIXELS } from './prepared-lanes.ts';

/** Bars at least this wide (percent) carry their label inside. */
const LABELLED_PERCENT = 7;
/** How wide a lane is taken to be where nobody can tell. */
const USUAL_PIXELS = 1_000;
/** Lanes this far outside of what is seen are drawn all the same. */
const AHEAD = '400px';

/** What a picture is about. */
export interface Focus extends TimeWindow {
  /** Of findings. */
  readonly ids: ReadonlySet<string>;
}

interface LaneProps {
  readonly lane: PreparedLane;
  readonly position: number;
  readonly window: TimeWindow;
  readonly ticks: readonly Tick[];
  readonly losses: readonly ResultLoss[];
  /** Bars that have nothing to do with it are drawn faintly. */
  readonly focus: Focus | undefined;
  /** The item that is pointed to, if it is in this lane. */
  readonly active: TimelineItem | undefined;
  readonly activeId: string;
  /** Pixels across; undefined before a script has measured it. */
  readonly pixels: number | undefined;
}

/** Out of sight it stays as it was: most lanes of a long timeline are. */
export function Lane(props: LaneProps): VNode {
  const place = useRef<HTMLDivElement>(null);
  const last = useRef<VNode>(null);
  const seen = useSeen(place, props.pixels !== undefined);
  if (!seen && last.current !== null) return last.current;
  const drawn = (
    <div class="lane" ref={place}>
      <LaneLabel lane={props.lane} />
      <LanePicture {...props} />
    </div>
  );
  last.current = drawn;
  return drawn;
}

function useSeen(place: RefObject<HTMLElement | null>, live: boolean): boolean {
  const [seen, setSeen] = useState(true);
  useEffect(() => {
    const element = place.current;
    if (!live || element === null) return undefined;
    const observer = new IntersectionObserver(
      (entries) => setSeen(entries.at(-1)?.isIntersecting ?? true),
      { rootMargin: AHEAD },
    );
    observer.observe(element);
    const all = (): void => setSeen(true);
    addEventListener('beforeprint', all);
    return () => {
      observer.disconnect();
      removeEventListener('beforeprint', all);
    };
  }, [live, place]);
  return seen;
}

function LaneLabel({ lane }: { readonly lane: PreparedLane }): VNode {
  const { crowded } = lane;
  return (
    <div class="label" title={lane.label}>
      <span>
        {lane.label}
        {crowded > 0 && <span class="quiet"> {counted(crowded, 'bar')} over each other below</span>}
      </span>
    </div>
  );
}

function LanePicture(props: LaneProps): VNode {
  const { lane, window, pixels } = props;
  const bars = barsIn(lane.layout, window, pixels ?? USUAL_PIXELS);
  return (
    <svg width="100%" height={lane.height} data-lane={props.position} aria-label={lane.label}>
      {props.ticks.map((tick) => (
        <line class="grid" x1={`${place(tick.x)}%`} x2={`${place(tick.x)}%`} y1="0" y2="100%" />
      ))}
      {props.losses.map((loss) => (
        <LossBand loss={loss} window={window} />
      ))}
      {bars.map((bar) => {
        const active = props.active !== undefined && bar.items.includes(props.active);
        const faint = props.focus !== undefined && isFaint(bar, props.focus);
        return (
          <LaneBar
            key={bar.place}
            bar={bar}
            faint={faint}
            activeId={active ? props.activeId : undefined}
            still={pixels === undefined}
          />
        );
      })}
    </svg>
  );
}

interface BarProps {
  readonly bar: Bar;
  readonly faint: boolean;
  /** Of the bar that is pointed to. */
  readonly activeId: string | undefined;
  /** No script acts on it: it has a title, and leads to its finding, by itself. */
  readonly still: boolean;
}

function LaneBar({ bar, faint, activeId, still }: BarProps): VNode {
  const time = useContext(Time);
  const y = bar.row * ROW_PIXELS + GAP_PIXELS;
  const height = ROW_PIXELS - GAP_PIXELS;
  const x = `${place(bar.x)}%`;
  const width = `${place(bar.width)}%`;
  const [item] = bar.items;
  const classes = `bar ${kindClass(item?.kind ?? '')}${isMarked(bar) ? ' marked' : ''}${isSeveral(bar) || bar.crowded ? ' several' : ''}${faint ? ' faint' : ''}${activeId === undefined ? '' : ' active'}`;
  const known =
    activeId === undefined
      ? {}
      : { id: activeId, role: 'img' as const, 'aria-label': barText(bar, time) };
  const shape = (
    <>
      <rect class={classes} x={x} y={y} width={width} height={height} rx="1.5" {...known}>
        {still && <title>{barText(bar, time)}</title>}
      </rect>
      {bar.openEnd && <OpenEnd bar={bar} y={y + height / 2} />}
      {bar.width >= LABELLED_PERCENT && !bar.crowded && (
        <svg x={x} y={y} width={width} height={height} aria-hidden="true">
          <text class={faint ? 'bar-label faint' : 'bar-label'} x="5" y={height - 3}>
            {barName(bar)}
          </text>
        </svg>
      )}
    </>
  );
  const finding = still ? item?.findings?.[0] : undefined;
  return finding === undefined ? shape : <a href={`#${finding}`}>{shape}</a>;
}

/** What is of the findings themselves, or happened wholly while they lasted, stands out. */
function isFaint({ items }: Bar, focus: Focus): boolean {
  return !items.some((item) => isOf(item, focus) || lastsWithin(item, focus));
}

export function isOf(item: TimelineItem, { ids }: Focus): boolean {
  return item.findings?.some((id) => ids.has(id)) ?? false;
}

export function lastsWithin({ from, to }: TimelineItem, span: Focus): boolean {
  return from !== null && to !== null && from >= span.from && to <= span.to;
}

/** An arrow out of the picture: the object was still alive when the capture ended. */
function OpenEnd({ bar, y }: { readonly bar: Bar; readonly y: number }): VNode {
  const end = bar.x + bar.width;
  return (
    <line
      class="open"
      x1={`${place(Math.max(end - 1, bar.x))}%`}
      x2={`${place(end)}%`}
      y1={y}
      y2={y}
      marker-end="url(#arrow)"
    />
  );
}

function LossBand(props: { readonly loss: ResultLoss; readonly window: TimeWindow }): VNode | null {
  const { loss, window } = props;
  if ((loss.from ?? 0) > window.to || (loss.to ?? window.to) < window.from) return null;
  const from = percent(loss.from ?? window.from, window);
  const to = percent(loss.to ?? window.to, window);
  return (
    <rect class="loss" x={`${place(from)}%`} width={`${place(to - from)}%`} y="0" height="100%">
      <title>{`Events lost on CPU ${loss.cpu}`}</title>
    </rect>
  );
}

/** To the hundredth of a pixel of the widest screen. */
function place(percentage: number): number {
  return Number(percentage.toFixed(4));
}
