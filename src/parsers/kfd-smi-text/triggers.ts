/** enum KFD_MIGRATE_TRIGGERS, include/uapi/linux/kfd_ioctl.h. */
export const MIGRATE_TRIGGERS = [
  'PREFETCH',
  'PAGEFAULT_GPU',
  'PAGEFAULT_CPU',
  'TTM_EVICTION',
] as const;

/** enum KFD_QUEUE_EVICTION_TRIGGERS, include/uapi/linux/kfd_ioctl.h. */
export const QUEUE_EVICTION_TRIGGERS = [
  'SVM',
  'USERPTR',
  'TTM',
  'SUSPEND',
  'CRIU_CHECKPOINT',
  'CRIU_RESTORE',
] as const;

/** enum KFD_SVM_UNMAP_TRIGGERS, include/uapi/linux/kfd_ioctl.h. */
export const UNMAP_TRIGGERS = ['MMU_NOTIFY', 'MMU_NOTIFY_MIGRATE', 'UNMAP_FROM_CPU'] as const;
