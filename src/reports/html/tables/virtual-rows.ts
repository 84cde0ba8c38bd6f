/** Only the rows that are on the screen, of however many: their places as if all were there. */
import {
  defaultRangeExtractor,
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useLayoutEffect, useReducer, useState } from 'preact/hooks';

/** Rows above and below what is seen, for who scrolls and for Tab. */
const OVERSCAN = 12;
/** Until they can be measured. */
const ROW_HEIGHT = 28;

/** A row by its place, or the height of rows that are not made. */
export type Slot = { readonly place: number } | { readonly gap: number };

export interface VirtualRows {
  readonly slots: readonly Slot[];
  scrollTo(place: number): void;
}

export function useVirtualRows(props: {
  readonly count: number;
  readonly scroller: RefObject<HTMLElement | null>;
  /** The place of a row that must not go away: the one with the focus. */
  readonly kept: number;
  readonly enabled: boolean;
}): VirtualRows {
  const { count, scroller, kept, enabled } = props;
  const [, redraw] = useReducer((drawn: number) => drawn + 1, 0);
  const { row, head } = useHeights(scroller, enabled);
  const options = {
    count,
    enabled,
    overscan: OVERSCAN,
    estimateSize: () => row,
    // the head stays on the screen
    paddingStart: head,
    scrollPaddingStart: head,
    getScrollElement: () => scroller.current,
    rangeExtractor: (range: Parameters<typeof defaultRangeExtractor>[0]) => {
      const places = defaultRangeExtractor(range);
      if (kept < 0 || kept >= count || places.includes(kept)) return places;
      return [...places, kept].sort((a, b) => a - b);
    },
    scrollToFn: elementScroll<HTMLElement>,
    observeElementRect: observeElementRect<HTMLElement>,
    observeElementOffset: observeElementOffset<HTMLElement>,
    onChange: () => redraw(undefined),
  };
  const [virtualizer] = useState(() => new Virtualizer<HTMLElement, HTMLElement>(options));
  virtualizer.setOptions(options);
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());
  // what was measured before is remembered otherwise
  useLayoutEffect(() => virtualizer.measure(), [virtualizer, row, head]);
  return {
    slots: slotsOf(virtualizer, head),
    scrollTo: (place) => virtualizer.scrollToIndex(place, { align: 'center' }),
  };
}

function slotsOf(virtualizer: Virtualizer<HTMLElement, HTMLElement>, head: number): Slot[] {
  const slots: Slot[] = [];
  let end = head;
  for (const item of virtualizer.getVirtualItems()) {
    if (item.start > end) slots.push({ gap: item.start - end });
    slots.push({ place: item.index });
    end = item.end;
  }
  const total = virtualizer.getTotalSize();
  if (total > end) slots.push({ gap: total - end });
  return slots;
}

/** All rows are as high as the first. */
function useHeights(
  scroller: RefObject<HTMLElement | null>,
  enabled: boolean,
): { readonly row: number; readonly head: number } {
  const [heights, setHeights] = useState({ row: ROW_HEIGHT, head: ROW_HEIGHT });
  useLayoutEffect(() => {
    const row = heightOf(scroller.current?.querySelector('tbody tr:not(.gap)'));
    const head = heightOf(scroller.current?.querySelector('thead'));
    if (!enabled || row === 0) return;
    setHeights((known) => (known.row === row && known.head === head ? known : { row, head }));
  }, [scroller, enabled]);
  return heights;
}

function heightOf(element: Element | null | undefined): number {
  return element?.getBoundingClientRect().height ?? 0;
}
