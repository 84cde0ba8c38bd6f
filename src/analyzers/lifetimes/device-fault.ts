import { argument, smallArgument } from '../../kernel/arguments.ts';
import type { LogClass } from '../../kernel/log-lines/log-record.ts';
import type { Moment, OccurrenceOf, Word } from '../../kernel/occurrence.ts';
import type { Table } from '../../store/table.ts';
import { CallStacks, type Frame } from './call-stack.ts';
import { integer, span, text } from './columns.ts';
import type { Lifetime, LifetimeContext, OccurrenceHandlers, Tracker } from './lifetime.ts';
import type { LiveAddressSpace, LivePasid, LiveProcess, Mark } from './live-objects.ts';
import { lived, markOf } from './lived.ts';

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

  #reported(fault: OccurrenceOf<'device.fault'>): void {
    this.#reportedBy(fault, fault.driver, fault.pasid, fault.address, 'tracepoint');
  }

  #iommu(fault: OccurrenceOf<'iommu.fault'>): void {
    this.#reportedBy(fault, fault.source, fault.pasid, fault.address, 'iommu');
  }

  #reportedBy(
    moment: Moment,
    by: string,
    pasid: number | undefined,
    address: Word | undefined,
    source: 'tracepoint' | 'iommu',
  ): void {
    // an IOMMU's PASIDs are not a driver's
    const { pasids, iommuPasids } = this.#context.live;
    const known = source === 'iommu' ? iommuPasids : pasids;
    const bound = pasid === undefined ? undefined : known.get(pasid);
    this.#emit(
      {
        function: by,
        module: undefined,
        pasid,
        address,
        tid: moment.tid,
        ret: undefined,
        mm: bound?.addressSpace?.mm,
        process: bound?.process,
        addressSpace: bound?.addressSpace,
        source,
      },
      markOf(moment),
      markOf(moment),
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
      source: fault.source,
      ...lived(this.#context, start, end),
    });
  }
}
