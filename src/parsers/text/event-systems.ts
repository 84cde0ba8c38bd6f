/**
 * The systems of the kernel's events, which text recordings leave out: Documentation/trace/events.rst.
 * Names of `fixtures/formats` (Linux 6.1, 6.12 and 7.2) and of a few older kernels; names that more
 * than one system has are left out, as are all others: their system stays unknown.
 */
const EVENTS: Readonly<Record<string, string>> = {
  amdgpu: `
    amdgpu_bo_create amdgpu_bo_list_set amdgpu_bo_move amdgpu_cleaner_shader amdgpu_cs
    amdgpu_cs_bo_status amdgpu_cs_ioctl amdgpu_device_rreg amdgpu_device_wreg
    amdgpu_ib_pipe_sync amdgpu_isolation amdgpu_iv amdgpu_pasid_allocated amdgpu_pasid_freed
    amdgpu_reset_reg_dumps amdgpu_sched_run_job amdgpu_ttm_bo_move amdgpu_vm_bo_cs amdgpu_vm_bo_map
    amdgpu_vm_bo_mapping amdgpu_vm_bo_unmap amdgpu_vm_bo_update amdgpu_vm_copy_ptes
    amdgpu_vm_flush amdgpu_vm_grab_id amdgpu_vm_set_ptes amdgpu_vm_update_ptes`,
  compaction: `
    mm_compaction_begin mm_compaction_end`,
  dma: `
    dma_map_page dma_map_phys dma_map_resource dma_unmap_page dma_unmap_phys
    dma_unmap_resource`,
  dma_buf: `
    dma_buf_detach dma_buf_dynamic_attach dma_buf_export dma_buf_fd dma_buf_get dma_buf_mmap
    dma_buf_mmap_internal dma_buf_put`,
  dma_fence: `
    dma_fence_annotate_wait_on dma_fence_destroy dma_fence_emit dma_fence_enable_signal
    dma_fence_init dma_fence_signaled dma_fence_wait_end dma_fence_wait_start`,
  drm: 'drm_vblank_event drm_vblank_event_delivered drm_vblank_event_queued',
  exceptions: 'page_fault_kernel page_fault_user',
  fence: `
    fence_annotate_wait_on fence_destroy fence_emit fence_enable_signal fence_init
    fence_signaled fence_wait_end fence_wait_start`,
  ftrace: `
    bprint bputs branch context_switch func_repeats funcgraph_entry funcgraph_exit function
    hwlat kernel_stack mmiotrace_map mmiotrace_rw osnoise print raw_data timerlat user_stack
    wakeup`,
  gpu_sched: 'amd_sched_job amd_sched_process_job',
  gpu_scheduler: `
    drm_run_job drm_sched_job drm_sched_job_add_dep drm_sched_job_done drm_sched_job_queue
    drm_sched_job_run drm_sched_job_unschedulable drm_sched_job_wait_dep
    drm_sched_process_job`,
  i915: `
    i915_context_create i915_context_free i915_gem_evict i915_gem_evict_node
    i915_gem_evict_vm i915_gem_object_clflush i915_gem_object_create i915_gem_object_destroy
    i915_gem_object_fault i915_gem_object_pread i915_gem_object_pwrite i915_gem_shrink
    i915_gem_request_add i915_gem_request_complete i915_gem_request_execute
    i915_gem_request_in i915_gem_request_out i915_gem_request_queue i915_gem_request_retire
    i915_gem_request_submit i915_gem_request_wait_begin i915_gem_request_wait_end
    i915_gem_ring_dispatch i915_gem_ring_sync_to i915_request_guc_submit
    intel_context_ban intel_context_reset
    i915_ppgtt_create i915_ppgtt_release i915_reg_rw i915_request_add i915_request_execute
    i915_request_in i915_request_out i915_request_queue i915_request_retire
    i915_request_submit i915_request_wait_begin i915_request_wait_end i915_vma_bind
    i915_vma_unbind
    i915_gem_evict_everything i915_gem_request_notify i915_gem_ring_flush`,
  huge_memory: `
    mm_collapse_huge_page mm_khugepaged_scan_pmd
    mm_collapse_huge_page_isolate mm_collapse_huge_page_swapin
    mm_khugepaged_collapse_file mm_khugepaged_scan mm_khugepaged_scan_file`,
  intel_iommu: `
    cache_tag_assign cache_tag_flush_all cache_tag_flush_range cache_tag_flush_range_np
    cache_tag_unassign prq_report qi_submit`,
  iommu: `
    add_device_to_group attach_device_to_domain detach_device_from_domain io_page_fault map
    remove_device_from_group unmap`,
  irq: `
    irq_handler_entry irq_handler_exit softirq_entry softirq_exit softirq_raise
    tasklet_entry tasklet_exit`,
  kmem: `
    kfree kmalloc kmem_cache_alloc kmem_cache_free mm_alloc_contig_migrate_range_info
    mm_calculate_totalreserve_pages mm_page_alloc mm_page_alloc_extfrag
    mm_page_alloc_zone_locked mm_page_free mm_page_free_batched mm_page_pcpu_drain
    mm_setup_per_zone_lowmem_reserve mm_setup_per_zone_wmarks rss_stat`,
  ksm: 'ksm_enter ksm_exit ksm_merge_one_page',
  lock: 'contention_begin contention_end',
  migrate: 'mm_migrate_pages mm_migrate_pages_start remove_migration_pte set_migration_pte',
  mmap: 'exit_mmap vm_unmapped_area vma_mas_szero vma_store',
  mmap_lock: 'mmap_lock_acquire_returned mmap_lock_released mmap_lock_start_locking',
  module: 'module_free module_load',
  oom: `
    compact_retry finish_task_reaping mark_victim oom_score_adj_update reclaim_retry_zone
    skip_task_reaping start_task_reaping wake_reaper`,
  pci: `
    pci_hp_event pcie_link_event`,
  printk: 'console',
  raw_syscalls: 'sys_enter sys_exit',
  sched: `
    sched_migrate_task sched_move_numa sched_pi_setprio sched_prepare_exec
    sched_process_exec sched_process_exit sched_process_fork sched_process_free
    sched_process_hang sched_process_wait sched_skip_cpuset_numa sched_skip_vma_numa
    sched_stat_blocked sched_stat_iowait sched_stat_runtime sched_stat_sleep sched_stat_wait
    sched_stick_numa sched_swap_numa sched_switch sched_wait_task
    sched_wake_idle_without_ipi sched_wakeup sched_wakeup_new sched_waking`,
  signal: 'signal_deliver signal_generate',
  sync_trace: 'sync_timeline',
  task: 'task_newtask task_prctl_unknown task_rename',
  timer: `
    hrtimer_cancel hrtimer_expire_entry hrtimer_expire_exit hrtimer_init hrtimer_rearm
    hrtimer_setup hrtimer_start hrtimer_start_expired itimer_expire itimer_state tick_stop
    timer_base_idle timer_cancel timer_expire_entry timer_expire_exit timer_init timer_start`,
  tlb: 'tlb_flush',
  virtio_gpu: 'virtio_gpu_cmd_queue virtio_gpu_cmd_response',
  vmscan: `
    mm_vmscan_direct_reclaim_begin mm_vmscan_direct_reclaim_end
    mm_vmscan_memcg_reclaim_begin mm_vmscan_memcg_reclaim_end
    mm_vmscan_kswapd_sleep mm_vmscan_kswapd_wake`,
  workqueue: `
    workqueue_activate_work workqueue_execute_end workqueue_execute_start
    workqueue_queue_work`,
  xe: `
    xe_bo_cpu_fault xe_bo_create xe_bo_move xe_bo_validate xe_eu_stall_data_read
    xe_exec_queue_cgp_context_error xe_exec_queue_cleanup_entity xe_exec_queue_close
    xe_exec_queue_create xe_exec_queue_create_multi_queue xe_exec_queue_deregister
    xe_exec_queue_deregister_done xe_exec_queue_destroy xe_exec_queue_kill
    xe_exec_queue_lr_cleanup xe_exec_queue_memory_cat_error
    xe_exec_queue_reach_max_job_count xe_exec_queue_register xe_exec_queue_reset
    xe_exec_queue_resubmit xe_exec_queue_scheduling_disable xe_exec_queue_scheduling_done
    xe_exec_queue_scheduling_enable xe_exec_queue_stop xe_exec_queue_submit
    xe_exec_queue_supress_resume xe_gt_tlb_invalidation_fence_cb
    xe_gt_tlb_invalidation_fence_create xe_gt_tlb_invalidation_fence_recv
    xe_gt_tlb_invalidation_fence_send xe_gt_tlb_invalidation_fence_signal
    xe_gt_tlb_invalidation_fence_timeout xe_gt_tlb_invalidation_fence_work_func
    xe_hw_fence_create xe_hw_fence_signal xe_hw_fence_try_signal
    xe_lrc_update_queue_timestamp xe_lrc_update_timestamp xe_sched_job_ban
    xe_sched_job_create xe_sched_job_exec xe_sched_job_free xe_sched_job_run
    xe_sched_job_set_error xe_sched_job_timedout xe_sched_msg_add xe_sched_msg_recv
    xe_tlb_inval_fence_recv xe_tlb_inval_fence_send xe_tlb_inval_fence_signal
    xe_tlb_inval_fence_timeout xe_vm_cpu_bind xe_vm_create xe_vm_free xe_vm_kill
    xe_vm_ops_fail xe_vm_rebind_worker_enter xe_vm_rebind_worker_exit
    xe_vm_rebind_worker_retry xe_vm_restart xe_vma_acc xe_vma_bind xe_vma_evict xe_vma_flush
    xe_vma_invalidate xe_vma_pagefault xe_vma_pf_bind xe_vma_rebind_exec
    xe_vma_rebind_worker xe_vma_unbind xe_vma_userptr_invalidate
    xe_vma_userptr_invalidate_complete xe_vma_userptr_rebind_exec
    xe_vma_userptr_rebind_worker
    xe_pm_resume xe_pm_runtime_resume xe_pm_runtime_suspend xe_pm_suspend`,
};

const SYSTEMS: ReadonlyMap<string, string> = new Map(
  Object.entries(EVENTS).flatMap(([system, names]) =>
    names
      .trim()
      .split(/\s+/)
      .map((name): [string, string] => [name, system]),
  ),
);

/** The system of an event; empty where the name does not tell. */
export function systemOf(name: string): string {
  const known = SYSTEMS.get(name);
  if (known !== undefined) return known;
  return /^sys_(enter|exit)_/.test(name) ? 'syscalls' : '';
}

/** The names of the system's events; none where it is not known. */
export function eventsOf(system: string): readonly string[] {
  return [...SYSTEMS].flatMap(([name, own]) => (own === system ? [name] : []));
}
