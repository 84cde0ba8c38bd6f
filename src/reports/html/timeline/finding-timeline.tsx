/** The moments around one finding, drawn from the same lanes as the whole timeline. */
import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { Finding } from '../../../analyzers/finding.ts';
import type { Result, TimelineItem, TimelineLane } from '../../../analyzers/result.ts';
import { Time } from '../time-context.ts';
import { axisTicks } from './axis.ts';
import { condensed } from './condensed.ts';
import { Axis, isOf, Lane, lastsWithin } from './lane.tsx';
import { itemsIn, type TimeWindow } from './layout.ts';

const MAX_LANES = 12;
const MAX_ROWS = 8;
/** Processes and their memory only say whose doings the others are. */
const CONTEXT_ROWS = 2;
/** Share of the finding's span shown before and after it. */
const MARGIN = 0.25;
/** A finding about one moment is shown with this share of the capture around it. */
const MOMENT_SHARE = 0.01;

export function FindingTimeline(props: {
  readonly finding: Finding;
  readonly result: Result;
}): VNode | null {
  const time = useContext(Time);
  const { finding, result } = props;
  const window = windowAround(finding, Math.max(result.capture.durationNs, 1));
  const lanes = lanesOf(finding, result.timeline, window);
  if (lanes.length === 0) return null;
  const ticks = axisTicks(window, time.unit);
  return (
    <div class="lanes finding-timeline">
      {lanes.map((lane) => (
        <Lane
          {...lane}
          window={window}
          ticks={ticks}
          losses={result.losses}
          maxRows={lane.items.some(isContext) ? CONTEXT_ROWS : MAX_ROWS}
          focus={finding}
        />
      ))}
      <Axis ticks={ticks} />
    </div>
  );
}

function windowAround(finding: Pick<Finding, 'from' | 'to'>, duration: number): TimeWindow {
  const span = finding.to - finding.from;
  const margin = span > 0 ? span * MARGIN : duration * MOMENT_SHARE;
  return {
    from: Math.max(0, finding.from - margin),
    to: Math.min(duration, finding.to + margin),
  };
}

/** Lanes of the finding's own objects and of their threads, of other findings, then what was busy. */
function lanesOf(
  finding: Finding,
  timeline: readonly TimelineLane[],
  window: TimeWindow,
): readonly TimelineLane[] {
  const busy = timeline
    .map((lane) => ({ ...lane, items: itemsIn(lane.items, window) }))
    .filter((lane) => lane.items.length > 0);
  const own = busy.filter((lane) => lane.items.some((item) => isOf(item, finding)));
  const threads = new Set(own.map((lane) => lane.tid).filter((tid) => tid !== undefined));
  const same = busy.filter((lane) => lane.tid !== undefined && threads.has(lane.tid));
  const marked = busy.filter((lane) => lane.items.some((item) => item.findings !== undefined));
  const inside = busy.filter((lane) => lane.items.some((item) => lastsWithin(item, finding)));
  const order = new Set([...own, ...same, ...marked, ...inside, ...busy]);
  const chosen = new Set([...order].slice(0, MAX_LANES));
  return busy
    .filter((lane) => chosen.has(lane))
    .map((lane) => ({
      ...lane,
      items: condensed(lane.items, window, (item) => isOf(item, finding)),
    }));
}

function isContext({ kind }: TimelineItem): boolean {
  return kind === 'process' || kind === 'address_space' || kind === 'notifier';
}
