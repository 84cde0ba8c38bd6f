/** Which object is pointed to, by mouse, finger or keys, and which is open. */
import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { TimelineItem } from '../../../analyzers/result.ts';
import { type Bar, barAt, barsIn } from './bars.ts';
import type { Zoom } from './gestures.ts';
import { keyAction } from './keys.ts';
import type { TimeWindow } from './layout.ts';
import type { Spot } from './object-card.tsx';
import { GAP_PIXELS, type PreparedLane, ROW_PIXELS } from './prepared-lanes.ts';

/** Narrow bars are hit from this far. */
const REACH_PIXELS = 5;

interface Chart {
  readonly surface: RefObject<HTMLElement | null>;
  readonly lanes: readonly PreparedLane[];
  readonly window: TimeWindow;
  readonly zoom: Zoom | undefined;
  /** What is shown at first. */
  readonly first: TimeWindow;
}

/** A bar and the lane it is drawn in. */
interface Hit {
  readonly bar: Bar;
  readonly position: number;
}

interface Hovered {
  readonly bar: Bar;
  readonly lane: string;
  readonly spot: Spot;
}

interface Handlers {
  onPointerMove(event: PointerEvent): void;
  onPointerLeave(): void;
  onBlur(): void;
  onClick(event: MouseEvent): void;
  onKeyDown(event: KeyboardEvent): void;
}

export interface Pointing {
  readonly active: { readonly lane: PreparedLane; readonly item: TimelineItem } | undefined;
  readonly hovered: Hovered | undefined;
  readonly opened: readonly TimelineItem[] | undefined;
  readonly handlers: Handlers;
  open(items: readonly TimelineItem[]): void;
  close(): void;
}

export function usePointing(chart: Chart): Pointing {
  const { surface, lanes, window } = chart;
  const [active, setActive] = useState<Pointing['active']>();
  const [hovered, setHovered] = useState<Hovered>();
  const [opened, setOpened] = useState<readonly TimelineItem[]>();
  useEffect(() => setHovered(undefined), [window]);
  useOnlyOne(opened, () => setOpened(undefined));

  function point({ bar, position }: Hit): void {
    const lane = lanes[position];
    const [item] = bar.items;
    setActive(lane && item && { lane, item });
  }
  function hover({ bar, position }: Hit, spot: Spot): void {
    const same = hovered?.bar.place === bar.place && hovered.bar.items[0] === bar.items[0];
    if (!same) setHovered({ bar, lane: lanes[position]?.label ?? '', spot });
  }
  function step(by: 1 | -1): void {
    const next = neighbour(chart, active?.item, by);
    if (next === undefined) return;
    point(next);
    const spot = spotOf(surface.current, next);
    if (spot) setHovered({ bar: next.bar, lane: lanes[next.position]?.label ?? '', spot });
  }
  const handlers: Handlers = {
    onPointerMove(event: PointerEvent): void {
      if (event.pointerType === 'touch') return;
      const hit = event.buttons === 0 ? hitBy(event, chart) : undefined;
      if (hit) hover(hit, { x: event.clientX, y: event.clientY });
      else setHovered(undefined);
    },
    onPointerLeave: () => setHovered(undefined),
    onBlur: () => setHovered(undefined),
    onClick(event: MouseEvent): void {
      const hit = hitBy(event, chart);
      if (hit === undefined) return;
      setHovered(undefined);
      point(hit);
      setOpened(hit.bar.items);
    },
    onKeyDown(event: KeyboardEvent): void {
      const action = keyAction(event);
      if (action === undefined) return;
      event.preventDefault();
      if (action === 'open') setOpened(active && barOf(chart, active)?.items);
      else if (action === 'leave') setOpened(undefined);
      else if (action === 'reset') chart.zoom?.show(chart.first);
      else if ('pan' in action) chart.zoom?.panBy(action.pan);
      else if ('zoom' in action) chart.zoom?.zoomBy(action.zoom);
      else step(action.step);
    },
  };
  return {
    active,
    hovered,
    opened,
    handlers,
    open(items): void {
      const [item] = items;
      const lane = lanes.find((candidate) => item && candidate.items.includes(item));
      setActive(lane && item && { lane, item });
      setOpened(items);
    },
    close(): void {
      setOpened(undefined);
      surface.current?.focus({ preventScroll: true });
    },
  };
}

const OPENED = 'timeline-object-opened';

/** An object opened in one chart of a page closes that of another. */
function useOnlyOne(opened: unknown, close: () => void): void {
  useEffect(() => {
    if (opened === undefined) return undefined;
    document.dispatchEvent(new CustomEvent(OPENED));
    document.addEventListener(OPENED, close);
    return () => document.removeEventListener(OPENED, close);
  }, [opened]);
}

function hitBy(event: MouseEvent, { lanes, window }: Chart): Hit | undefined {
  const picture = (event.target as Element).closest<SVGElement>('svg[data-lane]');
  const position = Number(picture?.dataset.lane);
  const lane = lanes[position];
  if (!picture || lane === undefined) return undefined;
  const box = picture.getBoundingClientRect();
  const row = Math.floor((event.clientY - box.top - GAP_PIXELS / 2) / ROW_PIXELS);
  const percent = 100 / Math.max(box.width, 1);
  const bar = barAt(
    barsIn(lane.layout, window, box.width),
    Math.min(Math.max(row, 0), lane.layout.rows - 1),
    (event.clientX - box.left) * percent,
    REACH_PIXELS * percent,
  );
  return bar && { bar, position };
}

/** The bars that are drawn, lane by lane. */
function drawn({ surface, lanes, window }: Chart): Hit[] {
  const width = surface.current?.querySelector('.axis svg')?.getBoundingClientRect().width ?? 0;
  return lanes.flatMap(({ layout }, position) =>
    barsIn(layout, window, width).map((bar) => ({ bar, position })),
  );
}

function barOf(chart: Chart, { item }: NonNullable<Pointing['active']>): Bar | undefined {
  return drawn(chart).find(({ bar }) => bar.items.includes(item))?.bar;
}

/** The next bar; from nowhere the first or the last. */
function neighbour(chart: Chart, item: TimelineItem | undefined, by: 1 | -1): Hit | undefined {
  const hits = drawn(chart);
  const here = item === undefined ? -1 : hits.findIndex(({ bar }) => bar.items.includes(item));
  if (here === -1) return by === 1 ? hits[0] : hits.at(-1);
  return hits[here + by];
}

/** Where a bar is in the browser's window, after scrolling its lane into it. */
function spotOf(surface: HTMLElement | null, { bar, position }: Hit): Spot | undefined {
  const picture = surface?.querySelector(`svg[data-lane="${position}"]`);
  if (!picture) return undefined;
  picture.scrollIntoView({ block: 'nearest' });
  const box = picture.getBoundingClientRect();
  return {
    x: box.left + (box.width * (bar.x + bar.width / 2)) / 100,
    y: box.top + (bar.row + 1) * ROW_PIXELS,
  };
}
