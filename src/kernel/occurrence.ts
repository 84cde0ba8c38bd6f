import type { DeviceOccurrenceData } from './device-occurrence.ts';
import type { DrmOccurrenceData } from './drm-occurrence.ts';
import type { LogRecord } from './log-lines/log-record.ts';
import type { WaitingOccurrenceData } from './waiting-occurrence.ts';

/**
 * The normalised happenings of the kernel, whatever recorded them: a tracepoint, a kprobe or
 * fprobe, the function tracers, later a log line. Lifetimes are built from these alone.
 *
 * 64-bit values (pointers, cookies, contexts) are `Word`: exact, and equal values are equal keys of
 * a Map. `undefined` always means "this capture does not say".
 */
export type Word = number | bigint;

export type { LogClass } from './log-lines/log-record.ts';

/** Where and when: `event` is the ordinal of the event in the capture, `ts` ns since its first event. */
export interface Moment {
  readonly event: number;
  readonly ts: number;
  readonly cpu: number;
  readonly tid: number;
}

/** `driver` of PASIDs that an IOMMU knows: a number space apart from those of GPU drivers. */
export const IOMMU_PASIDS = 'iommu';

/** enum mmu_notifier_event, include/linux/mmu_notifier.h. */
export const MMU_NOTIFY_NAMES = [
  'UNMAP',
  'CLEAR',
  'PROTECTION_VMA',
  'PROTECTION_PAGE',
  'SOFT_DIRTY',
  'RELEASE',
  'MIGRATE',
  'EXCLUSIVE',
] as const;

export type Occurrence = Moment & OccurrenceData;

export type OccurrenceData =
  | DeviceOccurrenceData
  | DrmOccurrenceData
  | WaitingOccurrenceData
  // --- tasks and address spaces (sched, task, mmap, oom; kernel/exit.c, kernel/fork.c) ---
  | {
      kind: 'task.fork';
      child: number;
      childComm: string | undefined;
      comm: string | undefined;
      cloneFlags: Word | undefined;
    }
  | { kind: 'task.exec'; filename: string; oldTid: number }
  /** `groupDead` only where the kernel says so (6.16 and later). */
  | { kind: 'task.exit'; comm: string | undefined; groupDead: boolean | undefined }
  | { kind: 'task.free'; freed: number }
  | { kind: 'task.rename'; target: number; comm: string }
  /**
   * exit_mmap ran: at exit of the last user, and of the old mm at every exec. `maple` is a pointer
   * into the mm where its own is not known.
   */
  | { kind: 'mm.exit'; mm: Word | undefined; maple?: Word | undefined }
  /** __mmu_notifier_release: the mm's notifiers are told it dies. */
  | { kind: 'mm.release'; mm: Word | undefined }
  /** __mmdrop: the struct itself is freed. */
  | { kind: 'mm.drop'; mm: Word | undefined }
  | { kind: 'signal.deliver'; signal: number; target: number }
  | { kind: 'oom.victim'; target: number }
  /** A system call that changes mappings or talks to a device; `name` without `sys_`. */
  | { kind: 'syscall.enter'; name: string; args: Readonly<Record<string, Word>> }
  | { kind: 'syscall.exit'; name: string; ret: Word }
  // --- dma_fence (include/trace/events/dma_fence.h); context and seqno are truncated to 32 bits there ---
  | {
      kind:
        | 'fence.init'
        | 'fence.emit'
        | 'fence.enable_signal'
        | 'fence.signaled'
        | 'fence.destroy'
        | 'fence.wait_start'
        | 'fence.wait_end';
      context: number;
      seqno: number;
      driver: string;
      timeline: string;
    }
  /** One fence will not signal before another (dma_fence_annotate_wait_on, 3.17 to 5.x). */
  | {
      kind: 'fence.waits_on';
      context: number;
      seqno: number;
      onContext: number;
      onSeqno: number;
    }
  /** dma_fence_signal*() was called (a probe): full 64-bit identity, the fence's error, its flags before. */
  | {
      kind: 'fence.signal_call';
      pointer: Word | undefined;
      context: Word | undefined;
      seqno: Word | undefined;
      flags: Word | undefined;
      /** Whether it had been signalled before the call: read from `flags`, whose bits moved in 7.x. */
      signaled: boolean | undefined;
      error: number | undefined;
    }
  /** dma_fence_release() by probe: the last reference was dropped, and the error it had is known. */
  | {
      kind: 'fence.release_call';
      context: Word;
      seqno: Word;
      signaled: boolean | undefined;
      error: number | undefined;
    }
  /** dma_fence_wait_timeout() or dma_resv_wait_timeout() by probe; fences are named where known. */
  | {
      kind: 'fence.wait_call';
      function: string;
      context: Word | undefined;
      seqno: Word | undefined;
    }
  | { kind: 'fence.wait_return'; function: string; ret: number | undefined }
  // --- GPU jobs (gpu_scheduler in both eras, amdgpu); identity is what the event carries ---
  | {
      kind: 'job.queue' | 'job.run';
      ring: string;
      dev: string | undefined;
      id: Word | undefined;
      entity: Word | undefined;
      fence: Word | undefined;
      context: Word | undefined;
      seqno: Word | undefined;
      source: string;
      /** Number of the queue it is in, where the driver says so (xe: guc_id). */
      queue?: number | undefined;
      gt?: number | undefined;
      /** drm_file's client id (6.17 and later). */
      client?: Word | undefined;
    }
  | {
      kind: 'job.done';
      fence: Word | undefined;
      context: Word | undefined;
      seqno: Word | undefined;
      /** Where ring and number are the job's name. */
      ring?: string | undefined;
      id?: Word | undefined;
    }
  | {
      kind: 'job.depends';
      fence: Word | undefined;
      context: Word | undefined;
      seqno: Word | undefined;
      id: Word | undefined;
      ring: string | undefined;
      onFence: Word | undefined;
      onContext: Word | undefined;
      onSeqno: Word | undefined;
      blocked: boolean;
    }
  // --- mmu_notifier (mm/mmu_notifier.c), by probe ---
  | {
      kind: 'invalidation.begin';
      mm: Word | undefined;
      start: Word | undefined;
      end: Word | undefined;
      flags: number | undefined;
      reason: number | undefined;
      owner: Word | undefined;
      source: ProbeSource;
      /** False when the recorded arguments are impossible: they are then left out. */
      sane: boolean;
    }
  | { kind: 'invalidation.begin_return'; ret: number | undefined }
  | {
      kind: 'invalidation.end';
      mm: Word | undefined;
      start: Word | undefined;
      end: Word | undefined;
    }
  | {
      kind: 'notifier.insert';
      mni: Word | undefined;
      mm: Word | undefined;
      start: Word | undefined;
      length: Word | undefined;
    }
  | { kind: 'notifier.insert_return'; ret: number | undefined }
  /** A notifier of a whole mm (struct mmu_notifier): __mmu_notifier_register, mmu_notifier_get_locked. */
  | { kind: 'subscription.register'; subscription: Word | undefined; mm: Word | undefined }
  | { kind: 'subscription.get'; mm: Word | undefined }
  | { kind: 'subscription.get_return'; subscription: Word | undefined }
  | { kind: 'subscription.unregister' | 'subscription.put'; subscription: Word | undefined }
  | { kind: 'notifier.remove'; mni: Word | undefined; mm: Word | undefined }
  | {
      kind: 'hmm.read_begin';
      mni: Word | undefined;
      mm: Word | undefined;
      start: Word | undefined;
      last: Word | undefined;
    }
  | { kind: 'hmm.read_begin_return'; seq: Word | undefined }
  | {
      kind: 'hmm.range_fault';
      mni: Word | undefined;
      mm: Word | undefined;
      seq: Word | undefined;
      start: Word | undefined;
      end: Word | undefined;
    }
  | {
      kind: 'hmm.range_fault_return';
      ret: number | undefined;
      start: Word | undefined;
      end: Word | undefined;
    }
  // --- any other probed function: driver callbacks, wrappers of hmm_range_fault, device fault handlers ---
  | {
      kind: 'probe.enter';
      function: string;
      module: string | undefined;
      role: ProbeRole;
      args: Readonly<Record<string, Word | string>>;
    }
  | {
      kind: 'probe.return';
      function: string;
      module: string | undefined;
      role: ProbeRole;
      ret: number | undefined;
      args: Readonly<Record<string, Word | string>>;
    }
  // --- devices ---
  /** A device reports a GPU page fault by tracepoint (amdgpu_iv, xe_vma_pagefault, …). */
  | {
      kind: 'device.fault';
      driver: string;
      pasid: number | undefined;
      vmid: number | undefined;
      asid: number | undefined;
      address: Word | undefined;
      write: boolean | undefined;
      dev?: string | undefined;
      /** The queue whose work faulted, where the device names it instead of an address space. */
      queue?: number | undefined;
      gt?: number | undefined;
    }
  /** An IOMMU reports a page request or a fault (intel_iommu:prq_report, iommu:io_page_fault). */
  | {
      kind: 'iommu.fault';
      device: string;
      pasid: number | undefined;
      address: Word | undefined;
      source: string;
      /** A page request, which is answered as one with the others of its group. */
      request?: PageRequest | undefined;
    }
  | {
      kind: 'pasid.allocated' | 'pasid.freed';
      driver: string;
      pasid: number;
      /** The device it is bound on, where an IOMMU tells. */
      dev?: string | undefined;
    }
  // --- SVM of AMD GPUs (KFD SMI events); nodes are KFD gpu ids, 0 is system memory; pids as the driver prints them ---
  /** A range moves; `trigger` is an index of MIGRATE_TRIGGERS, parsers/kfd-smi-text/triggers.ts. */
  | {
      kind: 'migration.start';
      driver: string;
      pid: number;
      start: Word;
      bytes: Word;
      from: number;
      to: number;
      trigger: number | undefined;
      /** Where the range was to be prefetched to, and where it prefers to be. */
      prefetch: number | undefined;
      preferred: number | undefined;
    }
  /** `error` only where the kernel says so (6.13 and later); 0 = moved. */
  | {
      kind: 'migration.end';
      driver: string;
      pid: number;
      start: Word;
      bytes: Word;
      from: number;
      to: number;
      trigger: number | undefined;
      error: number | undefined;
    }
  /** The fault of `device.fault` was served: pages moved to the device, or mapped where they were. */
  | {
      kind: 'device.fault_end';
      driver: string;
      pid: number;
      node: number;
      address: Word;
      migrated: boolean | undefined;
    }
  /** The user queues of a process stop; `trigger` is an index of QUEUE_EVICTION_TRIGGERS. */
  | {
      kind: 'queue.evict';
      driver: string;
      pid: number;
      node: number;
      trigger: number | undefined;
    }
  /** They run again; `rescheduled`: restoring failed and is tried again, so they do not. */
  | {
      kind: 'queue.restore';
      driver: string;
      pid: number;
      node: number;
      rescheduled: boolean;
    }
  /** A range leaves a GPU's page tables; `trigger` is an index of UNMAP_TRIGGERS. */
  | {
      kind: 'range.unmap';
      driver: string;
      pid: number;
      node: number;
      start: Word;
      bytes: Word;
      trigger: number | undefined;
    }
  /** A GPU is about to be reset, or was. `cause` where the kernel says (6.12 and later). */
  | {
      kind: 'device.reset_start' | 'device.reset_end';
      driver: string;
      sequence: number | undefined;
      cause: string | undefined;
    }
  // --- the kernel log: one record of one or more lines; the moment is that of its first line ---
  | ({ kind: 'log.record' } & LogRecord);

/** What names a page request at its IOMMU. */
export interface PageRequest {
  readonly iommu: string;
  readonly rid: number | undefined;
  readonly group: number | undefined;
  /** Counts up per IOMMU: a gap says that events were lost. */
  readonly seq: number | undefined;
  /** The last of its group: the answer is due from now on. */
  readonly last: boolean;
  readonly write: boolean | undefined;
}

/** What recorded a function: a kprobe, fprobe or tracepoint; or one of the function tracers. */
export type ProbeSource = 'probe' | 'function' | 'function_graph';

/**
 * What the catalogue knows a probed function to be. `unknown` functions are still followed: their
 * nesting (inside an invalidation, around a range fault) tells what they are.
 */
export type ProbeRole =
  | 'invalidate-callback'
  | 'range-fault-wrapper'
  | 'device-fault-handler'
  | 'restore-worker'
  | 'unknown';

export type OccurrenceKind = Occurrence['kind'];
/** The occurrence of one kind, also where several kinds share a shape. */
export type OccurrenceOf<K extends OccurrenceKind> = Occurrence extends infer O
  ? O extends { kind: OccurrenceKind }
    ? K extends O['kind']
      ? O & { kind: K }
      : never
    : never
  : never;
