/** Wakes the islands: the same components over the HTML they were rendered into. */
import { h, hydrate } from 'preact';
import { timeFormat } from '../../units.ts';
import { islandNamed } from '../islands.ts';
import { Data, NO_DATA, type PageData } from '../page-data.ts';
import { Time } from '../time-context.ts';
import { Gestures } from '../timeline/gestures.ts';
import { attachZoom } from './zoom.ts';

export function hydrateIslands(): void {
  const text = document.getElementById('page-data')?.textContent;
  const data = text ? (JSON.parse(text) as PageData) : NO_DATA;
  const time = timeFormat(data.clock);
  for (const place of document.querySelectorAll<HTMLElement>('[data-island]')) {
    const component = islandNamed(place.dataset.island ?? '');
    if (component === undefined) continue;
    whenOpen(place, () => {
      const props = JSON.parse(place.nextElementSibling?.textContent ?? '{}') as object;
      const root = (
        <Data.Provider value={data}>
          <Time.Provider value={time}>
            <Gestures.Provider value={attachZoom}>{h(component, props)}</Gestures.Provider>
          </Time.Provider>
        </Data.Provider>
      );
      hydrate(root, place);
    });
  }
}

/** What is folded away wakes when it is opened: most of a large report never is. */
function whenOpen(place: Element, wake: () => void): void {
  const folded = place.closest('details:not([open])');
  if (folded === null) wake();
  else folded.addEventListener('toggle', () => whenOpen(place, wake), { once: true });
}
