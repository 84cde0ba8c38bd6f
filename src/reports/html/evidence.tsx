/** The recorded events a finding rests on, as `trace-cmd report` prints them. */
import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { Finding } from '../../analyzers/finding.ts';
import { count, counted, Time } from './units.ts';

/** Shorter lists are shown at once; longer ones on demand. */
const SHOWN_AT_ONCE = 14;

export function Evidence({ finding }: { readonly finding: Finding }): VNode {
  const total = finding.evidence.length + finding.evidenceOmitted;
  return (
    <details class="evidence" open={finding.evidence.length <= SHOWN_AT_ONCE}>
      <summary>
        <h4>Evidence: {counted(total, 'event')}</h4>
      </summary>
      <EvidenceTable finding={finding} />
      {finding.evidenceOmitted > 0 && (
        <p class="note">{count(finding.evidenceOmitted)} more are in the database.</p>
      )}
    </details>
  );
}

function EvidenceTable({ finding }: { readonly finding: Finding }): VNode {
  const time = useContext(Time);
  const first = finding.evidence[0]?.ts ?? 0;
  return (
    <div class="scroll">
      <table class="events">
        <thead>
          <tr>
            <th scope="col">Since start</th>
            <th scope="col">Since first</th>
            <th scope="col">CPU</th>
            <th scope="col">Event</th>
          </tr>
        </thead>
        <tbody>
          {finding.evidence.map((line) => (
            <tr>
              <td class="number" title={`event ${count(line.event)}, ${time.exact(line.ts)}`}>
                {time.moment(line.ts)}
              </td>
              <td class="number">{time.duration(line.ts - first)}</td>
              <td class="number">{line.cpu}</td>
              <td class="text">{line.text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
