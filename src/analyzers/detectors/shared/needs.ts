/**
 * What detectors need, with the lines that record it. Probe lines are kprobe_events syntax for
 * Linux 6.3 and later; up to 6.2 struct mmu_notifier_range has `vma` first, so its offsets are 8 larger.
 */
import type { Need } from '../../detector.ts';

export const invalidations: Need = {
  oneOf: ['invalidation.begin'],
  enable: [
    'p:svm/inval_start __mmu_notifier_invalidate_range_start mm=+0($arg1):x64 start=+8($arg1):x64 end=+16($arg1):x64 flags=+24($arg1):u32 event=+28($arg1):u32',
    'p:svm/inval_end __mmu_notifier_invalidate_range_end mm=+0($arg1):x64 start=+8($arg1):x64 end=+16($arg1):x64',
  ],
};

export const invalidationReturns: Need = {
  oneOf: ['invalidation.begin_return'],
  enable: ['r256:svm/inval_start_ret __mmu_notifier_invalidate_range_start ret=$retval:s32'],
};

export const fenceWaits: Need = {
  oneOf: ['fence.wait_start', 'fence.wait_call'],
  enable: ['dma_fence:dma_fence_wait_start', 'dma_fence:dma_fence_wait_end'],
};

/** Who waits for mmap_lock, and who holds it. */
export const lockWaits: Need = {
  oneOf: ['mmap_lock.acquired', 'lock.contended'],
  enable: [
    'mmap_lock:mmap_lock_start_locking',
    'mmap_lock:mmap_lock_acquire_returned',
    'mmap_lock:mmap_lock_released',
  ],
};

/** Whether a thread slept or lost its CPU. */
export const sleeps: Need = { oneOf: ['task.off_cpu'], enable: ['sched:sched_switch'] };

export const fenceSignals: Need = {
  oneOf: ['fence.signaled'],
  enable: ['dma_fence:dma_fence_signaled'],
};

export const fenceBirths: Need = {
  oneOf: ['fence.init'],
  enable: ['dma_fence:dma_fence_init', 'dma_fence:dma_fence_destroy'],
};

export const fenceUse: Need = {
  oneOf: ['fence.enable_signal', 'fence.wait_start', 'fence.destroy'],
  enable: [
    'dma_fence:dma_fence_enable_signal',
    'dma_fence:dma_fence_wait_start',
    'dma_fence:dma_fence_destroy',
  ],
};

/** struct dma_fence has context, seqno, flags and error at 32, 40, 48 and 60 in 6.1 to 7.2. */
export const fenceErrors: Need = {
  oneOf: ['fence.signal_call', 'fence.release_call'],
  enable: [
    'p:svm/fence_signal dma_fence_signal_timestamp_locked fence=$arg1:x64 context=+32($arg1):u64 seqno=+40($arg1):u64 flags=+48($arg1):x64 error=+60($arg1):s32',
  ],
};

export const rangeFaults: Need = {
  oneOf: ['hmm.range_fault', 'hmm.range_fault_return'],
  enable: [
    'p:svm/hmm_range_fault hmm_range_fault notifier=+0($arg1):x64 seq=+8($arg1):u64 start=+16($arg1):x64 end=+24($arg1):x64',
    'r256:svm/hmm_range_fault_ret hmm_range_fault ret=$retval:s32',
  ],
};

export const readBegins: Need = {
  oneOf: ['hmm.read_begin', 'hmm.read_begin_return'],
  enable: [
    'p:svm/read_begin mmu_interval_read_begin mni=$arg1:x64 start=+24($arg1):x64 last=+32($arg1):x64',
    'r256:svm/read_begin_ret mmu_interval_read_begin seq=$retval:u64',
  ],
};

export const notifierBirths: Need = {
  oneOf: ['notifier.insert'],
  enable: [
    'p:svm/mni_insert mmu_interval_notifier_insert mni=$arg1:x64 mm=$arg2:x64 start=$arg3:x64 len=$arg4:x64',
    'p:svm/mni_remove mmu_interval_notifier_remove mni=$arg1:x64 mm=+56($arg1):x64',
  ],
};

/** Notifiers of whole mms. */
export const subscriptions: Need = {
  oneOf: ['subscription.register', 'subscription.get'],
  enable: [
    'p:svm/mn_reg __mmu_notifier_register mn=$arg1:x64 mm=$arg2:x64',
    'p:svm/mn_unreg mmu_notifier_unregister mn=$arg1:x64 mm=$arg2:x64',
    'p:svm/mn_get mmu_notifier_get_locked ops=$arg1:x64 mm=$arg2:x64',
    'r256:svm/mn_get_ret mmu_notifier_get_locked ret=$retval:x64',
    'p:svm/mn_put mmu_notifier_put mn=$arg1:x64',
  ],
};

/** Their ends, and those of interval notifiers: without them nothing is missing. */
export const notifierDrops: Need = {
  oneOf: ['notifier.remove', 'subscription.unregister', 'subscription.put'],
  enable: [
    'p:svm/mni_remove mmu_interval_notifier_remove mni=$arg1:x64 mm=+56($arg1):x64',
    'p:svm/mn_unreg mmu_notifier_unregister mn=$arg1:x64 mm=$arg2:x64',
    'p:svm/mn_put mmu_notifier_put mn=$arg1:x64',
  ],
};

/** The driver's own functions: which ones depends on the driver, so these are examples. */
export const driverFunctions: Need = {
  oneOf: ['probe.return'],
  enable: [
    'p:svm/drv_inval <driver>:<invalidate callback> mni=$arg1:x64 mm=+0($arg2):x64 start=+8($arg2):x64 end=+16($arg2):x64 event=+28($arg2):u32',
    'r256:svm/drv_inval_ret <driver>:<invalidate callback> ret=$retval:u8',
    'r256:svm/drv_fault_ret <driver>:<page fault function> ret=$retval:s32',
  ],
};

export const exits: Need = {
  oneOf: ['task.exit'],
  enable: ['sched:sched_process_exit', 'sched:sched_process_fork'],
};

export const forks: Need = {
  oneOf: ['task.fork'],
  enable: ['sched:sched_process_fork', 'task:task_newtask'],
};

export const addressSpaceEnds: Need = {
  oneOf: ['mm.release', 'mm.exit', 'task.exit'],
  enable: [
    'mmap:exit_mmap',
    'sched:sched_process_exit',
    'p:svm/mm_release __mmu_notifier_release mm=$arg1:x64',
  ],
};

/** mm_count reached zero: the struct itself goes. */
export const structEnds: Need = {
  oneOf: ['mm.drop'],
  enable: ['p:svm/mmdrop_final __mmdrop mm=$arg1:x64'],
};

/** What a dying process does last with its device: notifiers go, the file is released. */
export const fileCloses: Need = {
  oneOf: ['notifier.remove', 'device.close'],
  enable: [
    'p:svm/mni_remove mmu_interval_notifier_remove mni=$arg1:x64 mm=+56($arg1):x64',
    'p:svm/drm_release drm:drm_release',
  ],
};

/** Workers that let evicted queues run again, or what they fault in; KFD SMI events tell of them, too. */
export const restoreWorkers: Need = {
  oneOf: ['probe.enter', 'hmm.range_fault_return', 'queue.restore'],
  enable: [
    'p:svm/restore_work amdgpu:svm_range_restore_work work=$arg1:x64',
    'r256:svm/restore_work_ret amdgpu:svm_range_restore_work',
    'p:svm/resume_mm amdgpu:kgd2kfd_resume_mm',
    'r256:svm/hmm_range_fault_ret hmm_range_fault ret=$retval:s32',
  ],
};

export const deviceFaults: Need = {
  oneOf: ['device.fault', 'probe.return'],
  enable: [
    'amdgpu:amdgpu_iv',
    'xe:xe_vma_pagefault',
    'p:svm/gpu_fault <driver>:<page fault handler> pasid=$arg1:u32 addr=$arg2:x64',
    'r256:svm/gpu_fault_ret <driver>:<page fault handler> ret=$retval:s32',
  ],
};

/** Fires in the process that binds its mm to a device (Intel, 6.10 and later). */
export const pasidOwners: Need = {
  oneOf: ['pasid.allocated'],
  enable: ['intel_iommu:cache_tag_assign'],
};

/** Fired where a driver gives its own PASIDs away (amdgpu). */
export const driverPasids: Need = {
  oneOf: ['pasid.allocated'],
  enable: ['amdgpu:amdgpu_pasid_allocated', 'amdgpu:amdgpu_pasid_freed'],
};

export const iommuFaults: Need = {
  oneOf: ['iommu.fault'],
  enable: ['intel_iommu:prq_report', 'iommu:io_page_fault'],
};

export const jobQueues: Need = {
  oneOf: ['job.queue'],
  enable: ['gpu_scheduler:drm_sched_job_queue', 'gpu_scheduler:drm_sched_job'],
};

export const jobRuns: Need = {
  oneOf: ['job.run'],
  enable: ['gpu_scheduler:drm_sched_job_run', 'gpu_scheduler:drm_run_job'],
};

export const jobDependencies: Need = {
  oneOf: ['job.depends'],
  enable: [
    'gpu_scheduler:drm_sched_job_add_dep',
    'gpu_scheduler:drm_sched_job_unschedulable',
    'gpu_scheduler:drm_sched_job_wait_dep',
  ],
};

/** A log file beside the recording, or the console's lines in it. */
export const kernelLog: Need = {
  oneOf: ['log.record'],
  enable: ['printk:console'],
};

export const jobTimeouts: Need = {
  oneOf: ['job.failed'],
  enable: ['xe:xe_sched_job_timedout'],
};

export const deviceResets: Need = {
  oneOf: ['device.reset_start'],
  enable: [
    'p:svm/gpu_recover amdgpu:amdgpu_device_gpu_recover',
    'p:svm/gt_reset xe:xe_gt_reset_async',
    'p:svm/gt_reset i915:intel_gt_reset',
  ],
};

/** struct migrate_vma has start, end, flags and fault_page at 40, 48, 64 and 72 (6.1 to 7.2). */
export const migrations: Need = {
  oneOf: ['migrate_vma.setup', 'migration.start', 'migration.buffer'],
  enable: [
    'p:svm/migrate_setup migrate_vma_setup start=+40($arg1):x64 end=+48($arg1):x64 flags=+64($arg1):x64 fault_page=+72($arg1):x64',
    'p:svm/migrate_finalize migrate_vma_finalize start=+40($arg1):x64 end=+48($arg1):x64',
    'xe:xe_bo_move',
    'amdgpu:amdgpu_bo_move',
  ],
};

export const deviceFlushes: Need = {
  oneOf: ['tlb.flush', 'tlb.sent'],
  enable: [
    'xe:xe_tlb_inval_fence_send',
    'xe:xe_tlb_inval_fence_signal',
    'xe:xe_tlb_inval_fence_timeout',
    'amdgpu:amdgpu_vm_flush',
    'intel_iommu:cache_tag_flush_range',
  ],
};

/** Intel: the invalidation queue; AMD and ARM: the functions all IOMMU drivers call. */
export const pageResponses: Need = {
  oneOf: ['page.response'],
  enable: ['intel_iommu:qi_submit'],
};

/** One of several ways to see the same. */
export function anyOf(...needs: readonly Need[]): Need {
  return {
    oneOf: needs.flatMap((need) => need.oneOf),
    enable: needs.flatMap((need) => need.enable),
  };
}

/** The same where a line of the kernel log is as good. */
export const toldDeviceFaults: Need = {
  oneOf: [...deviceFaults.oneOf, ...kernelLog.oneOf],
  enable: deviceFaults.enable,
};

export const dmaUnmaps: Need = {
  oneOf: ['iommu.unmap'],
  enable: ['iommu:map', 'iommu:unmap', 'dma:dma_map_*', 'dma:dma_unmap_*'],
};

export const toldIommuFaults: Need = {
  oneOf: [...iommuFaults.oneOf, ...kernelLog.oneOf],
  enable: iommuFaults.enable,
};
