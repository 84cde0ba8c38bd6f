/** What a bar is, beside it, while it is pointed to. */
import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import { counted } from '../../units.ts';
import { SeverityBadge } from '../badges.tsx';
import { Data } from '../page-data.ts';
import { Time } from '../time-context.ts';
import { type Bar, spanOf } from './bars.ts';
import { barName, fromText, kindWords, lastingText, toText } from './item-words.ts';

/** Of more findings the others are counted. */
const MAX_FINDINGS = 3;
const WIDEST_PIXELS = 340;
const APART_PIXELS = 14;

/** Pixels of the browser's window. */
export interface Spot {
  readonly x: number;
  readonly y: number;
}

export function ObjectCard(props: {
  readonly bar: Bar;
  readonly lane: string;
  readonly spot: Spot;
}): VNode {
  const time = useContext(Time);
  const { bar } = props;
  const span = spanOf(bar);
  const lasting = lastingText(span, time);
  return (
    <div class="object-card" style={placed(props.spot)} role="tooltip">
      <p class="object-name">{barName(bar)}</p>
      <p class="quiet">
        {kindWords(bar.items[0]?.kind ?? '')} in {props.lane}
      </p>
      <dl>
        <dt>from</dt>
        <dd>{fromText(span, time)}</dd>
        <dt>to</dt>
        <dd>{toText(span, time)}</dd>
        {lasting !== undefined && (
          <>
            <dt>lasting</dt>
            <dd>{lasting}</dd>
          </>
        )}
      </dl>
      <CardFindings bar={bar} />
    </div>
  );
}

function CardFindings({ bar }: { readonly bar: Bar }): VNode | null {
  const { findings } = useContext(Data);
  const ids = new Set(bar.items.flatMap((item) => item.findings ?? []));
  const of = findings.filter(({ id }) => ids.has(id));
  if (of.length === 0) return null;
  return (
    <ul>
      {of.slice(0, MAX_FINDINGS).map((finding) => (
        <li key={finding.id}>
          <SeverityBadge severity={finding.severity} /> {finding.summary}
        </li>
      ))}
      {of.length > MAX_FINDINGS && (
        <li>and {counted(of.length - MAX_FINDINGS, 'other finding')}</li>
      )}
    </ul>
  );
}

/** Below and right of the spot, on its other side where there is more room. */
function placed({ x, y }: Spot): Record<string, string> {
  const right = x + WIDEST_PIXELS + APART_PIXELS > innerWidth;
  const low = y > innerHeight * 0.6;
  return {
    left: right ? 'auto' : `${x + APART_PIXELS}px`,
    right: right ? `${Math.max(innerWidth - x + APART_PIXELS, 8)}px` : 'auto',
    top: low ? 'auto' : `${y + APART_PIXELS}px`,
    bottom: low ? `${innerHeight - y + APART_PIXELS}px` : 'auto',
    maxWidth: `min(${WIDEST_PIXELS}px, calc(100vw - 32px))`,
  };
}
