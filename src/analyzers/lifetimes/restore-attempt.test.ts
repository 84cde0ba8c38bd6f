import { describe, expect, it } from 'vitest';
import { exec, type Happening, insert, live } from '../../../test/run-lifetimes.ts';
import type { OccurrenceData } from '../../kernel/occurrence.ts';

const MM = 0x1000;
const MNI = 0x99;
const WORKER = 40;

const work = (edge: 'enter' | 'return', name = 'svm_range_restore_work'): OccurrenceData =>
  edge === 'enter'
    ? {
        kind: 'probe.enter',
        function: name,
        module: 'amdgpu',
        role: name === 'kgd2kfd_resume_mm' ? 'unknown' : 'restore-worker',
        args: { work: 0x5000 },
      }
    : {
        kind: 'probe.return',
        function: name,
        module: 'amdgpu',
        role: 'restore-worker',
        ret: undefined,
        args: {},
      };
const fault: OccurrenceData = {
  kind: 'hmm.range_fault',
  mni: MNI,
  mm: undefined,
  seq: 1,
  start: 0x7000,
  end: 0x8000,
};
const returned = (ret: number): OccurrenceData => ({
  kind: 'hmm.range_fault_return',
  ret,
  start: undefined,
  end: undefined,
});
const owner: Happening[] = [
  [0, 10, exec('/bin/app', 10)],
  [1, 10, insert(MNI, MM, 0x7000, 0x1000)],
];

describe('an attempt to restore queues', () => {
  it('belongs to the process whose memory it faults in, with what that returned', () => {
    const lived = live([
      ...owner,
      [10, WORKER, work('enter')],
      [10.1, WORKER, fault],
      [10.2, WORKER, returned(-14)],
      [10.3, WORKER, work('return')],
    ]);
    expect(lived.row('restore_attempt')).toMatchObject({
      function: 'svm_range_restore_work',
      work: 0x5000,
      tid: WORKER,
      process_id: 1,
      mm: MM,
      faults: 1,
      failed: 1,
      last_ret: -14,
      source: 'probe',
      start_ts: 10e6,
      end_ts: 10.3e6,
    });
    expect(lived.row('restore_attempt')).not.toHaveProperty('outcome');
  });

  it('succeeded when it let the queues run', () => {
    const lived = live([
      [10, WORKER, work('enter')],
      [10.2, WORKER, work('enter', 'kgd2kfd_resume_mm')],
      [10.3, WORKER, work('return')],
    ]);
    expect(lived.row('restore_attempt')).toMatchObject({ outcome: 'restored' });
  });

  it('without a return ends unseen with the next one, and does not take what the worker does later', () => {
    const lived = live([
      ...owner,
      [10, WORKER, work('enter')],
      [11, WORKER, work('enter')],
      [2000, WORKER, fault],
    ]);
    expect(lived.rows('restore_attempt')).toMatchObject([{ faults: 0 }, { faults: 0 }]);
    expect(lived.rows('restore_attempt')[0]).not.toHaveProperty('end_ts');
  });

  it('is told by the driver, too, with the eviction it follows', () => {
    const restore = (rescheduled: boolean): OccurrenceData => ({
      kind: 'queue.restore',
      driver: 'amdkfd',
      pid: 10,
      node: 7,
      rescheduled,
    });
    const lived = live([
      [0, 10, exec('/bin/app', 10)],
      [5, 10, { kind: 'queue.evict', driver: 'amdkfd', pid: 10, node: 7, trigger: 0 }],
      [6, 10, restore(true)],
      [7, 10, restore(false)],
      [8, 10, restore(true)],
    ]);
    expect(lived.rows('restore_attempt')).toMatchObject([
      { outcome: 'again', process_id: 1, node: 7, evicted_ts: 5e6, source: 'smi' },
      { outcome: 'restored', evicted_ts: 5e6 },
      { outcome: 'again' },
    ]);
    expect(lived.rows('restore_attempt')[2]).not.toHaveProperty('evicted_ts');
  });
});
