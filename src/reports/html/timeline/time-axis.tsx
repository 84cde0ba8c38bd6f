import type { VNode } from 'preact';
import type { Tick } from './axis.ts';

export const AXIS_PIXELS = 24;

/** Stays in sight while its lanes scroll by. */
export function TimeAxis({ ticks }: { readonly ticks: readonly Tick[] }): VNode {
  return (
    <div class="lane axis" aria-hidden="true">
      <div class="label">
        <span>since the first event</span>
      </div>
      <svg width="100%" height={AXIS_PIXELS - 1} aria-hidden="true">
        {ticks.map(({ x, label }) => (
          <>
            <line class="grid" x1={`${x}%`} x2={`${x}%`} y1="17" y2="23" />
            <text x={`${x}%`} y="13" text-anchor={anchor(x)}>
              {label}
            </text>
          </>
        ))}
      </svg>
    </div>
  );
}

function anchor(x: number): 'start' | 'middle' | 'end' {
  if (x < 4) return 'start';
  return x > 96 ? 'end' : 'middle';
}
