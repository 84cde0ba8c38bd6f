/** Figures of no single duration: attempts, page faults, lost events. */
import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { AttemptsFigure, FaultsOverTime, Result } from '../../../analyzers/result.ts';
import { lossSentence } from '../../loss-sentence.ts';
import { count, counted, type TimeFormat } from '../../units.ts';
import { Time } from '../time-context.ts';
import { attemptsPlot } from './attempts-plot.ts';
import { faultsPlot, OUTCOMES } from './faults-plot.ts';
import type { Figure } from './figure.tsx';
import { Legend } from './legend.tsx';
import { lossesPlot, lossRows } from './losses-plot.ts';
import { seriesScale } from './series.ts';

export function attemptsFigure(attempts: AttemptsFigure, time: TimeFormat): Figure {
  const { title, count: total, points } = attempts;
  const most = points.reduce((sofar, point) => Math.max(sofar, point.attempts), 0);
  const retried = most > 1;
  const sampled = points.length < total ? `; ${counted(points.length, 'point')} drawn` : '';
  const text = retried ? (
    <>
      <Legend names={seriesScale(points.map(({ outcome }) => ({ series: outcome }))).domain} />
      <p class="note">
        n = {count(total)}, the most often tried {counted(most, 'time')}
        {sampled}.
      </p>
    </>
  ) : (
    <p>
      {total === 1 ? 'The one range fault' : `Each of the ${count(total)} range faults`} took one
      attempt.
    </p>
  );
  const plots = retried ? [attemptsPlot('plot-attempts', attempts, time)] : [];
  return { name: 'attempts', title, plots, text };
}

export function faultsFigure(faults: FaultsOverTime, time: TimeFormat): Figure {
  const used = OUTCOMES.filter(({ name }) => faults.bins.some(({ outcome }) => outcome === name));
  const text = (
    <>
      <Legend names={used.map(({ name }) => name)} series={used.map(({ series }) => series)} bars />
      <p class="note">
        n = {count(faults.count)} (
        {used.map(({ name }) => `${count(sumOf(faults, name))} ${name}`).join(', ')}).
      </p>
      <Exits faults={faults} />
    </>
  );
  const plots = [faultsPlot('plot-faults', faults, time)];
  return { name: 'faults', title: faults.title, plots, text };
}

function Exits({ faults }: { readonly faults: FaultsOverTime }): VNode {
  const time = useContext(Time);
  const { exits, exitsOmitted } = faults;
  if (exits.length === 0) {
    return <p class="note">No exit of a process that uses a device was seen.</p>;
  }
  return (
    <p class="note">
      Exits, dashed: {exits.map(({ ts, label }) => `${label} at ${time.moment(ts)}`).join(', ')}
      {exitsOmitted > 0 && `, and ${count(exitsOmitted)} more`}.
    </p>
  );
}

function sumOf({ bins }: FaultsOverTime, outcome: string): number {
  return bins.reduce((sum, bin) => (bin.outcome === outcome ? sum + bin.count : sum), 0);
}

const LOSSES_TITLE = 'When were events lost?';

export function lossesFigure(result: Result, time: TimeFormat): Figure | undefined {
  if (lossRows(result).length === 0) return undefined;
  return {
    name: 'losses',
    title: LOSSES_TITLE,
    plots: [lossesPlot('plot-losses', LOSSES_TITLE, result, time)],
    text: (
      <p class="note">
        {lossSentence(result.losses)}; <a href="#quality">what it means for the findings</a>.
      </p>
    ),
  };
}
