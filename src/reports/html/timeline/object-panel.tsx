/** An object that was opened: its lifetime in words, its events as recorded, and where else it occurs. */
import type { VNode } from 'preact';
import { useContext, useEffect, useRef } from 'preact/hooks';
import type { ObjectLifetime, TimelineItem } from '../../../analyzers/result.ts';
import { eventLine } from '../../event-line.ts';
import { count, counted } from '../../units.ts';
import { SeverityBadge } from '../badges.tsx';
import { CopyButton } from '../copy-button.tsx';
import { Data, type PageData } from '../page-data.ts';
import { Scroller } from '../scroller.tsx';
import { objectAnchor } from '../tables/object-anchor.ts';
import { Time } from '../time-context.ts';
import { barName, fromText, kindWords, lastingText, toText } from './item-words.ts';

/** Of more objects under one bar the others are counted. */
const MAX_LISTED = 60;
/** One object is open at a time. */
const EVENTS_ID = 'object-events';

interface PanelProps {
  /** More than one: too close together to be told apart. */
  readonly items: readonly TimelineItem[];
  open(item: TimelineItem): void;
  zoomTo(items: readonly TimelineItem[]): void;
  close(): void;
}

export function ObjectPanel(props: PanelProps): VNode {
  const { items } = props;
  const [first] = items;
  const close = useRef<HTMLButtonElement>(null);
  useEffect(() => close.current?.focus({ preventScroll: true }), [first, items.length]);
  return (
    <dialog
      open
      class="object-panel"
      aria-label={barName({ items })}
      onKeyDown={(event) => {
        if (event.key === 'Escape') props.close();
      }}
    >
      <header>
        <div>
          <h4>{barName({ items })}</h4>
          <p class="quiet">{kindWords(first?.kind ?? '')}</p>
        </div>
        <button type="button" onClick={() => props.zoomTo(items)}>
          Zoom to it
        </button>
        <button type="button" aria-label="Close" ref={close} onClick={props.close}>
          ×
        </button>
      </header>
      {items.length === 1 && first !== undefined ? (
        <OneObject item={first} />
      ) : (
        <Several items={items} open={props.open} />
      )}
    </dialog>
  );
}

function Several({ items, open }: Pick<PanelProps, 'items' | 'open'>): VNode {
  const time = useContext(Time);
  return (
    <>
      <p>Too close together to be drawn apart here: zoom in, or open one of them.</p>
      <ul class="objects-here">
        {items.slice(0, MAX_LISTED).map((item) => (
          <li>
            <button type="button" onClick={() => open(item)}>
              {item.label}
            </button>{' '}
            <span class="quiet">
              {fromText(item, time)}, {lastingText(item, time) ?? toText(item, time)}
            </span>
          </li>
        ))}
        {items.length > MAX_LISTED && <li>and {count(items.length - MAX_LISTED)} more</li>}
      </ul>
    </>
  );
}

function OneObject({ item }: { readonly item: TimelineItem }): VNode {
  const data = useContext(Data);
  const time = useContext(Time);
  const lasting = lastingText(item, time);
  return (
    <>
      <p>
        {fromText(item, time)} … {toText(item, time)}
        {lasting !== undefined && `, lasting ${lasting}`}
      </p>
      <PanelFindings item={item} />
      {item.id === undefined ? (
        <p>
          {counted(item.count ?? 1, 'object')} too short and too many to be drawn apart: the others
          of the database are not in this report.
        </p>
      ) : (
        <Life kind={item.kind} lifetime={lifetimeOf(data, item.kind, item.id)} />
      )}
      <RowLink item={item} />
    </>
  );
}

function PanelFindings({ item }: { readonly item: TimelineItem }): VNode | null {
  const { findings } = useContext(Data);
  const of = findings.filter(({ id }) => item.findings?.includes(id));
  if (of.length === 0) return null;
  return (
    <ul class="findings-here">
      {of.map(({ id, severity, summary }) => (
        <li key={id}>
          <SeverityBadge severity={severity} /> <a href={`#${id}`}>{summary}</a>
        </li>
      ))}
    </ul>
  );
}

function Life(props: {
  readonly kind: string;
  readonly lifetime: ObjectLifetime | undefined;
}): VNode {
  const { lifetimes } = useContext(Data);
  const { kind, lifetime } = props;
  if (lifetime === undefined) {
    return (
      <p>
        Its moments and events are not in this report, which holds those of{' '}
        {counted(lifetimes.objects.length, 'object')}; they are in the database, table{' '}
        <code>{kind}</code>.
      </p>
    );
  }
  return (
    <>
      <Steps kind={kind} steps={lifetime.steps} />
      <Events lifetime={lifetime} />
    </>
  );
}

function Steps(props: {
  readonly kind: string;
  readonly steps: ObjectLifetime['steps'];
}): VNode | null {
  const { lifetimes } = useContext(Data);
  const time = useContext(Time);
  const { kind, steps } = props;
  if (steps.length === 0) return null;
  return (
    <>
      <h5>Lifetime</h5>
      <ol class="steps">
        {steps.map(({ column, ts }, n) => {
          const before = steps[n - 1];
          return (
            <li>
              <span class="moment">{time.moment(ts)}</span>{' '}
              <span class="moment quiet">
                {before === undefined ? '' : `after ${time.duration(ts - before.ts)}`}
              </span>{' '}
              <span>{lifetimes.moments[kind]?.[column] ?? column}</span>
            </li>
          );
        })}
      </ol>
    </>
  );
}

function Events({ lifetime }: { readonly lifetime: ObjectLifetime }): VNode | null {
  const { clock, lifetimes } = useContext(Data);
  const lines = lifetime.events.flatMap((n) => {
    const event = lifetimes.events[n];
    return event === undefined ? [] : [eventLine(event, clock).trimEnd()];
  });
  if (lines.length === 0) return null;
  const margin = Math.min(...lines.map((line) => line.search(/\S|$/)));
  return (
    <>
      <h5>Events, {lifetime.plain ? 'field by field' : 'as trace-cmd report prints them'}</h5>
      <CopyButton of={EVENTS_ID} label="Copy" />
      <Scroller label="Events of the object">
        <pre id={EVENTS_ID}>{lines.map((line) => shifted(line, margin))}</pre>
      </Scroller>
      {lifetime.eventsOmitted > 0 && (
        <p class="note">{counted(lifetime.eventsOmitted, 'more event')} left out between them.</p>
      )}
    </>
  );
}

/** What all lines begin with is only space: copied, but not shown. */
function shifted(line: string, margin: number): VNode {
  return (
    <>
      <span hidden>{line.slice(0, margin)}</span>
      {`${line.slice(margin)}\n`}
    </>
  );
}

function RowLink({ item }: { readonly item: TimelineItem }): VNode | null {
  const { objectCounts } = useContext(Data);
  const seen = objectCounts.find(({ kind }) => kind === item.kind);
  if (item.id === undefined || seen === undefined) return null;
  return (
    <p>
      <a href={`#${objectAnchor(item.kind)}${item.id}`}>
        Its row in the table of {counted(seen.count, kindWords(item.kind))}
      </a>
    </p>
  );
}

function lifetimeOf({ lifetimes }: PageData, kind: string, id: number): ObjectLifetime | undefined {
  return lifetimes.objects.find((object) => object.kind === kind && object.id === id);
}
