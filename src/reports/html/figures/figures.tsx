/** Durations of one kind each: a figure titled by the question it answers, its quantiles in a table. */
import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { Distribution, Result } from '../../../analyzers/result.ts';
import { count, counted, timeFormat } from '../../units.ts';
import { Time } from '../time-context.ts';
import { activeWindow } from '../timeline/active-window.ts';
import { SeriesLegend } from './legend.tsx';
import { BINNED_FROM, durationHistogram, durationsOverTime, type Plot } from './plots.ts';

/** Fewer values are quicker read than seen. */
const DRAWN_FROM = 3;

export interface Figure {
  readonly distribution: Distribution;
  /** Empty when there is too little to draw. */
  readonly plots: readonly Plot[];
}

export function figuresOf(result: Result): readonly Figure[] {
  const range = {
    window: activeWindow(result),
    time: timeFormat(result.capture.clock),
  };
  return result.distributions.map((distribution, index) => {
    const plots: Plot[] = [];
    if (distribution.points.length >= DRAWN_FROM) {
      plots.push(durationsOverTime(`plot-${index}-time`, distribution, range));
    }
    if (distribution.points.length >= BINNED_FROM) {
      plots.push(durationHistogram(`plot-${index}-share`, distribution, range));
    }
    return { distribution, plots };
  });
}

export function Figures({ figures }: { readonly figures: readonly Figure[] }): VNode {
  const time = useContext(Time);
  const measured = figures.filter((figure) => figure.distribution.count > 0);
  const empty = figures.filter((figure) => figure.distribution.count === 0);
  return (
    <section id="figures">
      <h2>How long did things take?</h2>
      {measured.map((figure) => (
        <DurationFigure figure={figure} />
      ))}
      {figures.length === 0 && (
        <p>
          {time.unit === 'ticks'
            ? 'Nothing to draw: the clock of this capture counts ticks of unknown length.'
            : 'Nothing to draw: no fault, invalidation, fence, wait or job both began and ended in this capture.'}
        </p>
      )}
      {empty.length > 0 && (
        <p class="note">
          Not drawn, because the capture holds none of them:{' '}
          {empty.map((figure) => figure.distribution.name.replaceAll('_', ' ')).join(', ')}.
        </p>
      )}
    </section>
  );
}

function DurationFigure({ figure }: { readonly figure: Figure }): VNode {
  const { distribution, plots } = figure;
  return (
    <figure>
      <figcaption>
        <h3>{distribution.title}</h3>
      </figcaption>
      {plots.length === 0 ? (
        <Values distribution={distribution} />
      ) : (
        <>
          <div class={`plots plots-${plots.length}`}>
            {plots.map((plot) => (
              <div class="plot" id={plot.id} />
            ))}
          </div>
          <SeriesLegend distribution={distribution} />
          <Quantiles distribution={distribution} />
        </>
      )}
    </figure>
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
      {points.length < total && (
        <p class="note">
          {counted(points.length, 'point')} drawn: an even sample of all {count(total)}.
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
