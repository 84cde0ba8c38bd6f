/**
 * Events and functions of the kernel that tell of shared virtual memory, fences and the devices
 * behind them, from the trace headers, `format` files and function lists of Linux 4.4 to 7.2. What the
 * catalogue (src/kernel) leaves out stands here with its reason; everything else must be in it.
 */

/** By system; names of the events without the display events of i915 and xe. */
export const EVENTS: Readonly<Record<string, string>> = {
  dma_fence: `dma_fence_init dma_fence_emit dma_fence_enable_signal dma_fence_signaled
    dma_fence_wait_start dma_fence_wait_end dma_fence_destroy dma_fence_annotate_wait_on`,
  // up to 4.9
  fence: `fence_init fence_emit fence_enable_signal fence_signaled fence_wait_start fence_wait_end
    fence_destroy fence_annotate_wait_on`,
  gpu_scheduler: `drm_sched_job drm_run_job drm_sched_process_job drm_sched_job_wait_dep
    drm_sched_job_queue drm_sched_job_run drm_sched_job_done drm_sched_job_add_dep
    drm_sched_job_unschedulable`,
  gpu_sched: 'amd_sched_job amd_sched_process_job',
  amd_sched: 'amd_sched_job amd_sched_process_job',
  i915: `i915_context_create i915_context_free i915_gem_evict i915_gem_evict_node i915_gem_evict_vm
    i915_gem_evict_everything i915_gem_object_clflush i915_gem_object_create i915_gem_object_destroy
    i915_gem_object_fault i915_gem_object_pread i915_gem_object_pwrite i915_gem_shrink i915_ppgtt_create
    i915_ppgtt_release i915_reg_rw i915_request_add i915_request_execute i915_request_guc_submit
    i915_request_in i915_request_out i915_request_queue i915_request_retire i915_request_submit
    i915_request_wait_begin i915_request_wait_end i915_vma_bind i915_vma_unbind intel_context_ban
    intel_context_create intel_context_deregister intel_context_deregister_done intel_context_do_pin
    intel_context_do_unpin intel_context_fence_release intel_context_free intel_context_register
    intel_context_reset intel_context_sched_disable intel_context_sched_done
    intel_context_sched_enable intel_context_set_prio intel_context_steal_guc_id
    intel_gpu_freq_change i915_gem_request_add i915_gem_request_retire i915_gem_request_complete
    i915_gem_request_execute i915_gem_request_in i915_gem_request_out i915_gem_request_submit
    i915_gem_request_queue i915_gem_request_wait_begin i915_gem_request_wait_end
    i915_gem_request_notify i915_gem_ring_dispatch i915_gem_ring_sync_to i915_gem_ring_flush`,
  xe: `xe_bo_cpu_fault xe_bo_create xe_bo_move xe_bo_validate xe_eu_stall_data_read
    xe_exec_queue_cgp_context_error xe_exec_queue_cleanup_entity xe_exec_queue_close
    xe_exec_queue_create xe_exec_queue_create_multi_queue xe_exec_queue_deregister
    xe_exec_queue_deregister_done xe_exec_queue_destroy xe_exec_queue_kill xe_exec_queue_lr_cleanup
    xe_exec_queue_memory_cat_error xe_exec_queue_reach_max_job_count xe_exec_queue_register
    xe_exec_queue_reset xe_exec_queue_resubmit xe_exec_queue_scheduling_disable
    xe_exec_queue_scheduling_done xe_exec_queue_scheduling_enable xe_exec_queue_stop
    xe_exec_queue_submit xe_exec_queue_supress_resume xe_gt_tlb_invalidation_fence_cb
    xe_gt_tlb_invalidation_fence_create xe_gt_tlb_invalidation_fence_recv
    xe_gt_tlb_invalidation_fence_send xe_gt_tlb_invalidation_fence_signal
    xe_gt_tlb_invalidation_fence_timeout xe_gt_tlb_invalidation_fence_work_func
    xe_guc_ct_g2h_flow_control xe_guc_ct_h2g_flow_control xe_guc_ctb_g2h xe_guc_ctb_h2g
    xe_guc_engine_activity xe_hw_fence_create xe_hw_fence_signal xe_hw_fence_try_signal
    xe_lrc_update_queue_timestamp xe_lrc_update_timestamp xe_pm_resume xe_pm_runtime_get
    xe_pm_runtime_get_ioctl xe_pm_runtime_put xe_pm_runtime_resume xe_pm_runtime_suspend
    xe_pm_suspend xe_reg_rw xe_sched_job_ban xe_sched_job_create xe_sched_job_exec xe_sched_job_free
    xe_sched_job_run xe_sched_job_set_error xe_sched_job_timedout xe_sched_msg_add xe_sched_msg_recv
    xe_tlb_inval_fence_recv xe_tlb_inval_fence_send xe_tlb_inval_fence_signal
    xe_tlb_inval_fence_timeout xe_vm_cpu_bind xe_vm_create xe_vm_free xe_vm_kill xe_vm_ops_fail
    xe_vm_rebind_worker_enter xe_vm_rebind_worker_exit xe_vm_rebind_worker_retry xe_vm_restart
    xe_vma_acc xe_vma_bind xe_vma_evict xe_vma_flush xe_vma_invalidate xe_vma_pagefault
    xe_vma_pf_bind xe_vma_rebind_exec xe_vma_rebind_worker xe_vma_unbind xe_vma_userptr_invalidate
    xe_vma_userptr_invalidate_complete xe_vma_userptr_rebind_exec xe_vma_userptr_rebind_worker`,
  amdgpu: `amdgpu_bo_create amdgpu_bo_list_set amdgpu_bo_move amdgpu_ttm_bo_move
    amdgpu_cleaner_shader amdgpu_cs amdgpu_cs_bo_status amdgpu_cs_ioctl amdgpu_device_rreg
    amdgpu_device_wreg amdgpu_ib_pipe_sync amdgpu_isolation amdgpu_iv amdgpu_pasid_allocated
    amdgpu_pasid_freed amdgpu_reset_reg_dumps amdgpu_sched_run_job amdgpu_vm_bo_cs amdgpu_vm_bo_map
    amdgpu_vm_bo_mapping amdgpu_vm_bo_unmap amdgpu_vm_bo_update amdgpu_vm_copy_ptes amdgpu_vm_flush
    amdgpu_vm_grab_id amdgpu_vm_set_ptes amdgpu_vm_update_ptes`,
  kfd_smi: `vmfault thermal_throttle gpu_pre_reset gpu_post_reset migrate_start migrate_end
    page_fault_start page_fault_end queue_eviction queue_restore unmap_from_gpu process_start
    process_end dropped_event`,
  swiotlb: 'swiotlb_bounced',
  drm: 'drm_vblank_event drm_vblank_event_queued drm_vblank_event_delivered',
  virtio_gpu: 'virtio_gpu_cmd_queue virtio_gpu_cmd_response',
  dma_buf: `dma_buf_export dma_buf_mmap dma_buf_mmap_internal dma_buf_put dma_buf_dynamic_attach
    dma_buf_detach dma_buf_fd dma_buf_get`,
  iommu: `add_device_to_group remove_device_from_group attach_device_to_domain
    detach_device_from_domain io_page_fault map unmap`,
  intel_iommu: `qi_submit prq_report cache_tag_assign cache_tag_unassign cache_tag_flush_range
    cache_tag_flush_range_np cache_tag_flush_all map_single map_sg unmap_single unmap_sg`,
  sched: `sched_process_fork sched_process_exec sched_process_exit sched_process_free
    sched_process_wait sched_process_hang sched_prepare_exec sched_switch sched_waking sched_wakeup
    sched_wakeup_new sched_skip_vma_numa`,
  task: 'task_newtask task_rename',
  mmap: 'exit_mmap vma_store vma_mas_szero vm_unmapped_area',
  migrate: 'mm_migrate_pages mm_migrate_pages_start set_migration_pte remove_migration_pte',
  exceptions: 'page_fault_user page_fault_kernel',
  tlb: 'tlb_flush',
  kmem: 'rss_stat mm_page_alloc mm_page_free',
  oom: 'mark_victim wake_reaper start_task_reaping finish_task_reaping skip_task_reaping',
  huge_memory: `mm_collapse_huge_page mm_collapse_huge_page_isolate mm_collapse_huge_page_swapin
    mm_khugepaged_scan_pmd mm_khugepaged_scan_file mm_khugepaged_collapse_file mm_khugepaged_scan`,
  ksm: 'ksm_merge_one_page ksm_enter ksm_exit',
  vmscan: `mm_vmscan_direct_reclaim_begin mm_vmscan_direct_reclaim_end
    mm_vmscan_memcg_reclaim_begin mm_vmscan_memcg_reclaim_end mm_vmscan_kswapd_wake
    mm_vmscan_kswapd_sleep mm_shrink_slab_start mm_shrink_slab_end`,
  compaction: 'mm_compaction_begin mm_compaction_end mm_compaction_migratepages',
  kvm: 'kvm_unmap_hva_range kvm_age_hva kvm_test_age_hva kvm_set_spte_hva',
  signal: 'signal_generate signal_deliver',
  mmap_lock: 'mmap_lock_start_locking mmap_lock_acquire_returned mmap_lock_released',
  lock: 'contention_begin contention_end',
  dma: `dma_map_page dma_map_resource dma_unmap_page dma_unmap_resource dma_map_sg dma_map_sg_err
    dma_unmap_sg dma_map_phys dma_unmap_phys`,
  printk: 'console',
  gpu_mem: 'gpu_mem_total',
  module: 'module_load module_free',
  pci: 'pci_hp_event pcie_link_event',
  syscalls: `sys_enter_munmap sys_exit_munmap sys_enter_mremap sys_exit_mremap sys_enter_mprotect
    sys_exit_mprotect sys_enter_madvise sys_exit_madvise sys_enter_process_madvise sys_enter_mmap
    sys_exit_mmap sys_enter_brk sys_exit_brk sys_enter_ioctl sys_exit_ioctl sys_enter_clone
    sys_exit_clone sys_enter_clone3 sys_enter_fork sys_enter_vfork sys_enter_close
    sys_enter_exit_group sys_enter_shmdt sys_exit_shmdt`,
};

/** Functions worth a probe. */
export const FUNCTIONS = `__mmu_notifier_invalidate_range_start __mmu_notifier_invalidate_range_end
  mmu_interval_read_begin mmu_interval_notifier_insert mmu_interval_notifier_insert_locked
  mmu_interval_notifier_remove __mmu_notifier_release __mmu_notifier_register mmu_notifier_register
  mmu_notifier_unregister mmu_notifier_get_locked mmu_notifier_put hmm_range_fault hmm_vma_fault
  hmm_vma_get_pfns hmm_mirror_register hmm_mirror_unregister exit_mmap __mmput mmput __mmdrop exit_files
  do_exit dma_fence_wait_timeout dma_fence_default_wait dma_resv_wait_timeout
  dma_fence_signal dma_fence_signal_locked dma_fence_signal_timestamp
  dma_fence_signal_timestamp_locked dma_fence_release drm_dev_unplug drm_dev_enter
  drm_dev_register drm_dev_unregister drm_ioctl drm_release dma_buf_export dma_buf_dynamic_attach
  dma_buf_detach dma_buf_map_attachment dma_buf_unmap_attachment dma_buf_pin dma_buf_unpin
  dma_buf_move_notify dma_buf_invalidate_mappings dma_buf_release dma_buf_begin_cpu_access
  dma_buf_vmap dma_buf_vmap_unlocked dma_buf_mmap migrate_vma_setup migrate_vma_pages
  migrate_vma_finalize amdgpu_hmm_range_get_pages amdgpu_hmm_range_get_pages_done
  amdgpu_hmm_invalidate_gfx amdgpu_hmm_invalidate_hsa amdgpu_mn_invalidate_gfx
  amdgpu_mn_invalidate_hsa amdgpu_vm_handle_fault amdgpu_gmc_filter_faults
  gmc_v9_0_process_interrupt gmc_v10_0_process_interrupt gmc_v11_0_process_interrupt
  amdgpu_device_gpu_recover amdgpu_job_timedout amdgpu_gmc_flush_gpu_tlb
  amdgpu_gmc_flush_gpu_tlb_pasid amdgpu_pci_remove svm_range_cpu_invalidate_pagetables
  svm_range_validate_and_map svm_range_restore_pages svm_range_restore_work
  amdgpu_amdkfd_restore_userptr_worker kgd2kfd_quiesce_mm kgd2kfd_resume_mm
  kfd_process_evict_queues kfd_process_restore_queues kfd_process_notifier_release
  xe_hmm_userptr_populate_range xe_vma_userptr_pin_pages vma_userptr_invalidate
  xe_vm_userptr_check_repin handle_vma_pagefault handle_pagefault xe_svm_handle_pagefault
  xe_svm_invalidate drm_gpusvm_range_get_pages drm_gpusvm_get_pages drm_gpusvm_notifier_invalidate
  drm_gpusvm_range_find_or_insert guc_exec_queue_timedout_job xe_gt_reset_async
  xe_device_declare_wedged xe_gt_tlb_fence_timeout xe_vm_close_and_put xe_pci_remove
  i915_gem_userptr_invalidate userptr_mn_invalidate_range_start i915_gem_object_userptr_submit_init
  i915_gem_object_userptr_submit_done intel_gt_reset intel_engine_reset intel_gt_handle_error
  i915_pci_remove nouveau_range_fault nouveau_svmm_invalidate_range_start nouveau_svm_range_invalidate
  nouveau_svm_fault nouveau_drm_remove iommu_report_device_fault iopf_group_response
  iommu_page_response iommu_sva_bind_device iommu_sva_handle_mm prq_event_thread intel_mm_release
  intel_pasid_tear_down_entry intel_drain_pasid_prq report_iommu_fault iommu_queue_iopf
  intel_svm_page_response intel_iommu_page_response pci_p2pdma_distance_many copy_page_range
  drm_sched_job_timedout __mmu_notifier_invalidate_range
  __mmu_notifier_arch_invalidate_secondary_tlbs __oom_reap_task_mm handle_mm_fault do_munmap
  dma_fence_add_callback dma_fence_enable_sw_signaling sync_file_create sync_file_get_fence`;

/** Events and functions that are left out on purpose. */
export const LEFT_OUT: readonly { readonly reason: string; readonly names: string }[] = [
  {
    reason: 'high rate, and what it tells of one page or register leads to no object',
    names: `i915:i915_reg_rw xe:xe_reg_rw amdgpu:amdgpu_device_rreg amdgpu:amdgpu_device_wreg
      amdgpu:amdgpu_vm_set_ptes amdgpu:amdgpu_vm_copy_ptes amdgpu:amdgpu_vm_update_ptes
      migrate:set_migration_pte migrate:remove_migration_pte exceptions:page_fault_user
      exceptions:page_fault_kernel kmem:rss_stat kmem:mm_page_alloc kmem:mm_page_free
      huge_memory:mm_khugepaged_scan_pmd huge_memory:mm_khugepaged_scan_file
      huge_memory:mm_khugepaged_scan vmscan:mm_shrink_slab_start vmscan:mm_shrink_slab_end
      compaction:mm_compaction_migratepages sched:sched_waking sched:sched_wakeup
      sched:sched_wakeup_new mmap:vm_unmapped_area`,
  },
  {
    reason: 'an echo: another event of the same moment says it with more',
    names: `amdgpu:amdgpu_cs amdgpu:amdgpu_cs_bo_status amdgpu:amdgpu_bo_list_set
      amdgpu:amdgpu_vm_bo_update amdgpu:amdgpu_vm_bo_mapping amdgpu:amdgpu_vm_bo_cs
      xe:xe_sched_job_create xe:xe_hw_fence_try_signal xe:xe_vma_flush xe:xe_vm_cpu_bind
      xe:xe_sched_msg_add xe:xe_sched_msg_recv xe:xe_gt_tlb_invalidation_fence_create
      xe:xe_gt_tlb_invalidation_fence_cb xe:xe_gt_tlb_invalidation_fence_recv
      xe:xe_gt_tlb_invalidation_fence_work_func xe:xe_tlb_inval_fence_recv
      intel_iommu:cache_tag_flush_range_np sched:sched_prepare_exec sched:sched_process_wait
      huge_memory:mm_collapse_huge_page_isolate huge_memory:mm_collapse_huge_page_swapin
      ksm:ksm_enter ksm:ksm_exit`,
  },
  {
    reason: 'steps of the firmware interface; what becomes of the queue is told by other events',
    names: `xe:xe_exec_queue_register xe:xe_exec_queue_deregister xe:xe_exec_queue_deregister_done
      xe:xe_exec_queue_submit xe:xe_exec_queue_scheduling_enable
      xe:xe_exec_queue_scheduling_disable xe:xe_exec_queue_scheduling_done
      xe:xe_exec_queue_supress_resume xe:xe_guc_ct_h2g_flow_control xe:xe_guc_ct_g2h_flow_control
      xe:xe_guc_ctb_h2g xe:xe_guc_ctb_g2h i915:intel_context_create i915:intel_context_register
      i915:intel_context_deregister i915:intel_context_deregister_done
      i915:intel_context_sched_enable i915:intel_context_sched_disable
      i915:intel_context_sched_done i915:intel_context_set_prio i915:intel_context_free
      i915:intel_context_fence_release i915:intel_context_steal_guc_id i915:intel_context_do_pin
      i915:intel_context_do_unpin`,
  },
  {
    reason: 'about performance or power, not about memory or fences',
    names: `i915:intel_gpu_freq_change xe:xe_eu_stall_data_read xe:xe_guc_engine_activity
      xe:xe_lrc_update_timestamp xe:xe_lrc_update_queue_timestamp xe:xe_pm_runtime_get
      xe:xe_pm_runtime_put xe:xe_pm_runtime_get_ioctl amdgpu:amdgpu_cleaner_shader
      gpu_mem:gpu_mem_total`,
  },
  {
    reason: 'buffers without a device behind: a mapping or a move of it is what counts',
    names: `i915:i915_gem_object_create i915:i915_gem_object_destroy i915:i915_gem_object_clflush
      i915:i915_gem_object_fault i915:i915_gem_object_pread i915:i915_gem_object_pwrite
      xe:xe_bo_create xe:xe_bo_validate`,
  },
  {
    reason: 'declared and fired by no kernel, or only up to 6.2: system calls tell of mappings',
    names: 'mmap:vma_store mmap:vma_mas_szero',
  },
  {
    reason: 'another subscriber of the same notifiers: virtual machines',
    names: 'kvm:kvm_unmap_hva_range kvm:kvm_age_hva kvm:kvm_test_age_hva kvm:kvm_set_spte_hva',
  },
  {
    reason: 'lists whose unmapping names no bus address; and a domain that maps never name',
    names: `dma:dma_map_sg dma:dma_map_sg_err dma:dma_unmap_sg intel_iommu:map_single
      intel_iommu:map_sg intel_iommu:unmap_single intel_iommu:unmap_sg
      iommu:attach_device_to_domain iommu:detach_device_from_domain`,
  },
  {
    reason: 'a copy through a bounce buffer: slower, and of memory mapped for a device, not shared',
    names: 'swiotlb:swiotlb_bounced',
  },
  {
    reason: 'who avoided a move is no cause of one',
    names: 'sched:sched_skip_vma_numa',
  },
  {
    reason: 'no meaning of its own: followed like any probed function, by what is nested in it',
    names: `migrate_vma_pages __mmput mmput exit_files do_exit dma_fence_default_wait
      amdgpu_hmm_range_get_pages_done amdgpu_gmc_filter_faults kgd2kfd_quiesce_mm kgd2kfd_resume_mm
      kfd_process_evict_queues kfd_process_restore_queues kfd_process_notifier_release
      xe_vm_userptr_check_repin drm_gpusvm_range_find_or_insert xe_vm_close_and_put
      i915_gem_object_userptr_submit_done iommu_sva_bind_device prq_event_thread intel_mm_release
      intel_pasid_tear_down_entry intel_drain_pasid_prq pci_p2pdma_distance_many copy_page_range
      __mmu_notifier_invalidate_range __mmu_notifier_arch_invalidate_secondary_tlbs
      __oom_reap_task_mm handle_mm_fault do_munmap dma_fence_add_callback
      dma_fence_enable_sw_signaling sync_file_create sync_file_get_fence`,
  },
  {
    reason: 'its argument names neither job nor device; the error of the fence and the log do',
    names: `amdgpu_job_timedout drm_sched_job_timedout guc_exec_queue_timedout_job
      xe_gt_tlb_fence_timeout intel_gt_handle_error`,
  },
  {
    reason: 'called by, or calls, a function that is read: read twice it would count twice',
    names: `report_iommu_fault iommu_queue_iopf intel_svm_page_response intel_iommu_page_response`,
  },
];

export function namesOf(list: string): string[] {
  return list.split(/\s+/).filter((name) => name !== '');
}
