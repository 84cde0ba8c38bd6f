/**
 * The print formats of events whose text does not name its fields as the kernel does, or whose
 * values may hold spaces (comm, file and timeline names): the `print fmt` lines of the events'
 * `format` files with the fields in place of the conversions. `{name}` is text, `{name:d}` a decimal,
 * `{name:x}` a hexadecimal number without 0x, `{name:p}` a pointer, which the kernel's own text
 * shows hashed (then it stays text: it is equal to no raw pointer).
 */
const FENCE = ['driver={driver} timeline={timeline} context={context:d} seqno={seqno:d}'];
const FENCE_EVENTS = [
  'init',
  'emit',
  'enable_signal',
  'signaled',
  'destroy',
  'wait_start',
  'wait_end',
];
const JOB = [
  'dev={dev}, fence={fence_context:d}:{fence_seqno:d}, ring={name}, job count:{job_count:d}, hw job count:{hw_job_count:d}, client_id:{client_id:d}',
];
const OLD_JOB = [
  'entity={entity:p}, id={id:d}, fence={fence:p}, ring={name}, job count:{job_count:d}, hw job count:{hw_job_count:d}',
];
const AMDGPU_JOB = [
  'sched_job={sched_job_id:d}, timeline={timeline}, context={context:d}, seqno={seqno:d}, ring_name={ring}, num_ibs={num_ibs:d}',
  'timeline={timeline}, fence={context:d}:{seqno:d}, ring_name={ring}, num_ibs={num_ibs:d}',
  'sched_job={sched_job_id:d}, timeline={timeline}, context={context:d}, seqno={seqno:d}, ring_name={ring:p}, num_ibs={num_ibs:d}',
];
const I915_REQUEST = [
  'dev={dev:d}, engine={class:d}:{instance:d}, ctx={ctx:d}, seqno={seqno:d}, tail={tail:d}',
  'dev={dev:d}, engine={class:d}:{instance:d}, ctx={ctx:d}, seqno={seqno:d}, prio={prio:d}, port={port:d}',
  'dev={dev:d}, engine={class:d}:{instance:d}, hw_id={hw_id:d}, ctx={ctx:d}, seqno={seqno:d}',
];
const XE_VMA = [
  'dev={dev}, vma={vma:p}, vm={vm:p}, asid={asid:p}, start={start:p}, end={end:p}, userptr={ptr:p}',
  'dev={dev}, vma={vma:p}, asid={asid:p}, start={start:p}, end={end:p}, userptr={ptr:p},',
];
const XE_JOB = [
  'dev={dev}, fence={fence:p}, seqno={seqno:d}, lrc_seqno={lrc_seqno:d}, gt={gt_id:d}, guc_id={guc_id:d}, batch_addr={batch_addr:p}, guc_state={guc_state:p}, flags={flags:p}, error={error:d}',
  'dev={dev}, fence={fence:p}, seqno={seqno:d}, lrc_seqno={lrc_seqno:d}, guc_id={guc_id:d}, batch_addr={batch_addr:p}, guc_state={guc_state:p}, flags={flags:p}, error={error:d}',
];
/** As the kernel prints them, today and up to 4.x, and as trace-cmd's sched plugin does. */
const WAKEUP = [
  'comm={comm} pid={pid:d} prio={prio:d} target_cpu={target_cpu:d}',
  'comm={comm} pid={pid:d} prio={prio:d} success={success:d} target_cpu={target_cpu:d}',
  '{comm}:{pid:d} [{prio:d}] CPU:{target_cpu:d}',
  '{comm}:{pid:d} [{prio:d}] success={success:d} CPU:{target_cpu:d}',
];

const FORMATS: Readonly<Record<string, readonly string[]>> = {
  sched_process_fork: [
    'comm={parent_comm} pid={parent_pid:d} child_comm={child_comm} child_pid={child_pid:d}',
  ],
  sched_process_exec: ['filename={filename} pid={pid:d} old_pid={old_pid:d}'],
  sched_process_exit: [
    'comm={comm} pid={pid:d} prio={prio:d} group_dead={group_dead:b}',
    'comm={comm} pid={pid:d} prio={prio:d}',
  ],
  sched_process_free: ['comm={comm} pid={pid:d} prio={prio:d}'],
  sched_switch: [
    'prev_comm={prev_comm} prev_pid={prev_pid:d} prev_prio={prev_prio:d} prev_state={prev_state} ==> next_comm={next_comm} next_pid={next_pid:d} next_prio={next_prio:d}',
    'prev_comm={prev_comm} prev_pid={prev_pid:d} prev_prio={prev_prio:d} prev_state={prev_state} next_comm={next_comm} next_pid={next_pid:d} next_prio={next_prio:d}',
    '{prev_comm}:{prev_pid:d} [{prev_prio:d}] {prev_state} ==> {next_comm}:{next_pid:d} [{next_prio:d}]',
  ],
  sched_waking: WAKEUP,
  sched_wakeup: WAKEUP,
  sched_wakeup_new: WAKEUP,
  task_newtask: [
    'pid={pid:d} comm={comm} clone_flags={clone_flags:x} oom_score_adj={oom_score_adj:d}',
  ],
  task_rename: ['pid={pid:d} oldcomm={oldcomm} newcomm={newcomm} oom_score_adj={oom_score_adj:d}'],
  signal_deliver: [
    'sig={sig:d} errno={errno:d} code={code:d} sa_handler={sa_handler:x} sa_flags={sa_flags:x}',
  ],
  signal_generate: [
    'sig={sig:d} errno={errno:d} code={code:d} comm={comm} pid={pid:d} grp={group:d} res={result:d}',
  ],
  mark_victim: [
    'pid={pid:d} comm={comm} total-vm={total_vm:d}kB anon-rss={anon_rss:d}kB file-rss:{file_rss:d}kB shmem-rss:{shmem_rss:d}kB uid={uid:d} pgtables={pgtables:d}kB oom_score_adj={oom_score_adj:d}',
    'pid={pid:d}',
  ],
  exit_mmap: ['mt_mod {mt:p}, DESTROY'],
  ...Object.fromEntries(
    FENCE_EVENTS.flatMap((name) => [
      [`dma_fence_${name}`, FENCE],
      [`fence_${name}`, FENCE],
    ]),
  ),
  drm_sched_job: OLD_JOB,
  drm_run_job: OLD_JOB,
  amd_sched_job: OLD_JOB,
  drm_sched_process_job: ['fence={fence:p} signaled'],
  amd_sched_process_job: ['fence={fence:p} signaled'],
  drm_sched_job_wait_dep: [
    'job ring={name}, id={id:d}, depends fence={fence:p}, context={ctx:d}, seq={seqno:d}',
  ],
  drm_sched_job_queue: JOB,
  drm_sched_job_run: JOB,
  drm_sched_job_done: ['fence={fence_context:d}:{fence_seqno:d} signaled'],
  drm_sched_job_add_dep: [
    'fence={fence_context:d}:{fence_seqno:d} depends on fence={ctx:d}:{seqno:d}',
  ],
  drm_sched_job_unschedulable: [
    'fence={fence_context:d}:{fence_seqno:d} depends on unsignalled fence={ctx:d}:{seqno:d}',
  ],
  amdgpu_cs_ioctl: AMDGPU_JOB,
  amdgpu_sched_run_job: AMDGPU_JOB,
  amdgpu_iv: [
    'ih:{ih:d} client_id:{client_id:d} src_id:{src_id:d} ring:{ring_id:d} vmid:{vmid:d} timestamp: {timestamp:d} pasid:{pasid:d} src_data: {src_data:words}',
  ],
  i915_request_add: I915_REQUEST,
  i915_request_submit: I915_REQUEST,
  i915_request_execute: I915_REQUEST,
  i915_request_in: I915_REQUEST,
  i915_request_retire: I915_REQUEST,
  xe_vma_userptr_invalidate: XE_VMA,
  xe_vma_userptr_invalidate_complete: XE_VMA,
  xe_vma_pagefault: XE_VMA,
  xe_exec_queue_memory_cat_error: [
    'dev={dev}, {class:d}:{logical_mask:p}, gt={gt_id:d}, width={width:d}, guc_id={guc_id:d}, guc_state={guc_state:p}, flags={flags:p}',
  ],
  xe_sched_job_timedout: XE_JOB,
  xe_sched_job_set_error: XE_JOB,
  io_page_fault: ['IOMMU:{driver} {device} iova={iova:p} flags={flags:p}'],
  cache_tag_assign: ['{iommu}/{dev} type {type} did {domain_id:d} pasid {pasid:d} ref {users:d}'],
  console: ['{msg}'],
};

/** By event name; of several formats the first that fits the text holds. */
export const PRINT_PATTERNS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(FORMATS),
);
