/** The recorded events an incident rests on, as `trace-cmd report` prints them. */

import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { ResultClock } from '../../analyzers/result.ts';
import { eventLine } from '../event-line.ts';
import { type IncidentEvent, incidentEvidence } from '../incident-evidence.ts';
import type { PlacedIncident } from '../placed-findings.ts';
import { count, counted } from '../units.ts';
import { CopyButton } from './copy-button.tsx';
import { Scroller } from './scroller.tsx';
import { Time } from './time-context.ts';

/** Shorter lists are shown at once; longer ones on demand. */
const SHOWN_AT_ONCE = 14;
const SHOWN_AT_MOST = 200;

interface EvidenceProps {
  readonly placed: PlacedIncident;
  readonly clock: ResultClock;
}

export function Evidence({ placed, clock }: EvidenceProps): VNode {
  const { events, omitted } = incidentEvidence(placed, SHOWN_AT_MOST);
  const id = `events-of-${placed.incident.id}`;
  return (
    <details class="evidence" open={events.length <= SHOWN_AT_ONCE}>
      <summary>
        <h4>Evidence: {counted(events.length + omitted, 'event')}</h4>
      </summary>
      <CopyButton of={id} label={events.length === 1 ? 'Copy the line' : 'Copy all lines'} />
      <EvidenceTable
        id={id}
        events={events}
        clock={clock}
        attributed={placed.findings.length > 1}
      />
      {omitted > 0 && <p class="note">{count(omitted)} more are left out here.</p>}
    </details>
  );
}

function EvidenceTable(props: {
  readonly id: string;
  readonly events: readonly IncidentEvent[];
  readonly clock: ResultClock;
  /** Says which findings rest on each event. */
  readonly attributed: boolean;
}): VNode {
  const time = useContext(Time);
  const { events, attributed } = props;
  const first = events[0]?.line.ts ?? 0;
  const lines = events.map(({ line }) => eventLine(line, props.clock).trimEnd());
  const margin = Math.min(...lines.map((line) => line.search(/\S|$/)));
  return (
    <Scroller label="Events" id={props.id}>
      <table class="events">
        <thead>
          <tr>
            <th scope="col">Since the first</th>
            {attributed && <th scope="col">Of finding</th>}
            <th scope="col">As trace-cmd report prints it</th>
          </tr>
        </thead>
        <tbody>
          {events.map(({ line, findings }, n) => (
            <tr>
              <td
                class="number"
                title={`Event ${count(line.event)} of the capture, ${time.exact(line.ts)} after its first`}
              >
                {time.duration(line.ts - first)}
              </td>
              {attributed && <td>{findings.map(({ number }) => number).join(', ')}</td>}
              <td class="text copied">
                <Line text={lines[n] ?? ''} margin={margin} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}

/** trace-cmd aligns names of tasks to the right: the space that all lines begin with is not shown. */
function Line({ text, margin }: { readonly text: string; readonly margin: number }): VNode {
  return (
    <>
      <span hidden>{text.slice(0, margin)}</span>
      {text.slice(margin)}
    </>
  );
}
