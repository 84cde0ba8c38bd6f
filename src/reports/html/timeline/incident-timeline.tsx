/** The moments around one incident, on the same lanes as the whole timeline, with what led to what. */
import type { VNode } from 'preact';
import type { Result, TimelineLane } from '../../../analyzers/result.ts';
import type { PlacedIncident } from '../../placed-findings.ts';
import { Island } from '../island.tsx';
import { type Focus, isOf, lastsWithin } from './lane.tsx';
import { type TimeWindow, touches } from './layout.ts';
import { laneOf, type TimelinePath } from './paths.tsx';
import type { FocusProps } from './timeline-chart.tsx';

const MAX_LANES = 12;
const MAX_ROWS = 8;
/** Processes and their memory only say whose doings the others are. */
const CONTEXT_ROWS = 2;
/** Share of the incident's span shown before and after it. */
const MARGIN = 0.25;
/** An incident of one moment is shown with this share of the capture around it. */
const MOMENT_SHARE = 0.01;

/** What of the timeline is shown of an incident. */
export interface IncidentView {
  readonly window: TimeWindow;
  /** Positions of lanes. */
  readonly lanes: readonly number[];
  readonly focus: FocusProps;
  readonly paths: readonly TimelinePath[];
}

/** Undefined where nothing of it is drawn. `pathIn` makes the path once the window is known. */
export function incidentView(
  { incident }: PlacedIncident,
  result: Result,
  pathIn: (window: TimeWindow) => TimelinePath | undefined,
): IncidentView | undefined {
  const window = windowAround(incident, Math.max(result.capture.durationNs, 1));
  const { findings: ids, from, to } = incident;
  const whole = pathIn(window);
  const ofPath = whole?.stops.map((stop) => laneOf(stop, result.timeline)) ?? [];
  const lanes = lanesOf({ ids: new Set(ids), from, to }, new Set(ofPath), result.timeline, window);
  if (lanes.length === 0) return undefined;
  const stops = whole?.stops.filter((_, n) => lanes.includes(ofPath[n] ?? -1)) ?? [];
  const paths = whole === undefined || stops.length < 2 ? [] : [{ ...whole, stops }];
  return { window, lanes, focus: { ids, from, to }, paths };
}

export function IncidentTimeline(props: {
  readonly view: IncidentView;
  readonly of: string;
}): VNode {
  return (
    <Island
      name="timeline"
      props={{
        name: props.of,
        label: 'Timeline of the incident',
        maxRows: MAX_ROWS,
        contextRows: CONTEXT_ROWS,
        ...props.view,
      }}
    />
  );
}

function windowAround(span: TimeWindow, duration: number): TimeWindow {
  const length = span.to - span.from;
  const margin = length > 0 ? length * MARGIN : duration * MOMENT_SHARE;
  return {
    from: Math.max(0, span.from - margin),
    to: Math.min(duration, span.to + margin),
  };
}

/** Positions of the lanes of its own objects and of their threads, of other findings, then of what was busy. */
function lanesOf(
  focus: Focus,
  ofPath: ReadonlySet<number>,
  timeline: readonly TimelineLane[],
  window: TimeWindow,
): readonly number[] {
  const busy = timeline.flatMap(({ items, tid }, position) => {
    const within = items.filter((item) => touches(item, window));
    return within.length === 0 ? [] : [{ position, tid, items: within }];
  });
  const along = busy.filter(({ position }) => ofPath.has(position));
  const own = busy.filter((lane) => lane.items.some((item) => isOf(item, focus)));
  const threads = new Set(own.map((lane) => lane.tid).filter((tid) => tid !== undefined));
  const same = busy.filter((lane) => lane.tid !== undefined && threads.has(lane.tid));
  const marked = busy.filter((lane) => lane.items.some((item) => item.findings !== undefined));
  const inside = busy.filter((lane) => lane.items.some((item) => lastsWithin(item, focus)));
  const order = new Set([...along, ...own, ...same, ...marked, ...inside, ...busy]);
  return [...order]
    .slice(0, MAX_LANES)
    .map(({ position }) => position)
    .sort((a, b) => a - b);
}
