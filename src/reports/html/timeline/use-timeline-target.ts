/** Addresses `#timeline-<kind>-<id>`: a link anywhere in the page zooms to the object and opens it. */
import type { RefObject } from 'preact';
import { useContext, useEffect } from 'preact/hooks';
import type { TimelineItem } from '../../../analyzers/result.ts';
import { Data, type PageData } from '../page-data.ts';
import type { Zoom } from './gestures.ts';
import { kindWords } from './item-words.ts';
import type { TimeWindow } from './layout.ts';
import type { PreparedLane } from './prepared-lanes.ts';
import { windowAround } from './view.ts';

const TARGET = /^#timeline-([a-z_]+)-(\d+)$/;

interface Chart {
  readonly lanes: readonly PreparedLane[];
  readonly whole: TimeWindow;
  readonly zoom: Zoom | undefined;
  readonly surface: RefObject<HTMLElement | null>;
  open(items: readonly TimelineItem[]): void;
}

export function useTimelineTarget(isTarget: boolean, chart: Chart): void {
  const data = useContext(Data);
  const { zoom } = chart;
  useEffect(() => {
    if (!isTarget || zoom === undefined) return undefined;
    const goTo = (hash: string): void => {
      const [, kind, id] = TARGET.exec(hash) ?? [];
      if (kind !== undefined) showObject(kind, Number(id), chart, data);
    };
    const follow = (): void => goTo(location.hash);
    // a link to where one is already changes no address
    const again = (event: MouseEvent): void => {
      const link = (event.target as Element).closest?.('a[href^="#timeline-"]');
      const hash = link?.getAttribute('href');
      if (hash && hash === location.hash) goTo(hash);
    };
    addEventListener('hashchange', follow);
    document.addEventListener('click', again);
    follow();
    return () => {
      removeEventListener('hashchange', follow);
      document.removeEventListener('click', again);
    };
  }, [isTarget, zoom]);
}

function showObject(kind: string, id: number, chart: Chart, data: PageData): void {
  const { lanes, whole, zoom, surface } = chart;
  const isIt = (item: TimelineItem): boolean => item.id === id && item.kind === kind;
  const position = lanes.findIndex(({ items }) => items.some(isIt));
  const item = lanes[position]?.items.find(isIt) ?? undrawn(kind, id, data);
  zoom?.show(windowAround(item, whole));
  const place =
    position === -1
      ? surface.current
      : surface.current?.querySelector(`svg[data-lane="${position}"]`);
  place?.scrollIntoView({ block: position === -1 ? 'start' : 'center' });
  chart.open([item]);
}

/** An object without a bar of its own, as far as its moments are known. */
function undrawn(kind: string, id: number, { lifetimes }: PageData): TimelineItem {
  const lifetime = lifetimes.objects.find((object) => object.kind === kind && object.id === id);
  const moments = lifetime?.steps.map(({ ts }) => ts) ?? [];
  return {
    kind,
    id,
    label: `${kindWords(kind)} ${id}`,
    from: moments.at(0) ?? null,
    to: moments.at(-1) ?? null,
  };
}
