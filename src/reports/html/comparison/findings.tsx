/** Findings that are new, gone or of both sides, with an incident to look at. */
import type { VNode } from 'preact';
import type { Comparison, FindingComparison, Incident } from '../../../compare/comparison.ts';
import { presenceText } from '../../comparison/words.ts';
import { SeverityBadge } from '../badges.tsx';

export function FindingsOfBoth({ comparison }: { readonly comparison: Comparison }): VNode {
  const { findings } = comparison;
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
          <Incidents finding={finding} />
        </details>
      ))}
    </section>
  );
}

function Incidents({ finding }: { readonly finding: FindingComparison }): VNode {
  const sides = [
    ['new', finding.new.incident],
    ['base', finding.base.incident],
  ] as const;
  return (
    <dl class="blind">
      {sides.map(([side, incident]) => incident && <IncidentOf side={side} incident={incident} />)}
    </dl>
  );
}

function IncidentOf(props: { readonly side: 'base' | 'new'; readonly incident: Incident }): VNode {
  const { side, incident } = props;
  return (
    <>
      <dt>
        <b class={`side side-${side}`}>{side}</b>
      </dt>
      <dd>
        <p>{incident.summary}</p>
        <p class="mono">
          {incident.path} {incident.finding}
        </p>
      </dd>
    </>
  );
}
