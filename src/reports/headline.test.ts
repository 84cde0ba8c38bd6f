import { expect, it } from 'vitest';
import { sampleResult } from '../../test/sample-result.ts';
import type { Finding } from '../analyzers/finding.ts';
import { groupIncidents } from '../analyzers/incidents.ts';
import type { Result } from '../analyzers/result.ts';
import { headline } from './headline.ts';

const [failure, , , , blind] = sampleResult().findings as [
  Finding,
  Finding,
  Finding,
  Finding,
  Finding,
];

function remark(what: string, summary: string, facts: readonly string[] = []): Finding {
  const details = facts.map((fact) => ({
    label: `not recorded: ${fact}`,
    value: { type: 'text', value: '' } as const,
  }));
  return { ...blind, id: what, key: { what }, summary, details };
}

function of(findings: readonly Finding[], more: Partial<Result> = {}): string {
  const incidents = groupIncidents(findings);
  return headline(sampleResult({ findings, incidents, ...more }));
}

const probes = remark('probes', '', [
  'when fences signal',
  'who waits',
  'HMM faults',
  'exits',
  'resets',
]);

it('says of a healthy recording who looked, and what nobody could have seen', () => {
  expect(of([probes])).toBe(
    'Nothing wrong was found by 1 detector. 2 of 6 detectors could not look; not recorded: when fences signal, who waits, HMM faults and 2 more things.',
  );
});

it('does not call a recording healthy without saying what it lost', () => {
  const lost = remark('lost', 'The recorder lost 7 events in one place: "never" is suspected.');
  expect(of([lost, probes])).toContain(
    'detector. The recorder lost 7 events in one place. 2 of 6 detectors',
  );
  expect(of([failure, lost])).toBe(
    `${failure.summary} There may be more: the recorder lost 7 events in one place.`,
  );
  expect(of([failure, probes])).toBe(failure.summary);
});

it('judges nothing where nobody could look', () => {
  const detectors = sampleResult().detectors.filter(({ outcome }) => outcome !== 'clean');
  expect(of([probes], { detectors })).toMatch(/^Nothing can be said/);
});

it('calls what is only mentioned no failure', () => {
  const mentioned = { ...failure, severity: 'info' } as const;
  expect(of([mentioned])).toMatch(/^No failure found\. Worth a look: mprotect\(\) by svmload/);
});

it('names a cause that is less bad than what follows from it', () => {
  const hop = {
    object: { kind: 'fence', id: 77, label: 'fence 7:7' },
    state: 'stood',
    since: 1,
    relation: 'waits for',
    certainty: 'recorded',
    evidence: [],
  } as const;
  const [own] = failure.objects;
  if (own === undefined) throw new Error('the sample has objects');
  const stands = { ...hop, object: own };
  const end = { kind: 'stuck', text: 'nothing moved', enable: [] } as const;
  const effect = { ...failure, chain: { at: 1, hops: [stands, hop], end } };
  const cause = {
    ...failure,
    id: 'cause',
    severity: 'warn',
    objects: [hop.object],
    summary: 'Fence 7:7 failed.',
  } as const;
  expect(of([effect, cause])).toBe(`${failure.summary} It follows from this: Fence 7:7 failed.`);
  expect(of([{ ...effect, summary: 'It waited for Fence 7:7.' }, cause])).toBe(
    'It waited for Fence 7:7.',
  );
});
