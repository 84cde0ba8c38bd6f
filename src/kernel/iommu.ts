import type { Fields } from '../parsers/parser.ts';
import { argument, small, smallArgument, string, word } from './arguments.ts';
import type { Moment, Occurrence } from './occurrence.ts';
import { type Rule, rule, type Subsystem } from './subsystem.ts';

/**
 * include/trace/events/iommu.h, and what all IOMMU drivers call: drivers/iommu/io-pgfault.c, whose
 * functions by probe show the page requests of AMD and ARM, which have no events. The faults
 * of AMD-Vi that are not page requests are lines of the kernel log.
 */
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
    'iommu:map': mapping('iommu.map', 'iova'),
    'iommu:unmap': mapping('iommu.unmap', 'iova'),
    // include/trace/events/dma.h, 6.12 and later: a bus address with its device; `phys` since 6.18
    'dma:dma_map_page': mapping('iommu.map', 'dma_addr'),
    'dma:dma_map_phys': mapping('iommu.map', 'dma_addr'),
    'dma:dma_map_resource': mapping('iommu.map', 'dma_addr'),
    'dma:dma_unmap_page': mapping('iommu.unmap', 'addr'),
    'dma:dma_unmap_phys': mapping('iommu.unmap', 'addr'),
    'dma:dma_unmap_resource': mapping('iommu.unmap', 'addr'),
  },
  probes: {
    iommu_report_device_fault: { enter: rule('iommu.fault', deviceFault) },
    // (dev, event, msg) up to 6.9, then (group, status)
    iommu_page_response: { enter: rule('page.response', pageResponse) },
    iopf_group_response: { enter: rule('page.response', pageResponse) },
  },
};

/** Every transfer of every device may be mapped: the rows of what was mapped show nothing later. */
function mapping(kind: 'iommu.map' | 'iommu.unmap', address: string): Rule {
  return rule(kind, (fields, moment, recorded) => {
    const start = word(fields[address]);
    const bytes = word(fields.size);
    if (kind === 'iommu.map') recorded.dropRow();
    if (start === undefined || bytes === undefined) return undefined;
    return { kind, dev: string(fields.device), start, bytes, ...moment };
  });
}

/** IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE, include/linux/iommu.h. */
const LAST_PAGE = 1 << 1;
/** IOMMU_FAULT_PERM_WRITE. */
const WRITE = 1 << 1;

/** struct iommu_fault_page_request inside the event: what of it is known is up to the probe. */
function deviceFault(fields: Fields, moment: Moment): Occurrence | undefined {
  const pasid = smallArgument(fields, 'pasid');
  if (pasid === undefined) return undefined;
  const flags = small(fields.flags);
  const perm = small(fields.perm);
  return {
    kind: 'iommu.fault',
    device: '',
    pasid,
    address: argument(fields, 'address'),
    source: 'iommu_report_device_fault',
    request: {
      iommu: '',
      rid: undefined,
      group: small(fields.grpid),
      seq: undefined,
      // nothing can be called unanswered where the flags are not known
      last: flags !== undefined && (flags & LAST_PAGE) !== 0,
      write: perm === undefined ? undefined : (perm & WRITE) !== 0,
    },
    ...moment,
  };
}

function pageResponse(fields: Fields, moment: Moment): Occurrence | undefined {
  const pasid = smallArgument(fields, 'pasid');
  const group = small(fields.grpid);
  if (pasid === undefined || group === undefined) return undefined;
  return {
    kind: 'page.response',
    iommu: '',
    rid: undefined,
    pasid,
    group,
    code: small(fields.code ?? fields.status),
    ...moment,
  };
}
