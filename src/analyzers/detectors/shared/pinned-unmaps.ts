/**
 * Drivers that pin the pages of a process and do not wait in their notifier: a registration cache. The
 * device goes on with the old pages, which are not those of the process any more.
 */
import type { View } from '../../detector.ts';
import type { FindingDraft } from '../../finding.ts';
import { fencesBusyAt } from './busy-fences.ts';
import { detail } from './details.ts';
import { RANGE_COLUMNS, type Range, unmapFinding } from './unmap-finding.ts';
import { isUnmap } from './unmaps.ts';

/** Since 6.12 it only marks the object (i915_gem_userptr.c); the pages stay pinned until it is submitted again. */
const PINNING_CALLBACK = 'i915_gem_userptr_invalidate';

interface Pinned extends Range {
  readonly callback: string;
  readonly callback_event: number | null;
}

/** Nobody waited inside, and a job of the process was pending before and after. */
export function* pinnedUnmaps(view: View, wideBytes: number): Iterable<FindingDraft> {
  if (!view.observed('fence.wait_start') && !view.observed('fence.wait_call')) return;
  const rows = view.all<Pinned>(
    `SELECT ${RANGE_COLUMNS}, c.function AS callback, c.start_event AS callback_event
       FROM invalidation i
       JOIN invalidation_callback c ON c.invalidation_id = i.id AND c.function = '${PINNING_CALLBACK}'
       LEFT JOIN syscall s ON s.id = i.syscall_id
      WHERE NOT EXISTS (SELECT 1 FROM fence_wait w WHERE w.invalidation_id = i.id)
        AND ${isUnmap(wideBytes)}
      GROUP BY i.id ORDER BY i.start_ts`,
  );
  for (const row of rows) {
    const job = fencesBusyAt(view, row.process_id, row.start_ts).find(
      ({ signaled_ts }) => signaled_ts === null || signaled_ts > row.over_ts,
    );
    if (job === undefined) continue;
    yield unmapFinding(
      view,
      { ...row, ...job, lossy: row.lossy },
      {
        severity: 'warn',
        // which of its jobs uses the range is not recorded
        confidence: 'suspect',
        kind: 'pinned',
        fate: `${row.callback} did not wait for it, so that the device may go on with pages that are not those of the process any more`,
        details: [detail.text('callback', row.callback)],
        events: [row.callback_event],
        next: [
          'The program must wait for its job before it unmaps what the job uses: the driver keeps the old pages pinned, and nobody sees what is written to them.',
        ],
      },
    );
  }
}
