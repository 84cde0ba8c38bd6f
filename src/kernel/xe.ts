import type { Fields } from '../parsers/parser.ts';
import { small, string, word } from './arguments.ts';
import type { Moment, Occurrence } from './occurrence.ts';
import { kept, rule, type Subsystem } from './subsystem.ts';

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
      args: { start: word(fields.ptr) ?? 0 },
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
    'xe:xe_exec_queue_memory_cat_error': rule('device.fault', pagefault),
    'xe:xe_sched_job_timedout': kept,
    'xe:xe_sched_job_set_error': kept,
    'xe:xe_vm_kill': kept,
    'xe:xe_vm_free': kept,
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
};

function pagefault(fields: Fields, moment: Moment): Occurrence {
  return {
    kind: 'device.fault',
    driver: string(fields.dev) ?? 'xe',
    pasid: undefined,
    vmid: undefined,
    asid: small(fields.asid),
    address: word(fields.start),
    write: undefined,
    ...moment,
  };
}
