import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TimelineItem } from '../../../analyzers/result.ts';
import { condensed } from './condensed.ts';

const WINDOW = { from: 0, to: 100_000 };

function item(from: number, to: number): TimelineItem {
  return { from, to, label: 'x', kind: 'fence' };
}

describe('condensed', () => {
  it('leaves few items as they are', () => {
    const items = [item(0, 10), item(5, 20)];
    expect(condensed(items, WINDOW, () => false)).toEqual(items);
  });

  it('loses no object, and covers every moment that was busy', () => {
    const span = fc.tuple(fc.nat(99_000), fc.nat(900));
    const spans = fc.array(span, { minLength: 51, maxLength: 600, size: 'max' });
    fc.assert(
      fc.property(spans, (pairs) => {
        const items = pairs.map(([from, length]) => item(from, from + length));
        const few = condensed(items, WINDOW, () => false);
        expect(few.length).toBeLessThanOrEqual(151);
        expect(few.reduce((sum, { count }) => sum + (count ?? 1), 0)).toBe(items.length);
        for (const { from, to } of items) {
          expect(
            few.some((bar) => (bar.from ?? 0) <= (from ?? 0) && (bar.to ?? 0) >= (to ?? 0)),
          ).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('keeps what it is told to keep, however short', () => {
    const short = item(7, 7);
    const items = [short, ...Array.from({ length: 500 }, (_, n) => item(n * 10, n * 10 + 50))];
    expect(condensed(items, WINDOW, (candidate) => candidate === short)).toContain(short);
  });
});
