import { expect, it } from 'vitest';
import { live } from '../../../test/run-lifetimes.ts';

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
