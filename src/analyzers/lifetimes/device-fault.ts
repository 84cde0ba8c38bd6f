import { argument, smallArgument } from '../../kernel/arguments.ts';
import type { LogClass } from '../../kernel/log-lines/log-record.ts';
import type { OccurrenceOf, Word } from '../../kernel/occurrence.ts';
import { CallStacks, type Frame } from './call-stack.ts';
import { deviceFaultTable, type Fault, faultRow } from './device-fault-tables.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveAddressSpace, LivePasid, Mark } from './live-objects.ts';
import { markOf } from './lived.ts';

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

/** Faults being served at a time. */
const PENDING_MOST = 4096;
/** The address space is gone: mmget_not_zero failed. */
const ESRCH = -3;
/** There is no mapping there. */
const EFAULT = -14;

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

class DeviceFaultTracker implements Tracker {
  readonly on: OccurrenceHandlers = {
    'probe.enter': (probe) => this.#enter(probe),
    'probe.return': (probe) => this.#leave(probe),
    'hmm.read_begin': (read) => this.#serves(read.tid, read.mni, read.mm),
    'hmm.range_fault': (fault) => this.#serves(fault.tid, fault.mni, fault.mm),
    'device.fault': (fault) => this.#reported(fault),
    'device.fault_end': (end) => this.#over(end),
    'iommu.fault': (fault) => this.#iommu(fault),
    'log.record': (record) => this.#logged(record),
    'task.exit': (exit) => this.#handlers.clear(exit.tid),
  };
  readonly #context: LifetimeContext;
  readonly #handlers = new CallStacks<Handler>();
  /** Faults whose end the driver tells of too. */
  readonly #pending = new Map<string, { readonly fault: Fault; readonly start: Mark }>();

  constructor(context: LifetimeContext) {
    this.#context = context;
  }

  finish(): void {
    for (const handler of this.#handlers.all()) {
      if (handler.sure) this.#emitHandled(handler, undefined, undefined);
    }
    for (const name of [...this.#pending.keys()]) this.#unserved(name);
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
    return worker && handler.readsBegun > 0 && (ret === ESRCH || ret === EFAULT);
  }

  #emitHandled(handler: Handler, end: Mark | undefined, ret: number | undefined): void {
    const known = this.#bind(handler.pasid, handler.addressSpace);
    // who lives is not refused so: it is the device of who had the number before and is dead
    const isRefused = ret === ESRCH && isAlive(known) && known?.before !== undefined;
    const bound = isRefused && !isAlive(known.before) ? known.before : known;
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
    const { addressSpace: last, process } = binding;
    if (last && last !== addressSpace) binding.before = { process, addressSpace: last };
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
    const told: Fault = {
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
    };
    if (fault.driver === 'amdkfd' && fault.address !== undefined) {
      this.#await(`${fault.tid} ${fault.address}`, told, mark);
    } else this.#emit(told, mark, mark);
  }

  #await(name: string, fault: Fault, start: Mark): void {
    this.#unserved(name);
    this.#pending.set(name, { fault, start });
    const [oldest] = this.#pending.keys();
    if (oldest !== undefined && this.#pending.size > PENDING_MOST) this.#unserved(oldest);
  }

  #over(end: OccurrenceOf<'device.fault_end'>): void {
    const name = `${end.pid} ${end.address}`;
    const pending = this.#pending.get(name);
    if (!pending) return;
    this.#pending.delete(name);
    const served = end.migrated === undefined ? undefined : end.migrated ? 'migrated' : 'mapped';
    this.#emit({ ...pending.fault, served }, pending.start, markOf(end));
  }

  #unserved(name: string): void {
    const pending = this.#pending.get(name);
    if (!pending) return;
    this.#pending.delete(name);
    this.#emit(pending.fault, pending.start, undefined);
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
    const id = this.#context.nextId(deviceFaultTable);
    this.#context.emit(deviceFaultTable, faultRow(id, fault, start, end, this.#context));
  }
}

function isAlive(owner: LivePasid['before']): boolean {
  const { addressSpace } = owner ?? {};
  return addressSpace !== undefined && !addressSpace.released && !addressSpace.ended;
}
