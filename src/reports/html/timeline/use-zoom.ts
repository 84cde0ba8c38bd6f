import type { RefObject } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import { Gestures, type Zoom } from './gestures.ts';
import type { TimeWindow } from './layout.ts';
import type { Track } from './view.ts';

interface Zoomed {
  readonly window: TimeWindow;
  /** Undefined where nothing can be done: in the page as it is made, and in a folded part of it. */
  readonly zoom: Zoom | undefined;
  readonly track: Track | undefined;
}

/** The part of the capture that is shown, and what moves it. */
export function useZoom(
  surface: RefObject<HTMLElement | null>,
  first: TimeWindow,
  whole: TimeWindow,
): Zoomed {
  const attach = useContext(Gestures);
  const [window, setWindow] = useState(first);
  const [zoom, setZoom] = useState<Zoom>();
  const [track, setTrack] = useState<Track>();
  // a chart keeps its capture and its element
  useEffect(() => {
    const element = surface.current;
    if (attach === undefined || element === null) return undefined;
    let measured: Track = { left: 0, width: 0 };
    const attached = attach(element, {
      whole,
      window: first,
      track: () => measured,
      isAxis: (target) => target.closest('.axis') !== null,
      onWindow: setWindow,
    });
    setZoom(attached);
    const observer = new ResizeObserver(() => {
      measured = trackOf(element);
      // a folded part has no width
      setTrack(measured.width > 0 ? measured : undefined);
      attached.resized();
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      attached.detach();
    };
  }, []);
  return { window, zoom, track };
}

/** The axis lies over the bars of all lanes. */
function trackOf(element: HTMLElement): Track {
  const box = element.getBoundingClientRect();
  const axis = element.querySelector('.axis svg')?.getBoundingClientRect();
  return axis === undefined
    ? { left: 0, width: box.width }
    : { left: axis.left - box.left, width: axis.width };
}
