/**
 * Page requests or faults an IOMMU reports for a PASID whose address space has died
 * (drivers/iommu/intel/prq.c; exit_mmap comes before exit_files in kernel/exit.c).
 */
import type { Detector } from '../detector.ts';
import type { Confidence, Severity } from '../finding.ts';
import { type LateFaults, lateFaultFindings } from './shared/late-faults.ts';
import { addressSpaceEnds, pageResponses, pasidOwners, toldIommuFaults } from './shared/needs.ts';
import { reusedIommuPasids } from './shared/pasid-reuse.ts';

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
    traps: [
      'The hardware suppresses faults of a dying PASID (fault processing disable): silence proves nothing.',
      'Requests without a PASID belong to the DMA API and are another matter.',
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
    yield* lateFaultFindings(view, ['iommu', 'iommu-log'], (faults) => {
      if (faults.first.pasid === null || faults.first.process_id === null) return undefined;
      return {
        severity: severityOf(faults),
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
function severityOf({ first, late, error, reset }: LateFaults): Severity {
  if (reset) return 'info';
  const ends = [first.files_closed_ts, first.unbound_ts].filter((ts) => ts !== null);
  const last = late.at(-1) ?? first;
  return ends.some((end) => last.start_ts > end + error) ? 'error' : 'warn';
}

function confidenceOf({ late }: LateFaults): Confidence {
  return late.some((fault) => fault.lossy === 1) ? 'suspect' : 'likely';
}
