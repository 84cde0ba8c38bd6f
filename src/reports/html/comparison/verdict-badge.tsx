import type { VNode } from 'preact';
import type { Verdict } from '../../../compare/comparison.ts';

export function VerdictBadge({ verdict }: { readonly verdict: Verdict }): VNode {
  return <span class={verdictClass(verdict)}>{verdict}</span>;
}

export function verdictClass(verdict: Verdict): string {
  return `badge verdict-${verdict.replaceAll(' ', '-')}`;
}
