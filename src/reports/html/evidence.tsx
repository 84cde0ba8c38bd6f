/** The recorded events a finding rests on, as `trace-cmd report` prints them. */

import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { Finding } from '../../analyzers/finding.ts';
import type { ResultClock } from '../../analyzers/result.ts';
import { eventLine } from '../event-line.ts';
import { count, counted } from '../units.ts';
import { Scroller } from './scroller.tsx';
import { Time } from './time-context.ts';

/** Shorter lists are shown at once; longer ones on demand. */
const SHOWN_AT_ONCE = 14;

interface EvidenceProps {
  readonly finding: Finding;
  readonly clock: ResultClock;
}

export function Evidence({ finding, clock }: EvidenceProps): VNode {
  const total = finding.evidence.length + finding.evidenceOmitted;
  return (
    <details class="evidence" open={finding.evidence.length <= SHOWN_AT_ONCE}>
      <summary>
        <h4>Evidence: {counted(total, 'event')}</h4>
      </summary>
      <EvidenceTable finding={finding} clock={clock} />
      {finding.evidenceOmitted > 0 && (
        <p class="note">
          {count(finding.evidenceOmitted)} between the first and the last of these are left out.
        </p>
      )}
    </details>
  );
}

function EvidenceTable({ finding, clock }: EvidenceProps): VNode {
  const time = useContext(Time);
  const first = finding.evidence[0]?.ts ?? 0;
  const lines = withoutMargin(finding.evidence.map((line) => eventLine(line, clock)));
  return (
    <Scroller label="Events">
      <table class="events">
        <thead>
          <tr>
            <th scope="col">Since the first</th>
            <th scope="col">As trace-cmd report prints it</th>
          </tr>
        </thead>
        <tbody>
          {finding.evidence.map((line, index) => (
            <tr>
              <td
                class="number"
                title={`Event ${count(line.event)} of the capture, ${time.exact(line.ts)} after its first`}
              >
                {time.duration(line.ts - first)}
              </td>
              <td class="text">{lines[index]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}

/** trace-cmd aligns names of tasks to the right: what all lines begin with is only space. */
function withoutMargin(lines: readonly string[]): string[] {
  const margin = Math.min(...lines.map((line) => line.search(/\S|$/)));
  return lines.map((line) => line.slice(margin));
}
