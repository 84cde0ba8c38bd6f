/** The figures of a report, in the order in which trouble travels: memory, fences, jobs, devices. */
import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { FigureNotDrawn, Result } from '../../../analyzers/result.ts';
import { timeFormat } from '../../units.ts';
import { Time } from '../time-context.ts';
import { activeWindow } from '../timeline/active-window.ts';
import { breakdownFigure } from './breakdown-figure.tsx';
import { durationFigure } from './duration-figure.tsx';
import { type Figure, FigureView } from './figure.tsx';
import { attemptsFigure, faultsFigure, lossesFigure } from './summary-figures.tsx';

/** Others come last. */
const ORDER: readonly string[] = [
  'invalidation-duration',
  'invalidation-actor',
  'invalidation-cause',
  'range-fault-duration',
  'attempts',
  'range-fault-attempt-duration',
  'fence-latency',
  'fence-split',
  'fence-wait-duration',
  'job-queue-to-run',
  'job-queue',
  'faults',
  'page-request-response',
  'migration-duration',
  'losses',
];

export function figuresOf(result: Result): readonly Figure[] {
  const time = timeFormat(result.capture.clock);
  const range = { window: activeWindow(result), time };
  const { breakdowns, attempts, faultsOverTime } = result.figures;
  const losses = lossesFigure(result, time);
  const figures = [
    ...result.distributions
      .filter(({ count }) => count > 0)
      .map((distribution) => durationFigure(distribution, range)),
    ...breakdowns.map((breakdown) => breakdownFigure(breakdown, time)),
    ...(attempts === null ? [] : [attemptsFigure(attempts, time)]),
    ...(faultsOverTime === null ? [] : [faultsFigure(faultsOverTime, time)]),
    ...(losses === undefined ? [] : [losses]),
  ];
  return figures.sort((a, b) => placeOf(a) - placeOf(b));
}

function placeOf({ name }: Figure): number {
  const place = ORDER.indexOf(name);
  return place < 0 ? ORDER.length : place;
}

export function Figures(props: {
  readonly figures: readonly Figure[];
  readonly notDrawn: readonly FigureNotDrawn[];
}): VNode {
  const time = useContext(Time);
  return (
    <section id="figures">
      <h2>How long did things take?</h2>
      {props.figures.map((figure) => (
        <FigureView figure={figure} />
      ))}
      {time.unit === 'ticks' && (
        <p>No duration is drawn: the clock of this capture counts ticks of unknown length.</p>
      )}
      <NotDrawn figures={props.notDrawn} />
    </section>
  );
}

function NotDrawn({ figures }: { readonly figures: readonly FigureNotDrawn[] }): VNode | null {
  if (figures.length === 0) return null;
  return (
    <details class="not-drawn">
      <summary>Questions that this capture has no answer to ({figures.length})</summary>
      <ul>
        {figures.map(({ title, reason }) => (
          <li>
            {title} <span class="quiet">{reason}.</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
