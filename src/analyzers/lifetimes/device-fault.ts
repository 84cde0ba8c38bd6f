import { argument, smallArgument } from '../../kernel/arguments.ts';
import type { LogClass } from '../../kernel/log-lines/log-record.ts';
import type { OccurrenceOf, Word } from '../../kernel/occurrence.ts';
import type { Table } from '../../store/table.ts';
import { CallStacks, type Frame } from './call-stack.ts';
import { integer, span, text } from './columns.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveAddressSpace, LivePasid, LiveProcess, Mark } from './live-objects.ts';
import { flag, lived, markOf } from './lived.ts';

export const deviceFaultTable: Table = {
  name: 'device_fault',
  doc: 'A page fault of a device: a call of its fault handler, or a tracepoint that reports one.',
  columns: [
    text('function', 'Probed handler, `system:event` of the tracepoint, or whose log line it is.'),
    text('module', 'Module of the handler.'),
    integer('pasid', 'Process address space id as the device gives it; never decoded into a pid.'),
    integer('address', 'Faulting address.'),
    integer('tid', 'Thread that handles it.'),
    integer('ret', 'Return value: -3 and -14 = the address space was gone or had no mapping.'),
    integer('process_id', 'process.id the PASID belonged to, learned from faults that worked.'),
    integer('address_space_id', 'address_space.id of the mm.'),
    integer('mm', 'mm_struct pointer.'),
    integer('pasid_id', 'pasid.id: whose PASID it was then.'),
    text('dev', 'Device.'),
    integer('vmid', 'VMID; it names a PASID for the time it is granted.'),
    integer('asid', 'ASID (xe).'),
    integer('write', '1 = a write.'),
    integer('gpu_vm_id', 'gpu_vm.id of the ASID.'),
    integer('gpu_queue_id', 'gpu_queue.id whose work faulted, where the device names the queue.'),
    text(
      'source',
      "'probe', 'tracepoint', 'iommu'; 'log' and 'iommu-log' where a log line tells it.",
    ),
    ...span('entry of the handler', 'return of the handler'),
  ],
  indexes: [['pasid'], ['process_id']],
};

/**
 * Page faults of devices. Which process a PASID stands for is learned from the first fault that
 * worked: its handler calls read_begin on a notifier whose mm is known. The number itself says
 * nothing.
 */
export const deviceFault: Lifetime = {
  kind: 'device-fault',
  tables: [deviceFaultTable],
  track: (context) => new DeviceFaultTracker(context),
};

/** Records of the kernel log that are faults of a device. */
const LOGGED_FAULTS: Partial<Record<LogClass, 'log' | 'iommu-log'>> = {
  'gpu-page-fault': 'log',
  'cat-error': 'log',
  'iommu-fault': 'iommu-log',
  'page-request-error': 'iommu-log',
};

/** -ESRCH, -EFAULT: the address space is gone, or holds no mapping there. */
const REFUSALS: readonly number[] = [-3, -14];

interface Handler extends Frame {
  readonly module: string | undefined;
  readonly entered: Mark;
  readonly tid: number;
  /** The catalogue knows it, or it takes a PASID. */
  readonly sure: boolean;
  readonly pasid: number | undefined;
  readonly address: Word | undefined;
  mm: Word | undefined;
  addressSpace: LiveAddressSpace | undefined;
  readsBegun: number;
}

/** What is known of one fault when its row is written. */
interface Fault {
  readonly function: string;
  readonly module: string | undefined;
  readonly pasid: number | undefined;
  readonly address: Word | undefined;
  readonly tid: number;
  readonly ret: number | undefined;
  readonly mm: Word | undefined;
  readonly process: LiveProcess | undefined;
  readonly addressSpace: LiveAddressSpace | undefined;
  readonly source: 'probe' | 'tracepoint' | 'iommu' | 'log' | 'iommu-log';
  readonly pasidId?: number | undefined;
  readonly dev?: string | undefined;
  readonly vmid?: number | undefined;
  readonly asid?: number | undefined;
  readonly write?: boolean | undefined;
  readonly gpuVmId?: number | undefined;
  readonly gpuQueueId?: number | undefined;
}

class DeviceFaultTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'probe.enter': (probe) => this.#enter(probe),
    'probe.return': (probe) => this.#leave(probe),
    'hmm.read_begin': (read) => this.#serves(read.tid, read.mni, read.mm),
    'hmm.range_fault': (fault) => this.#serves(fault.tid, fault.mni, fault.mm),
    'device.fault': (fault) => this.#reported(fault),
    'iommu.fault': (fault) => this.#iommu(fault),
    'log.record': (record) => this.#logged(record),
    'task.exit': (exit) => this.#handlers.clear(exit.tid),
  };
  readonly #context: LifetimeContext;
  readonly #handlers = new CallStacks<Handler>();

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    for (const handler of this.#handlers.all()) {
      if (handler.sure) this.#emitHandled(handler, undefined, undefined);
    }
  }

  #enter(probe: OccurrenceOf<'probe.enter'>): void {
    if (probe.role === 'invalidate-callback') return;
    const pasid = smallArgument(probe.args, 'pasid');
    this.#handlers.push(probe.tid, {
      function: probe.function,
      module: probe.module,
      entered: markOf(probe),
      tid: probe.tid,
      sure: probe.role === 'device-fault-handler' || pasid !== undefined,
      pasid,
      address: argument(probe.args, 'address'),
      mm: undefined,
      addressSpace: undefined,
      readsBegun: 0,
    });
  }

  /** The mm a fault is served for. */
  #serves(tid: number, mni: Word | undefined, given: Word | undefined): void {
    const handlers = this.#handlers.of(tid);
    if (handlers.length === 0) return;
    const { live } = this.#context;
    const mm = given ?? live.mmOfNotifier(mni);
    for (const handler of handlers) {
      handler.readsBegun += 1;
      if (mm === undefined) continue;
      handler.mm ??= mm;
      handler.addressSpace ??= live.addressSpaces.get(mm);
    }
  }

  #leave(probe: OccurrenceOf<'probe.return'>): void {
    const handler = this.#handlers.pop(probe.tid, probe.function);
    if (!handler) return;
    if (handler.sure || this.#actsAsHandler(handler, probe.ret)) {
      this.#emitHandled(handler, markOf(probe), probe.ret);
    }
  }

  /** A probe nobody told us about: it faults a range in from a worker, and was refused. */
  #actsAsHandler(handler: Handler, ret: number | undefined): boolean {
    const worker = this.#context.live.taskOf(handler.tid)?.kernelThread === true;
    return worker && handler.readsBegun > 0 && ret !== undefined && REFUSALS.includes(ret);
  }

  #emitHandled(handler: Handler, end: Mark | undefined, ret: number | undefined): void {
    const bound = this.#bind(handler.pasid, handler.addressSpace);
    const addressSpace = handler.addressSpace ?? bound?.addressSpace;
    this.#emit(
      {
        function: handler.function,
        module: handler.module,
        pasid: handler.pasid,
        address: handler.address,
        tid: handler.tid,
        ret,
        mm: handler.mm ?? addressSpace?.mm,
        process: handler.addressSpace?.owner ?? bound?.process,
        addressSpace,
        source: 'probe',
      },
      handler.entered,
      end,
    );
  }

  /** What is known of a PASID, and what this fault adds to it. */
  #bind(
    pasid: number | undefined,
    addressSpace: LiveAddressSpace | undefined,
  ): LivePasid | undefined {
    if (pasid === undefined) return undefined;
    const { pasids } = this.#context.live;
    let binding = pasids.get(pasid);
    if (!addressSpace) return binding;
    if (!binding) {
      binding = { process: undefined, addressSpace: undefined };
      pasids.set(pasid, binding);
    }
    binding.addressSpace = addressSpace;
    binding.process = addressSpace.owner ?? binding.process;
    return binding;
  }

  /** A driver names a PASID, an ASID, a queue, or (KFD's SMI) the process by its pid. */
  #reported(fault: OccurrenceOf<'device.fault'>): void {
    const { live } = this.#context;
    const pasid = this.#pasidOf(fault);
    const bound = pasid === undefined ? undefined : live.pasids.get(pasid);
    const vm = live.gpuVms.find(fault.driver, fault.dev, undefined, fault.asid);
    const queue = live.queueOf(fault.queue, fault.dev, fault.gt);
    const named = fault.driver === 'amdkfd' ? live.processOf(fault.tid) : undefined;
    const process = bound?.process ?? vm?.owner?.process ?? queue?.owner?.process ?? named;
    const addressSpace = bound?.addressSpace ?? process?.addressSpace;
    const mark = markOf(fault);
    this.#emit(
      {
        function: fault.driver,
        module: undefined,
        pasid,
        address: fault.address,
        tid: fault.tid,
        ret: undefined,
        mm: addressSpace?.mm,
        process,
        addressSpace,
        source: 'tracepoint',
        pasidId: bound?.id,
        dev: fault.dev,
        vmid: fault.vmid,
        asid: fault.asid,
        write: fault.write,
        gpuVmId: vm?.id,
        gpuQueueId: queue?.id,
      },
      mark,
      mark,
    );
  }

  /** A fault of a VMID alone is of the PASID it is granted to, if it is one on all hubs. */
  #pasidOf(fault: OccurrenceOf<'device.fault'>): number | undefined {
    if (fault.vmid === undefined || fault.vmid === 0 || (fault.pasid ?? 0) !== 0) {
      return fault.pasid;
    }
    const granted = new Set(this.#context.live.vmids.get(fault.vmid)?.values());
    return granted.size === 1 ? [...granted][0] : fault.pasid;
  }

  #iommu(fault: OccurrenceOf<'iommu.fault'>): void {
    // an IOMMU's PASIDs are not a driver's
    const { iommuPasids } = this.#context.live;
    const bound = fault.pasid === undefined ? undefined : iommuPasids.get(fault.pasid);
    const addressSpace = bound?.addressSpace ?? bound?.process?.addressSpace;
    const mark = markOf(fault);
    this.#emit(
      {
        function: fault.source,
        module: undefined,
        pasid: fault.pasid,
        address: fault.address,
        tid: fault.tid,
        ret: undefined,
        mm: addressSpace?.mm,
        process: bound?.process,
        addressSpace,
        source: 'iommu',
        pasidId: bound?.id,
        dev: fault.device === '' ? undefined : fault.device,
        write: fault.request?.write,
      },
      mark,
      mark,
    );
  }

  /** The log names the process itself, or only a PASID. */
  #logged(record: OccurrenceOf<'log.record'>): void {
    const source = LOGGED_FAULTS[record.class];
    if (source === undefined) return;
    const { live } = this.#context;
    const pasids = source === 'log' ? live.pasids : live.iommuPasids;
    const bound = record.pasid === undefined ? undefined : pasids.get(record.pasid);
    const named = record.pid === undefined ? undefined : live.tasks.get(record.pid)?.process;
    const process = named ?? bound?.process;
    const addressSpace = bound?.addressSpace ?? process?.addressSpace;
    this.#emit(
      {
        function: `${record.source} log`,
        module: record.owner,
        pasid: record.pasid,
        address: record.address,
        tid: record.threadId ?? record.pid ?? 0,
        ret: undefined,
        mm: addressSpace?.mm,
        process,
        addressSpace,
        source,
      },
      markOf(record),
      markOf(record),
    );
  }

  #emit(fault: Fault, start: Mark, end: Mark | undefined): void {
    this.#context.emit(deviceFaultTable, {
      id: this.#context.nextId(deviceFaultTable),
      function: fault.function,
      module: fault.module ?? null,
      pasid: fault.pasid ?? null,
      address: fault.address ?? null,
      tid: fault.tid,
      ret: fault.ret ?? null,
      process_id: fault.process?.id ?? null,
      address_space_id: fault.addressSpace?.id ?? null,
      mm: fault.mm ?? null,
      ...placeOf(fault),
      source: fault.source,
      ...lived(this.#context, start, end),
    });
  }
}

function placeOf(fault: Fault) {
  return {
    pasid_id: fault.pasidId ?? null,
    dev: fault.dev ?? null,
    vmid: fault.vmid ?? null,
    asid: fault.asid ?? null,
    write: flag(fault.write),
    gpu_vm_id: fault.gpuVmId ?? null,
    gpu_queue_id: fault.gpuQueueId ?? null,
  };
}
