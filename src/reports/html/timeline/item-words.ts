/** What is said of a bar: when it was, for how long, of how many objects it is made. */
import type { TimelineItem } from '../../../analyzers/result.ts';
import { counted, type TimeFormat } from '../../units.ts';
import { type Bar, objectsOf, spanOf } from './bars.ts';

type Span = Pick<TimelineItem, 'from' | 'to'>;

export function fromText({ from }: Span, time: TimeFormat): string {
  return from === null ? 'before the capture' : time.moment(from);
}

export function toText({ to }: Span, time: TimeFormat): string {
  return to === null ? 'alive at the end' : time.moment(to);
}

/** Undefined where an end is not known. */
export function lastingText({ from, to }: Span, time: TimeFormat): string | undefined {
  return from === null || to === null ? undefined : time.duration(to - from);
}

export function barName(bar: Pick<Bar, 'items'>): string {
  const [item] = bar.items;
  if (item === undefined) return '';
  if (bar.items.length === 1) return item.label;
  const total = bar.items.reduce((sum, { count }) => sum + (count ?? 1), 0);
  return `${counted(total, 'short one')} close together`;
}

/** For a title, and for who cannot see it. */
export function barText(bar: Bar, time: TimeFormat): string {
  const span = spanOf(bar);
  const lasting = lastingText(span, time);
  return `${barName(bar)}\n${fromText(span, time)} … ${toText(span, time)}${lasting === undefined ? '' : ` (${lasting})`}`;
}

export function isSeveral(bar: Bar): boolean {
  return objectsOf(bar) > 1;
}

/** `range_fault_attempt` → `range fault attempt`. */
export function kindWords(kind: string): string {
  return kind.replaceAll('_', ' ');
}

/** Kinds are table names of ours; anything else gets the neutral colour. */
export function kindClass(kind: string): string {
  return /^[a-z_]+$/.test(kind) ? `kind-${kind.replaceAll('_', '-')}` : 'kind-other';
}
