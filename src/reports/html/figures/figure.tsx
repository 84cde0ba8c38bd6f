import type { VNode } from 'preact';
import type { Plot } from './axes.ts';

/** One question and its answer. */
export interface Figure {
  readonly name: string;
  /** The question. */
  readonly title: string;
  /** Empty when there is too little to draw. */
  readonly plots: readonly Plot[];
  /** What the plots show, in words and numbers. */
  readonly text: VNode;
}

export function FigureView({ figure }: { readonly figure: Figure }): VNode {
  const { title, plots, text } = figure;
  return (
    <figure>
      <figcaption>
        <h3>{title}</h3>
      </figcaption>
      {plots.length > 0 && (
        <div class={`plots plots-${plots.length}`}>
          {plots.map((plot) => (
            <div class="plot" id={plot.id} />
          ))}
        </div>
      )}
      {text}
    </figure>
  );
}
