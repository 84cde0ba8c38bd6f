import type { Plot } from '../figures/axes.ts';

declare global {
  /** The browser build of vega-embed, inlined behind us where there are plots. */
  var vegaEmbed:
    | ((element: HTMLElement, spec: Plot['spec'], options: object) => Promise<unknown>)
    | undefined;
}

/** Styles are ours (assets/*.css): the page's policy forbids the ones the libraries would add. */
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

/** One after the other where nothing else is to do: a reader waits for none of them. */
export function drawPlots(): void {
  const plots = document.getElementById('plots');
  if (!plots) return;
  const waiting = JSON.parse(plots.textContent ?? '[]') as Plot[];
  const drawNext = async (): Promise<void> => {
    const plot = waiting.shift();
    if (plot === undefined) return;
    await draw(plot);
    whenIdle(drawNext);
  };
  // the libraries stand behind us in the page
  addEventListener('DOMContentLoaded', () => whenIdle(drawNext));
  addEventListener('beforeprint', () => {
    for (const plot of waiting.splice(0)) void draw(plot);
  });
}

async function draw({ id, spec }: Plot): Promise<void> {
  const place = document.getElementById(id);
  if (place) await globalThis.vegaEmbed?.(place, spec, EMBED_OPTIONS);
  performance.mark('svm-trace-figure');
}

/** Not every browser can say when it is idle. */
function whenIdle(act: () => Promise<void>): void {
  if ('requestIdleCallback' in globalThis) requestIdleCallback(() => void act(), { timeout: 500 });
  else setTimeout(() => void act(), 1);
}
