/** Incidents, worst first: the sentence, the moment drawn, the chain of causes, the evidence, what next. */
import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { Result } from '../../analyzers/result.ts';
import { bugText } from '../bug-text.ts';
import { mainChain } from '../chains.ts';
import { incidentSteps } from '../incident-evidence.ts';
import { type PlacedIncident, placeIncidents } from '../placed-findings.ts';
import { severityCounts } from '../summary.ts';
import { count, counted } from '../units.ts';
import { ConfidenceBadge, SeverityBadge } from './badges.tsx';
import { Cause } from './cause.tsx';
import { Chain } from './chain.tsx';
import { CopyButton } from './copy-button.tsx';
import { Course, FindingValues } from './course.tsx';
import { Evidence } from './evidence.tsx';
import { Scroller } from './scroller.tsx';
import { Time } from './time-context.ts';
import { chainPath } from './timeline/chain-path.ts';
import { IncidentTimeline, incidentView } from './timeline/incident-timeline.tsx';

/** Beyond this many, incidents are folded. */
const OPEN_AT_MOST = 3;
/** Beyond this many, incidents have no timeline of their own. */
const DRAWN_AT_MOST = 12;
/** Of more next steps, those behind them are folded. */
const STEPS_AT_ONCE = 6;
/** Of still more, those behind them are only counted. */
const STEPS_AT_MOST = 40;
/** Beyond this many, incidents are one line each. */
const WHOLE_AT_MOST = 60;
/** Beyond this many, incidents are only counted. */
const LISTED_AT_MOST = 500;

export function IncidentsSection({ result }: { readonly result: Result }): VNode {
  const incidents = placeIncidents(result);
  return (
    <section id="incidents">
      <h2>
        Incidents <span class="count">{count(incidents.length)}</span>
      </h2>
      {incidents.length === 0 && (
        <p>
          None. What that rests on is under <a href="#detectors">what was checked</a>.
        </p>
      )}
      {incidents.slice(0, WHOLE_AT_MOST).map((placed, n) => (
        <IncidentCard
          placed={placed}
          result={result}
          open={n < OPEN_AT_MOST}
          drawn={n < DRAWN_AT_MOST}
        />
      ))}
      <Rest incidents={incidents.slice(WHOLE_AT_MOST)} />
    </section>
  );
}

interface IncidentProps {
  readonly placed: PlacedIncident;
  readonly result: Result;
}

function IncidentCard(
  props: IncidentProps & { readonly open: boolean; readonly drawn: boolean },
): VNode {
  const { placed, result } = props;
  const { incident, lead, findings } = placed;
  const chain = mainChain(placed);
  const time = useContext(Time);
  const view = props.drawn
    ? incidentView(placed, result, (window) =>
        chain === undefined ? undefined : chainPath(chain, incident.id, window, time),
      )
    : undefined;
  const marks = view?.paths.flatMap(({ stops }) => stops.map(({ mark }) => mark));
  return (
    <details class={`incident ${incident.severity}`} id={incident.id} open={props.open}>
      <summary>
        <span class="tags">
          <span class="number">{placed.number}</span>
          <SeverityBadge severity={lead.finding.severity} />
          <ConfidenceBadge confidence={lead.finding.confidence} />
          <Span placed={placed} />
          <span>
            {findings.length === 1 ? lead.finding.detector : counted(findings.length, 'finding')}
          </span>
        </span>
        <h3>{lead.finding.summary}</h3>
      </summary>
      <Cause placed={placed} />
      {view !== undefined && <IncidentTimeline view={view} of={incident.id} />}
      <div class="columns">
        {chain !== undefined && <Chain chain={chain} of={incident.id} drawn={new Set(marks)} />}
        <NextSteps steps={incidentSteps(placed)} />
      </div>
      {findings.length === 1 ? (
        <div class="finding" id={lead.finding.id}>
          <FindingValues placed={lead} main={chain} />
        </div>
      ) : (
        <Course placed={placed} main={chain} />
      )}
      <Evidence placed={placed} clock={result.capture.clock} />
      <BugText placed={placed} result={result} />
    </details>
  );
}

function Span({ placed }: { readonly placed: PlacedIncident }): VNode {
  const time = useContext(Time);
  const { from, to } = placed.incident;
  const lasting = to > from ? `, lasting ${time.duration(to - from)}` : '';
  return (
    <span class="span">
      {time.moment(from)}
      {lasting}
    </span>
  );
}

function NextSteps({ steps }: { readonly steps: readonly string[] }): VNode | null {
  if (steps.length === 0) return null;
  const rest = steps.slice(STEPS_AT_ONCE, STEPS_AT_MOST);
  const hidden = Math.max(steps.length - STEPS_AT_MOST, 0);
  return (
    <div class="next">
      <h4>What to look at next</h4>
      <Steps steps={steps.slice(0, STEPS_AT_ONCE)} />
      {rest.length > 0 && (
        <details>
          <summary class="quiet">{counted(rest.length + hidden, 'more step')}</summary>
          <Steps steps={rest} />
          {hidden > 0 && (
            <p class="note">{counted(hidden, 'more step')}, with their findings in the database.</p>
          )}
        </details>
      )}
    </div>
  );
}

function Steps({ steps }: { readonly steps: readonly string[] }): VNode {
  return (
    <ul>
      {steps.map((step) => (
        <li>{step}</li>
      ))}
    </ul>
  );
}

function BugText({ placed, result }: IncidentProps): VNode {
  const id = `bug-text-of-${placed.incident.id}`;
  return (
    <details class="bug-text">
      <summary>
        <h4>Text for a bug report</h4>
      </summary>
      <CopyButton of={id} label="Copy the text" />
      <Scroller label="Text for a bug report">
        <pre id={id}>{bugText(placed, result)}</pre>
      </Scroller>
    </details>
  );
}

/** Of very many a line each, and of still more their number: none is left unsaid. */
function Rest({ incidents }: { readonly incidents: readonly PlacedIncident[] }): VNode | null {
  if (incidents.length === 0) return null;
  const listed = incidents.slice(0, LISTED_AT_MOST);
  const hidden = incidents.slice(LISTED_AT_MOST);
  return (
    <details class="more-incidents">
      <summary>
        {counted(incidents.length, 'more incident')}, none of them worse: {kinds(incidents)}
      </summary>
      <ol start={listed[0]?.number}>
        {listed.map(({ incident, lead }) => (
          <li id={incident.id}>
            <SeverityBadge severity={lead.finding.severity} />{' '}
            <ConfidenceBadge confidence={lead.finding.confidence} />{' '}
            <span id={lead.finding.id}>{lead.finding.summary}</span>
          </li>
        ))}
      </ol>
      {hidden.length > 0 && (
        <p class="note">
          {counted(hidden.length, 'more incident')} ({kinds(hidden)}): their findings are in the
          database, table <code>finding</code>.
        </p>
      )}
    </details>
  );
}

function kinds(incidents: readonly PlacedIncident[]): string {
  return severityCounts(incidents.map(({ lead }) => lead.finding));
}
