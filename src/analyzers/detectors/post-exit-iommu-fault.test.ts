import { expect, it } from 'vitest';
import { ms, type RowOf, run } from '../../../test/detector-view.ts';
import { postExitIommuFault } from './post-exit-iommu-fault.ts';

const request = (at: number): RowOf => ({
  function: 'intel_iommu:prq_report',
  pasid: 3,
  address: 0x7f0e4a1b2000,
  process_id: 1,
  source: 'iommu',
  start_ts: ms(at),
  start_event: at,
  lossy: 0,
});
const judge = (requests: readonly RowOf[], process: RowOf) =>
  run(postExitIommuFault, { rows: { process: [process], device_fault: requests } });
const dead: RowOf = { pid: 848, comm: 'sva-load', end_ts: ms(40), end_event: 40 };

it('warns while the device file is open and calls it an error after it was closed', () => {
  expect(judge([request(10), request(60)], dead).findings).toMatchObject([
    { severity: 'warn', confidence: 'likely', key: { pid: 848, pasid: 3 } },
  ]);
  expect(judge([request(60)], { ...dead, files_closed_ts: ms(50) }).findings).toMatchObject([
    { severity: 'error' },
  ]);
});

it('finds nothing before the death and nothing without a PASID', () => {
  expect(judge([request(10)], dead).findings).toEqual([]);
  expect(judge([{ ...request(60), pasid: null }], dead).findings).toEqual([]);
});

it('cannot decide when nothing says whose PASID it is', () => {
  const { outcome } = judge([{ ...request(60), process_id: null }], dead);
  expect(outcome.outcome).toBe('not-observable');
});
