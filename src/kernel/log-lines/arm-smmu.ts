/** drivers/iommu/arm: arm-smmu/arm-smmu.c, arm-smmu-v3/arm-smmu-v3.c. */
import type { LogParts } from './log-record.ts';
import type { Groups, LogSource } from './shape.ts';

/** FSYNR0.WnR and FSR of the SMMUv2 architecture. */
const WRITE_NOT_READ = 0x10;
const FSR: readonly (readonly [bit: number, meaning: string])[] = [
  [0x02, 'translation'],
  [0x04, 'access flag'],
  [0x08, 'permission'],
];

/** Events of the SMMUv3 architecture, 7.3. */
const EVENTS: Readonly<Record<number, string>> = {
  16: 'F_TRANSLATION',
  17: 'F_ADDR_SIZE',
  18: 'F_ACCESS',
  19: 'F_PERMISSION',
};
const EVENT_DWORDS = 4;

export const armSmmu: LogSource = {
  name: 'arm-smmu',
  concerns: ({ driver }) => driver?.startsWith('arm-smmu') === true,
  heads: [
    {
      class: 'iommu-fault',
      line: /^Unhandled context fault: fsr=(?<statusHex>0x[\da-f]+), iova=(?<address>0x[\da-f]+), fsynr=0x(?<fsynr>[\da-f]+)/i,
      refine: contextFault,
    },
    {
      class: 'iommu-fault',
      line: /^event (?<reason>0x[\da-f]+) received:/i,
      body: 'needed',
      refine: (parts) => {
        const meaning = EVENTS[parts.reason ?? 0];
        if (meaning) parts.meaning = meaning;
      },
    },
    {
      // decoded by the driver since 6.14
      class: 'iommu-fault',
      line: /^event: (?<meaning>[FC]_\w+) client: (?<device>\S+) sid: 0x[\da-f]+(?: ssid: (?<pasidHex>0x[\da-f]+))? iova: (?<address>0x[\da-f]+)/i,
    },
  ],
  parts: [
    {
      of: ['iommu-fault'],
      line: /^(?<place>0x[\da-f]{16})$/i,
      refine: eventDwords,
    },
  ],
};

function contextFault(parts: LogParts, groups: Groups): void {
  const fsynr = Number.parseInt(groups.fsynr ?? '0', 16);
  parts.access = (fsynr & WRITE_NOT_READ) === 0 ? 'read' : 'write';
  const known = FSR.find(([bit]) => ((parts.status ?? 0) & bit) !== 0);
  if (known) parts.meaning = known[1];
}

/** Four double words: 0 = id, SSID valid (11) and SSID (12-31); 1 = RnW (35); 2 = the address. */
function eventDwords(parts: LogParts, groups: Groups): void {
  const dword = BigInt(groups.place ?? '0');
  parts.dwords = [...(parts.dwords ?? []), dword];
  delete parts.places;
  if (parts.dwords.length < EVENT_DWORDS) return;
  const [first = 0n, second = 0n, third = 0n] = parts.dwords;
  if (((first >> 11n) & 1n) === 1n) parts.pasid = Number((first >> 12n) & 0xfffffn);
  parts.access = ((second >> 35n) & 1n) === 1n ? 'read' : 'write';
  parts.address = third <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(third) : third;
}
