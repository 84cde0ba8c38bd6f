/**
 * Page requests or faults an IOMMU reports for a PASID whose address space has died
 * (drivers/iommu/intel/prq.c; exit_mmap comes before exit_files in kernel/exit.c).
 */
import type { Detector, View } from '../detector.ts';
import type { Confidence, Severity } from '../finding.ts';
import type { Threshold } from '../threshold.ts';
import type { DeviceFault } from './shared/device-faults.ts';
import { type LateFaults, lateFaultFindings } from './shared/late-faults.ts';
import { addressSpaceEnds, pageResponses, pasidOwners, toldIommuFaults } from './shared/needs.ts';
import { reusedIommuPasids } from './shared/pasid-reuse.ts';
import { RESET_AFTERMATH } from './shared/reset-aftermath.ts';

/** Unbinding drains the queue after the entry is cleared (intel_iommu_drain_pasid_prq). */
const DRAIN: Threshold = {
  name: 'drain',
  unit: 'ns',
  default: 10e6,
  doc: 'Requests later than this after the unbinding were not drained.',
};
const AFTERMATH: Threshold = { ...RESET_AFTERMATH };

export const postExitIommuFault: Detector = {
  meta: {
    id: 'post-exit-iommu-fault',
    number: 'D10',
    title: 'IOMMU faults after the process died',
    description:
      'The IOMMU reported requests of a PASID whose address space was already gone. While the device file is still open this is expected by design and a warning; after the file was closed or the PASID unbound the driver failed to drain it, which is an error; if the number belongs to another process by then, that process is reached: critical.',
    severity: 'critical',
    needs: [toldIommuFaults, addressSpaceEnds],
    uses: [pasidOwners, pageResponses],
    thresholds: [DRAIN, AFTERMATH],
    traps: [
      'The hardware suppresses faults of a dying PASID (fault processing disable): silence proves nothing.',
      'Requests without a PASID belong to the DMA API and are another matter.',
      'Requests that come while an unbinding drains the queue are no failure.',
      'PASID numbers are reused: a fault counts for whoever has the number bound then.',
      'Faults right after a reset of the same device are its consequence: info only.',
    ],
    references: [
      'drivers/iommu/intel/svm.c: intel_mm_release, intel_iommu_drain_pasid_prq',
      'intel-gfx 2016-08-15, D. Woodhouse: exit_mmap() happens before exit_files()',
      'https://github.com/amd/IRON/issues/43 (IO_PAGE_FAULT flood)',
    ],
  },

  cannotDecide(view) {
    const reported = "SELECT 1 FROM device_fault WHERE source IN ('iommu', 'iommu-log')";
    const [fault] = view.all(`${reported} LIMIT 1`);
    if (fault === undefined && !view.observed('iommu.fault')) {
      return 'No fault of an IOMMU is in the log, and its events were not recorded.';
    }
    const [owned] = view.all(`${reported} AND process_id IS NOT NULL LIMIT 1`);
    const [any] = view.all(`${reported} AND pasid IS NOT NULL LIMIT 1`);
    return any !== undefined && owned === undefined
      ? 'Requests with a PASID were reported, but nothing says which process it belongs to: record intel_iommu:cache_tag_assign from before the device is opened.'
      : undefined;
  },

  *detect(view) {
    yield* lateFaultFindings(view, ['iommu', 'iommu-log'], view.limit(AFTERMATH), (faults) => {
      const { first, late } = faults;
      if (first.pasid === null || first.process_id === null) return undefined;
      if (first.gone === 'pasid' && !late.some((fault) => isUndrained(view, fault, faults.error))) {
        return undefined;
      }
      return {
        severity: severityOf(view, faults),
        confidence: confidenceOf(faults),
        next: [
          'See that the driver stops the device and drains the PASID before it unbinds it (intel_iommu_drain_pasid_prq).',
          'Compare the time with the closing of the device file: faults before it are by design, after it a driver error.',
          'Look for `DMAR:` or `AMD-Vi:` lines of that PASID in the kernel log, and for `callbacks suppressed` that hides more.',
        ],
      };
    });
    yield* reusedIommuPasids(view);
  },
};

/**
 * The window: while the file is open and the PASID bound, requests after the death are by design;
 * after the closing of the file or the unbinding nothing may come any more.
 */
function severityOf(view: View, { first, late, error, reset }: LateFaults): Severity {
  if (reset) return 'info';
  const closed = first.files_closed_ts;
  const isLate = late.some(
    (fault) =>
      (closed !== null && fault.start_ts > closed + error) || isUndrained(view, fault, error),
  );
  return isLate ? 'error' : 'warn';
}

function isUndrained(view: View, fault: DeviceFault, error: number): boolean {
  const { unbound_ts: unbound, start_ts: start } = fault;
  return unbound !== null && start > unbound + error + view.limit(DRAIN);
}

function confidenceOf({ late }: LateFaults): Confidence {
  return late.some((fault) => fault.lossy === 1) ? 'suspect' : 'likely';
}
