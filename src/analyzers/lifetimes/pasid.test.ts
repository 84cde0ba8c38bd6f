import { describe, expect, it } from 'vitest';
import { live } from '../../../test/run-lifetimes.ts';
import type { OccurrenceData } from '../../kernel/occurrence.ts';

const allocated = { kind: 'pasid.allocated', driver: 'amdgpu', pasid: 7 } as const;
const freed = { kind: 'pasid.freed', driver: 'amdgpu', pasid: 7 } as const;

it('is one allocation each: the number comes back', () => {
  const lived = live([
    [0, 10, allocated],
    [1, 5, freed],
    [2, 20, allocated],
  ]);
  expect(lived.rows('pasid')).toMatchObject([
    { pasid: 7, process_id: 1, start_ts: 0, end_ts: 1e6 },
    { pasid: 7, process_id: 2, start_ts: 2e6 },
  ]);
  expect(lived.rows('pasid')[1]).not.toHaveProperty('end_ts');
});

describe("an IOMMU's PASID", () => {
  const tag = (kind: 'pasid.allocated' | 'pasid.freed', dev?: string): OccurrenceData => ({
    kind,
    driver: 'iommu',
    pasid: 3,
    dev,
  });

  it('is bound until its last tag is gone', () => {
    const lived = live([
      [0, 10, tag('pasid.allocated')],
      [0.1, 10, tag('pasid.allocated', 'gpu')],
      [5, 10, tag('pasid.freed')],
      [6, 10, tag('pasid.freed', 'gpu')],
    ]);
    expect(lived.row('pasid')).toMatchObject({ process_id: 1, dev: 'gpu', end_ts: 6e6 });
  });

  it('that another process binds is no longer the first one’s, unbound or not', () => {
    const lived = live([
      [0, 10, tag('pasid.allocated', 'gpu')],
      [5, 20, tag('pasid.allocated', 'gpu')],
    ]);
    const [first, second] = lived.rows('pasid');
    expect(first).toMatchObject({ process_id: 1, next_ts: 5e6 });
    expect(first).not.toHaveProperty('end_ts');
    expect(second).toMatchObject({ process_id: 2, start_ts: 5e6 });
  });

  it('that the same process binds anew is bound anew', () => {
    const lived = live([
      [0, 10, tag('pasid.allocated', 'gpu')],
      [1, 10, tag('pasid.freed', 'gpu')],
      [5, 10, tag('pasid.allocated', 'gpu')],
    ]);
    expect(lived.rows('pasid')).toMatchObject([{ end_ts: 1e6 }, { start_ts: 5e6 }]);
  });
});
