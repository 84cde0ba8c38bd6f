import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import { causeSentence } from '../chains.ts';
import type { PlacedIncident } from '../placed-findings.ts';
import { Time } from './time-context.ts';

/** Where the chain of causes of an incident ends, in one sentence. */
export function Cause({ placed }: { readonly placed: PlacedIncident }): VNode | null {
  const time = useContext(Time);
  const cause = causeSentence(placed, time);
  if (cause === undefined) return null;
  return (
    <p class="cause">
      <strong>{cause.word}:</strong> {cause.text}
    </p>
  );
}
