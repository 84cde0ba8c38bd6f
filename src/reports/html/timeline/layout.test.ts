import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TimelineItem } from '../../../analyzers/result.ts';
import { axisTicks } from './axis.ts';
import { layoutLane } from './layout.ts';

function item(from: number | null, to: number | null): TimelineItem {
  return { from, to, label: 'x', kind: 'fence' };
}

const WHOLE = { from: 0, to: 100 };

describe('layoutLane', () => {
  it('puts what is alive at the same time into rows of its own', () => {
    const items = [item(0, 50), item(10, 20), item(50, 60)];
    const { placed, rows } = layoutLane(items, WHOLE, 5);
    expect(placed.map(({ item: { from }, row }) => [from, row])).toEqual([
      [0, 0],
      [50, 0],
      [10, 1],
    ]);
    expect(rows).toBe(2);
  });

  it('lets what finds no row share the last, but nothing that a finding is about', () => {
    const found = { ...item(0, 50), findings: ['x-1'] };
    const { placed, rows } = layoutLane([item(0, 50), item(0, 50), item(1, 50), found], WHOLE, 1);
    expect(placed.map(({ row, crowded }) => [row, crowded])).toEqual([
      [0, false],
      [1, false],
      [2, true],
      [2, true],
    ]);
    expect(placed[1]?.item).toBe(found);
    expect(rows).toBe(3);
  });

  it('has no more rows than what is first shown needs, and one for what does not fit in', () => {
    const before = [item(0, 9), item(1, 9), item(2, 9)];
    const { placed, rows } = layoutLane([...before, item(40, 50)], { from: 30, to: 60 }, 8);
    expect(rows).toBe(2);
    expect(placed.filter(({ crowded }) => crowded)).toHaveLength(2);
  });

  it('draws every item, and in the rows before the last none over another', () => {
    const span = fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 60 }));
    const window = fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 60 }));
    fc.assert(
      fc.property(fc.array(span), window, (spans, [from, length]) => {
        const items = spans.map(([start, lasting]) => item(start, start + lasting));
        const first = { from, to: from + length };
        const { placed, rows } = layoutLane(items, first, 6);
        expect(placed.length).toBe(items.length);
        for (const [n, { item: each, row, crowded }] of placed.entries()) {
          expect(row).toBeLessThan(rows);
          if (crowded) continue;
          const earlier = placed.slice(0, n).filter((other) => other.row === row);
          for (const other of earlier) {
            expect(other.item.to).toBeLessThanOrEqual(each.from ?? 0);
          }
        }
      }),
    );
  });
});

describe('axisTicks', () => {
  it('labels round moments in one unit', () => {
    const labels = axisTicks({ from: 1.4e9, to: 1.82e9 }, 'ns').map((tick) => tick.label);
    expect(labels).toEqual(['1.4 s', '1.5 s', '1.6 s', '1.7 s', '1.8 s']);
  });

  it('gives ticks no unit of time', () => {
    const labels = axisTicks({ from: 0, to: 5e6 }, 'ticks').map((tick) => tick.label);
    expect(labels).toContain('2,000,000');
  });

  it('survives a window without width', () => {
    expect(axisTicks({ from: 5, to: 5 }, 'ns').length).toBeLessThanOrEqual(1);
  });
});
