import type { Fields } from '../parsers/parser.ts';
import { small, string, word } from './arguments.ts';
import { IOMMU_PASIDS, type Moment, type Occurrence } from './occurrence.ts';
import { rule, type Subsystem } from './subsystem.ts';

const PAGE_SHIFT = 12n;
const PASID_PRESENT = 1n << 8n;

/** include/trace/events/iommu.h and intel_iommu.h. */
export const iommu: Subsystem = {
  name: 'iommu',
  events: {
    // Only from report_iommu_fault(): AMD and ARM; VT-d never fires it.
    'iommu:io_page_fault': rule('iommu.fault', (fields, moment) => ({
      kind: 'iommu.fault',
      device: string(fields.device) ?? '',
      pasid: undefined,
      address: word(fields.iova),
      source: 'iommu:io_page_fault',
      ...moment,
    })),
    'intel_iommu:prq_report': rule('iommu.fault', pageRequest),
    'intel_iommu:cache_tag_assign': rule('pasid.allocated', pasidBinding),
  },
};

/**
 * drivers/iommu/intel/cache.c, cache_tag_assign: a domain is attached for a PASID. With
 * iommu_sva_bind_device the process whose mm it is calls it itself. PASID 0 is the device's own DMA.
 */
function pasidBinding(fields: Fields, moment: Moment): Occurrence | undefined {
  const pasid = small(fields.pasid) ?? 0;
  return pasid === 0
    ? undefined
    : { kind: 'pasid.allocated', driver: IOMMU_PASIDS, pasid, ...moment };
}

/**
 * struct page_req_dsc, drivers/iommu/intel/iommu.h: dw0 bit 8 pasid_present, bits 32-51 pasid;
 * dw1 bits 12-63 the page.
 */
function pageRequest(fields: Fields, moment: Moment): Occurrence {
  const dw0 = BigInt(word(fields.dw0) ?? 0);
  const dw1 = BigInt.asUintN(64, BigInt(word(fields.dw1) ?? 0));
  return {
    kind: 'iommu.fault',
    device: string(fields.dev) ?? '',
    pasid: (dw0 & PASID_PRESENT) === 0n ? undefined : Number((dw0 >> 32n) & 0xfffffn),
    address: (dw1 >> PAGE_SHIFT) << PAGE_SHIFT,
    source: 'intel_iommu:prq_report',
    ...moment,
  };
}
