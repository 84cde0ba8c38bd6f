/** What a finding stood behind: one link a line, down to the first thing that did not move. */
import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { FindingChain } from '../../analyzers/finding.ts';
import { chainEndText } from '../chain-text.ts';
import { Time } from './time-context.ts';

export function Chain({ chain }: { readonly chain: FindingChain }): VNode {
  const time = useContext(Time);
  return (
    <div class="chain">
      <h4>Why, at {time.moment(chain.at)}</h4>
      <ol>
        {chain.hops.map((hop) => (
          <li class={hop.certainty}>
            {hop.relation !== '' && <span class="relation">{hop.relation} </span>}
            <strong>{hop.object.label}</strong>
            {hop.relation === '' ? ' ' : ', which '}
            {hop.state}
            {hop.since !== null && ` since ${time.moment(hop.since)}`}
            {hop.certainty === 'inferred' && <span class="note"> (inferred)</span>}
          </li>
        ))}
      </ol>
      <p class={`chain-end ${chain.end.kind}`}>{chainEndText(chain)}</p>
      {chain.end.enable.length > 0 && (
        <p class="note">To follow it further, record {chain.end.enable.join(', ')}.</p>
      )}
    </div>
  );
}
