/** Lanes on one time axis that one can move along: the whole capture, or first the part around a finding. */
import type { VNode } from 'preact';
import { useContext, useMemo, useRef } from 'preact/hooks';
import { Data } from '../page-data.ts';
import { Time } from '../time-context.ts';
import { axisTicks } from './axis.ts';
import { spanOf } from './bars.ts';
import { Controls } from './controls.tsx';
import { type Focus, Lane } from './lane.tsx';
import type { TimeWindow } from './layout.ts';
import { ObjectCard } from './object-card.tsx';
import { ObjectPanel } from './object-panel.tsx';
import { Paths, type TimelinePath } from './paths.tsx';
import { type LaneRows, prepareLanes } from './prepared-lanes.ts';
import { TimeAxis } from './time-axis.tsx';
import { usePointing } from './use-pointing.ts';
import { useTimelineTarget } from './use-timeline-target.ts';
import { useZoom } from './use-zoom.ts';
import { wholeOf, windowAround } from './view.ts';

/** Findings and their time, as it travels in the page. */
export interface FocusProps extends TimeWindow {
  readonly ids: readonly string[];
}

export interface TimelineChartProps extends LaneRows {
  /** Tells it apart from the others of its page: a part of ids. */
  readonly name: string;
  /** What it shows, for who cannot see it. */
  readonly label: string;
  /** What is drawn at first. */
  readonly window: TimeWindow;
  /** Positions in the timeline of the capture; absent = all. */
  readonly lanes?: readonly number[];
  /** What it is about: the rest is drawn faintly. */
  readonly focus?: FocusProps;
  /** Drawn over the lanes. */
  readonly paths?: readonly TimelinePath[];
  /** Addresses `#timeline-<kind>-<id>` lead here. */
  readonly isTarget?: boolean;
}

/** Pixels between two moments of the axis. */
const TICK_PIXELS = 110;

export function TimelineChart(props: TimelineChartProps): VNode {
  const { timeline, losses, durationNs } = useContext(Data);
  const time = useContext(Time);
  const lanes = useMemo(() => {
    const chosen = props.lanes?.flatMap((n) => timeline[n] ?? []) ?? timeline;
    return prepareLanes(
      chosen.filter(({ items }) => items.length > 0),
      props.window,
      props,
    );
  }, [timeline, props]);
  const focus = useMemo<Focus | undefined>(
    () => props.focus && { ...props.focus, ids: new Set(props.focus.ids) },
    [props.focus],
  );
  const surface = useRef<HTMLDivElement>(null);
  const whole = wholeOf(durationNs);
  const { window, zoom, track } = useZoom(surface, props.window, whole);
  const pointing = usePointing({ surface, lanes, window, zoom, first: props.window });
  useTimelineTarget(props.isTarget ?? false, { lanes, whole, zoom, surface, open: pointing.open });
  const activeId = `bar-${props.name}`;
  const { active, hovered, opened } = pointing;
  const ticks = axisTicks(window, time.unit, track ? ticksIn(track.width) : undefined);
  const acts = track !== undefined;
  return (
    <div class="timeline-chart">
      <Controls {...{ window, whole, zoom, first: props.window, hintId: `hint-${props.name}` }} />
      {/* biome-ignore lint/a11y/useAriaPropsSupportedByRole: both of its roles support them */}
      <div
        class="lanes"
        ref={surface}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it hears keys, as its role says once it does
        tabIndex={0}
        {...(acts
          ? { ...pointing.handlers, role: 'application' as const }
          : { role: 'group' as const })}
        aria-label={props.label}
        aria-describedby={`hint-${props.name}`}
        aria-activedescendant={active === undefined ? undefined : activeId}
      >
        <TimeAxis ticks={ticks} />
        <div class="stack">
          {lanes.map((lane, position) => (
            <Lane
              key={position}
              {...{ lane, position, window, ticks, losses, focus, activeId }}
              active={active?.lane === lane ? active.item : undefined}
              pixels={track?.width}
            />
          ))}
          {props.paths !== undefined && props.paths.length > 0 && (
            <Paths {...{ paths: props.paths, lanes, window, compact: track?.left === 0 }} />
          )}
        </div>
      </div>
      {hovered !== undefined && <ObjectCard {...hovered} />}
      {opened !== undefined && (
        <ObjectPanel
          items={opened}
          open={(item) => pointing.open([item])}
          zoomTo={(items) => zoom?.show(windowAround(spanOf({ items }), whole))}
          close={pointing.close}
        />
      )}
    </div>
  );
}

function ticksIn(pixels: number): number {
  return Math.min(Math.max(Math.floor(pixels / TICK_PIXELS), 2), 12);
}
