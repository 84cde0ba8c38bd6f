import { expect, it } from 'vitest';
import { record } from '../../../test/log-records.ts';

it.each([
  ['amdgpu: Failed to evict queue 4', { class: 'queue-evict-failed', queue: 4 }],
  ['amdgpu: Failed to evict process queues', { class: 'queue-evict-failed' }],
  [
    'amdgpu: Failed to quiesce KFD',
    { class: 'queue-evict-failed', meaning: 'Failed to quiesce KFD' },
  ],
  ['amdgpu: Failed to restore process queues', { class: 'queue-restore-failed' }],
  [
    'amdgpu: amdgpu_amdkfd_restore_userptr_worker: Failed to resume KFD',
    { class: 'queue-restore-failed', function: 'amdgpu_amdkfd_restore_userptr_worker' },
  ],
  [
    "amdgpu 0000:0c:00.0: amdgpu: HIQ MQD's queue_doorbell_id0 is not 0, Queue preemption time out",
    { class: 'queue-evict-failed', device: '0000:0c:00.0' },
  ],
  ['amdgpu: Failed to suspend process 0x8005', { class: 'queue-evict-failed', pasid: 0x8005 }],
  ['amdgpu: qcm fence wait loop timeout expired', { class: 'queue-evict-failed' }],
  [
    'amdgpu: The cp might be in an unrecoverable state due to an unsuccessful queues preemption',
    { class: 'queue-evict-failed' },
  ],
  [
    'amdgpu 0000:0c:00.0: amdgpu: failed to remove hardware queue from MES, doorbell=0x1202',
    { class: 'queue-evict-failed', source: 'amdkfd' },
  ],
  [
    'kfd kfd: amdgpu: Started evicting pasid 0x8005',
    { class: 'queue-eviction', pasid: 0x8005, meaning: 'Started evicting', device: 'kfd' },
  ],
  ['amdgpu: Finished evicting pasid 0x8005', { class: 'queue-eviction', pasid: 0x8005 }],
  ['amdgpu: Evicting pid 4410', { class: 'queue-eviction', pid: 4410 }],
  [
    'amdgpu: SVM mapping failed, exceeds resident system memory limit',
    { class: 'svm-mapping-failed', meaning: 'exceeds resident system memory limit' },
  ],
  ['amdgpu: Migration failed during eviction', { class: 'migration-failed' }],
  [
    'amdgpu: init_user_pages: Failed to get user pages: -14',
    { class: 'userptr-failed', errno: -14 },
  ],
])('%s', (line, expected) => {
  expect(record(line)).toMatchObject({ source: 'amdkfd', ...expected });
});
