/** drivers/gpu/drm/amd/amdkfd and amdgpu_amdkfd_gpuvm.c: user queues and shared virtual memory. */
import type { LogSource } from './shape.ts';

/** PASIDs are in hexadecimal here, and in decimal in the driver's page faults. */
const PASID = '(?:pasid (?<pasidHex>0x[\\da-f]+)|(?:process )?pid (?<pid>\\d+))';

export const amdkfd: LogSource = {
  name: 'amdkfd',
  concerns: ({ driver }) => driver === 'amdgpu' || driver === 'amdkfd' || driver === 'kfd',
  heads: [
    { class: 'queue-evict-failed', line: /^Failed to evict queue (?<queue>\d+)/ },
    { class: 'queue-evict-failed', line: /^(?<meaning>Failed to evict process queues)/ },
    { class: 'queue-evict-failed', line: /^(?<meaning>Failed to quiesce KFD)/ },
    {
      class: 'queue-evict-failed',
      line: /^(?<meaning>HIQ MQD's queue_doorbell_id0 is not 0, Queue preemption time ?out)/,
    },
    {
      class: 'queue-evict-failed',
      line: /^(?<meaning>Failed to suspend process) (?<pasidHex>0x[\da-f]+)/,
    },
    { class: 'queue-evict-failed', line: /^(?<meaning>qcm fence wait loop timeout expired)/ },
    { class: 'queue-evict-failed', line: /^The cp might be in an unrecoverable state/ },
    {
      class: 'queue-evict-failed',
      line: /^(?<meaning>failed to remove hardware queue from MES), doorbell=0x/,
    },
    { class: 'queue-restore-failed', line: /^(?<meaning>Failed to restore process queues)/ },
    {
      class: 'queue-restore-failed',
      line: /^(?:(?<function>\w+): )?(?<meaning>Failed to resume KFD)/,
    },
    {
      class: 'queue-eviction',
      line: new RegExp(`^(?<meaning>(?:Started|Finished) (?:evicting|restoring)) ${PASID}`),
    },
    { class: 'queue-eviction', line: /^(?<meaning>Evicting) pid (?<pid>\d+)/ },
    {
      class: 'queue-buffer-freed',
      line: /^Freeing queue vital buffer (?<address>0x[\da-f]+), queue evicted/,
      adds: { hint: 'normal when a process ends' },
    },
    {
      class: 'svm-mapping-failed',
      line: /^SVM mapping failed, (?<meaning>exceeds resident system memory limit)/,
    },
    { class: 'migration-failed', line: /^Migration failed during eviction/ },
    {
      class: 'userptr-failed',
      line: /^(?:(?<function>\w+): )?Failed to get user pages: (?<errno>-?\d+)/,
    },
  ],
};
