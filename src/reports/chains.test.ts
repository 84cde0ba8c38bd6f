import { describe, expect, it } from 'vitest';
import { sampleResult } from '../../test/sample-result.ts';
import type { Finding, FindingChain, FindingHop, Incident } from '../analyzers/finding.ts';
import { causeSentence, mainChain, ownChain } from './chains.ts';
import { courseOf } from './course.ts';
import { incidentEvidence, incidentSteps } from './incident-evidence.ts';
import { type PlacedIncident, placeIncidents } from './placed-findings.ts';
import { timeFormat } from './units.ts';

const [base] = sampleResult().findings as readonly [Finding];
const time = timeFormat({ unit: 'ns' });

function hop(id: number, more: Partial<FindingHop> = {}): FindingHop {
  return {
    object: { kind: 'fence', id, label: `fence ${id}` },
    state: 'was unsignalled',
    since: id * 1e9,
    relation: 'waits for',
    certainty: 'recorded',
    evidence: [],
    ...more,
  };
}

function chain(
  hops: readonly FindingHop[],
  kind: FindingChain['end']['kind'] = 'stuck',
): FindingChain {
  return { at: 5e9, hops, end: { kind, text: 'its owner had exited', enable: [] } };
}

function incidentOf(findings: readonly Finding[], more: Partial<Incident> = {}): PlacedIncident {
  const incident: Incident = {
    id: 'incident-1',
    severity: 'error',
    confidence: 'proven',
    headline: findings[0]?.summary ?? '',
    from: 0,
    to: 1,
    cause: null,
    findings: findings.map(({ id }) => id),
    timeline: [],
    ...more,
  };
  const [placed] = placeIncidents({ findings, incidents: [incident] });
  if (placed === undefined) throw new Error('no incident');
  return placed;
}

const withChain = (id: string, own: FindingChain): Finding => ({
  ...base,
  id,
  summary: id,
  chain: own,
});

describe('the chain of an incident', () => {
  const long = chain([hop(1), hop(2), hop(3)]);

  it('is the longest of its findings', () => {
    const placed = incidentOf([withChain('a', chain([hop(3)])), withChain('b', long)]);
    expect(mainChain(placed)).toBe(long);
  });

  it('tells those that are its end as well, and no others', () => {
    const own = (one: FindingChain): FindingChain | undefined => {
      const [placed] = incidentOf([withChain('a', one)]).findings;
      return placed === undefined ? undefined : ownChain(placed, long);
    };
    expect(own(chain([hop(2), hop(3)]))).toBeUndefined();
    const beginning = chain([hop(1), hop(2)]);
    expect(own(beginning)).toBe(beginning);
    const lost = chain([hop(3)], 'lost');
    expect(own(lost)).toBe(lost);
  });
});

describe('the sentence of its cause', () => {
  const said = (one: FindingChain): string | undefined => {
    const cause = causeSentence(incidentOf([withChain('a', one)]), time);
    return cause && `${cause.word}: ${cause.text}`;
  };

  it('names the first thing that did not move, and since when', () => {
    expect(said(chain([hop(1), hop(2)]))).toBe(
      'First cause: fence 2 was unsignalled since +2.000000 s; its owner had exited.',
    );
  });

  it('is as sure as the weakest link', () => {
    expect(said(chain([hop(1), hop(2, { certainty: 'inferred' })]))).toMatch(
      /^Likely first cause: /,
    );
  });

  it('says where the trail is lost', () => {
    expect(said(chain([hop(2, { since: null })], 'lost'))).toBe(
      'Traced to: fence 2 was unsignalled; from there the trail is lost: its owner had exited.',
    );
  });

  it('is the ring of a deadlock, and nothing where all moved', () => {
    expect(said(chain([hop(1), hop(2)], 'deadlock'))).toBe('Deadlock: its owner had exited.');
    expect(said(chain([hop(1), hop(2)], 'moving'))).toBeUndefined();
  });
});

describe('what happened in it', () => {
  const late = { ...base, id: 'late', summary: 'late', from: 30 };
  const early = { ...base, id: 'early', summary: 'early', from: 10, to: 11 };

  it('is told in order of time, a state before the finding that begins with it', () => {
    const placed = incidentOf([late, early], {
      timeline: [
        { ts: 10, text: 'a fence was unsignalled', finding: 'early' },
        { ts: 10, text: 'early', finding: 'early' },
        { ts: 20, text: 'a task waited', finding: 'late' },
      ],
    });
    const told = courseOf(placed).map((step) =>
      'text' in step ? step.text : `finding ${step.placed.finding.id}`,
    );
    expect(told).toEqual([
      'a fence was unsignalled',
      'finding early',
      'a task waited',
      'finding late',
    ]);
  });

  it('rests on each event once, those of the cause before others where there is no room', () => {
    const [line] = base.evidence;
    if (line === undefined) throw new Error('no evidence');
    const at = (event: number, ts: number) => ({ ...line, event, ts });
    const lead = { ...base, id: 'lead', evidence: [at(1, 10), at(3, 30)], evidenceOmitted: 4 };
    const other = { ...late, evidence: [at(9, 90)], evidenceOmitted: 0 };
    const cause = { ...early, evidence: [at(1, 10), at(2, 20)], evidenceOmitted: 0 };
    const placed = incidentOf([lead, other, cause], { cause: 'early', headline: lead.summary });
    const { events, omitted } = incidentEvidence(placed, 3);
    expect(events.map((each) => each.line.event)).toEqual([1, 2, 3]);
    expect(events[0]?.findings.map(({ finding }) => finding.id)).toEqual(['lead', 'early']);
    expect(omitted).toBe(5);
  });

  it('asks for each next step once', () => {
    const twice = [late, early].map((finding) => ({ ...finding, next: ['Look.', finding.id] }));
    expect([...incidentSteps(incidentOf(twice))].sort()).toEqual(['Look.', 'early', 'late']);
  });
});
