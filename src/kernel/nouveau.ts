import type { Subsystem } from './subsystem.ts';

/**
 * drivers/gpu/drm/nouveau, which has no tracepoints. Its jobs (VM_BIND and exec, nouveau_sched.c) are
 * told by gpu_scheduler, its fences by dma_fence with driver `nouveau`; once a channel is killed its
 * timeline is named `dead channel`.
 */
export const nouveau: Subsystem = {
  name: 'nouveau',
  roles: {
    // nouveau_svm.c
    nouveau_svmm_invalidate_range_start: 'invalidate-callback',
    nouveau_svm_range_invalidate: 'invalidate-callback',
    nouveau_range_fault: 'range-fault-wrapper',
    nouveau_atomic_range_fault: 'range-fault-wrapper',
    nouveau_svm_fault: 'device-fault-handler',
  },
};
