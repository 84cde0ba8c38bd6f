import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TimelineItem } from '../../../analyzers/result.ts';
import { barAt, barsIn, objectsOf, spanOf } from './bars.ts';
import { layoutLane } from './layout.ts';

const WINDOW = { from: 0, to: 100_000 };
const PIXELS = 1_000;

function item(from: number | null, to: number | null): TimelineItem {
  return { from, to, label: 'x', kind: 'fence' };
}

function bars(items: readonly TimelineItem[], window = WINDOW, maxRows = 8) {
  return barsIn(layoutLane(items, WINDOW, maxRows), window, PIXELS);
}

describe('barsIn', () => {
  it('draws unknown ends to the edge, and says which object was still alive', () => {
    const [first, second] = bars([item(null, 40_000), item(60_000, null)]);
    expect(first).toMatchObject({ x: 0, width: 40, openEnd: false });
    expect(second).toMatchObject({ x: 60, width: 40, openEnd: true });
  });

  it('draws only what is in the window', () => {
    const items = [item(0, 10_000), item(20_000, 30_000), item(90_000, 95_000)];
    expect(bars(items, { from: 15_000, to: 60_000 })).toHaveLength(1);
  });

  it('draws what is too narrow to tell apart as one, until one comes nearer', () => {
    const items = [item(100, 110), item(120, 130), item(5_000, 5_010)];
    expect(bars(items).map(objectsOf)).toEqual([2, 1]);
    expect(bars(items, { from: 0, to: 1_000 }).map(objectsOf)).toEqual([1, 1]);
  });

  it('never hides an object of a finding among others, nor one that was alive at the end', () => {
    const found = { ...item(112, 115), findings: ['x-1'] };
    const items = [item(100, 110), found, item(120, 130)];
    expect(bars(items).some((bar) => bar.items.length === 1 && bar.items[0] === found)).toBe(true);
    const alive = bars([item(99_980, 99_990), item(99_995, null)]);
    expect(alive.map(({ openEnd }) => openEnd)).toEqual([false, true]);
  });

  it('loses no object, and covers every moment that was busy', () => {
    const span = fc.tuple(fc.nat(99_000), fc.nat(900));
    fc.assert(
      fc.property(fc.array(span, { maxLength: 600, size: 'max' }), (pairs) => {
        const items = pairs.map(([from, length]) => item(from, from + length));
        const few = bars(items);
        expect(few.reduce((sum, bar) => sum + objectsOf(bar), 0)).toBe(items.length);
        // no more than one bar for each two pixels of a row, and one more where they touch
        expect(few.length).toBeLessThanOrEqual(9 * PIXELS);
        for (const bar of few) {
          const { from, to } = spanOf(bar);
          for (const each of bar.items) {
            expect(from).toBeLessThanOrEqual(each.from ?? 0);
            expect(to).toBeGreaterThanOrEqual(each.to ?? 0);
          }
          expect(bar.x + bar.width).toBeGreaterThanOrEqual((to ?? 0) / 1_000 - 0.001);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('barAt', () => {
  it('hits narrow bars from a little way off, and the nearest of several', () => {
    const all = bars([item(10_000, 10_001), item(12_000, 12_001), item(13_000, 50_000)]);
    expect(barAt(all, 0, 10.3, 0.5)?.items[0]?.from).toBe(10_000);
    expect(barAt(all, 0, 11.8, 1.5)?.items[0]?.from).toBe(12_000);
    expect(barAt(all, 0, 30, 0.5)?.items[0]?.from).toBe(13_000);
    expect(barAt(all, 0, 60, 0.5)).toBeUndefined();
    expect(barAt(all, 1, 30, 0.5)).toBeUndefined();
  });
});
