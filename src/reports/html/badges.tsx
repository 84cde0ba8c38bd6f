import type { VNode } from 'preact';
import type { Confidence, Severity } from '../../analyzers/finding.ts';

/** Told apart by its word as well as by its colour. */
export function SeverityBadge({ severity }: { readonly severity: Severity }): VNode {
  return <span class={`badge ${severity}`}>{severity}</span>;
}

const CONFIDENCE_MEANS: Record<Confidence, string> = {
  proven: 'The whole sequence was recorded, with no loss over it.',
  likely: 'One step is inferred.',
  suspect: 'An object was met in mid-life, or events were lost in the window.',
};

export function ConfidenceBadge({ confidence }: { readonly confidence: Confidence }): VNode {
  return (
    <span class={`confidence ${confidence}`} title={CONFIDENCE_MEANS[confidence]}>
      {confidence}
    </span>
  );
}
