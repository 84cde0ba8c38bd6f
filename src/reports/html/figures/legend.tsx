/** Ours rather than vega's, because it wraps, can be selected and is read aloud. */
import type { VNode } from 'preact';
import { SERIES_SYMBOLS } from './series.ts';

/** `symbols` = marks of these shapes; `bars` = areas of these colours. */
export function Legend(props: {
  readonly names: readonly string[];
  /** Numbers of the colours; 1, 2, 3 … where left out. */
  readonly series?: readonly number[];
  readonly bars?: boolean;
}): VNode | null {
  if (props.names.every((name) => name === '')) return null;
  return (
    <ul class="legend">
      {props.names.map((name, index) => {
        const colour = `series-${props.series?.[index] ?? index + 1}`;
        return (
          <li>
            <svg width="12" height="12" viewBox="-6 -6 12 12" aria-hidden="true">
              {props.bars === true ? (
                <rect class={colour} x="-5" y="-5" width="10" height="10" />
              ) : (
                <path class={colour} d={SERIES_SYMBOLS[index]?.path} />
              )}
            </svg>
            {name === '' ? 'unnamed' : name}
          </li>
        );
      })}
    </ul>
  );
}
