/** What a chart needs of the library that hears gestures, which only the browser has (client/zoom.ts). */
import { createContext } from 'preact';
import type { TimeWindow } from './layout.ts';

export interface ZoomOptions {
  readonly whole: TimeWindow;
  /** What is shown at first. */
  readonly window: TimeWindow;
  /** Where the bars are, in pixels of the element. */
  track(): { readonly left: number; readonly width: number };
  /** Whether a wheel alone zooms there; elsewhere it scrolls the page. */
  isAxis(target: Element): boolean;
  /** At most once a frame. */
  onWindow(window: TimeWindow): void;
}

export interface Zoom {
  /** About the middle. */
  zoomBy(factor: number): void;
  /** By a share of what is shown; forward in time if positive. */
  panBy(share: number): void;
  show(window: TimeWindow): void;
  /** The element has another size. */
  resized(): void;
  detach(): void;
}

export type AttachZoom = (element: HTMLElement, options: ZoomOptions) => Zoom;

/** Undefined where the page is made. */
export const Gestures: ReturnType<typeof createContext<AttachZoom | undefined>> = createContext<
  AttachZoom | undefined
>(undefined);
