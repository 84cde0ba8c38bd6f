/**
 * GPU page faults for an address space that has died: the device still runs a context whose memory
 * is gone. exit_mmap comes before exit_files, so the device file is still open then
 * (intel-gfx 2016-08-15, "IOMMU based SVM implementation v13").
 */
import type { Detector, View } from '../detector.ts';
import type { Confidence, Severity } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import { type LateFaults, lateFaultFindings } from './shared/late-faults.ts';
import {
  addressSpaceEnds,
  driverPasids,
  notifierBirths,
  readBegins,
  toldDeviceFaults,
} from './shared/needs.ts';
import { reusedDriverPasids } from './shared/pasid-reuse.ts';
import { RESET_AFTERMATH } from './shared/reset-aftermath.ts';

/** Interrupt rings deliver faults late. */
const DELIVERY: Threshold = {
  name: 'delivery',
  unit: 'ns',
  default: 100e6,
  doc: 'A fault reported later than this after the death came after it; before, it is a warning.',
};
const AFTERMATH: Threshold = { ...RESET_AFTERMATH };

export const postExitGpuFault: Detector = {
  meta: {
    id: 'post-exit-gpu-fault',
    number: 'D11',
    title: 'GPU faults after its process died',
    description:
      'The device reported page faults for an address space that no longer exists. The process exited while its context was still running on the device: queues were not stopped before the memory went, and whatever the device computed from then on is incomplete. If the PASID belongs to another process by then, that process is reached: critical.',
    severity: 'critical',
    needs: [toldDeviceFaults, addressSpaceEnds],
    uses: [readBegins, notifierBirths, driverPasids],
    thresholds: [DELIVERY, AFTERMATH],
    traps: [
      'A thread that exits is no death of the address space: only mm_release or exit_mmap is.',
      'Faults are delivered late: a driver tracepoint or a log line within 100 ms of the death is only a warning.',
      'A log has a clock of its own: a fault nearer to the death than the error between the two clocks cannot be ordered.',
      'A PASID is given to other processes: a fault counts for whoever has it then, unless only the one before had mapped the address.',
      'Faults and CAT errors right after a reset of the device are its consequence: info only.',
      'xe tells with a page fault of the mapping it hit, not of the address; with a CAT error only of the queue.',
      'The kernel tears processes down asynchronously in some drivers (amdkfd), which prolongs the window.',
    ],
    references: [
      'kernel/exit.c: do_exit (exit_mm before exit_files)',
      'intel-gfx 2016-08-15, C. Wilson and D. Woodhouse: "the GPU may start to take faults on the PASID which is in the process of exiting"',
      'drivers/gpu/drm/amd/amdkfd/kfd_svm.c: svm_range_restore_pages (returns 0 when the mm is gone)',
    ],
  },

  cannotDecide(view) {
    if (view.observed('device.fault')) return undefined;
    const [fault] = view.all(
      "SELECT 1 FROM device_fault WHERE source NOT IN ('iommu', 'iommu-log') LIMIT 1",
    );
    return fault === undefined
      ? 'No page fault handler of a device was seen: none was probed, and no driver event reports them.'
      : undefined;
  },

  *detect(view) {
    yield* lateFaultFindings(
      view,
      ['probe', 'tracepoint', 'log'],
      view.limit(AFTERMATH),
      (faults) => ({
        severity: severityOf(view, faults),
        confidence: confidenceOf(faults),
        next: [
          'Look at the order in which the driver stops queues and lets go of the memory when the process dies (notifier release against file close).',
          'Fence or preempt the context of that PASID before its mappings go.',
          'See whether the result of the interrupted job was used by anybody (dead-client-fence).',
        ],
      }),
    );
    yield* reusedDriverPasids(view);
  },
};

function severityOf(view: View, { first, late, reset }: LateFaults): Severity {
  if (reset) return 'info';
  if (first.death_ts === null) return 'warn';
  const last = late.at(-1) ?? first;
  const maybeQueued =
    first.source !== 'probe' &&
    view.clock.unit === 'ns' &&
    last.start_ts - first.death_ts < view.limit(DELIVERY);
  return maybeQueued ? 'warn' : 'error';
}

function confidenceOf({ first, late, served }: LateFaults): Confidence {
  if (first.death_ts === null || late.some((fault) => fault.lossy === 1)) return 'suspect';
  return first.source === 'probe' && served.length > 0 ? 'proven' : 'likely';
}
