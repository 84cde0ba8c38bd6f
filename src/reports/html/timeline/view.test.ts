import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyAction } from './keys.ts';
import { layoutLane } from './layout.ts';
import { type LaneRows, lanesHeight, laneTops, prepareLanes } from './prepared-lanes.ts';
import {
  largestScale,
  SHORTEST_WINDOW,
  transformOf,
  wholeOf,
  windowAround,
  windowOf,
} from './view.ts';

const HOUR = 3_600e9;

describe('a window and the transform that shows it', () => {
  const window = fc
    .tuple(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 1e-9, max: 1, noNaN: true }),
    )
    .map(([start, share]) => ({ from: start * HOUR, to: start * HOUR + share * HOUR }));
  const track = fc.record({
    left: fc.integer({ min: 0, max: 400 }),
    width: fc.integer({ min: 100, max: 4_000 }),
  });

  it('are two ways to say the same', () => {
    fc.assert(
      fc.property(window, track, (shown, place) => {
        const whole = { from: 0, to: 2 * HOUR };
        const back = windowOf(transformOf(shown, whole, place), whole, place);
        const tolerance = (shown.to - shown.from) * 1e-3;
        expect(Math.abs(back.from - shown.from)).toBeLessThan(tolerance);
        expect(Math.abs(back.to - shown.to)).toBeLessThan(tolerance);
      }),
    );
  });

  it('never leave the capture', () => {
    const whole = wholeOf(1_000);
    expect(windowOf({ k: 1, x: 30 }, whole, { left: 0, width: 100 })).toEqual({
      from: 0,
      to: 700,
    });
  });
});

describe('windowAround', () => {
  const whole = wholeOf(1e9);

  it('shows what is before and after an object', () => {
    expect(windowAround({ from: 4e8, to: 5e8 }, whole)).toEqual({ from: 3.4e8, to: 5.6e8 });
  });

  it('ends where the capture does', () => {
    expect(windowAround({ from: null, to: null }, whole)).toEqual(whole);
    expect(windowAround({ from: 9e8, to: null }, whole)).toEqual({ from: 8.4e8, to: 1e9 });
  });

  it('gives a moment some room, also in a very short capture', () => {
    const { from, to } = windowAround({ from: 5e8, to: 5e8 }, whole);
    expect(to - from).toBe(4e6);
    expect(windowAround({ from: 0, to: 0 }, wholeOf(0))).toEqual({ from: 0, to: 1 });
  });
});

it('one cannot zoom further in than makes sense, and always at least to the whole', () => {
  expect(largestScale(wholeOf(1e9))).toBe(1e9 / SHORTEST_WINDOW);
  expect(largestScale(wholeOf(10))).toBe(1);
});

describe('keyAction', () => {
  const key = (name: string, held: object = {}) =>
    keyAction({
      key: name,
      shiftKey: false,
      ctrlKey: false,
      metaKey: false,
      altKey: false,
      ...held,
    });

  it('moves, zooms, steps, opens and leaves', () => {
    expect(key('ArrowLeft')).toEqual({ pan: -0.15 });
    expect(key('ArrowRight', { shiftKey: true })).toEqual({ pan: 0.75 });
    expect(key('ArrowDown')).toEqual({ step: 1 });
    expect(['0', 'Home', 'Enter', 'Escape'].map((name) => key(name))).toEqual([
      'reset',
      'reset',
      'open',
      'leave',
    ]);
    expect(key('+')).toEqual(key('='));
  });

  it('leaves the browser its own keys', () => {
    expect(key('Tab')).toBeUndefined();
    expect(key('+', { ctrlKey: true })).toBeUndefined();
    expect(key('ArrowLeft', { altKey: true })).toBeUndefined();
    expect(key('constructor')).toBeUndefined();
  });
});

describe('prepareLanes', () => {
  const fence = { from: 0, to: 10, label: 'x', kind: 'fence' };
  const lanes = [
    {
      label: 'processes',
      items: [
        { ...fence, kind: 'process' },
        { ...fence, kind: 'process' },
      ],
    },
    { label: 'a lane whose name needs more than one line', items: [fence] },
    { label: 'fences', tid: 7, items: [fence, fence, fence] },
  ];
  const rows: LaneRows = { maxRows: 8, contextRows: 1 };
  const prepared = prepareLanes(lanes, { from: 0, to: 10 }, rows);

  it('gives context fewer rows, and two lines to long names', () => {
    expect(prepared.map(({ layout }) => layout.rows)).toEqual([2, 1, 3]);
    expect(prepared.map(({ height }) => height)).toEqual([35, 34, 51]);
    expect(layoutLane(lanes[0]?.items ?? [], { from: 0, to: 10 }, 8).rows).toBe(2);
  });

  it('knows where each picture begins, with labels beside it and above it', () => {
    expect(laneTops(prepared, false)).toEqual([0, 36, 71]);
    expect(laneTops(prepared, true)).toEqual([18, 72, 125]);
    expect(lanesHeight(prepared, true)).toBe(125 + 51);
    expect(lanesHeight([], false)).toBe(0);
  });
});
