import { describe, expect, it } from 'vitest';
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

it('is an error after the PASID was unbound, though its process lives on', () => {
  const { findings } = run(postExitIommuFault, {
    rows: {
      process: [{ pid: 848, comm: 'sva-load' }],
      pasid: [{ pasid: 3, driver: 'iommu', process_id: 1, start_ts: 0, end_ts: ms(40) }],
      device_fault: [
        { ...request(30), pasid_id: 1 },
        { ...request(60), pasid_id: 1 },
      ],
    },
  });
  expect(findings).toMatchObject([{ severity: 'error', key: { pid: 848, pasid: 3 } }]);
  expect(findings[0]?.summary).toContain('after the PASID of sva-load (pid 848) was unbound');
});

it('is nothing while the unbinding drains the queue', () => {
  const { findings } = run(postExitIommuFault, {
    rows: {
      process: [{ pid: 848, comm: 'sva-load' }],
      pasid: [{ pasid: 3, driver: 'iommu', process_id: 1, start_ts: 0, end_ts: ms(40) }],
      device_fault: [{ ...request(41), pasid_id: 1 }],
    },
  });
  expect(findings).toEqual([]);
});

describe('right after a reset', () => {
  const log = (device: string): RowOf => ({
    class: 'gpu-reset',
    source: 'xe',
    device,
    start_ts: ms(45),
    start_event: 45,
  });
  const faultsAfter = (device: string) =>
    run(postExitIommuFault, {
      rows: {
        process: [dead],
        device_fault: [{ ...request(60), dev: '0000:00:02.0' }],
        log_record: [log(device)],
      },
    }).findings;

  it('of the same device a request is its consequence', () => {
    expect(faultsAfter('0000:00:02.0')).toMatchObject([{ severity: 'info' }]);
    expect(faultsAfter('0000:00:02.0')[0]?.summary).toContain('a consequence');
  });

  it('of another device it is not', () => {
    expect(faultsAfter('0000:03:00.0')).toMatchObject([{ severity: 'warn' }]);
  });
});

describe('a PASID that another process has next', () => {
  const processes: RowOf[] = [dead, { pid: 900, comm: 'other' }];
  const pasid: RowOf[] = [
    { pasid: 3, driver: 'iommu', process_id: 1, dev: 'gpu', start_ts: ms(1), start_event: 1 },
    { pasid: 3, driver: 'iommu', process_id: 2, dev: 'nic', start_ts: ms(50), start_event: 50 },
  ];
  const pending = (rest: RowOf): RowOf => ({
    iommu: 'dmar1',
    pasid: 3,
    process_id: 1,
    requests: 1,
    superseded: 0,
    gap: 0,
    start_ts: ms(39),
    start_event: 39,
    due_ts: ms(39),
    code: 0,
    lossy: 0,
    ...rest,
  });
  const judgeAll = (rows: object) =>
    run(postExitIommuFault, { rows: { process: processes, pasid, ...rows } }).findings;

  it('is critical where a request of the first is answered in the time of the second', () => {
    const answered = pending({ end_ts: ms(60), end_event: 60 });
    expect(judgeAll({ page_request: [answered] })).toMatchObject([
      {
        severity: 'critical',
        confidence: 'likely',
        key: { what: 'cross-process', pid: 848, victim: 900, pasid: 3 },
        evidence: [39, 60, 50],
      },
    ]);
    expect(judgeAll({ page_request: [{ ...answered, lossy: 1 }] })).toMatchObject([
      { confidence: 'suspect' },
    ]);
  });

  it('is nothing where all was answered before, or never', () => {
    const before = pending({ end_ts: ms(45), end_event: 45 });
    expect(judgeAll({ page_request: [before, pending({ end_ts: null })] })).toEqual([]);
  });

  it('is critical where the device of the first asks, on which the second was never bound', () => {
    const late = { ...request(60), process_id: 2, pasid_id: 2 };
    expect(judgeAll({ device_fault: [{ ...late, dev: 'gpu' }] })).toMatchObject([
      { severity: 'critical', key: { what: 'cross-process' } },
    ]);
    expect(judgeAll({ device_fault: [{ ...late, dev: 'nic' }] })).toEqual([]);
    expect(judgeAll({ device_fault: [late] })).toEqual([]);
  });
});
