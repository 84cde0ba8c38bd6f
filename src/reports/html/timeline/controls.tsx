/** Buttons for what keys and gestures do, and which those are. */
import type { VNode } from 'preact';
import { useContext } from 'preact/hooks';
import { Time } from '../time-context.ts';
import type { Zoom } from './gestures.ts';
import { ZOOM_STEP } from './keys.ts';
import type { TimeWindow } from './layout.ts';

const PAN = 0.4;

export function Controls(props: {
  readonly window: TimeWindow;
  readonly whole: TimeWindow;
  readonly first: TimeWindow;
  readonly zoom: Zoom | undefined;
  readonly hintId: string;
}): VNode {
  const time = useContext(Time);
  const { window, whole, first, zoom } = props;
  const isPart = first.from > whole.from || first.to < whole.to;
  return (
    <div class="timeline-controls">
      <div class="buttons">
        <button type="button" aria-label="Earlier" onClick={() => zoom?.panBy(-PAN)}>
          ←
        </button>
        <button type="button" aria-label="Later" onClick={() => zoom?.panBy(PAN)}>
          →
        </button>
        <button type="button" aria-label="Zoom in" onClick={() => zoom?.zoomBy(ZOOM_STEP)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={() => zoom?.zoomBy(1 / ZOOM_STEP)}>
          −
        </button>
        <button type="button" onClick={() => zoom?.show(first)}>
          Reset
        </button>
        {isPart && (
          <button type="button" onClick={() => zoom?.show(whole)}>
            Whole capture
          </button>
        )}
      </div>
      <p class="range">
        {time.moment(window.from)} to {time.moment(window.to)}
        <span class="quiet">, {time.duration(window.to - window.from)}</span>
      </p>
      <p class="hint" id={props.hintId}>
        Move: drag, <kbd>←</kbd> <kbd>→</kbd>. Zoom: <kbd>Ctrl</kbd> and wheel, pinch, <kbd>+</kbd>{' '}
        <kbd>−</kbd>; <kbd>0</kbd> resets. Objects: click, or <kbd>↑</kbd> <kbd>↓</kbd> and{' '}
        <kbd>Enter</kbd>.
      </p>
    </div>
  );
}
