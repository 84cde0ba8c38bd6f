/** The moments around one finding, on the same lanes as the whole timeline. */
import type { VNode } from 'preact';
import type { Finding } from '../../../analyzers/finding.ts';
import type { Result, TimelineLane } from '../../../analyzers/result.ts';
import { Island } from '../island.tsx';
import { isOf, lastsWithin } from './lane.tsx';
import { type TimeWindow, touches } from './layout.ts';
import type { TimelinePath } from './paths.tsx';

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
  /** Drawn over it. */
  readonly paths?: readonly TimelinePath[];
}): VNode | null {
  const { finding, result, paths } = props;
  const { id, from, to } = finding;
  const window = windowAround(finding, Math.max(result.capture.durationNs, 1));
  const lanes = lanesOf(finding, result.timeline, window);
  if (lanes.length === 0) return null;
  return (
    <Island
      name="timeline"
      props={{
        name: id,
        label: 'Timeline of the finding',
        window,
        lanes,
        maxRows: MAX_ROWS,
        contextRows: CONTEXT_ROWS,
        focus: { id, from, to },
        ...(paths === undefined ? {} : { paths }),
      }}
    />
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

/** Positions of the lanes of its own objects and of their threads, of other findings, then of what was busy. */
function lanesOf(
  finding: Finding,
  timeline: readonly TimelineLane[],
  window: TimeWindow,
): readonly number[] {
  const busy = timeline.flatMap(({ items, tid }, position) => {
    const within = items.filter((item) => touches(item, window));
    return within.length === 0 ? [] : [{ position, tid, items: within }];
  });
  const own = busy.filter((lane) => lane.items.some((item) => isOf(item, finding)));
  const threads = new Set(own.map((lane) => lane.tid).filter((tid) => tid !== undefined));
  const same = busy.filter((lane) => lane.tid !== undefined && threads.has(lane.tid));
  const marked = busy.filter((lane) => lane.items.some((item) => item.findings !== undefined));
  const inside = busy.filter((lane) => lane.items.some((item) => lastsWithin(item, finding)));
  const order = new Set([...own, ...same, ...marked, ...inside, ...busy]);
  return [...order]
    .slice(0, MAX_LANES)
    .map(({ position }) => position)
    .sort((a, b) => a - b);
}
