import { expect, it } from 'vitest';
import { exit, live } from '../../../test/run-lifetimes.ts';

const begin = (what = 'direct reclaim') => ({ kind: 'reclaim.begin', what }) as const;
const end = (what = 'direct reclaim') => ({ kind: 'reclaim.end', what, pages: 32 }) as const;

it('keeps reclaim that took long, and what it freed', () => {
  const lived = live([
    [0, 10, begin()],
    [1, 11, begin('memcg reclaim')],
    [1.5, 11, end('memcg reclaim')],
    [30, 10, end()],
  ]);
  expect(lived.row('reclaim')).toMatchObject({
    what: 'direct reclaim',
    tid: 10,
    pages: 32,
    start_ts: 0,
    end_ts: 30e6,
  });
});

it('leaves open what the capture ends in, but not of the dead, nor where ends were not recorded', () => {
  const open = live([
    [0, 9, begin()],
    [0.1, 9, end()],
    [1, 10, begin()],
    [1, 11, begin()],
    [2, 11, exit()],
  ]);
  expect(open.row('reclaim')).toMatchObject({ tid: 10 });
  expect(open.row('reclaim')).not.toHaveProperty('end_ts');
  expect(live([[1, 10, begin()]]).rows('reclaim')).toEqual([]);
});
