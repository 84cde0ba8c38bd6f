import type { Fields } from '../parsers/parser.ts';
import { small, string, word } from './arguments.ts';
import type { Moment, Occurrence } from './occurrence.ts';
import { kept, rule, type Subsystem } from './subsystem.ts';
import {
  jobFailedRule,
  jobOverRule,
  jobRule,
  mappingRule,
  powerRule,
  queueOf,
  queueRule,
  queueStateRule,
  tlbRule,
  vmRule,
} from './xe-fields.ts';

const USERPTR_CALLBACK = 'vma_userptr_invalidate';

/**
 * drivers/gpu/drm/xe/xe_trace.h and xe_trace_bo.h, and drm_gpusvm.c (6.15), which has no
 * tracepoints. xe_vma_userptr_invalidate is fired in the notifier callback, its _complete at the
 * end of it (in 7.x of its second pass): together they are the callback. A refusal to block has no
 * _complete.
 */
export const xe: Subsystem = {
  name: 'xe',
  events: {
    'xe:xe_vma_userptr_invalidate': rule('probe.enter', (fields, moment) => ({
      kind: 'probe.enter',
      function: USERPTR_CALLBACK,
      module: 'xe',
      role: 'invalidate-callback',
      args: { start: word(fields.ptr) ?? 0, vma: word(fields.vma) ?? 0 },
      ...moment,
    })),
    'xe:xe_vma_userptr_invalidate_complete': rule('probe.return', (_fields, moment) => ({
      kind: 'probe.return',
      function: USERPTR_CALLBACK,
      module: 'xe',
      role: 'invalidate-callback',
      ret: undefined,
      args: {},
      ...moment,
    })),
    'xe:xe_vma_pagefault': rule('device.fault', pagefault),
    'xe:xe_exec_queue_memory_cat_error': rule('device.fault', catError),
    // xe_sched_job.c xe_sched_job_push, xe_guc_submit.c guc_exec_queue_run_job and _free_job
    'xe:xe_sched_job_exec': jobRule('job.queue'),
    'xe:xe_sched_job_run': jobRule('job.run'),
    'xe:xe_sched_job_free': jobOverRule(),
    'xe:xe_sched_job_timedout': jobFailedRule('timeout'),
    'xe:xe_sched_job_set_error': jobFailedRule('error'),
    'xe:xe_sched_job_ban': jobFailedRule('ban'),
    'xe:xe_hw_fence_create': rule('job.fence_named', (fields, moment) => {
      const [fence, context, seqno] = [fields.fence, fields.ctx, fields.seqno].map(word);
      if (fence === undefined || context === undefined || seqno === undefined) return undefined;
      return { kind: 'job.fence_named', fence, context, seqno, ...moment };
    }),
    'xe:xe_hw_fence_signal': rule('job.done', (fields, moment) => ({
      kind: 'job.done',
      fence: word(fields.fence),
      context: word(fields.ctx),
      seqno: word(fields.seqno),
      ...moment,
    })),
    'xe:xe_exec_queue_create': queueRule('queue.created'),
    'xe:xe_exec_queue_create_multi_queue': queueRule('queue.created'),
    'xe:xe_exec_queue_destroy': queueRule('queue.destroyed'),
    'xe:xe_exec_queue_reset': queueStateRule('reset'),
    'xe:xe_exec_queue_kill': queueStateRule('killed'),
    'xe:xe_exec_queue_close': queueStateRule('closed'),
    'xe:xe_exec_queue_cgp_context_error': queueStateRule('context-error'),
    'xe:xe_vm_create': vmRule('vm.created'),
    'xe:xe_vm_kill': vmRule('vm.killed'),
    'xe:xe_vm_free': vmRule('vm.freed'),
    // xe_pm.c; the caller is the address they were called from
    'xe:xe_pm_suspend': powerRule('suspend'),
    'xe:xe_pm_resume': powerRule('resume'),
    'xe:xe_pm_runtime_suspend': powerRule('runtime suspend'),
    'xe:xe_pm_runtime_resume': powerRule('runtime resume'),
    'xe:xe_vm_rebind_worker_enter': kept,
    'xe:xe_vm_rebind_worker_exit': kept,
    'xe:xe_vma_acc': kept,
    'xe:xe_bo_cpu_fault': kept,
    'xe:xe_exec_queue_stop': kept,
    'xe:xe_exec_queue_resubmit': kept,
    'xe:xe_exec_queue_cleanup_entity': kept,
    'xe:xe_exec_queue_lr_cleanup': kept,
    'xe:xe_exec_queue_reach_max_job_count': kept,
    'xe:xe_vm_ops_fail': kept,
    'xe:xe_vm_restart': kept,
    'xe:xe_vm_rebind_worker_retry': kept,
    // xe_vm.c op_trace, xe_pt.c: bound at VM_BIND, after a page fault and again after an eviction
    'xe:xe_vma_bind': mappingRule('mapping.bound'),
    'xe:xe_vma_pf_bind': mappingRule('mapping.bound'),
    'xe:xe_vma_rebind_worker': mappingRule('mapping.bound'),
    'xe:xe_vma_rebind_exec': mappingRule('mapping.bound'),
    'xe:xe_vma_userptr_rebind_worker': mappingRule('mapping.bound'),
    'xe:xe_vma_userptr_rebind_exec': mappingRule('mapping.bound'),
    'xe:xe_vma_unbind': mappingRule('mapping.unbound'),
    'xe:xe_vma_evict': mappingRule('mapping.invalidated'),
    'xe:xe_vma_invalidate': mappingRule('mapping.invalidated'),
    'xe:xe_bo_move': rule('migration.buffer', (fields, moment) => ({
      kind: 'migration.buffer',
      source: 'xe',
      dev: string(fields.device_id),
      object: word(fields.bo),
      bytes: small(fields.size),
      from: string(fields.old_placement_name) ?? '',
      to: string(fields.new_placement_name) ?? '',
      empty: fields.move_lacks_source === 1 || fields.move_lacks_source === 'yes',
      ...moment,
    })),
    // renamed in 6.18; `signal` comes once per fence, `recv` once per answer of the firmware
    'xe:xe_gt_tlb_invalidation_fence_send': tlbRule('tlb.sent'),
    'xe:xe_gt_tlb_invalidation_fence_signal': tlbRule('tlb.answered'),
    'xe:xe_gt_tlb_invalidation_fence_timeout': tlbRule('tlb.timeout'),
    'xe:xe_tlb_inval_fence_send': tlbRule('tlb.sent'),
    'xe:xe_tlb_inval_fence_signal': tlbRule('tlb.answered'),
    'xe:xe_tlb_inval_fence_timeout': tlbRule('tlb.timeout'),
  },
  roles: {
    vma_userptr_invalidate: 'invalidate-callback',
    xe_vma_userptr_do_inval: 'invalidate-callback',
    xe_svm_invalidate: 'invalidate-callback',
    drm_gpusvm_notifier_invalidate: 'invalidate-callback',
    // the two passes of 7.x, xe_userptr.c
    xe_vma_userptr_invalidate_start: 'invalidate-callback',
    xe_vma_userptr_invalidate_finish: 'invalidate-callback',
    xe_hmm_userptr_populate_range: 'range-fault-wrapper',
    xe_vma_userptr_pin_pages: 'range-fault-wrapper',
    drm_gpusvm_range_get_pages: 'range-fault-wrapper',
    drm_gpusvm_get_pages: 'range-fault-wrapper',
    xe_svm_handle_pagefault: 'device-fault-handler',
    __xe_svm_handle_pagefault: 'device-fault-handler',
    handle_vma_pagefault: 'device-fault-handler',
    handle_pagefault: 'device-fault-handler',
    xe_pagefault_service: 'device-fault-handler',
  },
  probes: {
    xe_gt_reset_async: { enter: resetRule('xe_gt_reset_async') },
    xe_device_declare_wedged: { enter: resetRule('xe_device_declare_wedged') },
  },
};

function resetRule(what: string): ReturnType<typeof rule> {
  return rule('device.reset_start', (_fields, moment) => ({
    kind: 'device.reset_start',
    driver: 'xe',
    sequence: undefined,
    cause: what,
    ...moment,
  }));
}

/** The address is the mapping's first: the event does not hold the one that faulted. */
function pagefault(fields: Fields, moment: Moment): Occurrence {
  return {
    kind: 'device.fault',
    driver: 'xe',
    pasid: undefined,
    vmid: undefined,
    asid: small(fields.asid),
    address: word(fields.start),
    write: undefined,
    dev: string(fields.dev),
    ...moment,
  };
}

/** The work of a queue reached memory it has no mapping for: no address, but the queue is named. */
function catError(fields: Fields, moment: Moment): Occurrence {
  const { dev, gt, number } = queueOf(fields);
  return {
    kind: 'device.fault',
    driver: 'xe',
    pasid: undefined,
    vmid: undefined,
    asid: undefined,
    address: undefined,
    write: undefined,
    dev,
    queue: number,
    gt,
    ...moment,
  };
}
