/** Findings that are new, gone or of both sides, with an incident to look at. */
import type { VNode } from 'preact';
import type { Comparison, FindingComparison, Incident } from '../../../compare/comparison.ts';
import { presenceText } from '../../comparison/words.ts';
import { SeverityBadge } from '../badges.tsx';

type Reports = ReadonlyMap<string, string>;

/** `reports`: by the path of a run, where its own report is. */
export function FindingsOfBoth(props: {
  readonly comparison: Comparison;
  readonly reports: Reports;
}): VNode {
  const { findings } = props.comparison;
  return (
    <section id="findings">
      <h2>Findings</h2>
      {findings.length === 0 && <p>Neither side has any.</p>}
      {findings.map((finding) => (
        <details class={`finding ${finding.severity}`} open={finding.verdict !== 'both'}>
          <summary>
            <h3>
              <SeverityBadge severity={finding.severity} /> {finding.verdict}: {finding.detector}
              {finding.gates && ' (fails the build)'}
            </h3>
          </summary>
          <p>{presenceText(finding)}.</p>
          <Incidents finding={finding} reports={props.reports} />
        </details>
      ))}
    </section>
  );
}

function Incidents(props: {
  readonly finding: FindingComparison;
  readonly reports: Reports;
}): VNode {
  const { finding, reports } = props;
  const sides = [
    ['new', finding.new.incident],
    ['base', finding.base.incident],
  ] as const;
  return (
    <dl class="blind">
      {sides.map(
        ([side, incident]) =>
          incident && (
            <IncidentOf side={side} incident={incident} report={reports.get(incident.path)} />
          ),
      )}
    </dl>
  );
}

function IncidentOf(props: {
  readonly side: 'base' | 'new';
  readonly incident: Incident;
  readonly report: string | undefined;
}): VNode {
  const { side, incident, report } = props;
  const address = report && `${report}#${encodeURIComponent(incident.finding)}`;
  return (
    <>
      <dt>
        <b class={`side side-${side}`}>{side}</b>
      </dt>
      <dd>
        <p>{incident.summary}</p>
        <p class="mono">
          {incident.path} {address ? <a href={address}>{incident.finding}</a> : incident.finding}
        </p>
      </dd>
    </>
  );
}
