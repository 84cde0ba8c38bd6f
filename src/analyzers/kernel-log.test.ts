import { expect, it } from 'vitest';
import { storeOf } from '../../test/detector-view.ts';
import { logRowsOf } from '../../test/log-rows.ts';
import { summariseLog } from './kernel-log.ts';

const FAULT = (n: number, pid: number): string[] => [
  `amdgpu 0000:43:00.0: amdgpu: [gfxhub] page fault (src_id:0 ring:24 vmid:3 pasid:32778, for process x pid ${pid} thread x pid ${pid})`,
  `amdgpu 0000:43:00.0: amdgpu:   in page starting at address 0x${(0x1000 * n).toString(16)} from client 10`,
  'amdgpu 0000:43:00.0: amdgpu: GCVM_L2_PROTECTION_FAULT_STATUS:0x00301430',
  'amdgpu 0000:43:00.0: amdgpu: \t RW: 0x1',
];
const summary = (...lines: string[]) => summariseLog(storeOf({ log_record: logRowsOf(...lines) }));

it('folds records by kind and device: distinct pages, contiguous ranges, access, processes', () => {
  const [group, ...more] = summary(
    ...[7, 8, 8, 9, 40].flatMap((page) => FAULT(page, page === 40 ? 6 : 5)),
  );
  expect(more).toEqual([]);
  expect(group).toMatchObject({
    class: 'gpu-page-fault',
    count: 5,
    processes: ['x (pid 5)', 'x (pid 6)'],
    accesses: [{ access: 'write', count: 5 }],
    pages: {
      distinct: 4,
      ranges: [
        { from: '0x7000', to: '0xa000', pages: 3 },
        { from: '0x28000', to: '0x29000', pages: 1 },
      ],
    },
  });
});

it('adds up what is hidden by function, never what is a running count', () => {
  const groups = summary(
    'gmc_v9_0_process_interrupt: 12 callbacks suppressed',
    'dmar_fault: 3 callbacks suppressed',
    'gmc_v9_0_process_interrupt: 30 callbacks suppressed',
    'workqueue: svm_range_restore_work [amdgpu] hogged CPU for >10000us 4 times, consider',
    'workqueue: svm_range_restore_work [amdgpu] hogged CPU for >10000us 19 times, consider',
  );
  expect(groups.map((one) => [one.meanings, one.hiddenAtLeast, one.running])).toEqual([
    [['gmc_v9_0_process_interrupt'], 42, 0],
    [['dmar_fault'], 3, 0],
    [['svm_range_restore_work'], 0, 19],
  ]);
});

it('a log without records is empty', () => {
  expect(summary('usb 3-2: new device')).toEqual([]);
});
