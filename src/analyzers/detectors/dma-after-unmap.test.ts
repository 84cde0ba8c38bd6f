import { expect, it } from 'vitest';
import { ms, type RowOf, run, s } from '../../../test/detector-view.ts';
import { dmaAfterUnmap } from './dma-after-unmap.ts';

const GPU = '0000:03:00.0';
const worker: RowOf = { pid: 40, comm: 'kworker/u4:1' };
const unmapping: RowOf = {
  source: 'dma',
  dev: GPU,
  range_start: 0x10000,
  range_end: 0x12000,
  tid: 40,
  process_id: 1,
  ambiguous: 0,
  faults: 3,
  fault_dev: GPU,
  fault_address: 0x11000,
  first_fault_ts: ms(90),
  first_fault_event: 9,
  last_fault_ts: ms(95),
  last_fault_event: 11,
  start_ts: ms(10),
  start_event: 1,
  end_ts: ms(50),
  end_event: 5,
  lossy: 0,
};
const judge = (row: RowOf = {}, more: object = {}) =>
  run(dmaAfterUnmap, {
    rows: { process: [worker], dma_unmapping: [{ ...unmapping, ...row }] },
    end: s(1),
    ...more,
  });

it('tells who unmapped what the device asked for, and how long before', () => {
  expect(judge().findings).toMatchObject([
    {
      severity: 'error',
      confidence: 'proven',
      summary:
        '0000:03:00.0 asked for bus address 0x11000, the first of 3 faults there, in 0x10000-0x12000, which kworker/u4:1 (pid 40) had unmapped 40.0 ms before.',
      evidence: [5, 9, 11],
      key: { what: 'dma after unmap', start: '0x10000', end: '0x12000', dev: GPU },
    },
  ]);
});

it('is no more than likely where the events name no device', () => {
  const nameless = { source: 'iommu', dev: null };
  expect(judge(nameless).findings).toMatchObject([{ severity: 'error', confidence: 'likely' }]);
});

it.each<[string, RowOf, object]>([
  ['several domains use the addresses', { source: 'iommu', dev: null, ambiguous: 1 }, {}],
  ['events were lost in between', { lossy: 1 }, {}],
  ['only one task was recorded', {}, { perTask: true }],
  ['it was never seen mapped, and for no device', { dev: null, start_ts: null }, {}],
])('only suspects when %s', (_, row, more) => {
  expect(judge(row, more).findings).toMatchObject([{ confidence: 'suspect' }]);
});

it('takes a fault after a reset of the device for a consequence', () => {
  const reset = {
    source: 'amdgpu',
    class: 'gpu-reset',
    device: GPU,
    start_ts: ms(80),
    start_event: 7,
    events: '[7]',
  };
  const rows = { process: [worker], dma_unmapping: [unmapping], log_record: [reset] };
  const [finding] = judge({}, { rows }).findings;
  expect(finding).toMatchObject({ severity: 'info', evidence: [5, 7, 9, 11] });
  const elsewhere = { ...rows, log_record: [{ ...reset, device: '0000:09:00.0', source: 'xe' }] };
  expect(judge({}, { rows: elsewhere }).findings).toMatchObject([{ severity: 'error' }]);
});

it('is silent where the clocks do not tell which came first, and where nothing faulted', () => {
  expect(judge({}, { clockError: ms(41) }).findings).toEqual([]);
  expect(judge({ faults: 0 }).outcome.outcome).toBe('clean');
});

it('cannot know without unmappings, or without anything that tells of faults', () => {
  expect(judge({}, { observed: ['iommu.fault'] }).outcome.outcome).toBe('not-observable');
  expect(judge({}, { observed: ['iommu.unmap'] }).outcome.outcome).toBe('not-observable');
});
