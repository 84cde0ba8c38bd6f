/** One lane as an SVG whose positions are percentages, so that it fits any width without a script. */
import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { Finding } from '../../../analyzers/finding.ts';
import type { ResultLoss, TimelineItem } from '../../../analyzers/result.ts';
import { counted, type TimeFormat } from '../../units.ts';
import { Time } from '../time-context.ts';
import type { Tick } from './axis.ts';
import { type Bar, layoutLane, percent, type TimeWindow } from './layout.ts';

const ROW_PIXELS = 16;
const GAP_PIXELS = 3;
/** Bars at least this wide (percent) carry their label inside. */
const LABELLED_PERCENT = 7;

/** What a picture is about. */
type Focus = Pick<Finding, 'id' | 'from' | 'to'>;

interface LaneProps {
  readonly label: string;
  readonly items: readonly TimelineItem[];
  readonly window: TimeWindow;
  readonly ticks: readonly Tick[];
  readonly losses: readonly ResultLoss[];
  readonly maxRows: number;
  /** Bars that have nothing to do with it are drawn faintly. */
  readonly focus?: Focus;
}

export function Lane(props: LaneProps): VNode {
  const layout = layoutLane(props.items, props.window, props.maxRows);
  const height = layout.rows * ROW_PIXELS + GAP_PIXELS;
  const crowded = layout.bars.filter((bar) => bar.crowded).length;
  return (
    <div class="lane">
      <div class="label">
        {props.label}
        {crowded > 0 && <span class="quiet"> {counted(crowded, 'bar')} over each other below</span>}
      </div>
      <svg width="100%" height={height}>
        <title>{`${props.label}: ${counted(layout.bars.length, 'bar')}`}</title>
        {props.ticks.map((tick) => (
          <line class="grid" x1={`${place(tick.x)}%`} x2={`${place(tick.x)}%`} y1="0" y2="100%" />
        ))}
        {props.losses.map((loss) => (
          <LossBand loss={loss} window={props.window} />
        ))}
        {layout.bars.map((bar) => (
          <LaneBar bar={bar} focus={props.focus} />
        ))}
      </svg>
    </div>
  );
}

export function Axis({ ticks }: { readonly ticks: readonly Tick[] }): VNode {
  return (
    <div class="lane axis" aria-hidden="true">
      <div class="label">since the first event</div>
      <svg width="100%" height="20" aria-hidden="true">
        {ticks.map((tick) => (
          <>
            <line class="grid" x1={`${place(tick.x)}%`} x2={`${place(tick.x)}%`} y1="14" y2="20" />
            <text x={`${place(tick.x)}%`} y="11" text-anchor={anchor(tick.x)}>
              {tick.label}
            </text>
          </>
        ))}
      </svg>
    </div>
  );
}

function LaneBar(props: { readonly bar: Bar; readonly focus: Focus | undefined }): VNode {
  const { bar, focus } = props;
  const time = useContext(Time);
  const y = bar.row * ROW_PIXELS + GAP_PIXELS;
  const height = ROW_PIXELS - GAP_PIXELS;
  const x = `${place(bar.x)}%`;
  const width = `${place(bar.width)}%`;
  const faint = isFaint(bar.item, focus);
  const classes = [
    'bar',
    kindClass(bar.item.kind),
    bar.item.findings === undefined ? '' : 'marked',
    bar.item.count === undefined && !bar.crowded ? '' : 'several',
    faint ? 'faint' : '',
  ];
  const shape = (
    <g class={classes.filter(Boolean).join(' ')}>
      <title>{barTitle(bar.item, time)}</title>
      <rect x={x} y={y} width={width} height={height} rx="1.5" />
      {bar.openEnd && <OpenEnd bar={bar} y={y + height / 2} />}
      {bar.width >= LABELLED_PERCENT && !bar.crowded && (
        <svg x={x} y={y} width={width} height={height} aria-hidden="true">
          <text x="5" y={height - 3}>
            {bar.item.label}
          </text>
        </svg>
      )}
    </g>
  );
  const [finding] = bar.item.findings ?? [];
  return finding === undefined ? shape : <a href={`#${finding}`}>{shape}</a>;
}

/** What is of the finding itself, or happened wholly while it lasted, stands out. */
function isFaint(item: TimelineItem, focus: Focus | undefined): boolean {
  return focus !== undefined && !isOf(item, focus) && !lastsWithin(item, focus);
}

export function isOf(item: TimelineItem, { id }: Focus): boolean {
  return item.findings?.includes(id) ?? false;
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

function barTitle(item: TimelineItem, time: TimeFormat): string {
  const from = item.from === null ? 'before the capture' : time.moment(item.from);
  const to = item.to === null ? 'alive at the end' : time.moment(item.to);
  const lasting =
    item.from === null || item.to === null ? '' : ` (${time.duration(item.to - item.from)})`;
  return `${item.label}\n${from} … ${to}${lasting}`;
}

/** Kinds are table names of ours; anything else gets the neutral colour. */
export function kindClass(kind: string): string {
  return /^[a-z_]+$/.test(kind) ? `kind-${kind.replaceAll('_', '-')}` : 'kind-other';
}

/** Percentages to the hundredth of a percent of a percent: a pixel at 64-fold zoom. */
function place(percentage: number): number {
  return Number(percentage.toFixed(4));
}

function anchor(x: number): 'start' | 'middle' | 'end' {
  if (x < 4) return 'start';
  return x > 96 ? 'end' : 'middle';
}
