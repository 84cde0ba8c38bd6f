/**
 * Memory taken away by its own process (munmap, mremap, madvise) while a job of the process that may
 * use it was running. Legal where the driver waits for the job before invalidate_range_end; where it
 * gives up, or the device faults on the range afterwards, the job went on without its memory.
 */
import type { Word } from '../../kernel/occurrence.ts';
import type { Detector, View } from '../detector.ts';
import type { FindingDraft } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { WIDE_NOTIFIER } from './shared/bound-ranges.ts';
import { fencesBusyAt } from './shared/busy-fences.ts';
import { atMost, detail, known } from './shared/details.ts';
import { judgeVainWait } from './shared/given-up.ts';
import { mayBeMissing } from './shared/incomplete.ts';
import {
  deviceFaults,
  fenceBirths,
  fenceWaits,
  invalidations,
  notifierBirths,
} from './shared/needs.ts';
import { pinnedUnmaps } from './shared/pinned-unmaps.ts';
import { unreadable } from './shared/probe-offsets.ts';
import {
  RANGE_COLUMNS,
  type Range,
  UNMAP_COLUMNS,
  type Unmap,
  unmapFinding,
} from './shared/unmap-finding.ts';
import { IS_OWN_JOB, isUnmap } from './shared/unmaps.ts';
import { duration, errno, fenceKey, hex } from './shared/wording.ts';

const VAIN_WAIT: Threshold = {
  name: 'vain-wait',
  unit: 'ns',
  default: 1e6,
  doc: 'A wait given up sooner is a poll: the driver goes on to something else.',
};
const WAITED: Threshold = {
  name: 'waited',
  unit: 'ns',
  default: 10e6,
  doc: 'A caller that stood still this long for its own job is mentioned.',
};
const FINDINGS_PER_CAUSE = 50;
const WIDE: Threshold = { ...WIDE_NOTIFIER };
/** No threshold: refused faults looked at, a flood of them tells no more. */
const MOST_FAULTS = 200;

export const unmapUnderJob: Detector = {
  meta: {
    id: 'unmap-under-job',
    number: 'D8',
    title: 'Memory unmapped under a running job',
    description:
      'A process unmapped memory its device was bound to while one of its jobs was pending. It is an error when the range was gone and the job was not finished: the driver gave up waiting, or the device faulted on the range afterwards. Where the driver waited until the job was done it is only mentioned, since the caller stood still for its own job.',
    severity: 'error',
    needs: [invalidations, notifierBirths, fenceBirths],
    uses: [fenceWaits, deviceFaults],
    thresholds: [VAIN_WAIT, WAITED, WIDE],
    traps: [
      'Which job uses which memory is not recorded: a job of the process may not touch the range.',
      'The end of the process zaps everything and is no unmap of the program.',
      'Drivers that pin pages (i915) do not wait: which job uses the range only the program knows, so that it is suspect.',
      'Jobs of user-mode queues signal in memory, not by dma_fence: they are not seen.',
      'A device that can fault may lose its mapping at any time: only a fault it gets refused is an error.',
      'Reclaim, migration and khugepaged invalidate memory of others rightly and do not count.',
    ],
    references: [
      'dri-devel 2019-08-15, J. Glisse and J. Gunthorpe: munmap(), mremap(), fork() under a job are a bug of user space',
      'mm/mmu_notifier.c: __mmu_notifier_invalidate_range_start, _end',
      'drivers/gpu/drm/amd/amdgpu/amdgpu_hmm.c: amdgpu_hmm_invalidate_gfx (waits for BOOKKEEP fences)',
    ],
  },

  cannotDecide: (view) => unreadable(view, ['mm', 'range_start', 'range_end', 'reason']),

  *detect(view) {
    yield* atMost(FINDINGS_PER_CAUSE, gaveUp(view));
    yield* atMost(FINDINGS_PER_CAUSE, pinnedUnmaps(view, view.limit(WIDE)));
    yield* atMost(FINDINGS_PER_CAUSE, faultedAfterwards(view));
    yield* waitedFor(view);
  },
};

interface Wait {
  readonly wait_ns: number;
  readonly wait_ret: number | null;
  readonly wait_start_event: number | null;
  readonly wait_end_event: number | null;
}

/** The driver stopped waiting and the range went while the job was pending. */
function* gaveUp(view: View): Iterable<FindingDraft> {
  const rows = view.all<Unmap & Wait>(
    `SELECT ${UNMAP_COLUMNS}, w.end_ts - w.start_ts AS wait_ns, w.ret AS wait_ret, w.start_event AS wait_start_event,
            w.end_event AS wait_end_event
       FROM fence_wait w
       JOIN invalidation i ON i.id = w.invalidation_id
       JOIN fence f ON f.id = w.fence_id
       LEFT JOIN syscall s ON s.id = i.syscall_id
      WHERE w.gave_up = 1 AND w.end_ts - w.start_ts >= ?
        AND (f.signaled_ts IS NULL OR f.signaled_ts > coalesce(i.end_ts, i.return_ts))
        AND ${IS_OWN_JOB} AND ${isUnmap(view.limit(WIDE))}
      ORDER BY i.start_ts`,
    view.clock.unit === 'ns' ? view.limit(VAIN_WAIT) : 1,
  );
  for (const row of rows) {
    yield unmapFinding(view, row, {
      ...judgeVainWait(view, row),
      kind: 'gave up',
      details: view.clock.unit === 'ns' ? [detail.duration('in that wait', row.wait_ns)] : [],
      events: [row.wait_start_event, row.wait_end_event],
      next: [
        `Find out why fence ${fenceKey(row)} did not signal (fence-never-signalled) and what the device wrote to meanwhile: the pages may belong to somebody else by now.`,
        'A notifier callback may not give up: it must stop the device (preempt, reset) before it returns.',
      ],
    });
  }
}

interface Fault {
  readonly fault_ts: number;
  readonly fault_address: Word;
  readonly fault_ret: number;
  readonly fault_event: number | null;
}

/** The device asked for the range while the job was pending and was refused. */
function* faultedAfterwards(view: View): Iterable<FindingDraft> {
  const rows = view.all<Range & Fault>(
    `SELECT ${RANGE_COLUMNS}, min(d.start_ts) AS fault_ts, d.address AS fault_address,
            d.ret AS fault_ret, d.start_event AS fault_event
       FROM (SELECT * FROM device_fault WHERE ret < 0 AND mm IS NOT NULL LIMIT ${MOST_FAULTS}) d
       JOIN invalidation i ON i.mm = d.mm AND i.start_ts < d.start_ts
         AND i.range_start <= d.address AND i.range_end > d.address
       LEFT JOIN syscall s ON s.id = i.syscall_id
      WHERE ${isUnmap(view.limit(WIDE))}
      GROUP BY i.id ORDER BY i.start_ts`,
  );
  for (const range_ of rows) {
    const job = fencesBusyAt(view, range_.process_id, range_.start_ts).find(
      (fence) => fence.signaled_ts === null || fence.signaled_ts > range_.fault_ts,
    );
    if (job === undefined) continue;
    const row = { ...range_, ...job, lossy: range_.lossy };
    const missing = mayBeMissing(view, row.lossy);
    yield unmapFinding(view, row, {
      severity: 'error',
      confidence: missing ? 'suspect' : 'likely',
      fate: `the device faulted at ${hex(row.fault_address)} of it afterwards and was answered ${errno(row.fault_ret)}`,
      kind: 'faulted',
      details: [detail.address('fault', row.fault_address), detail.errno('answer', row.fault_ret)],
      events: [row.fault_event],
      next: [
        'The program must wait for its job before it unmaps what the job uses: look for the missing wait.',
      ],
    });
  }
}

/**
 * Legal: the caller stood still until its own job was done; madvise leaves a mapping that can be
 * faulted in again, so only unmapping is mentioned. One finding per process and call.
 */
function* waitedFor(view: View): Iterable<FindingDraft> {
  if (view.clock.unit !== 'ns') return;
  const rows = view.all<Unmap & Wait>(
    `SELECT ${UNMAP_COLUMNS}, w.end_ts - w.start_ts AS wait_ns, w.ret AS wait_ret, w.start_event AS wait_start_event,
            w.end_event AS wait_end_event
       FROM invalidation i
       JOIN fence_wait w ON w.id = i.longest_wait_id
       JOIN fence f ON f.id = w.fence_id
       LEFT JOIN syscall s ON s.id = i.syscall_id
      WHERE i.reason = 0 AND i.longest_wait_ns >= ? AND coalesce(w.gave_up, 0) = 0
        AND f.signaled_ts <= coalesce(i.end_ts, i.return_ts)
        AND ${IS_OWN_JOB} AND ${isUnmap(view.limit(WIDE))}
      ORDER BY i.longest_wait_ns DESC`,
    view.limit(WAITED),
  );
  const groups = new Map<string, (Unmap & Wait)[]>();
  for (const row of rows) {
    const key = [row.process_id, row.call, row.reason].join();
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  for (const group of groups.values()) {
    const [worst] = group;
    if (worst === undefined) continue;
    const more = group.length > 1 ? `, the longest of ${group.length} such waits` : '';
    yield unmapFinding(view, worst, {
      severity: 'info',
      confidence: 'likely',
      fate: `the driver waited ${duration(worst.wait_ns)} until it was done${more}`,
      kind: 'waited',
      details: known([
        detail.duration('in that wait', worst.wait_ns),
        group.length > 1 ? detail.count('such waits', group.length) : undefined,
      ]),
      events: [worst.wait_start_event, worst.wait_end_event],
      next: ['Wait for the job before unmapping what it uses: the call then does not stand still.'],
    });
  }
}
