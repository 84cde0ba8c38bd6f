import { describe, expect, it } from 'vitest';
import { record, records } from '../../../test/log-records.ts';

describe('VT-d', () => {
  it.each([
    [
      'DMAR: [DMA Read] Request device [03:00.0] fault addr fe8a3000 [fault reason 06] PTE Read access is not set',
      { access: 'read', address: 0xfe8a3000, reason: 6, meaning: 'PTE Read access is not set' },
    ],
    [
      'DMAR: [DMA Write] Request device [03:00.0] PASID ffffffff fault addr 1f000 [fault reason 12] non-zero reserved fields in PTE',
      { access: 'write', address: 0x1f000, reason: 12 },
    ],
    [
      'DMAR: [DMA Read] Request device [03:00.0] PASID 1a fault addr 7e11c968d000 [fault reason 113] SM: Present bit in first-level paging entry is clear',
      { pasid: 0x1a, address: 0x7e11c968d000, reason: 0x71 },
    ],
    [
      'DMAR: [DMA Read NO_PASID] Request device [0x03:0x00.0] fault addr 0xfe8a3000 [fault reason 0x06] PTE Read access is not set',
      { reason: 6, address: 0xfe8a3000 },
    ],
    [
      'DMAR: [DMA Write NO_PASID] Request device [03:00.0] fault addr 0xfe8a3000 [fault reason 0x05] PTE Write access is not set',
      { access: 'write', reason: 5 },
    ],
    [
      'DMAR: [DMA Read PASID 0x2c] Request device [03:00.0] fault addr 0x7e11c968d000 [fault reason 0x59] SM: Present bit in PASID Table Entry is clear',
      { pasid: 0x2c, reason: 0x59, meaning: 'SM: Present bit in PASID Table Entry is clear' },
    ],
  ])('%s', (line, expected) => {
    expect(record(line)).toMatchObject({
      source: 'vt-d',
      class: 'iommu-fault',
      device: '0000:03:00.0',
      ...expected,
    });
  });

  it('of 3.8 gives the reason on the next line', () => {
    expect(
      record(
        'dmar: DMAR:[DMA Read] Request device [00:02.0] fault addr 3d1000 ',
        'DMAR:[fault reason 12] non-zero reserved fields in PTE',
      ),
    ).toMatchObject({ address: 0x3d1000, reason: 12, events: [1, 2] });
  });

  it('explains a reason that is not printed in words', () => {
    const line =
      'DMAR: [DMA Read PASID 0x2] Request device [03:00.0] fault addr 0x1000 [fault reason 0x5a] ';
    expect(record(line).meaning).toContain('PASID table entry');
  });

  it('a fault status register and a table dump are no faults', () => {
    expect(
      records(
        'DMAR: DRHD: handling fault status reg 3',
        'DMAR: Dump dmar1 table entries for IOVA 0x1000',
        'DMAR: root entry: 0x0000000103ec7001',
      ),
    ).toEqual([]);
  });

  it.each([
    ['Unexpected page request in Privilege Mode', '5.13 to 5.17'],
    ['Page request in Privilege Mode', '5.18 and later'],
    ['Page request without PASID', '5.18 and later'],
    ['Address is not canonical', '5.18 and later'],
  ])('%s (%s)', (meaning) => {
    expect(
      record(
        `DMAR: IOMMU: dmar4: ${meaning}`,
        'DMAR: dmar4: Invalid page request: 2a00030101 7e11c968d003',
      ),
    ).toMatchObject({
      class: 'page-request-error',
      engine: 'dmar4',
      meaning,
      device: '0000:00:00.3',
      pasid: 0x2a,
      address: 0x7e11c968d000,
      events: [1, 2],
    });
  });

  it('up to 5.13 says it in one line', () => {
    expect(
      record('DMAR: dmar4: Page request for invalid PASID 42: 0000002a03000101 00007e11c968d003'),
    ).toMatchObject({ pasid: 42, device: '0000:03:00.0', address: 0x7e11c968d000 });
  });

  it.each([
    ['DMAR: IOMMU: dmar4: PRQ overflow detected', 'page-request-error'],
    ['DMAR: VT-d detected Invalidation Time-out Error: SID 300', 'iommu-invalidation-failed'],
  ])('%s', (line, expected) => {
    expect(record(line).class).toBe(expected);
  });
});

describe('AMD-Vi', () => {
  const values = {
    source: 'amd-vi',
    class: 'iommu-fault',
    device: '0000:05:00.0',
    address: 0x1a2b3c000,
    access: 'write',
  };
  it.each([
    [
      'AMD-Vi: Event logged [IO_PAGE_FAULT device=05:00.0 domain=0x000c address=0x1a2b3c000 flags=0x0020]',
    ],
    [
      'amdgpu 0000:05:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000c address=0x1a2b3c000 flags=0x0020]',
    ],
    [
      'amdgpu 0000:05:00.0: Event logged [IO_PAGE_FAULT domain=0x000c address=0x1a2b3c000 flags=0x0020]',
    ],
    [
      'iommu ivhd0: AMD-Vi: Event logged [IO_PAGE_FAULT device=0000:05:00.0 domain=0x000c address=0x1a2b3c000 flags=0x0020]',
    ],
  ])('%s', (line) => {
    expect(record(line)).toMatchObject(values);
  });

  it('of 4.9 to 4.14 in two lines', () => {
    expect(
      record(
        'AMD-Vi: Event logged [',
        'IO_PAGE_FAULT device=05:00.0 domain=0x000c address=0x00000001a2b3c000 flags=0x0020]',
      ),
    ).toMatchObject({ ...values, events: [1, 2], bodyMissing: false });
  });

  it.each([
    [
      'iommu ivhd1: AMD-Vi: Event logged [INVALID_DEVICE_REQUEST device=0000:05:00.0 pasid=0x00000 address=0xfffffffdf8000000 flags=0x0a00]',
      { class: 'iommu-fault', device: '0000:05:00.0', address: 0xfffffffdf8000000n },
    ],
    [
      'AMD-Vi: Event logged [INVALID_PPR_REQUEST device=0000:05:00.0 pasid=0x0002a address=0x7e11c968d000 flags=0x0000 tag=0x003]',
      { class: 'page-request-error', pasid: 0x2a, address: 0x7e11c968d000 },
    ],
    [
      'AMD-Vi: Event logged [ILLEGAL_DEV_TABLE_ENTRY device=0000:05:00.0 pasid=0x00000 address=0x1000 flags=0x0000]',
      { class: 'iommu-fault', meaning: 'ILLEGAL_DEV_TABLE_ENTRY' },
    ],
    [
      'AMD-Vi: Event logged [IOTLB_INV_TIMEOUT device=0000:05:00.0 address=0x1000]',
      { class: 'iommu-invalidation-failed', device: '0000:05:00.0' },
    ],
    ['AMD-Vi: Command buffer timeout', { class: 'iommu-invalidation-failed' }],
    ['AMD-Vi: Completion-Wait loop timed out', { class: 'iommu-invalidation-failed' }],
  ])('%s', (line, expected) => {
    expect(record(line)).toMatchObject(expected);
    expect(record(line).pasid ?? 'none').not.toBe(0);
  });
});

describe('arm-smmu', () => {
  it('a context fault', () => {
    expect(
      record(
        'arm-smmu 5040000.iommu: Unhandled context fault: fsr=0x402, iova=0x7c0045000, fsynr=0x10011, cbfrsynra=0x400, cb=3',
      ),
    ).toMatchObject({
      class: 'iommu-fault',
      device: '5040000.iommu',
      address: 0x7c0045000,
      access: 'write',
      meaning: 'translation',
    });
  });

  it('an event of SMMUv3 comes as four double words', () => {
    expect(
      record(
        'arm-smmu-v3 arm-smmu-v3.4.auto: event 0x10 received:',
        'arm-smmu-v3 arm-smmu-v3.4.auto: \t0x0000030000005810',
        'arm-smmu-v3 arm-smmu-v3.4.auto: \t0x0000020800000000',
        'arm-smmu-v3 arm-smmu-v3.4.auto: \t0x00007e11c968d000',
        'arm-smmu-v3 arm-smmu-v3.4.auto: \t0x0000000000000000',
      ),
    ).toMatchObject({
      class: 'iommu-fault',
      device: 'arm-smmu-v3.4.auto',
      meaning: 'F_TRANSLATION',
      pasid: 5,
      access: 'read',
      address: 0x7e11c968d000,
    });
  });

  it('an event the driver decodes', () => {
    expect(
      record(
        'arm-smmu-v3 arm-smmu-v3.4.auto: event: F_TRANSLATION client: 0000:21:00.0 sid: 0x2100 ssid: 0x5 iova: 0x7e11c968d000 ipa: 0x0',
      ),
    ).toMatchObject({ device: '0000:21:00.0', pasid: 5, address: 0x7e11c968d000 });
  });
});
