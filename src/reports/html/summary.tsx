/** The first screen: what is wrong, in words; what the capture is; how far it can be trusted. */
import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { Result } from '../../analyzers/result.ts';
import { headline, unrecordedFacts } from '../headline.ts';
import { isAboutRecording } from '../importance.ts';
import { type PlacedIncident, placeIncidents } from '../placed-findings.ts';
import { recordingCommands } from '../recording.ts';
import { captureRows, severityCounts, unseen, verdict } from '../summary.ts';
import { counted } from '../units.ts';
import { ConfidenceBadge, SeverityBadge } from './badges.tsx';
import { Cause } from './cause.tsx';
import { CopyButton } from './copy-button.tsx';
import { problemSentence } from './losses.tsx';
import { Scroller } from './scroller.tsx';
import { Time } from './time-context.ts';

/** Beyond this many, incidents are only counted on the first screen. */
const LISTED_AT_MOST = 4;

export function Summary({ result }: { readonly result: Result }): VNode {
  const [worst, ...others] = placeIncidents(result);
  return (
    <header class="summary">
      <p class="kicker">svm-trace report</p>
      {worst !== undefined && <Tags placed={worst} />}
      <h1>{headline(result)}</h1>
      {worst !== undefined && <Cause placed={worst} />}
      <OtherIncidents incidents={others} />
      {worst !== undefined && <p>{verdict(result, '').text}</p>}
      <CaptureFacts result={result} />
      <NotRecorded result={result} />
      <nav aria-label="Sections">
        <a href="#incidents">Incidents</a>
        {result.kernelLog.length > 0 && <a href="#kernel-log">Kernel log</a>}
        <a href="#timeline">Timeline</a>
        <a href="#figures">Figures</a>
        <a href="#detectors">What was checked</a>
        <a href="#objects">Objects</a>
        <a href="#capture">Capture</a>
      </nav>
    </header>
  );
}

/** Links may not stand in a heading's place, so the incident is named beside it. */
function Tags({ placed }: { readonly placed: PlacedIncident }): VNode {
  return (
    <p class="tags">
      <SeverityBadge severity={placed.lead.finding.severity} />
      <ConfidenceBadge confidence={placed.lead.finding.confidence} />
      <a href={`#${placed.incident.id}`}>incident {placed.number}: timeline, causes, evidence</a>
    </p>
  );
}

/** One line each: what else went wrong. */
function OtherIncidents(props: { readonly incidents: readonly PlacedIncident[] }): VNode | null {
  const { incidents } = props;
  if (incidents.length === 0) return null;
  const rest = incidents.slice(LISTED_AT_MOST);
  return (
    <>
      <h2 class="also">Also in this recording</h2>
      <ol class="incidents" start={2}>
        {incidents.slice(0, LISTED_AT_MOST).map(({ incident, lead }) => (
          <li>
            <SeverityBadge severity={lead.finding.severity} />{' '}
            <ConfidenceBadge confidence={lead.finding.confidence} />{' '}
            <a href={`#${incident.id}`}>{lead.finding.summary}</a>
          </li>
        ))}
      </ol>
      {rest.length > 0 && (
        <p class="note">
          and <a href="#incidents">{counted(rest.length, 'more incident')}</a>, none of them worse:{' '}
          {severityCounts(rest.map(({ lead }) => lead.finding))}
        </p>
      )}
    </>
  );
}

/** What the terminal says of the recording, in the same order. */
function CaptureFacts({ result }: { readonly result: Result }): VNode {
  const time = useContext(Time);
  const { inputs } = result.capture;
  const rows = captureRows({ ...result, problems: [], objectCounts: [] }, time);
  return (
    <dl class={inputs.length > 1 ? 'capture-rows' : 'capture-rows of-one'}>
      {rows.map(([label, text]) => (
        <>
          <dt>{label}</dt>
          <dd class={label === 'Lost' && result.losses.length > 0 ? 'bad' : ''}>{text}</dd>
        </>
      ))}
      {result.problems.length > 0 && (
        <>
          <dt>Notes</dt>
          <dd>
            <a href="#quality">{problemSentence(result.problems)}</a>
          </dd>
        </>
      )}
    </dl>
  );
}

/** What could not be seen, and what would have recorded it: open where nothing else is said. */
function NotRecorded({ result }: { readonly result: Result }): VNode | null {
  const { runs, enable } = unseen(result);
  const remarks = result.findings.filter(isAboutRecording);
  const facts = unrecordedFacts(remarks);
  if (runs.length + remarks.length === 0) return null;
  return (
    <div class="not-recorded">
      {remarks
        .filter(({ key }) => key.what !== 'probes')
        .map(({ summary }) => (
          <p>{summary}</p>
        ))}
      {runs.length > 0 && (
        <p>
          {facts.length > 0 && (
            <>
              <strong>Not recorded:</strong> {facts.join('; ')}.{' '}
            </>
          )}
          <a href="#detectors">{counted(runs.length, 'detector')} could not look</a>.
        </p>
      )}
      {enable.length > 0 && (
        <details open={placeIncidents(result).length === 0}>
          <summary>To let them look, record this too</summary>
          <CopyButton of="recording-command" label="Copy the commands" />
          <Scroller label="Commands" tall>
            <pre class="command" id="recording-command">
              {recordingCommands(enable)}
            </pre>
          </Scroller>
        </details>
      )}
    </div>
  );
}
