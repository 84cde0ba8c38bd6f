import type { Word } from '../../kernel/occurrence.ts';
import type { Row, Table } from '../../store/table.ts';
import { address, errno, integer, reference, span, text, thread, yesNo } from './columns.ts';
import type { LifetimeContext } from './lifetime.ts';
import type { LiveAddressSpace, LiveProcess, Mark } from './live-objects.ts';
import { flag, lived } from './lived.ts';

export const deviceFaultTable: Table = {
  name: 'device_fault',
  doc: 'A page fault of a device: a call of its fault handler, or a tracepoint that reports one.',
  columns: [
    text('function', 'Probed handler, `system:event` of the tracepoint, or whose log line it is.'),
    text('module', 'Module of the handler.'),
    integer('pasid', 'Process address space id as the device gives it; never decoded into a pid.'),
    address('address', 'Faulting address.'),
    thread('tid', 'Thread that handles it.'),
    errno('ret', 'Return value: -3 and -14 = the address space was gone or had no mapping.'),
    reference(
      'process_id',
      'process',
      'process.id the PASID belonged to, learned from faults that worked.',
    ),
    reference('address_space_id', 'address_space', 'address_space.id of the mm.'),
    address('mm', 'mm_struct pointer.'),
    reference('pasid_id', 'pasid', 'pasid.id: whose PASID it was then.'),
    text('dev', 'Device.'),
    integer('vmid', 'VMID; it names a PASID for the time it is granted.'),
    integer('asid', 'ASID (xe).'),
    yesNo('write', '1 = a write.'),
    text('served', "'migrated' or 'mapped': how it was served, where the driver says so (KFD)."),
    reference('gpu_vm_id', 'gpu_vm', 'gpu_vm.id of the ASID.'),
    reference(
      'gpu_queue_id',
      'gpu_queue',
      'gpu_queue.id whose work faulted, where the device names the queue.',
    ),
    text(
      'source',
      "'probe', 'tracepoint', 'iommu'; 'log' and 'iommu-log' where a log line tells it.",
    ),
    ...span('entry of the handler', 'return of the handler'),
  ],
  indexes: [['pasid'], ['process_id']],
};

/** What is known of one fault when its row is written. */
export interface Fault {
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
  readonly served?: 'migrated' | 'mapped' | undefined;
  readonly gpuVmId?: number | undefined;
  readonly gpuQueueId?: number | undefined;
}

export function faultRow(
  id: number,
  fault: Fault,
  start: Mark,
  end: Mark | undefined,
  context: LifetimeContext,
): Row {
  return {
    id,
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
    ...lived(context, start, end),
    // one that is only reported is what it is, whatever is lost before its end is told
    ...(fault.source === 'probe'
      ? {}
      : { lossy: context.lossBetween(start.ts, end?.ts ?? start.ts) ? 1 : 0 }),
  };
}

function placeOf(fault: Fault) {
  return {
    pasid_id: fault.pasidId ?? null,
    dev: fault.dev ?? null,
    vmid: fault.vmid ?? null,
    asid: fault.asid ?? null,
    write: flag(fault.write),
    served: fault.served ?? null,
    gpu_vm_id: fault.gpuVmId ?? null,
    gpu_queue_id: fault.gpuQueueId ?? null,
  };
}
