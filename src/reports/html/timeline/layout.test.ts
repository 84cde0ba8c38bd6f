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
    const { bars, rows } = layoutLane([item(0, 50), item(10, 20), item(50, 60)], WHOLE, 5);
    expect(bars.map((bar) => bar.row)).toEqual([0, 1, 0]);
    expect(rows).toBe(2);
  });

  it('draws unknown ends to the edge and marks them', () => {
    const [first, second] = layoutLane([item(null, 40), item(60, null)], WHOLE, 5).bars;
    expect(first).toMatchObject({ x: 0, width: 40, openStart: true, openEnd: false });
    expect(second).toMatchObject({ x: 60, width: 40, openStart: false, openEnd: true });
  });

  it('lets what finds no row share the last, but nothing that a finding is about', () => {
    const found = { ...item(0, 50), findings: ['x-1'] };
    const { bars, rows } = layoutLane([item(0, 50), item(0, 50), item(1, 50), found], WHOLE, 1);
    expect(bars.map(({ row, crowded }) => [row, crowded])).toEqual([
      [0, false],
      [1, false],
      [2, true],
      [2, true],
    ]);
    expect(bars[1]?.item).toBe(found);
    expect(rows).toBe(3);
  });

  it('draws every item, and in the rows before the last none over another', () => {
    const span = fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 60 }));
    fc.assert(
      fc.property(fc.array(span), (spans) => {
        const items = spans.map(([from, length]) => item(from, from + length));
        const { bars } = layoutLane(items, WHOLE, 6);
        expect(bars.length).toBe(items.length);
        for (const [n, bar] of bars.entries()) {
          expect(bar.x).toBeGreaterThanOrEqual(0);
          expect(bar.x).toBeLessThanOrEqual(100);
          if (bar.crowded) continue;
          const before = bars.slice(0, n).filter((other) => other.row === bar.row);
          for (const other of before) expect(other.item.to).toBeLessThanOrEqual(bar.item.from ?? 0);
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
