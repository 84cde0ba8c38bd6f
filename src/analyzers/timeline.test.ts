import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyze } from './analyze.ts';
import type { Result, TimelineItem, TimelineLane } from './result.ts';

async function resultOf(capture: string): Promise<Result> {
  const path = fileURLToPath(new URL(`../../fixtures/${capture}`, import.meta.url));
  return (await analyze(path, { strict: true })).result;
}

function itemsOf({ timeline }: Result, kind: string): TimelineItem[] {
  return timeline.flatMap((lane) => lane.items).filter((item) => item.kind === kind);
}

function objects(items: readonly TimelineItem[]): number {
  return items.reduce((sum, { count }) => sum + (count ?? 1), 0);
}

describe('the timeline of a storm', () => {
  let storm: Result;

  beforeAll(async () => {
    storm = await resultOf('s612-svm-storm/svm-storm.dat');
  });

  it.each(['range_fault', 'range_fault_attempt', 'invalidation', 'invalidation_callback'])(
    'draws every %s, alone or with others',
    (kind) => {
      const table = storm.objects.find((candidate) => candidate.kind === kind);
      expect(objects(itemsOf(storm, kind))).toBe(table?.total);
    },
  );

  it('stays small however many objects there are', () => {
    for (const lane of storm.timeline) expect(lane.items.length).toBeLessThanOrEqual(801);
  });

  it('keeps the lanes of a thread together', () => {
    const tids = storm.timeline.flatMap((lane) => (lane.tid === undefined ? [] : [lane.tid]));
    expect(new Set(tids).size).toBeGreaterThan(1);
    expect(tids).toEqual([...tids].sort((a, b) => a - b));
  });

  it('marks the bar of a finding with its id', () => {
    const [finding] = storm.findings.filter(({ detector }) => detector === 'hmm-retry-storm');
    const marked = itemsOf(storm, 'range_fault').filter((item) =>
      item.findings?.includes(finding?.id ?? ''),
    );
    expect(marked).toHaveLength(1);
    expect(marked[0]?.count).toBeUndefined();
  });
});

describe('the timeline of a killed process', () => {
  let die: Result;

  beforeAll(async () => {
    die = await resultOf('s612-svm-die/svm-die.dat');
  });

  function lane(label: RegExp): TimelineLane | undefined {
    return die.timeline.find((candidate) => label.test(candidate.label));
  }

  it('lets a fence nobody signals run to the end, and one signalled late end', () => {
    const ends = lane(/^fences of/)?.items.map((item) => [item.label, item.to === null]);
    expect(ends).toEqual([
      ['fence 8:1', false],
      ['fence 8:2', false],
      ['fence 8:3', true],
      ['fence 8:4', true],
    ]);
  });

  it('ends the release of the memory with its last callback, not never', () => {
    const release = lane(/^invalidations by/)?.items.find((item) => item.label === 'RELEASE');
    expect(release?.to).toBeGreaterThan(release?.from ?? Number.POSITIVE_INFINITY);
  });
});

it('draws a range fault as a moment where no return of it could be recorded', async () => {
  const traced = await resultOf('s61-ft-function/ft-function.dat');
  const faults = itemsOf(traced, 'range_fault');
  expect(faults.map(({ label }) => label)).toEqual(['1 attempt', '1 attempt', '1 attempt']);
  for (const fault of faults) expect(fault.to).toBe(fault.from);
});

it('draws a job that never ran to the end, where its end would have been recorded', async () => {
  const items = itemsOf(await resultOf('c612-dep-never/dep-never.dat'), 'job');
  expect(items).toMatchObject([{ label: 'job 7:1', to: null }]);
});
