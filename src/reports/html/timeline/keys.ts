/** What keys do on a timeline. */

export type KeyAction =
  | { readonly pan: number }
  | { readonly zoom: number }
  | { readonly step: 1 | -1 }
  | 'reset'
  | 'open'
  | 'leave';

/** Share of what is shown. */
const PAN = 0.15;
const PAN_FAR = 0.75;
export const ZOOM_STEP = 1.6;

const ACTIONS: Readonly<Record<string, KeyAction>> = {
  '+': { zoom: ZOOM_STEP },
  '=': { zoom: ZOOM_STEP },
  '-': { zoom: 1 / ZOOM_STEP },
  _: { zoom: 1 / ZOOM_STEP },
  '0': 'reset',
  Home: 'reset',
  ArrowDown: { step: 1 },
  ArrowUp: { step: -1 },
  Enter: 'open',
  ' ': 'open',
  Escape: 'leave',
};

/** Undefined where the key is the browser's. */
export function keyAction(
  event: Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'metaKey' | 'altKey'>,
): KeyAction | undefined {
  const { key, shiftKey } = event;
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  const share = shiftKey ? PAN_FAR : PAN;
  if (key === 'ArrowLeft') return { pan: -share };
  if (key === 'ArrowRight') return { pan: share };
  return Object.hasOwn(ACTIONS, key) ? ACTIONS[key] : undefined;
}
