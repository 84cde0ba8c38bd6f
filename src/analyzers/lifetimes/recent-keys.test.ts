import { expect, it } from 'vitest';
import { RecentKeys } from './recent-keys.ts';

it('remembers the last half of its size and no more than its size', () => {
  const keys = new RecentKeys<number>(100);
  for (let key = 0; key < 1_000; key++) {
    keys.set(key, key);
    for (let age = 0; age < Math.min(50, key); age++) expect(keys.get(key - age)).toBe(key - age);
    const remembered = Array.from({ length: key + 1 }, (_, n) => n).filter((n) => keys.has(n));
    expect(remembered.length).toBeLessThanOrEqual(100);
  }
});

it('gives the value set last', () => {
  const keys = new RecentKeys<string>(10);
  keys.set(1, 'first');
  for (let key = 2; key < 8; key++) keys.set(key, 'other');
  keys.set(1, 'second');
  expect(keys.get(1)).toBe('second');
});

it('costs the same however much it has forgotten', () => {
  const keys = new RecentKeys<number>(1 << 16);
  const start = performance.now();
  for (let key = 0; key < 1_000_000; key++) keys.set(key * 4_294_967_296, key);
  // one Map dropping its oldest entry takes minutes for this
  expect(performance.now() - start).toBeLessThan(10_000);
});
