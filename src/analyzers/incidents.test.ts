import { expect, it } from 'vitest';
import type { Finding, ObjectRef } from './finding.ts';
import { groupIncidents } from './incidents.ts';

const ref = (kind: string, id: number): ObjectRef => ({ kind, id, label: `${kind} ${id}` });

function finding(id: string, objects: readonly ObjectRef[], more: Partial<Finding> = {}): Finding {
  return {
    id,
    detector: id,
    severity: 'warn',
    confidence: 'likely',
    summary: `${id} happened`,
    from: 100,
    to: 200,
    objects,
    details: [],
    evidence: [],
    evidenceOmitted: 0,
    next: [],
    identity: [],
    key: {},
    ...more,
  };
}

const chain = (...objects: readonly ObjectRef[]): Partial<Finding> => ({
  chain: {
    at: 150,
    hops: objects.map((object, n) => ({
      object,
      state: 'stood',
      since: 100 + n,
      relation: n === 0 ? '' : 'waits for',
      certainty: 'recorded',
      evidence: [],
    })),
    end: { kind: 'stuck', text: 'nothing moved', enable: [] },
  },
});

it('joins what is about one object, and leaves the rest alone', () => {
  const incidents = groupIncidents([
    finding('storm', [ref('range_fault', 1)]),
    finding('timeout', [ref('range_fault', 1)], { severity: 'error', from: 150 }),
    finding('ghost', [ref('device_fault', 4)]),
  ]);
  expect(incidents.map(({ findings }) => findings)).toEqual([['storm', 'timeout'], ['ghost']]);
  expect(incidents[0]).toMatchObject({
    severity: 'error',
    headline: 'timeout happened',
    from: 100,
    to: 200,
    cause: null,
  });
});

it('joins nothing by process, address space, device or time alone', () => {
  const shared = [ref('process', 1), ref('address_space', 1), ref('device', 1), ref('task', 1)];
  const incidents = groupIncidents([
    finding('one', [ref('fence', 1), ...shared]),
    finding('two', [ref('fence', 2), ...shared]),
  ]);
  expect(incidents).toHaveLength(2);
});

it('takes for the cause what the chain of the other leads to', () => {
  const [incident] = groupIncidents([
    finding('stall', [ref('invalidation', 1)], chain(ref('invalidation', 1), ref('fence', 3))),
    finding('never', [ref('fence', 3)], { from: 50 }),
  ]);
  expect(incident).toMatchObject({ cause: 'never', findings: ['never', 'stall'] });
  expect(incident?.timeline.map(({ ts, text }) => `${ts} ${text}`)).toEqual([
    '50 never happened',
    '100 invalidation 1 stood',
    '100 stall happened',
    '101 fence 3 stood',
  ]);
});

it('is named after a cause that is as bad, unless its worst sentence names that cause', () => {
  const headlineOf = (cause: Partial<Finding>, worst: Partial<Finding>): string | undefined => {
    const stands = chain(ref('fence', 1), ref('job', 3));
    const error = { severity: 'error', confidence: 'proven' } as const;
    return groupIncidents([
      finding('late', [ref('fence', 1)], { ...stands, ...error, ...worst }),
      finding('hung', [ref('job', 3)], { severity: 'error', ...cause }),
    ])[0]?.headline;
  };
  expect(headlineOf({}, {})).toBe('hung happened');
  expect(headlineOf({}, { summary: 'it waited for Job 3' })).toBe('it waited for Job 3');
  expect(headlineOf({ severity: 'warn' }, {})).toBe('late happened');
});

it('puts the longest of equally bad incidents first', () => {
  const incidents = groupIncidents([
    finding('short', [ref('fence', 1)]),
    finding('long', [ref('fence', 2)], { from: 150, to: 900 }),
  ]);
  expect(incidents.map(({ headline }) => headline)).toEqual(['long happened', 'short happened']);
});

it('does not take a finding for its own cause', () => {
  const [incident] = groupIncidents([
    finding('stall', [ref('invalidation', 1)], chain(ref('invalidation', 1), ref('fence', 3))),
  ]);
  expect(incident?.cause).toBeNull();
});

it('keeps what a recording cannot show out of it', () => {
  expect(groupIncidents([finding('tool-blind', [])])).toEqual([]);
});

it('has the same id whatever the order of the findings', () => {
  const both = [finding('a', [ref('fence', 1)]), finding('b', [ref('fence', 1)])];
  expect(groupIncidents(both)[0]?.id).toBe(groupIncidents([...both].reverse())[0]?.id);
});
