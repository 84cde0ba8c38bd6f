import type { View } from '../../detector.ts';

/**
 * Whether a fence without a signal is pending: signals were recorded, of all tasks. Else only the return
 * of a wait says how it ended.
 */
export function signalsShow(view: View): boolean {
  return !view.perTask && (view.observed('fence.signaled') || view.observed('fence.signal_call'));
}

const damaged = new WeakMap<View, boolean>();

/**
 * Whether an event that is not in the recording says nothing: some were lost during the life of the
 * object, or the file is damaged so that whole stretches, or their order, are missing.
 */
export function mayBeMissing(view: View, lossy: number | null): boolean {
  if (lossy === 1) return true;
  let isDamaged = damaged.get(view);
  if (isDamaged === undefined) {
    const rows = view.all("SELECT 1 FROM problem WHERE severity = 'data-loss' LIMIT 1");
    isDamaged = rows.length > 0;
    damaged.set(view, isDamaged);
  }
  return isDamaged;
}
