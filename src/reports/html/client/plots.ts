import type { Plot } from '../figures/plots.ts';

declare global {
  /** The browser build of vega-embed, inlined before us where there are plots. */
  var vegaEmbed:
    | ((element: HTMLElement, spec: Plot['spec'], options: object) => Promise<unknown>)
    | undefined;
}

/** Styles are ours (report.css): the page's policy forbids the ones the libraries would add. */
const EMBED_OPTIONS = {
  mode: 'vega-lite',
  renderer: 'svg',
  actions: false,
  ast: true,
  defaultStyle: false,
  tooltip: { disableDefaultStyle: true },
  config: {
    font: 'system-ui, sans-serif',
    background: 'transparent',
    view: { stroke: 'transparent' },
    axis: {
      labelColor: 'var(--ink-soft)',
      titleColor: 'var(--ink-soft)',
      titleFontWeight: 'normal',
      domainColor: 'var(--line)',
      tickColor: 'var(--line)',
      gridColor: 'var(--grid)',
      labelFontSize: 12,
      titleFontSize: 12,
    },
  },
};

export function drawPlots(): void {
  const plots = document.getElementById('plots');
  if (!plots) return;
  for (const { id, spec } of JSON.parse(plots.textContent ?? '[]') as readonly Plot[]) {
    const place = document.getElementById(id);
    if (place) void globalThis.vegaEmbed?.(place, spec, EMBED_OPTIONS);
  }
}
