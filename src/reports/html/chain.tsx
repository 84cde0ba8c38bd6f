/** What something stood behind: one link a line, down to the first thing that did not move. */
import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { FindingChain, FindingHop } from '../../analyzers/finding.ts';
import { chainEndText } from '../chain-text.ts';
import { recordingCommands } from '../recording.ts';
import { CopyButton } from './copy-button.tsx';
import { Time } from './time-context.ts';
import { hopMark } from './timeline/chain-path.ts';

export function Chain(props: {
  readonly chain: FindingChain;
  /** What the ids of its parts begin with: whose chain it is. */
  readonly of: string;
  /** The marks of its links that are drawn on the timeline above. */
  readonly drawn?: ReadonlySet<string>;
}): VNode {
  const time = useContext(Time);
  const { chain, of } = props;
  return (
    <div class="chain">
      <h4>Why, at {time.moment(chain.at)}</h4>
      <ol>
        {chain.hops.map((hop, n) => (
          <Hop hop={hop} mark={hopMark(of, n)} drawn={props.drawn?.has(hopMark(of, n)) === true} />
        ))}
      </ol>
      <p class={`chain-end ${chain.end.kind}`}>{chainEndText(chain)}</p>
      {chain.end.enable.length > 0 && <Further enable={chain.end.enable} of={of} />}
    </div>
  );
}

function Hop(props: {
  readonly hop: FindingHop;
  readonly mark: string;
  readonly drawn: boolean;
}): VNode {
  const time = useContext(Time);
  const { hop } = props;
  const focusable = props.drawn ? { 'data-hop': props.mark, tabIndex: 0 } : {};
  return (
    <li class={hop.certainty} {...focusable}>
      {hop.relation !== '' && <span class="relation">{hop.relation} </span>}
      <strong>{hop.object.label}</strong>
      {hop.relation === '' ? ' ' : ', which '}
      {hop.state}
      {hop.since !== null && ` since ${time.moment(hop.since)}`}
      {hop.certainty === 'inferred' && <span class="note"> (inferred)</span>}
    </li>
  );
}

/** What would have recorded the next hop. */
function Further(props: { readonly enable: readonly string[]; readonly of: string }): VNode {
  const id = `further-of-${props.of}`;
  return (
    <div class="further">
      <p class="note">
        To follow it further, record this too: <CopyButton of={id} label="Copy" />
      </p>
      <pre class="command" id={id}>
        {recordingCommands(props.enable)}
      </pre>
    </div>
  );
}
