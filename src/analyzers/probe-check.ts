import type { StoreReader } from '../store/reader.ts';
import type { ProbeCheck } from './write-facts.ts';

/**
 * Whether probes recorded what their names say. Offsets of struct fields differ between kernels,
 * and a probe with the wrong ones records plausible-looking rubbish.
 */
export function checkProbes(store: StoreReader): ProbeCheck[] {
  const [row] = store.all<{ checked: number; impossible: number | null }>(
    'SELECT count(sane) AS checked, sum(sane = 0) AS impossible FROM invalidation',
  );
  if (!row || row.checked === 0) return [];
  const subject = 'arguments of invalidations (mm, start, end, flags, event)';
  return [{ subject, checked: row.checked, impossible: row.impossible ?? 0 }];
}
