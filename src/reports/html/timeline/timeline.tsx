/** The whole capture on one time axis. */
import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { Result, TimelineLane } from '../../../analyzers/result.ts';
import { counted } from '../../units.ts';
import { Island } from '../island.tsx';
import { Time } from '../time-context.ts';
import { activeWindow } from './active-window.ts';
import { kindClass, kindWords as words } from './item-words.ts';
import type { TimeWindow } from './layout.ts';

const MAX_ROWS = 12;

export function TimelineSection({ result }: { readonly result: Result }): VNode {
  const lanes = result.timeline.filter((lane) => lane.items.length > 0);
  const window = activeWindow(result);
  if (lanes.length === 0) {
    return (
      <section id="timeline">
        <h2>Timeline</h2>
        <p>Nothing to draw: no object with a lifetime was seen in this capture.</p>
      </section>
    );
  }
  return (
    <section id="timeline" class="wide">
      <h2>What happened when?</h2>
      <Legend lanes={lanes} lossy={result.losses.length > 0} />
      <WindowNote window={window} durationNs={result.capture.durationNs} />
      <Island
        name="timeline"
        props={{
          name: 'all',
          label: 'Timeline of the capture',
          window,
          maxRows: MAX_ROWS,
          isTarget: true,
        }}
      />
      {result.timelineLanesOmitted > 0 && (
        <p class="note">
          {counted(result.timelineLanesOmitted, 'more lane')}, without findings, not drawn.
        </p>
      )}
    </section>
  );
}

/** Said where only a part of the capture is drawn. */
export function WindowNote(props: {
  readonly window: TimeWindow;
  readonly durationNs: number;
}): VNode | null {
  const time = useContext(Time);
  const { window, durationNs } = props;
  if (window.from === 0 && window.to >= durationNs) return null;
  return (
    <p class="note">
      Drawn from {time.moment(window.from)} to {time.moment(window.to)}: nothing of this began or
      ended in the rest of the {time.duration(durationNs)}.
    </p>
  );
}

function Legend(props: {
  readonly lanes: readonly TimelineLane[];
  readonly lossy: boolean;
}): VNode {
  const items = props.lanes.flatMap((lane) => lane.items);
  const kinds = [...new Set(items.map((item) => item.kind))].sort();
  const neutral = kinds.filter((kind) => !isColoured(kind));
  return (
    <ul class="legend">
      {kinds.filter(isColoured).map((kind) => (
        <li>
          <Swatch class={`bar ${kindClass(kind)}`} />
          {words(kind)}
        </li>
      ))}
      {neutral.length > 0 && (
        <li>
          <Swatch class="bar kind-other" />
          {neutral.map(words).join(', ')}
        </li>
      )}
      {items.some((item) => item.count !== undefined) && (
        <li>
          <Swatch class="bar kind-other several" />
          several, too short and too many to draw apart
        </li>
      )}
      {items.some((item) => item.findings !== undefined) && (
        <li>
          <Swatch class="bar kind-other marked" />
          in a finding
        </li>
      )}
      {items.some((item) => item.to === null) && <li>→ alive at the end</li>}
      {props.lossy && (
        <li>
          <Swatch class="loss" />
          events lost
        </li>
      )}
    </ul>
  );
}

/** Kinds with a colour of their own in timeline.css. */
const COLOURED: ReadonlySet<string> = new Set([
  'range_fault',
  'range_fault_attempt',
  'invalidation',
  'invalidation_callback',
  'fence',
  'fence_wait',
  'job',
  'device_fault',
]);

function isColoured(kind: string): boolean {
  return COLOURED.has(kind);
}

function Swatch(props: { readonly class: string }): VNode {
  return (
    <svg width="18" height="12" aria-hidden="true">
      <rect class={props.class} x="1" y="1" width="16" height="10" rx="1.5" />
    </svg>
  );
}

/** Patterns and markers that the lanes refer to. */
export function TimelineDefinitions(): VNode {
  return (
    <svg width="0" height="0" class="definitions" aria-hidden="true">
      <defs>
        <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse">
          <path d="M-1,1 l2,-2 M0,6 l6,-6 M5,7 l2,-2" class="hatch" />
        </pattern>
        <marker
          id="arrow"
          viewBox="0 0 8 10"
          refX="8"
          refY="5"
          markerWidth="8"
          markerHeight="10"
          markerUnits="userSpaceOnUse"
        >
          <path d="M0,0 L8,5 L0,10 z" class="arrow" />
        </marker>
        <marker
          id="path-arrow"
          viewBox="0 0 8 10"
          refX="17"
          refY="5"
          markerWidth="9"
          markerHeight="10"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path d="M0,0 L8,5 L0,10 z" class="path-arrow" />
        </marker>
      </defs>
    </svg>
  );
}
