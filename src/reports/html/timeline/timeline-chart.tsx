/** Lanes on one time axis: the whole capture, or the part of it around a finding. */
import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import { Data } from '../page-data.ts';
import { Time } from '../time-context.ts';
import { axisTicks } from './axis.ts';
import { Axis, Lane } from './lane.tsx';
import type { TimeWindow } from './layout.ts';

export interface TimelineChartProps {
  /** What is drawn at first. */
  readonly window: TimeWindow;
  readonly maxRows: number;
}

export function TimelineChart({ window, maxRows }: TimelineChartProps): VNode {
  const time = useContext(Time);
  const { timeline, losses } = useContext(Data);
  const lanes = timeline.filter((lane) => lane.items.length > 0);
  const ticks = axisTicks(window, time.unit);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard
    <section class="lanes" tabIndex={0} aria-label="Timeline">
      <div class="stretch">
        {lanes.map((lane) => (
          <Lane {...lane} window={window} ticks={ticks} losses={losses} maxRows={maxRows} />
        ))}
        <Axis ticks={ticks} />
      </div>
    </section>
  );
}
