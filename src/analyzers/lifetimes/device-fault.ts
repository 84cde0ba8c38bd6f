import type { Table } from '../../store/table.ts';
import { integer, span, text } from './columns.ts';
import type { Lifetime } from './lifetime.ts';

export const deviceFaultTable: Table = {
  name: 'device_fault',
  doc: 'A page fault of a device: a call of its fault handler, or a tracepoint that reports one.',
  columns: [
    text('function', 'Probed handler, or `system:event` of the tracepoint.'),
    text('module', 'Module of the handler.'),
    integer('pasid', 'Process address space id as the device gives it; never decoded into a pid.'),
    integer('address', 'Faulting address.'),
    integer('tid', 'Thread that handles it.'),
    integer('ret', 'Return value: -3 and -14 = the address space was gone or had no mapping.'),
    integer('process_id', 'process.id the PASID belonged to, learned from faults that worked.'),
    integer('address_space_id', 'address_space.id of the mm.'),
    integer('mm', 'mm_struct pointer.'),
    text('source', "'probe', 'tracepoint' or 'iommu'."),
    ...span('entry of the handler', 'return of the handler'),
  ],
  indexes: [['pasid'], ['process_id']],
};

export const deviceFault: Lifetime = {
  kind: 'device-fault',
  tables: [deviceFaultTable],
  track: () => ({ on: {}, finish() {} }),
};
