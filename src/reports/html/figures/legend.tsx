/** Ours rather than vega's, because it wraps, can be selected and is read aloud. */
import type { VNode } from 'preact';
import type { Distribution } from '../../../analyzers/result.ts';
import { SERIES_SYMBOLS, seriesScale } from './series.ts';

export function SeriesLegend(props: { readonly distribution: Distribution }): VNode | null {
  const { domain } = seriesScale(props.distribution.points);
  if (domain.every((name) => name === '')) return null;
  return (
    <ul class="legend">
      {domain.map((name, index) => (
        <li>
          <svg width="12" height="12" viewBox="-6 -6 12 12" aria-hidden="true">
            <path class={`series-${index + 1}`} d={SERIES_SYMBOLS[index]?.path} />
          </svg>
          {name === '' ? 'unnamed' : name}
        </li>
      ))}
    </ul>
  );
}
