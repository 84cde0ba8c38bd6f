/** drivers/iommu/intel: dmar.c (dmar_fault_do_one, qi_check_fault), prq.c (svm.c before 6.13). */
import { pciAddress } from './line.ts';
import type { LogParts } from './log-record.ts';
import type { Groups, LogSource } from './shape.ts';

const WHERE = 'Request device \\[(?<device>(?:0x)?[\\da-f]{2}:(?:0x)?[\\da-f]{2}\\.[0-7])\\]';
const ADDRESS = 'fault addr (?<address>(?:0x)?[\\da-f]+)';
const REASON = '\\[fault reason (?<reason>0x[\\da-f]+|\\d+)\\] ?(?<meaning>.{0,120})';

/** Classes of reasons (VT-d specification, 7.1.3): what the texts of the kernel have in common. */
const REASONS: readonly (readonly [from: number, to: number, meaning: string])[] = [
  [0x05, 0x05, 'no write permission in the page table'],
  [0x06, 0x06, 'no read permission in the page table'],
  [0x0c, 0x0c, 'reserved bits set in a page-table entry'],
  [0x50, 0x52, 'PASID directory entry not present or wrong'],
  [0x58, 0x5d, 'PASID table entry not present or wrong'],
  [0x70, 0x77, 'first-level page table: no entry, or a wrong one'],
  [0x78, 0x7c, 'second-level page table: no entry, or a wrong one'],
  [0x80, 0x87, 'access not allowed'],
];

export const vtD: LogSource = {
  name: 'vt-d',
  concerns: ({ body }) => /^(?:DMAR|dmar)/.test(body),
  trim: /^(?:dmar: )?DMAR: ?/,
  heads: [
    {
      // 5.14 and later; 5.13 has 0x in front of bus and device
      class: 'iommu-fault',
      line: new RegExp(
        `^\\[DMA (?<access>Read|Write) (?:NO_PASID|PASID (?<pasidHex>0x[\\da-f]+))\\] ${WHERE} ${ADDRESS} ${REASON}`,
        'i',
      ),
      refine: explain,
    },
    {
      class: 'iommu-fault',
      line: new RegExp(
        `^\\[DMA (?<access>Read|Write)\\] ${WHERE}(?: PASID (?<pasidHex>[\\da-f]+))? ${ADDRESS} ${REASON}`,
        'i',
      ),
      refine: explain,
    },
    {
      // the reason is on a line of its own (3.x)
      class: 'iommu-fault',
      line: new RegExp(`^\\[DMA (?<access>Read|Write)\\] ${WHERE} ${ADDRESS}$`, 'i'),
      body: 'optional',
    },
    {
      class: 'page-request-error',
      line: /^(?:IOMMU: )?(?<engine>dmar\d+): (?<meaning>(?:Unexpected page request|Page request) in Privilege Mode|Page request without PASID|Address is not canonical|Execution request not supported)/i,
      body: 'optional',
    },
    {
      class: 'page-request-error',
      line: /^(?:IOMMU: )?(?<engine>dmar\d+): (?<meaning>Page request for invalid PASID) (?<pasid>\d+): (?<dw0>[\da-f]+) (?<dw1>[\da-f]+)/i,
      refine: request,
    },
    {
      class: 'page-request-error',
      line: /^(?:IOMMU: )?(?<engine>dmar\d+): (?<meaning>PRQ overflow (?:detected|cleared))/i,
    },
    {
      class: 'iommu-invalidation-failed',
      line: /^VT-d detected (?<meaning>Invalidation (?:Time-?out|Completion|Queue) Error)(?:: (?:SID|Reason|Detected) ?(?<sid>[\da-f]+))?/i,
    },
  ],
  parts: [
    { of: ['iommu-fault'], line: new RegExp(`^${REASON}`), last: ['iommu-fault'], refine: explain },
    {
      of: ['page-request-error'],
      line: /^(?:IOMMU: )?(?<engine>dmar\d+): Invalid page request: (?<dw0>[\da-f]+) (?<dw1>[\da-f]+)/i,
      last: ['page-request-error'],
      leads: 'page-request-error',
      refine: request,
    },
  ],
};

function explain(parts: LogParts): void {
  const { reason } = parts;
  if (reason === undefined || (parts.meaning ?? '').trim() !== '') return;
  const known = REASONS.find(([from, to]) => reason >= from && reason <= to);
  if (known) parts.meaning = known[2];
}

const PASID_PRESENT = 1n << 8n;

/** struct page_req_dsc, drivers/iommu/intel/iommu.h: who asked, for which PASID and page. */
function request(parts: LogParts, groups: Groups): void {
  const dw0 = BigInt(`0x${groups.dw0 ?? '0'}`);
  const dw1 = BigInt.asUintN(64, BigInt(`0x${groups.dw1 ?? '0'}`));
  const rid = Number((dw0 >> 16n) & 0xffffn);
  const hex = (value: number): string => value.toString(16).padStart(2, '0');
  parts.device = pciAddress(`${hex(rid >> 8)}:${hex((rid >> 3) & 0x1f)}.${rid & 7}`);
  if ((dw0 & PASID_PRESENT) !== 0n) parts.pasid = Number((dw0 >> 32n) & 0xfffffn);
  const address = (dw1 >> 12n) << 12n;
  parts.address = address <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(address) : address;
}
