import { expect, it } from 'vitest';
import { sampleResult } from '../../test/sample-result.ts';
import type { Incident } from '../analyzers/finding.ts';
import { placeFindings } from './placed-findings.ts';

const { findings } = sampleResult();
const ids = findings.filter(({ detector }) => detector !== 'tool-blind').map(({ id }) => id);

function incident(members: readonly string[], cause: string | null = null): Incident {
  const common = { severity: 'error', confidence: 'likely', from: 0, to: 1 } as const;
  return { ...common, id: members.join(), headline: '', cause, findings: members, timeline: [] };
}

const shown = (incidents: readonly Incident[]) =>
  placeFindings({ findings, incidents }).map(({ finding, number, relation }) => {
    const others = relation?.others.map((other) => other.finding.id);
    return { id: finding.id, number, relation: relation && `${relation.word} ${others}` };
  });

it('numbers the findings in reading order and relates nothing that stands alone', () => {
  const placed = shown(ids.map((id) => incident([id])));
  expect(placed.map(({ number }) => number)).toEqual(ids.map((_, n) => n + 1));
  expect(placed.every(({ relation }) => relation === undefined)).toBe(true);
});

it('keeps an incident together and says what follows from what', () => {
  const alone = shown([]);
  const [first, second, third, last] = alone.map(({ id }) => id) as [
    string,
    string,
    string,
    string,
  ];
  const placed = shown([incident([first, last], last), incident([second]), incident([third])]);
  expect(placed.map(({ id }) => id)).toEqual([first, last, second, third]);
  expect(placed[0]?.relation).toBe(`follows from ${last}`);
  expect(placed[1]?.relation).toBe(`cause of ${first}`);
});

it('says no more than that they belong together where no cause is known', () => {
  const [first, second] = ids as [string, string];
  const placed = shown([incident([first, second])]);
  expect(placed.find(({ id }) => id === first)?.relation).toBe(`with ${second}`);
});
