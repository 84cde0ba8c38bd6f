/**
 * The print formats of events whose text does not name its fields as the kernel does, or whose
 * values may hold spaces (comm, file and timeline names): the `print fmt` lines of the events'
 * `format` files with the fields in place of the conversions. `{name}` is text, `{name:d}` a decimal,
 * `{name:x}` a hexadecimal number without 0x, `{name:p}` a pointer, which the kernel's own text
 * shows hashed (then it stays text: it is equal to no raw pointer).
 */
const FENCE = ['driver={driver} timeline={timeline} context={context:d} seqno={seqno:d}'];
/** up to 5.x */
const WAITS_ON = [
  `${FENCE[0]} waits on driver={waiting_driver} timeline={waiting_timeline} context={waiting_context:d} seqno={waiting_seqno:d}`,
];
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
const XE_QUEUE = [
  'dev={dev}, {class:d}:{logical_mask:p}, gt={gt_id:d}, width={width:d}, guc_id={guc_id:d}, guc_state={guc_state:p}, flags={flags:p}',
  'dev={dev}, {class:d}:{logical_mask:p}, gt={gt_id:d}, width={width:d} guc_id={guc_id:d}, guc_state={guc_state:p}, flags={flags:p}, primary={primary:d}',
];
const CACHE_TAG = ['{iommu}/{dev} type {type} did {domain_id:d} pasid {pasid:d} ref {users:d}'];
const CACHE_FLUSH = [
  '{iommu} {dev}[{pasid:d}] type {type} did {domain_id:d} [{start:p}-{end:p}] addr {addr:p} pages {pages:p} mask {mask:p}',
  '{iommu} {dev}[{pasid:d}] type {type} did {domain_id:d} [{start:p}-{end:p}] addr {addr:p} mask {mask:p}',
];
/** 6.18 and later, and before. */
const MMAP_LOCK = [
  'mm={mm:p} memcg_id={memcg_id:d} write={write:b}',
  'mm={mm:p} memcg_path={memcg_path} write={write:b}',
];
const BO_MOVE = ['bo={bo:p}, from={old_placement:d}, to={new_placement:d}, size={bo_size:d}'];
const AMDGPU_MAPPING = [
  'bo={bo:p}, start={start:x}, last={last:x}, offset={offset:x}, flags={flags:x}',
];
const MAPPING_EVENTS = [
  'acc',
  'bind',
  'evict',
  'flush',
  'invalidate',
  'pagefault',
  'pf_bind',
  'rebind_exec',
  'rebind_worker',
  'unbind',
  'userptr_invalidate',
  'userptr_invalidate_complete',
  'userptr_rebind_exec',
  'userptr_rebind_worker',
];
const XE_VM = [
  'dev={dev}, vm={vm:p}, asid={asid:p}, vm flags={flags:p}',
  'dev={dev}, vm={vm:p}, asid={asid:p}',
];
const XE_VM_EVENTS = ['create', 'free', 'kill'];
const XE_QUEUE_EVENTS = [
  'cgp_context_error',
  'close',
  'create',
  'create_multi_queue',
  'destroy',
  'kill',
  'memory_cat_error',
  'reset',
];
const XE_JOB_EVENTS = ['ban', 'create', 'exec', 'free', 'run', 'set_error', 'timedout'];
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
  dma_fence_annotate_wait_on: WAITS_ON,
  fence_annotate_wait_on: WAITS_ON,
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
  i915_request_guc_submit: I915_REQUEST,
  ...Object.fromEntries(MAPPING_EVENTS.map((name) => [`xe_vma_${name}`, XE_VMA])),
  ...Object.fromEntries(XE_VM_EVENTS.map((name) => [`xe_vm_${name}`, XE_VM])),
  ...Object.fromEntries(XE_QUEUE_EVENTS.map((name) => [`xe_exec_queue_${name}`, XE_QUEUE])),
  ...Object.fromEntries(XE_JOB_EVENTS.map((name) => [`xe_sched_job_${name}`, XE_JOB])),
  xe_bo_move: [
    'move_lacks_source:{move_lacks_source}, migrate object {bo:p} [size {size:d}] from {old_placement_name} to {new_placement_name} device_id:{device_id}',
  ],
  amdgpu_bo_move: BO_MOVE,
  amdgpu_ttm_bo_move: BO_MOVE,
  amdgpu_vm_bo_map: AMDGPU_MAPPING,
  amdgpu_vm_bo_unmap: AMDGPU_MAPPING,
  amdgpu_vm_grab_id: [
    'pasid={pasid:d}, ring={ring}, id={vmid:d}, hub={vm_hub:d}, pd_addr={pd_addr:x} needs_flush={needs_flush:d}',
  ],
  prq_report: [
    '{iommu}/{dev} seq# {seq:d}: rid={rid:p} addr={addr:p} {access} pasid={pasid:p} index={index:p}',
  ],
  qi_submit: ['{type} {iommu}: {qw0:p} {qw1:p} {qw2:p} {qw3:p}'],
  // as the kernel prints it, and as trace-cmd's tlb plugin does
  tlb_flush: [
    'pages:{pages:d} reason:{reason_text} ({reason:d})',
    'pages={pages:d} reason={reason_text} ({reason:d})',
  ],
  io_page_fault: ['IOMMU:{driver} {device} iova={iova:p} flags={flags:p}'],
  cache_tag_assign: CACHE_TAG,
  cache_tag_unassign: CACHE_TAG,
  cache_tag_flush_all: CACHE_TAG,
  cache_tag_flush_range: CACHE_FLUSH,
  cache_tag_flush_range_np: CACHE_FLUSH,
  mmap_lock_start_locking: MMAP_LOCK,
  mmap_lock_released: MMAP_LOCK,
  mmap_lock_acquire_returned: MMAP_LOCK.map((format) => `${format} success={success:b}`),
  // with one address in old kernels
  map: [
    'IOMMU: iova={iova:p} - {iova_end:p} paddr={paddr:p} size={size:d}',
    'IOMMU: iova={iova:p} paddr={paddr:p} size={size:d}',
  ],
  unmap: [
    'IOMMU: iova={iova:p} - {iova_end:p} size={size:d} unmapped_size={unmapped_size:d}',
    'IOMMU: iova={iova:p} size={size:d} unmapped_size={unmapped_size:d}',
  ],
  contention_begin: ['{lock_addr:p} (flags={flags})'],
  contention_end: ['{lock_addr:p} (ret={ret:d})'],
  console: ['{msg}'],
};

/** By event name; of several formats the first that fits the text holds. */
export const PRINT_PATTERNS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(FORMATS),
);
