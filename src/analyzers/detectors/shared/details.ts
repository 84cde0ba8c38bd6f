import type { Word } from '../../../kernel/occurrence.ts';
import type { Detail, FindingDraft, ObjectRef } from '../../finding.ts';
import { hex } from './wording.ts';

/** Builders of the details table of a finding, one per type of value. */
export const detail: {
  readonly text: (label: string, value: string) => Detail;
  readonly count: (label: string, value: number) => Detail;
  readonly duration: (label: string, ns: number) => Detail;
  readonly time: (label: string, ns: number) => Detail;
  readonly errno: (label: string, value: number) => Detail;
  readonly address: (label: string, value: Word) => Detail;
  readonly object: (label: string, ref: ObjectRef) => Detail;
} = {
  text: (label, value) => ({ label, value: { type: 'text', value } }),
  count: (label, value) => ({ label, value: { type: 'count', value } }),
  duration: (label, ns) => ({ label, value: { type: 'duration', ns } }),
  time: (label, ns) => ({ label, value: { type: 'time', ns } }),
  errno: (label, value) => ({ label, value: { type: 'errno', value } }),
  address: (label, value) => ({ label, value: { type: 'address', hex: hex(value) } }),
  object: (label, ref) => ({ label, value: { type: 'object', ref } }),
};

/** The details whose value the capture knows. */
export function known(details: readonly (Detail | undefined)[]): Detail[] {
  return details.filter((one) => one !== undefined);
}

/** The ordinals of the events the capture has, without repeats. */
export function evidence(...events: readonly (number | null | undefined)[]): number[] {
  return [...new Set(events.filter((event) => typeof event === 'number'))];
}

/**
 * The first `limit` findings of each identity as they come, then one finding that counts the rest:
 * ten thousand alike say no more than fifty.
 */
export function* atMost(limit: number, findings: Iterable<FindingDraft>): Iterable<FindingDraft> {
  const groups = new Map<string, { seen: number; rest: FindingDraft[] }>();
  for (const finding of findings) {
    const identity = finding.identity.join('\0');
    const group = groups.get(identity) ?? { seen: 0, rest: [] };
    groups.set(identity, group);
    group.seen += 1;
    if (group.seen <= limit) yield finding;
    else group.rest.push(finding);
  }
  for (const { rest } of groups.values()) {
    const [first] = rest;
    if (first !== undefined) yield rest.length === 1 ? first : merged(first, rest);
  }
}

function merged(first: FindingDraft, rest: readonly FindingDraft[]): FindingDraft {
  return {
    ...first,
    summary: `${rest.length} more of the same kind, the first of them: ${first.summary}`,
    from: Math.min(...rest.map((finding) => finding.from)),
    to: Math.max(...rest.map((finding) => finding.to)),
    details: [detail.count('findings merged', rest.length), ...first.details],
    evidence: rest.flatMap((finding) => finding.evidence),
    key: { and_more: rest.length },
  };
}
