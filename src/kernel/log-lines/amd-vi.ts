/** drivers/iommu/amd/iommu.c: iommu_print_event, amd_iommu_report_page_fault and their like. */
import type { LogParts } from './log-record.ts';
import type { LogSource } from './shape.ts';

const DEVICE = '(?:device=(?<device>[\\da-f:.]+) )?';
const PASID = '(?:pasid=(?<pasidHex>0x[\\da-f]+) )?';
const FAULT = `(?<meaning>IO_PAGE_FAULT|INVALID_DEVICE_REQUEST|ILLEGAL_DEV_TABLE_ENTRY|DEV_TAB_HARDWARE_ERROR|PAGE_TAB_HARDWARE_ERROR) ${DEVICE}${PASID}(?:domain=0x[\\da-f]+ )?address=(?<address>0x[\\da-f]+)(?: flags=(?<statusHex>0x[\\da-f]+))?`;

/** Event flags (AMD I/O Virtualization Technology specification, IO_PAGE_FAULT): PR and RW. */
const PRESENT = 0x10;
const WRITE = 0x20;

export const amdVi: LogSource = {
  name: 'amd-vi',
  concerns: ({ body }) =>
    /^(?:AMD-Vi: |Event logged \[|IO_PAGE_FAULT |INVALID_\w+_REQUEST )/.test(body),
  trim: /^AMD-Vi: /,
  heads: [
    { class: 'iommu-fault', line: new RegExp(`^Event logged \\[${FAULT}`, 'i'), refine: flags },
    {
      class: 'page-request-error',
      line: new RegExp(
        `^Event logged \\[(?<meaning>INVALID_PPR_REQUEST) ${DEVICE}${PASID}address=(?<address>0x[\\da-f]+)`,
        'i',
      ),
      refine: noPasid,
    },
    {
      class: 'iommu-invalidation-failed',
      line: new RegExp(
        `^(?:Event logged \\[)?(?<meaning>IOTLB_INV_TIMEOUT|COMMAND_HARDWARE_ERROR) ${DEVICE}(?:address=(?<address>0x[\\da-f]+))?`,
        'i',
      ),
    },
    {
      class: 'iommu-invalidation-failed',
      line: /^(?<meaning>Command buffer timeout|Completion-Wait loop timed out)/,
    },
    // the event itself is on the next line (4.9 to 4.14)
    { class: 'iommu-fault', line: /^Event logged \[$/, body: 'needed' },
  ],
  parts: [
    {
      of: ['iommu-fault'],
      line: new RegExp(`^${FAULT}`, 'i'),
      last: ['iommu-fault'],
      leads: 'iommu-fault',
      refine: flags,
    },
  ],
};

function flags(parts: LogParts): void {
  noPasid(parts);
  if (parts.status === undefined || parts.meaning !== 'IO_PAGE_FAULT') return;
  parts.access = (parts.status & WRITE) === 0 ? 'read' : 'write';
  parts.meaning = `IO_PAGE_FAULT, ${(parts.status & PRESENT) === 0 ? 'page not present' : 'no permission'}`;
}

/** Requests without a PASID are printed with 0. */
function noPasid(parts: LogParts): void {
  if (parts.pasid === 0) delete parts.pasid;
}
