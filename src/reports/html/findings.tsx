/** Findings, worst first: the sentence, the moment drawn, the values, the evidence, what next. */
import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { Finding } from '../../analyzers/finding.ts';
import type { Result } from '../../analyzers/result.ts';
import { bugText } from '../bug-text.ts';
import { type PlacedFinding, placeFindings, type Relation } from '../placed-findings.ts';
import { relationText } from '../summary.ts';
import { count } from '../units.ts';
import { ConfidenceBadge, SeverityBadge } from './badges.tsx';
import { Chain } from './chain.tsx';
import { Details } from './details.tsx';
import { Evidence } from './evidence.tsx';
import { Scroller } from './scroller.tsx';
import { Time } from './time-context.ts';
import { FindingTimeline } from './timeline/finding-timeline.tsx';

/** Beyond this many, findings are folded. */
const OPEN_AT_MOST = 3;
/** Beyond this many, findings have no timeline of their own. */
const DRAWN_AT_MOST = 12;
/** Beyond this many, the other findings of an incident are only counted. */
const LINKED_AT_MOST = 8;
/** Beyond this many, findings are only counted. */
const SHOWN_AT_MOST = 200;

export function FindingsSection({ result }: { readonly result: Result }): VNode {
  const findings = placeFindings(result);
  return (
    <section id="findings">
      <h2>
        Findings <span class="count">{count(findings.length)}</span>
      </h2>
      {findings.length === 0 && (
        <p>
          None. What that rests on is under <a href="#detectors">what was checked</a>.
        </p>
      )}
      {findings.slice(0, SHOWN_AT_MOST).map((placed, index) => (
        <FindingCard
          placed={placed}
          result={result}
          open={index < OPEN_AT_MOST}
          drawn={index < DRAWN_AT_MOST}
        />
      ))}
      {findings.length > SHOWN_AT_MOST && (
        <p class="note">
          {count(findings.length - SHOWN_AT_MOST)} more, none of them worse, are in the database,
          table <code>finding</code>.
        </p>
      )}
    </section>
  );
}

function FindingCard(props: {
  readonly placed: PlacedFinding;
  readonly result: Result;
  readonly open: boolean;
  readonly drawn: boolean;
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
          <Span finding={finding} />
          {relation !== undefined && <span class="related">{relationText(relation)}</span>}
        </span>
        <h3>{finding.summary}</h3>
      </summary>
      {relation !== undefined && <Related relation={relation} />}
      {props.drawn && <FindingTimeline finding={finding} result={props.result} />}
      <div class="columns">
        <Details details={finding.details} />
        <NextSteps next={finding.next} />
      </div>
      {finding.chain !== undefined && <Chain chain={finding.chain} />}
      <Evidence finding={finding} clock={props.result.capture.clock} />
      <BugText finding={finding} result={props.result} />
    </details>
  );
}

/** The other findings of the incident. Links may not stand in a summary, which is a button itself. */
function Related({ relation }: { readonly relation: Relation }): VNode {
  const { word, others } = relation;
  return (
    <ul class="related" aria-label={word}>
      {others.slice(0, LINKED_AT_MOST).map(({ finding, number }) => (
        <li>
          {word} <a href={`#${finding.id}`}>{number}</a> {finding.summary}
        </li>
      ))}
      {others.length > LINKED_AT_MOST && <li>and {count(others.length - LINKED_AT_MOST)} more</li>}
    </ul>
  );
}

function BugText(props: { readonly finding: Finding; readonly result: Result }): VNode {
  return (
    <details class="bug-text">
      <summary>
        <h4>Text for a bug report</h4>
      </summary>
      <button type="button" class="copy">
        Copy
      </button>
      <Scroller label="Text for a bug report">
        <pre>{bugText(props.finding, props.result)}</pre>
      </Scroller>
    </details>
  );
}

function Span({ finding }: { readonly finding: Finding }): VNode {
  const time = useContext(Time);
  const lasting =
    finding.to > finding.from ? `, lasting ${time.duration(finding.to - finding.from)}` : '';
  return (
    <span class="span">
      {time.moment(finding.from)}
      {lasting}
    </span>
  );
}

function NextSteps({ next }: { readonly next: readonly string[] }): VNode | null {
  if (next.length === 0) return null;
  return (
    <div>
      <h4>What to look at next</h4>
      <ul>
        {next.map((step) => (
          <li>{step}</li>
        ))}
      </ul>
    </div>
  );
}
