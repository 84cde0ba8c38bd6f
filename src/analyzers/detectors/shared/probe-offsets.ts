import type { View } from '../../detector.ts';

type Argument = 'mm' | 'range_start' | 'range_end' | 'reason' | 'flags';

const WORDS: Readonly<Record<Argument, string>> = {
  mm: 'mm',
  range_start: 'start',
  range_end: 'end',
  reason: 'event',
  flags: 'flags',
};

/**
 * Why a rule that reads these arguments of invalidations cannot decide: a probe has the offsets of
 * another kernel, so what it recorded is rubbish, or it does not record them. Undefined = it can.
 */
export function unreadable(view: View, names: readonly Argument[]): string | undefined {
  if (!view.saneProbes) {
    return 'A probe recorded impossible arguments (offsets of another kernel), so ranges, reasons and flags of invalidations say nothing.';
  }
  const [known] = view.all<Record<Argument, number> & { readonly rows: number }>(
    `SELECT ${['count(*) AS rows', ...names.map((name) => `count(${name}) AS ${name}`)].join(', ')}
       FROM invalidation WHERE source IN ('probe', 'function', 'function_graph')`,
  );
  if (known === undefined || known.rows === 0) return undefined;
  const absent = names.filter((name) => known[name] === 0).map((name) => WORDS[name]);
  return absent.length === 0
    ? undefined
    : `What was recorded of __mmu_notifier_invalidate_range_start does not hold ${absent.join(', ')}.`;
}
