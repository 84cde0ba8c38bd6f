import type { Fields } from '../parsers/parser.ts';
import { small, string, word } from './arguments.ts';
import { IOMMU_PASIDS, type Moment, type Occurrence, type Word } from './occurrence.ts';
import { type Rule, rule, type Subsystem, sparseRule } from './subsystem.ts';

const PAGE_SHIFT = 12n;

/** include/trace/events/intel_iommu.h, drivers/iommu/intel/trace.h: Intel VT-d. */
export const intelIommu: Subsystem = {
  name: 'intel-iommu',
  events: {
    'intel_iommu:prq_report': rule('iommu.fault', pageRequest),
    'intel_iommu:qi_submit': sparseRule(['page.response', 'tlb.flush'], queuedInvalidation),
    'intel_iommu:cache_tag_assign': rule('pasid.allocated', pasidBinding('pasid.allocated')),
    'intel_iommu:cache_tag_unassign': rule('pasid.freed', pasidBinding('pasid.freed')),
    'intel_iommu:cache_tag_flush_range': cacheFlush(),
    'intel_iommu:cache_tag_flush_all': cacheFlush(),
  },
};

/** enum cache_tag_type: the tag of the IOMMU's own cache names the IOMMU, of the device's the device. */
const DEVICE_TAGS: readonly (number | string)[] = [
  1,
  3,
  'devtlb',
  'nesting_devtlb',
  // trace-cmd knows no names for them
  '0x1',
  '0x3',
];

/**
 * drivers/iommu/intel/cache.c, cache_tag_assign: a domain is attached for a PASID. With
 * iommu_sva_bind_device the process whose mm it is calls it itself. PASID 0 is the device's own DMA.
 * A tag is told of with its users, when unassigned before one is taken off: the last one is 1.
 */
function pasidBinding(kind: 'pasid.allocated' | 'pasid.freed') {
  return (fields: Fields, moment: Moment): Occurrence | undefined => {
    const pasid = small(fields.pasid) ?? 0;
    if (pasid === 0) return undefined;
    if (kind === 'pasid.freed' && (small(fields.users) ?? 1) > 1) return undefined;
    const isDevice = DEVICE_TAGS.includes(tagType(fields));
    const dev = isDevice ? string(fields.dev) : undefined;
    return { kind, driver: IOMMU_PASIDS, pasid, dev, ...moment };
  };
}

function tagType(fields: Fields): number | string {
  return small(fields.type) ?? string(fields.type) ?? '';
}

/** A range of an address space with a PASID; without one it is the DMA API's business. */
function cacheFlush(): Rule {
  return sparseRule('tlb.flush', (fields, moment) => {
    const pasid = small(fields.pasid) ?? 0;
    if (pasid === 0) return undefined;
    const isDevice = DEVICE_TAGS.includes(tagType(fields));
    return {
      kind: 'tlb.flush',
      source: isDevice ? 'iommu device TLB' : 'iommu TLB',
      dev: string(fields.dev),
      pasid,
      pages: pagesOf(fields),
      ...moment,
    };
  });
}

/** `pages` is the size of the aligned range (up to 6.1x), `mask` its binary logarithm. */
function pagesOf(fields: Fields): number | undefined {
  const start = word(fields.start);
  const end = word(fields.end);
  if (start === undefined || end === undefined) return undefined;
  const pages = (BigInt.asUintN(64, BigInt(end)) - BigInt.asUintN(64, BigInt(start))) >> PAGE_SHIFT;
  return pages < 0n || pages > 1n << 40n ? undefined : Number(pages) + 1;
}

const DW0 = { pasidPresent: 1n << 8n, rid: 16n, pasid: 32n } as const;
const DW1 = { write: 1n << 1n, last: 1n << 2n, group: 3n } as const;
const PASID_MASK = 0xfffffn;
const RID_MASK = 0xffffn;
const GROUP_MASK = 0x1ffn;

/**
 * struct page_req_dsc, drivers/iommu/intel/prq.c: dw0 bit 8 pasid_present, bits 16-31 the requester,
 * bits 32-51 the pasid; dw1 bit 1 write, bit 2 last of the group, bits 3-11 the group, bits 12-63 the
 * page. The request is handed on before the event fires: its answer may come first.
 */
function pageRequest(fields: Fields, moment: Moment): Occurrence {
  const words = fields.dw0 === undefined ? decoded(fields) : undefined;
  const dw0 = BigInt.asUintN(64, BigInt(word(fields.dw0) ?? 0));
  const dw1 = BigInt.asUintN(64, BigInt(word(fields.dw1) ?? 0));
  return {
    kind: 'iommu.fault',
    device: string(fields.dev) ?? '',
    pasid: words
      ? words.pasid
      : (dw0 & DW0.pasidPresent) === 0n
        ? undefined
        : Number((dw0 >> DW0.pasid) & PASID_MASK),
    address: words ? words.address : (dw1 >> PAGE_SHIFT) << PAGE_SHIFT,
    source: 'intel_iommu:prq_report',
    request: {
      iommu: string(fields.iommu) ?? '',
      rid: words ? words.rid : Number((dw0 >> DW0.rid) & RID_MASK),
      group: words ? words.group : Number((dw1 >> DW1.group) & GROUP_MASK),
      seq: small(fields.seq),
      last: words ? words.access.includes('l') : (dw1 & DW1.last) !== 0n,
      write: words ? words.access.includes('w') : (dw1 & DW1.write) !== 0n,
    },
    ...moment,
  };
}

/** The text the kernel makes of a descriptor (decode_prq_descriptor), `addr` being a page number. */
function decoded(fields: Fields): {
  readonly pasid: number | undefined;
  readonly address: Word | undefined;
  readonly rid: number | undefined;
  readonly group: number | undefined;
  readonly access: string;
} {
  const page = word(fields.addr);
  return {
    pasid: small(fields.pasid),
    address: page === undefined ? undefined : BigInt(page) << PAGE_SHIFT,
    rid: small(fields.rid),
    group: small(fields.index),
    access: string(fields.access) ?? '',
  };
}

/** Low four bits of qw0 (drivers/iommu/intel/iommu.h QI_*_TYPE). */
const RESPONSE_TYPE = 9;
const PASID_FLUSHES: Readonly<Record<number, string>> = {
  6: 'iommu TLB queue',
  8: 'iommu device TLB queue',
};

/**
 * Of what is queued to an IOMMU only two things tell of SVM: the answer to page requests, and
 * invalidations for a PASID. A page group response has in qw0 bit 4 pasid_present, bits 12-15 the
 * code, bits 16-31 the requester, bits 32-51 the pasid; in qw1 bits 3-11 the group.
 */
function queuedInvalidation(fields: Fields, moment: Moment): Occurrence | undefined {
  const low = word(fields.qw0);
  if (low === undefined) return undefined;
  const type = Number(typeof low === 'bigint' ? low & 0xfn : low % 16);
  const flush = PASID_FLUSHES[type];
  if (flush !== undefined) {
    return {
      kind: 'tlb.flush',
      source: flush,
      dev: string(fields.iommu),
      pasid: undefined,
      pages: undefined,
      ...moment,
    };
  }
  return type === RESPONSE_TYPE ? pageResponse(BigInt(low), fields, moment) : undefined;
}

function pageResponse(signed: bigint, fields: Fields, moment: Moment): Occurrence {
  const qw0 = BigInt.asUintN(64, signed);
  const qw1 = BigInt.asUintN(64, BigInt(word(fields.qw1) ?? 0));
  return {
    kind: 'page.response',
    iommu: string(fields.iommu) ?? '',
    rid: Number((qw0 >> 16n) & RID_MASK),
    pasid: (qw0 & (1n << 4n)) === 0n ? undefined : Number((qw0 >> 32n) & PASID_MASK),
    group: Number((qw1 >> 3n) & GROUP_MASK),
    code: Number((qw0 >> 12n) & 0xfn),
    ...moment,
  };
}
