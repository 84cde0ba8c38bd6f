/** What the lifetimes know right now: look-ups shared between them. */
import type { Word } from '../../kernel/occurrence.ts';
import { type Fenced, FenceIndex } from './fence-index.ts';
import { GpuVmIndex } from './gpu-vm-index.ts';

/** An event that marked something: both undefined when it was not seen. */
export interface Mark {
  readonly ts: number;
  readonly event: number;
}

export interface LiveTask {
  readonly id: number;
  readonly tid: number;
  readonly generation: number;
  parentId: number | undefined;
  born: Mark | undefined;
  /** A thread of the kernel itself: kworker, khugepaged, oom_reaper. */
  readonly kernelThread: boolean;
  comm: string | undefined;
  process: LiveProcess;
  /** Undefined while nothing tells a new thread from a new process. */
  isThread: boolean | undefined;
  exited: Mark | undefined;
  /** Last time it ran exit_mmap or __mmu_notifier_release since it was born or called execve. */
  mmExited: Mark | undefined;
  /** Last moment it was inside an invalidation of reason PROTECTION_PAGE, as fork makes them. */
  protectionPageTs: number | undefined;
}

export interface LiveProcess {
  readonly id: number;
  readonly pid: number;
  readonly generation: number;
  comm: string | undefined;
  readonly threads: Set<LiveTask>;
  /** Children that may be its threads: alive, no exec seen, nothing decided. */
  readonly maybeThreads: Set<LiveTask>;
  /** The process this one may only be a thread of. */
  maybeOf: LiveProcess | undefined;
  /** Ids under which its threads were known before they turned out to be its own. */
  readonly aliases: number[];
  threadsSeen: number;
  execs: number;
  forked: Mark | undefined;
  /** Birth of its present mm: fork or the last exec. */
  mmBorn: Mark | undefined;
  addressSpace: LiveAddressSpace | undefined;
  groupDeadKnown: boolean;
  leaderExited: Mark | undefined;
  killed: Mark | undefined;
  died: Mark | undefined;
  filesClosed: Mark | undefined;
}

export interface LiveAddressSpace {
  readonly id: number;
  readonly mm: Word;
  readonly generation: number;
  owner: LiveProcess | undefined;
  /** The owner was only inferred from a task invalidating it. */
  ownerIsWeak: boolean;
  /** Somebody watches it: invalidations of it are recorded. */
  notified: boolean;
  born: Mark | undefined;
  readonly firstTs: number;
  released: Mark | undefined;
  releasedBy: number | undefined;
  ended: Mark | undefined;
  endTid: number | undefined;
  endReason: 'exit' | 'exec' | 'other-task' | undefined;
  dropped: Mark | undefined;
}

export interface LiveNotifier {
  readonly id: number;
  readonly mni: Word;
  readonly generation: number;
  mm: Word | undefined;
  addressSpace: LiveAddressSpace | undefined;
  start: Word | undefined;
  last: Word | undefined;
}

export interface LiveFence extends Fenced {
  readonly id: number;
  readonly generation: number;
  seqno64: Word;
  driver: string | undefined;
  timeline: string | undefined;
  pointer: Word | undefined;
  ownerTid: number | undefined;
  owner: LiveTask | undefined;
  readonly first: Mark;
  init: Mark | undefined;
  emit: Mark | undefined;
  enable: Mark | undefined;
  enableTid: number | undefined;
  enabler: LiveTask | undefined;
  signaledTid: number | undefined;
  destroyTid: number | undefined;
  destroyer: LiveTask | undefined;
  error: number | undefined;
  errorEvent: number | undefined;
  signalCalls: number;
  /** The last call that really signalled it, by probe. */
  signalCall: (Mark & { readonly tid: number }) | undefined;
  jobId: number | undefined;
}

export interface OpenWait {
  readonly id: number;
  readonly startTs: number;
}

/** An invalidation between its begin and its end, on the stack of the task that runs it. */
export interface OpenInvalidation {
  readonly id: number;
  readonly startTs: number;
  readonly startEvent: number;
  readonly tid: number;
  readonly mm: Word | undefined;
  readonly addressSpace: LiveAddressSpace | undefined;
  readonly range: {
    readonly start?: Word | undefined;
    readonly end?: Word | undefined;
    readonly reason?: number | undefined;
  };
  readonly returned: boolean;
  /** A fence wait inside it began. */
  waitBegan(wait: OpenWait): void;
  /** A fence wait inside it ended; undefined when its time is that of waits inside it. */
  waitEnded(wait: OpenWait, end: Mark | undefined): void;
}

export interface OpenSyscall {
  readonly name: string;
  readonly args: Readonly<Record<string, Word>>;
  readonly ts: number;
  readonly event: number;
  /** Its row's id, taken the first time something of interest happens inside. */
  use(): number;
}

export interface LivePasid {
  /** pasid.id; undefined where only a fault told of it. */
  id?: number | undefined;
  process: LiveProcess | undefined;
  addressSpace: LiveAddressSpace | undefined;
  /** Whom the number stood for before: its device may go on with it. */
  before?: Pick<LivePasid, 'process' | 'addressSpace'> | undefined;
}

export interface LiveGpuVm {
  readonly id: number;
  readonly driver: string;
  readonly dev: string | undefined;
  readonly vm: Word | undefined;
  readonly asid: number | undefined;
  readonly owner: LiveTask | undefined;
  mappings: number;
}

/** A queue of a GPU while it has its number. */
export interface LiveQueue {
  readonly id: number;
  readonly dev: string | undefined;
  readonly gt: number | undefined;
  readonly number: number;
  readonly engine: string | undefined;
  readonly owner: LiveTask | undefined;
}

/** A DRM device. */
export interface LiveDevice {
  readonly id: number;
  /** struct drm_device, where a probe showed it. */
  readonly pointer: Word | undefined;
  readonly generation: number;
  parent: Word | undefined;
  driver: string | undefined;
  readonly first: Mark;
  registered: Mark | undefined;
  /** drm_dev_unplug was called: from here on the device counts as gone. */
  unplug: (Mark & { readonly tid: number }) | undefined;
  /** It returned: nobody is inside the driver any longer. */
  unplugged: Mark | undefined;
  refused: number;
  uses: number;
}

export class LiveObjects {
  /** Name of a thread as the capture's saved names know it. */
  readonly comm: (tid: number) => string | undefined;
  readonly tasks: Map<number, LiveTask> = new Map();
  readonly addressSpaces: Map<Word, LiveAddressSpace> = new Map();
  readonly notifiers: Map<Word, LiveNotifier> = new Map();
  readonly fences: FenceIndex<LiveFence> = new FenceIndex();
  readonly invalidations: Map<number, OpenInvalidation[]> = new Map();
  readonly syscalls: Map<number, OpenSyscall> = new Map();
  /** By struct drm_device. */
  readonly devices: Map<Word, LiveDevice> = new Map();
  /** By thread: the device whose ioctl it is in. */
  readonly devicesInUse: Map<number, LiveDevice> = new Map();
  /** By number, to whom a driver gave it last: faults may come after it is freed. */
  readonly pasids: Map<number, LivePasid> = new Map();
  /** By number, the process an IOMMU last bound it to: requests may come after the unbinding. */
  readonly iommuPasids: Map<number, LivePasid> = new Map();
  readonly gpuVms: GpuVmIndex = new GpuVmIndex();
  /** By VMID: the PASID it was last granted to, per hub. */
  readonly vmids: Map<number, Map<number, number>> = new Map();
  /** By number; queues of several devices or GTs may have one number. */
  readonly queues: Map<number, LiveQueue[]> = new Map();
  /** Whether any invalidation was recorded as such, by whatever probe. */
  invalidationsSeen = false;
  /** Set by the task lifetime: makes the task of a thread born before the capture. */
  adopt: ((tid: number) => LiveTask) | undefined;

  constructor(comm: (tid: number) => string | undefined) {
    this.comm = comm;
  }

  /** The task with this tid now; undefined for the idle threads. */
  taskOf(tid: number): LiveTask | undefined {
    if (tid <= 0) return undefined;
    return this.tasks.get(tid) ?? this.adopt?.(tid);
  }

  processOf(tid: number): LiveProcess | undefined {
    return this.taskOf(tid)?.process;
  }

  /** The innermost invalidation the task is held up in: begun, not returned. */
  invalidationOf(tid: number): OpenInvalidation | undefined {
    const open = this.invalidations.get(tid)?.at(-1);
    return open && !open.returned ? open : undefined;
  }

  /** The queue of that number; undefined where nothing tells it from another device's. */
  queueOf(
    number: number | undefined,
    dev: string | undefined,
    gt: number | undefined,
  ): LiveQueue | undefined {
    if (number === undefined) return undefined;
    const found = this.queues
      .get(number)
      ?.filter(
        (queue) =>
          (dev === undefined || queue.dev === dev) && (gt === undefined || queue.gt === gt),
      );
    return found?.length === 1 ? found[0] : undefined;
  }

  /** The mm a notifier watches, as far as the capture tells. */
  mmOfNotifier(mni: Word | undefined): Word | undefined {
    return mni === undefined ? undefined : this.notifiers.get(mni)?.mm;
  }
}

export function createLiveObjects(
  comm: (tid: number) => string | undefined = () => undefined,
): LiveObjects {
  return new LiveObjects(comm);
}
