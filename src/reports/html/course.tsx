/** An incident's findings in order of time, between the states of its chain of causes. */
import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { FindingChain } from '../../analyzers/finding.ts';
import { ownChain } from '../chains.ts';
import { type CourseStep, courseOf } from '../course.ts';
import type { PlacedFinding, PlacedIncident } from '../placed-findings.ts';
import { relationText } from '../summary.ts';
import { counted } from '../units.ts';
import { ConfidenceBadge, SeverityBadge } from './badges.tsx';
import { Chain } from './chain.tsx';
import { Details } from './details.tsx';
import { Time } from './time-context.ts';

/** Of more steps, those behind them are folded. */
const SHOWN_AT_ONCE = 16;
/** Of still more, those behind them are only counted. */
const SHOWN_AT_MOST = 300;

interface CourseProps {
  readonly placed: PlacedIncident;
  /** The chain that the incident shows already. */
  readonly main: FindingChain | undefined;
}

export function Course({ placed, main }: CourseProps): VNode {
  const steps = courseOf(placed);
  const item = (step: CourseStep): VNode => <Step step={step} placed={placed} main={main} />;
  const rest = steps.slice(SHOWN_AT_ONCE, SHOWN_AT_MOST);
  const hidden = Math.max(steps.length - SHOWN_AT_MOST, 0);
  return (
    <div class="course">
      <h4>In order of time</h4>
      <ol>{steps.slice(0, SHOWN_AT_ONCE).map(item)}</ol>
      {rest.length > 0 && (
        <details>
          <summary class="quiet">{counted(rest.length + hidden, 'more step')}</summary>
          <ol>{rest.map(item)}</ol>
          {hidden > 0 && (
            <p class="note">
              {counted(hidden, 'more step')}: the findings are in the database, table{' '}
              <code>finding</code>.
            </p>
          )}
        </details>
      )}
    </div>
  );
}

function Step(props: CourseProps & { readonly step: CourseStep }): VNode {
  const time = useContext(Time);
  const { step, placed } = props;
  return (
    <li class={'placed' in step ? 'of-finding' : 'of-state'}>
      <span class="moment">{time.moment(step.ts)}</span>
      {'placed' in step ? (
        <CourseFinding
          placed={step.placed}
          isCause={step.placed === placed.cause}
          open={step.placed === placed.lead}
          main={props.main}
        />
      ) : (
        <span>{step.text}</span>
      )}
    </li>
  );
}

function CourseFinding(props: {
  readonly placed: PlacedFinding;
  readonly isCause: boolean;
  readonly open: boolean;
  readonly main: FindingChain | undefined;
}): VNode {
  const { finding, number, relation } = props.placed;
  return (
    <details class={`finding ${finding.severity}`} id={finding.id} open={props.open}>
      <summary>
        <span class="tags">
          <span class="number">{number}</span>
          <SeverityBadge severity={finding.severity} />
          <ConfidenceBadge confidence={finding.confidence} />
          <span class="detector">{finding.detector}</span>
          {props.isCause && <span class="cause-mark">the cause of the others</span>}
          {relation?.word === 'follows from' && (
            <span class="related">{relationText(relation)}</span>
          )}
        </span>
        <span class="sentence">{finding.summary}</span>
      </summary>
      <FindingValues placed={props.placed} main={props.main} />
    </details>
  );
}

/** Its values, and its chain of causes where that is not the incident's. */
export function FindingValues(props: {
  readonly placed: PlacedFinding;
  readonly main: FindingChain | undefined;
}): VNode {
  const { finding } = props.placed;
  const chain = ownChain(props.placed, props.main);
  return (
    <>
      <Details details={finding.details} objects={finding.objects} />
      {chain !== undefined && <Chain chain={chain} of={finding.id} />}
    </>
  );
}
