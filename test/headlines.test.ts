import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyze } from '../src/analyzers/analyze.ts';
import { headline } from '../src/reports/headline.ts';
import { ROOT } from './cli.ts';
import { HEADLINES, misread } from './headlines.ts';

const FIXTURES = join(ROOT, 'fixtures');
const recordings = Object.entries(HEADLINES).filter(([path]) => existsSync(join(FIXTURES, path)));

describe('who reads only the headline learns what happened', () => {
  it('in recordings of many kinds', () => {
    expect(recordings.length).toBeGreaterThanOrEqual(40);
  });

  it.each(recordings)('%s', async (path, facts) => {
    const { result } = await analyze(join(FIXTURES, path), { strict: true });
    const sentence = headline(result);
    expect(misread(sentence, facts), sentence).toEqual([]);
  });
});

it('a headline that names another object, time or no actor is found out', () => {
  const facts = HEADLINES['s612-svm-stall/svm-stall.dat'];
  if (facts === undefined) throw new Error('the stall has facts');
  const right =
    'mprotect by svmload (pid 286) was held up 428 ms: it waited 428 ms for fence 1:2 (ring0).';
  expect(misread(right, facts)).toEqual([]);
  for (const [from, to] of [
    ['1:2', '1:3'],
    ['pid 286', 'pid 287'],
    [/428/g, '21'],
    ['428 ms for', '428 ms in vain for'],
    ['held up', 'delayed'],
  ] as const) {
    expect(misread(right.replaceAll(from, to), facts), String(to)).not.toEqual([]);
  }
});
