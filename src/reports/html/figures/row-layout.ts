/** Rows under their names: a telephone has no room for names beside them. */
import type { Spec } from './axes.ts';

const NAME_PIXELS = 17;
const STRIP_PIXELS = 16;
const GAP_PIXELS = 8;

export interface PlacedRow {
  /** Middle of the name, px from the top. */
  readonly name: number;
  /** Middle of each strip below it. */
  readonly strips: readonly number[];
}

export interface RowLayout {
  readonly rows: readonly PlacedRow[];
  readonly height: number;
}

/** `strips` = how many each row has. */
export function layoutRows(strips: readonly number[]): RowLayout {
  let top = 0;
  const rows = strips.map((number) => {
    const first = top + NAME_PIXELS;
    top = first + number * STRIP_PIXELS + GAP_PIXELS;
    return {
      name: first - NAME_PIXELS / 2,
      strips: Array.from({ length: number }, (_, n) => first + (n + 0.5) * STRIP_PIXELS),
    };
  });
  return { rows, height: top };
}

/** Down: pixels. */
export function pixelAxis({ height }: RowLayout): Spec {
  return {
    type: 'quantitative',
    scale: { domain: [0, height], range: [0, height], nice: false, zero: false },
    axis: null,
  };
}

/** A layer with the names. They are data, and cut only where the plot ends. */
export function rowNames(names: readonly string[], layout: RowLayout): Spec {
  return {
    data: { values: names.map((name, n) => ({ name, y: layout.rows[n]?.name ?? 0 })) },
    mark: { type: 'text', align: 'left', dx: 2, color: 'var(--ink)', limit: 340 },
    encoding: {
      x: { value: 0 },
      y: { field: 'y', ...pixelAxis(layout) },
      text: { field: 'name', type: 'nominal' },
    },
  };
}
