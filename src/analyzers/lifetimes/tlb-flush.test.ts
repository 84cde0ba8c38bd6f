import { describe, expect, it } from 'vitest';
import { begin, beginReturn, type Happening, live } from '../../../test/run-lifetimes.ts';
import type { OccurrenceData } from '../../kernel/occurrence.ts';

const flush = (pages: number | undefined, pasid?: number): OccurrenceData => ({
  kind: 'tlb.flush',
  source: 'iommu TLB',
  dev: 'dmar1',
  pasid,
  pages,
});
const fence = (
  kind: 'tlb.sent' | 'tlb.answered' | 'tlb.timeout',
  seqno: number,
): OccurrenceData => ({ kind, source: 'xe', dev: '0000:03:00.0', fence: undefined, seqno });

describe('a run of TLB invalidations', () => {
  it('counts pages, and what fell inside an invalidation', () => {
    const lived = live([
      [0, 10, begin(0x1000, 1, 2)],
      [1, 10, flush(1)],
      [2, 10, flush(4)],
      [3, 10, beginReturn()],
      [4, 10, flush(undefined)],
    ]);
    expect(lived.row('tlb_flush')).toMatchObject({
      flushes: 3,
      single_page: 1,
      whole: 1,
      pages: 5,
      invalidations: 2,
      invalidation_id: 1,
      start_ts: 1e6,
      end_ts: 4e6,
    });
  });

  it('is of one thread and one PASID, and ends with a pause', () => {
    const lived = live([
      [1, 10, flush(1, 3)],
      [2, 10, flush(1, 4)],
      [3, 11, flush(1, 3)],
      [4, 10, flush(1, 3)],
      [20, 10, flush(1, 3)],
    ]);
    const flushes = lived.rows('tlb_flush').map((row) => [row.tid, row.pasid, row.flushes]);
    expect(flushes).toEqual([
      [10, 3, 2],
      [10, 4, 1],
      [11, 3, 1],
      [10, 3, 1],
    ]);
  });

  it('keeps the time to the answer, though it comes after a pause, and what was not answered', () => {
    const lived = live([
      [1, 10, fence('tlb.sent', 1)],
      [1.5, 0, fence('tlb.answered', 1)],
      [2, 10, fence('tlb.sent', 2)],
      [100, 10, fence('tlb.sent', 3)],
      [252, 0, fence('tlb.timeout', 2)],
    ]);
    const [first, second] = lived.rows('tlb_flush');
    expect(first).toMatchObject({ flushes: 2, timeouts: 1, wait_ns: 250.5e6, longest_ns: 250e6 });
    expect(second).toMatchObject({ flushes: 1, timeouts: 0 });
    expect(second).not.toHaveProperty('wait_ns');
  });

  it('takes no more memory the more there are', () => {
    const happenings: Happening[] = [];
    for (let n = 0; n < 5000; n++) happenings.push([n, 1000 + n, fence('tlb.sent', n)]);
    const lived = live(happenings);
    expect(lived.rows('tlb_flush')).toHaveLength(5000);
  });
});
