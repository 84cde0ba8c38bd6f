/** What the capture does not hold: lost events, damaged data. Said first, detailed last. */

import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { ResultLoss, ResultProblem } from '../../analyzers/result.ts';
import { lossSentence } from '../loss-sentence.ts';
import { count, counted, type TimeFormat } from '../units.ts';
import { Scroller } from './scroller.tsx';
import { Time } from './time-context.ts';

const SHOWN_AT_MOST = 100;

export function problemSentence(problems: readonly ResultProblem[]): string {
  return counted(problems.length, 'note on the capture', 'notes on the capture');
}

export function DataQuality(props: {
  readonly losses: readonly ResultLoss[];
  readonly problems: readonly ResultProblem[];
}): VNode {
  return (
    <section id="quality">
      <h2>Lost and damaged data</h2>
      <p>
        {lossSentence(props.losses)}
        {props.losses.length > 0 &&
          '. Objects that lived through a gap are marked lossy in their tables'}
        .
      </p>
      {props.losses.length > 0 && <LossTable losses={props.losses} />}
      {props.problems.length > 0 && <ProblemTable problems={props.problems} />}
    </section>
  );
}

const LOSS_MEANS: Record<ResultLoss['kind'], string> = {
  overwritten: 'the start was overwritten',
  dropped: 'dropped while recording',
  truncated: 'the file ends early',
  ended: 'this input ended before the others',
};

function LossTable({ losses }: { readonly losses: readonly ResultLoss[] }): VNode {
  const time = useContext(Time);
  return (
    <Scroller label="Lost events">
      <table>
        <thead>
          <tr>
            <th scope="col">Buffer</th>
            <th scope="col">CPU</th>
            <th scope="col">Between</th>
            <th scope="col">Events</th>
            <th scope="col">What happened</th>
          </tr>
        </thead>
        <tbody>
          {losses.slice(0, SHOWN_AT_MOST).map((loss) => (
            <tr>
              <td>{loss.buffer === '' ? 'top' : loss.buffer}</td>
              <td class="number">{loss.cpu}</td>
              <td>{interval(loss, time)}</td>
              <td class="number">{loss.events === null ? 'unknown' : count(loss.events)}</td>
              <td>{LOSS_MEANS[loss.kind]}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {losses.length > SHOWN_AT_MOST && (
        <p class="note">{count(losses.length - SHOWN_AT_MOST)} more gaps are in the database.</p>
      )}
    </Scroller>
  );
}

function interval(loss: ResultLoss, time: TimeFormat): string {
  const from = loss.from === null ? 'the start' : time.moment(loss.from);
  const to = loss.to === null ? 'the end' : time.moment(loss.to);
  return `${from} and ${to}`;
}

function ProblemTable({ problems }: { readonly problems: readonly ResultProblem[] }): VNode {
  return (
    <Scroller label="Notes on the capture">
      <table>
        <thead>
          <tr>
            <th scope="col">Kind</th>
            <th scope="col">Times</th>
            <th scope="col">What is the matter</th>
          </tr>
        </thead>
        <tbody>
          {problems.map((problem) => (
            <tr>
              <td>{problem.severity}</td>
              <td class="number">{count(problem.count)}</td>
              <td>
                {problem.message} <span class="quiet mono">{problem.code}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}
