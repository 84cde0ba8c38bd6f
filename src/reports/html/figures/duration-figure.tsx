/** Durations of one kind: when each happened, how common they are, and their quantiles as text. */
import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { Distribution } from '../../../analyzers/result.ts';
import { count, counted } from '../../units.ts';
import { Time } from '../time-context.ts';
import type { Range } from './axes.ts';
import type { Figure } from './figure.tsx';
import { Legend } from './legend.tsx';
import { BINNED_FROM, DRAWN_AT_MOST, durationHistogram, durationsOverTime } from './plots.ts';
import { seriesScale } from './series.ts';

/** Fewer values are quicker read than seen. */
const DRAWN_FROM = 3;

export function durationFigure(distribution: Distribution, range: Range): Figure {
  const { name, title, points } = distribution;
  const plots = [
    ...(points.length >= DRAWN_FROM
      ? [durationsOverTime(`plot-${name}-time`, distribution, range)]
      : []),
    ...(points.length >= BINNED_FROM
      ? [durationHistogram(`plot-${name}-share`, distribution, range)]
      : []),
  ];
  const text =
    plots.length === 0 ? (
      <Values distribution={distribution} />
    ) : (
      <>
        <Legend names={seriesScale(points).domain} />
        <Quantiles distribution={distribution} />
      </>
    );
  return {
    name,
    title,
    plots,
    text: (
      <>
        {text}
        <Unended distribution={distribution} />
      </>
    ),
  };
}

/** What is missing from every quantile, and may be what the reader looks for. */
function Unended({ distribution }: { readonly distribution: Distribution }): VNode | null {
  const { unended } = distribution;
  if (unended === 0) return null;
  return (
    <p class="note">
      {count(unended)} more had not ended when the recording did: not among these values.
    </p>
  );
}

function Values({ distribution }: { readonly distribution: Distribution }): VNode {
  const time = useContext(Time);
  return (
    <ul class="quantiles">
      {distribution.points.map((point) => (
        <li title={time.exact(point.value)}>
          {time.duration(point.value)} <b>at</b> {time.moment(point.ts)} ({point.series})
        </li>
      ))}
    </ul>
  );
}

function Quantiles({ distribution }: { readonly distribution: Distribution }): VNode {
  const time = useContext(Time);
  const { count: total, points, quantiles } = distribution;
  return (
    <>
      <ul class="quantiles">
        <li>
          <b>n</b> {count(total)}
        </li>
        {quantiles
          .filter(({ q }) => isTelling(q, total))
          .map(({ q, value }) => (
            <li title={time.exact(value)}>
              <b>{quantileName(q)}</b> {time.duration(value)}
            </li>
          ))}
      </ul>
      {Math.min(points.length, DRAWN_AT_MOST) < total && (
        <p class="note">
          {counted(Math.min(points.length, DRAWN_AT_MOST), 'point')} drawn: an even sample of all{' '}
          {count(total)}.
        </p>
      )}
    </>
  );
}

/** Those a reader asks for, as far as so many values have them. */
function isTelling(q: number, total: number): boolean {
  if (q === 0 || q === 0.5 || q === 1) return true;
  if (q === 0.9 || q === 0.99) return total >= BINNED_FROM;
  return q === 0.999 && total >= 1_000;
}

function quantileName(q: number): string {
  if (q === 0) return 'shortest';
  if (q === 0.5) return 'median';
  if (q === 1) return 'longest';
  return `${count(q * 100)} %`;
}
