/** What a record of the kernel log says: the parts its lines name, in one form for all versions. */
import type { Word } from '../occurrence.ts';

/** What kind of happening a record is about. */
export type LogClass =
  // GPU memory faults
  | 'gpu-page-fault'
  | 'fault-response'
  | 'cat-error'
  | 'wave-error'
  | 'gpu-error'
  // jobs, rings and resets
  | 'job-timeout'
  | 'job-timeout-check'
  | 'ring-timeout'
  | 'ring-reset'
  | 'ring-reset-failed'
  | 'engine-reset'
  | 'context-reset'
  | 'channel-killed'
  | 'gpu-hang'
  | 'gpu-reset'
  | 'gpu-reset-step'
  | 'gpu-reset-done'
  | 'reset-failed'
  | 'vram-lost'
  | 'device-wedged'
  | 'device-coredump'
  | 'submit-refused'
  | 'submit-failed'
  | 'firmware-timeout'
  | 'interrupt-missed'
  | 'tlb-timeout'
  // shared virtual memory
  | 'queue-evict-failed'
  | 'queue-restore-failed'
  | 'queue-eviction'
  | 'queue-buffer-freed'
  | 'svm-mapping-failed'
  | 'migration-failed'
  | 'userptr-failed'
  | 'vm-worker-error'
  | 'sva-bind-failed'
  | 'notifier-callback-failed'
  // fences
  | 'fence-timeout'
  | 'fence-dropped'
  | 'flip-timeout'
  // IOMMUs
  | 'iommu-fault'
  | 'page-request-error'
  | 'iommu-invalidation-failed'
  // the device itself
  | 'unplug'
  // the kernel at large
  | 'hung-task'
  | 'hung-task-silenced'
  | 'soft-lockup'
  | 'workqueue-hog'
  | 'kernel-warning'
  | 'lockdep'
  | 'oom-invoked'
  | 'oom-kill'
  | 'oom-reaped'
  | 'oom-reap-failed'
  | 'suppressed';

export type LogAccess = 'read' | 'write' | 'execute' | 'atomic';

/** The values a record names; what it does not name is absent. */
export interface LogParts {
  /** PCI address with its domain, or the name as printed. */
  device?: string;
  comm?: string;
  /** Leader's pid as the driver knows it; 0 = the driver did not know the process any more. */
  pid?: number;
  /** Name of the thread, where drivers print both. */
  thread?: string;
  /** The thread's tid; `tid` is that of whoever printed. */
  threadId?: number;
  /** 0 = the kernel's own address space on amdgpu. */
  pasid?: number;
  vmid?: number;
  asid?: number;
  /** Number of the queue: guc_id of xe, channel of nouveau and NVIDIA, queue of amdkfd. */
  queue?: number;
  address?: Word;
  access?: LogAccess;
  /** Status register: VM_L2_PROTECTION_FAULT_STATUS, fsr, flags of AMD-Vi. */
  status?: number;
  /** Number the hardware gives as reason: VT-d fault reason, nouveau reason, xe FaultType, Xid. */
  reason?: number;
  /** The reason in words. */
  meaning?: string;
  /** Ring, engine or hub. */
  engine?: string;
  /** The part of the device that asked for the address. */
  client?: string;
  /** Whether the fault can be retried, where the line says so. */
  retry?: boolean;
  /** Seqno of the job or fence; of a ring timeout the last one signalled. */
  seqno?: number;
  /** Of a ring timeout: the last seqno emitted. */
  emitted?: number;
  errno?: number;
  /** Fence as printed: `driver:timeline:seqno`. */
  fence?: string;
  /** Kernel function the line names. */
  function?: string;
  /** A running number the kernel prints (resets since boot, hogged times): never to be added up. */
  running?: number;
  seconds?: number;
  /** Messages left out by rate limiting: at least as many happenings of `function`, of any device. */
  hiddenAtLeast?: number;
  /** Locks of a lockdep report, or the frames of a stack that say what a task waits for. */
  places?: string[];
  /** Raw double words of a record that comes undecoded. */
  dwords?: bigint[];
  /** What a reader should know before believing the values. */
  hint?: string;
}

export interface LogRecord extends LogParts {
  /** File of the catalogue that knows it: amdgpu, xe, vt-d, hung-task, … */
  source: string;
  class: LogClass;
  /** Driver that owns the device, where the line says so. */
  owner: string | undefined;
  /** Index in `CaptureHeader.buffers`. */
  buffer: number;
  /** Records of different boots share nothing. */
  boot: number;
  /** First line, without the time in front. */
  text: string;
  /** Ordinals of the events of all its lines. */
  events: number[];
  /** Relative ns of its last line. */
  lastTs: number;
  /** Only the first line is there: whoever filtered the log kept lines, not records. */
  bodyMissing: boolean;
}
