import { expect, test } from 'vitest';
import type { Loss } from '../parsers/parser.ts';
import { LossIndex } from './loss-index.ts';

const loss = (from: number | null, to: number | null): Loss => ({
  buffer: 0,
  cpu: 0,
  from,
  to,
  events: null,
  kind: 'dropped',
});

test('touching counts, being between two losses does not', () => {
  const index = new LossIndex([loss(10, 20), loss(40, 50), loss(15, 25)]);
  expect(index.lossBetween(26, 39)).toBe(false);
  expect(index.lossBetween(25, 30)).toBe(true);
  expect(index.lossBetween(0, 9)).toBe(false);
  expect(index.lossBetween(30, 60)).toBe(true);
  expect(index.lossBetween(51, null)).toBe(false);
  expect(index.lossBetween(null, 9)).toBe(false);
});

test('a loss at the start or the end of the capture has no outer bound', () => {
  const index = new LossIndex([loss(null, 5), loss(90, null)]);
  expect(index.lossBetween(null, 1)).toBe(true);
  expect(index.lossBetween(6, 89)).toBe(false);
  expect(index.lossBetween(1000, 2000)).toBe(true);
});

test('losses found later are seen, in any order', () => {
  const index = new LossIndex([loss(100, 110)]);
  expect(index.lossBetween(0, 50)).toBe(false);
  index.replace([loss(20, 30), loss(100, 110), loss(5, 200)]);
  expect(index.lossBetween(0, 50)).toBe(true);
  expect(index.lossBetween(190, 195)).toBe(true);
});

test('no losses', () => {
  expect(new LossIndex([]).lossBetween(null, null)).toBe(false);
});
