import type { VNode } from 'preact';
import type { Verdict } from '../../../compare/comparison.ts';

export function VerdictBadge({ verdict }: { readonly verdict: Verdict }): VNode {
  return <span class={`badge verdict-${verdict.replaceAll(' ', '-')}`}>{verdict}</span>;
}
