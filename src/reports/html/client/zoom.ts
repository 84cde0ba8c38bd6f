/** Mouse, touch and wheel over a timeline, by d3-zoom: across only, in bounds of the capture. */
import { select } from 'd3-selection';
import { type D3ZoomEvent, type ZoomTransform, zoom, zoomIdentity, zoomTransform } from 'd3-zoom';
import type { Zoom, ZoomOptions } from '../timeline/gestures.ts';
import type { TimeWindow } from '../timeline/layout.ts';
import { largestScale, transformOf, windowOf } from '../timeline/view.ts';

/** How far one notch of a wheel zooms: 2 to the power of it. */
const NOTCH = 0.5;
/** Of a wheel that counts pixels, and of one that counts lines. */
const PIXELS_PER_NOTCH = 100;
const LINES_PER_NOTCH = 3;
/** A double click zooms in step by step, unless the reader wants nothing to move. */
const DOUBLE_CLICK_MS = 250;

export function attachZoom(element: HTMLElement, options: ZoomOptions): Zoom {
  const { whole } = options;
  const target = select<HTMLElement, unknown>(element);
  let shown = options.window;
  let frame = 0;
  let programmed = false;

  const behaviour = zoom<HTMLElement, unknown>()
    .scaleExtent([1, largestScale(whole)])
    .extent(() => extent(options.track()))
    .filter((event: Event) => hears(event, options))
    .wheelDelta(wheelDelta)
    .duration(matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : DOUBLE_CLICK_MS)
    .on('zoom', ({ transform }: D3ZoomEvent<HTMLElement, unknown>) => {
      if (programmed) return;
      shown = windowOf(transform, whole, options.track());
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => options.onWindow(shown));
    });

  function show(window: TimeWindow): void {
    behaviour.transform(target, d3Transform(window, options));
  }

  function resized(): void {
    const [[left], [right]] = extent(options.track());
    behaviour.translateExtent([
      [left, Number.NEGATIVE_INFINITY],
      [right, Number.POSITIVE_INFINITY],
    ]);
    // the same part of the capture on another width: nothing to tell
    programmed = true;
    show(shown);
    programmed = false;
  }

  function panBy(share: number): void {
    const { k } = zoomTransform(element);
    behaviour.translateBy(target, (-share * options.track().width) / k, 0);
  }

  const sideways = (event: WheelEvent): void => {
    if (!isSideways(event)) return;
    event.preventDefault();
    panBy((event.deltaX || event.deltaY) / Math.max(options.track().width, 1));
  };
  target.call(behaviour);
  resized();
  element.addEventListener('wheel', sideways, { passive: false });
  const forget = leaveScrolling(element);
  return {
    zoomBy: (factor) => behaviour.scaleBy(target, factor),
    panBy,
    show,
    resized,
    detach(): void {
      cancelAnimationFrame(frame);
      target.on('.zoom', null);
      element.removeEventListener('wheel', sideways);
      forget();
    },
  };
}

/**
 * One finger moving up or down scrolls the page: its moves must not reach the library, which would
 * keep the browser from scrolling, or try to and fail aloud.
 */
function leaveScrolling(element: HTMLElement): () => void {
  let start: Touch | undefined;
  let scrolls: boolean | undefined;
  const begin = ({ touches }: TouchEvent): void => {
    start = touches.length === 1 ? touches[0] : undefined;
    scrolls = start === undefined ? false : undefined;
  };
  const move = (event: TouchEvent): void => {
    const [finger] = event.touches;
    if (scrolls === undefined && start && finger) {
      const across = Math.abs(finger.clientX - start.clientX);
      scrolls = Math.abs(finger.clientY - start.clientY) > across;
    }
    if (scrolls || !event.cancelable) event.stopImmediatePropagation();
  };
  element.addEventListener('touchstart', begin, { capture: true, passive: true });
  element.addEventListener('touchmove', move, { capture: true, passive: true });
  return () => {
    element.removeEventListener('touchstart', begin, { capture: true });
    element.removeEventListener('touchmove', move, { capture: true });
  };
}

/** Some browsers turn a wheel with the shift key sideways by themselves. */
function isSideways({ deltaX, deltaY, shiftKey, ctrlKey, metaKey }: WheelEvent): boolean {
  return !ctrlKey && !metaKey && (shiftKey || Math.abs(deltaX) > Math.abs(deltaY));
}

function hears(event: Event, { isAxis }: ZoomOptions): boolean {
  if (event instanceof WheelEvent) {
    if (event.ctrlKey || event.metaKey) return true;
    return !isSideways(event) && isAxis(event.target as Element);
  }
  return !(event instanceof MouseEvent) || (event.button === 0 && !event.ctrlKey);
}

/** Pads and wheels differ by orders of magnitude: none zooms faster than a notch at a time. */
function wheelDelta({ deltaY, deltaMode, ctrlKey }: WheelEvent): number {
  const perNotch = deltaMode === WheelEvent.DOM_DELTA_PIXEL ? PIXELS_PER_NOTCH : LINES_PER_NOTCH;
  // browsers send the pinch of a pad as a wheel with the control key, in much smaller steps
  const speed = ctrlKey && Math.abs(deltaY) < PIXELS_PER_NOTCH / 4 ? 5 : 1;
  const notches = (-deltaY / perNotch) * speed;
  return Math.max(-1, Math.min(1, notches)) * NOTCH;
}

function extent({
  left,
  width,
}: ReturnType<ZoomOptions['track']>): [[number, number], [number, number]] {
  return [
    [left, 0],
    [left + Math.max(width, 1), 1],
  ];
}

function d3Transform(window: TimeWindow, { whole, track }: ZoomOptions): ZoomTransform {
  const { k, x } = transformOf(window, whole, track());
  return zoomIdentity.translate(x, 0).scale(k);
}
