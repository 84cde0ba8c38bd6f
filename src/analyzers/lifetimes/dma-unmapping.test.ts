import { describe, expect, it } from 'vitest';
import { record } from '../../../test/log-records.ts';
import { live } from '../../../test/run-lifetimes.ts';

const map = (start: number, bytes: number, dev?: string) =>
  ({ kind: 'iommu.map', dev, start, bytes }) as const;
const unmap = (start: number, bytes: number, dev?: string) =>
  ({ kind: 'iommu.unmap', dev, start, bytes }) as const;
const fault = (address: number, device = '0000:03:00.0', more: object = {}) =>
  ({
    kind: 'iommu.fault',
    device,
    pasid: undefined,
    address,
    source: 'iommu:io_page_fault',
    ...more,
  }) as const;

describe('bus addresses a device asks for after they were unmapped', () => {
  it('are kept with who unmapped them, and when they had been mapped', () => {
    const lived = live([
      [0, 10, map(0x10000, 0x2000)],
      [5, 11, unmap(0x10000, 0x2000)],
      [9, 0, fault(0x11000)],
      [10, 0, fault(0x10000)],
    ]);
    expect(lived.row('dma_unmapping')).toMatchObject({
      source: 'iommu',
      range_start: 0x10000,
      range_end: 0x12000,
      tid: 11,
      ambiguous: 0,
      faults: 2,
      fault_dev: '0000:03:00.0',
      fault_address: 0x11000,
      first_fault_ts: 9e6,
      last_fault_ts: 10e6,
      start_ts: 0,
      end_ts: 5e6,
      lossy: 0,
    });
  });

  it.each<[string, readonly unknown[]]>([
    ['nobody asked for them', []],
    ['they were mapped again', [map(0x10000, 0x1000), fault(0x10000)]],
    ['the fault is beside them', [fault(0x12000)]],
    ['the request has a PASID', [fault(0x10000, '0000:03:00.0', { pasid: 7 })]],
    ['it is a page request', [fault(0x10000, '0000:03:00.0', { request: { iommu: '' } })]],
  ])('are not kept when %s', (_, after) => {
    const lived = live([
      [0, 10, map(0x10000, 0x2000)],
      [5, 10, unmap(0x10000, 0x2000)],
      ...after.map((data, n) => [6 + n, 0, data] as never),
    ]);
    expect(lived.rows('dma_unmapping')).toEqual([]);
  });

  it('may have been mapped in many pieces, and be a part of a mapping', () => {
    const pieces = live([
      [0, 10, map(0x10000, 0x1000)],
      [1, 10, map(0x11000, 0x1000)],
      [5, 10, unmap(0x10000, 0x2000)],
      [9, 0, fault(0x11800)],
    ]);
    expect(pieces.row('dma_unmapping')).toMatchObject({ start_ts: 0, faults: 1 });
    const part = live([
      [0, 10, map(0x10000, 0x4000)],
      [5, 10, unmap(0x11000, 0x1000)],
      [9, 0, fault(0x10800)],
      [9, 0, fault(0x12800)],
      [9, 0, fault(0x11800)],
    ]);
    expect(part.row('dma_unmapping')).toMatchObject({ range_start: 0x11000, faults: 1 });
  });

  it('were mapped before the capture where only their unmapping is in it', () => {
    const lived = live([
      [5, 10, unmap(0x10000, 0x1000)],
      [9, 0, fault(0x10000)],
    ]);
    expect(lived.row('dma_unmapping')).toMatchObject({ end_ts: 5e6 });
    expect(lived.row('dma_unmapping')).not.toHaveProperty('start_ts');
  });

  it('may be of another domain where one address was mapped twice at a time', () => {
    const lived = live([
      [0, 10, map(0x10000, 0x1000)],
      [1, 11, map(0x10000, 0x1000)],
      [5, 10, unmap(0x10000, 0x1000)],
      [6, 11, unmap(0x10000, 0x1000)],
      [9, 0, fault(0x10000)],
    ]);
    expect(lived.row('dma_unmapping')).toMatchObject({ ambiguous: 1 });
  });

  it('are of the device the DMA API names, and of no other', () => {
    const own = '0000:03:00.0';
    const lived = live([
      [0, 10, map(0x10000, 0x1000, own)],
      [1, 11, map(0x10000, 0x1000, '0000:04:00.0')],
      [5, 10, unmap(0x10000, 0x1000, own)],
      [9, 0, fault(0x10000, '0000:04:00.0')],
      [9, 0, fault(0x10000, '03:00.0')],
    ]);
    expect(lived.row('dma_unmapping')).toMatchObject({
      source: 'dma',
      dev: own,
      ambiguous: 0,
      faults: 1,
      fault_dev: '03:00.0',
    });
  });

  it('are asked for by faults of the kernel log too', () => {
    const told = record(
      'DMAR: [DMA Read NO_PASID] Request device [03:00.0] fault addr 0x10000 [fault reason 0x06] PTE Read access is not set',
    );
    const lived = live([
      [0, 10, map(0x10000, 0x1000)],
      [5, 10, unmap(0x10000, 0x1000)],
      [9, 0, told],
    ]);
    expect(lived.row('dma_unmapping')).toMatchObject({ faults: 1, fault_dev: '0000:03:00.0' });
  });

  it('may have been mapped again among what was lost', () => {
    const lived = live(
      [
        [0, 10, map(0x10000, 0x1000)],
        [5, 10, unmap(0x10000, 0x1000)],
        [9, 0, fault(0x10000)],
      ],
      { losses: [[7e6, 8e6]] },
    );
    expect(lived.row('dma_unmapping')).toMatchObject({ lossy: 1 });
  });
});
