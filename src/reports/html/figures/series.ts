/** Colours and shapes by series: at most eight, the rarest together as `other`. */
interface Point {
  readonly series: string;
}

/** Names of the custom properties in base.css (Okabe and Ito's colour-blind-safe set). */
const COLOURS = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `var(--series-${n})`);
/** vega's names of the shapes, and how the legend draws them. */
export const SERIES_SYMBOLS: readonly { readonly shape: string; readonly path: string }[] = [
  { shape: 'circle', path: 'M-4.5,0 a4.5,4.5 0 1,0 9,0 a4.5,4.5 0 1,0 -9,0' },
  { shape: 'square', path: 'M-4,-4 h8 v8 h-8 z' },
  { shape: 'triangle-up', path: 'M0,-5 L5,4 H-5 z' },
  { shape: 'diamond', path: 'M0,-5.5 L4,0 L0,5.5 L-4,0 z' },
  { shape: 'cross', path: 'M-2,-5 h4 v3 h3 v4 h-3 v3 h-4 v-3 h-3 v-4 h3 z' },
  { shape: 'triangle-down', path: 'M0,5 L5,-4 H-5 z' },
  { shape: 'triangle-right', path: 'M5,0 L-4,5 V-5 z' },
  { shape: 'triangle-left', path: 'M-5,0 L4,5 V-5 z' },
];
const OTHER = 'all others';

export interface SeriesScale {
  readonly domain: readonly string[];
  readonly colours: readonly string[];
  readonly shapes: readonly string[];
  nameOf(series: string): string;
}

export function seriesScale(points: readonly Point[]): SeriesScale {
  const counts = new Map<string, number>();
  for (const { series } of points) counts.set(series, (counts.get(series) ?? 0) + 1);
  const names = [...counts].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  const kept = names.length > COLOURS.length ? names.slice(0, COLOURS.length - 1) : names;
  const domain = kept.length < names.length ? [...kept, OTHER] : kept;
  return {
    domain,
    colours: COLOURS.slice(0, domain.length),
    shapes: SERIES_SYMBOLS.slice(0, domain.length).map(({ shape }) => shape),
    nameOf: (series) => (kept.includes(series) ? series : OTHER),
  };
}
