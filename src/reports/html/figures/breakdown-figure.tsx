/** Durations side by side, with every number of the plot in a table. */
import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { Breakdown } from '../../../analyzers/result.ts';
import { count, counted, type TimeFormat } from '../../units.ts';
import { Scroller } from '../scroller.tsx';
import { Time } from '../time-context.ts';
import type { Figure } from './figure.tsx';
import { Legend } from './legend.tsx';
import { partNames, rowsPlot } from './rows-plot.ts';

/** Fewer values are quicker read than seen. */
const DRAWN_FROM = 3;
const COLUMNS = ['n', 'median', '90 %', '99 %', 'longest'] as const;

export function breakdownFigure(breakdown: Breakdown, time: TimeFormat): Figure {
  const { name, title, count: total } = breakdown;
  const plots = total >= DRAWN_FROM ? [rowsPlot(`plot-${name}`, breakdown, time)] : [];
  const text = (
    <>
      {plots.length > 0 && <Legend names={partNames(breakdown)} />}
      <p class="note">
        n = {count(total)}
        {plots.length > 0 && ': a stroke is a value, the larger mark the median'}
        {breakdown.rowsOmitted > 0 &&
          `; ${counted(breakdown.rowsOmitted, 'row')} with shorter ones left out`}
        .
      </p>
      <Values breakdown={breakdown} open={plots.length === 0} />
    </>
  );
  return { name, title, plots, text };
}

function Values(props: { readonly breakdown: Breakdown; readonly open: boolean }): VNode {
  const { breakdown } = props;
  const time = useContext(Time);
  const split = partNames(breakdown).some((name) => name !== '');
  return (
    <details class="values" open={props.open}>
      <summary>In numbers</summary>
      <Scroller label={`${breakdown.title} In numbers`}>
        <table>
          <thead>
            <tr>
              <th scope="col">of</th>
              {split && <th scope="col">part</th>}
              {COLUMNS.map((title) => (
                <th scope="col">{title}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {breakdown.rows.flatMap((row) =>
              row.parts.map((part) => (
                <tr>
                  <td>{row.name}</td>
                  {split && <td>{part.name}</td>}
                  <td class="number">{count(part.count)}</td>
                  {part.quantiles.map(({ value }) => (
                    <td class="number" title={time.exact(value)}>
                      {time.duration(value)}
                    </td>
                  ))}
                </tr>
              )),
            )}
          </tbody>
        </table>
      </Scroller>
    </details>
  );
}
