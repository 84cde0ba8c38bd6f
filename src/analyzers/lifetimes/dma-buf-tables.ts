import type { Table } from '../../store/table.ts';
import {
  address,
  bytes,
  errno,
  integer,
  moment,
  ordinal,
  reference,
  span,
  text,
  thread,
  yesNo,
} from './columns.ts';

export const dmaBufTable: Table = {
  name: 'dma_buf',
  doc: 'A buffer shared between devices and processes (struct dma_buf).',
  label: "coalesce(exporter, '') || coalesce(' ' || inode, '')",
  columns: [
    address('pointer', 'struct dma_buf, where a probe showed it.'),
    integer('inode', 'Its inode number, by which tracepoints name it (7.1 and later).'),
    text('exporter', 'Name its exporter gave itself, mostly the module.'),
    reference('device_id', 'device', 'device.id in whose ioctl it was exported.'),
    bytes('size', 'Bytes.'),
    thread('owner_tid', 'Thread that exported it.'),
    reference('owner_process_id', 'process', 'process.id of that thread.'),
    ...span('dma_buf_export', 'dma_buf_release'),
  ],
  indexes: [['device_id']],
};

export const attachmentTable: Table = {
  name: 'dma_buf_attachment',
  doc: 'A device that imported a dma-buf (struct dma_buf_attachment), and its mapping.',
  durations: [
    { name: 'mapped', from: 'map_ts', to: 'unmap_ts', doc: 'The mapping that was last alive.' },
  ],
  columns: [
    reference('dma_buf_id', 'dma_buf', 'dma_buf.id it is attached to.'),
    address('pointer', 'struct dma_buf_attachment, where a probe showed it.'),
    address('device', 'struct device of the importer.'),
    text('device_name', 'Its name.'),
    yesNo('is_dynamic', '1 = the exporter may move the buffer and asks the importer to unmap.'),
    yesNo('peer2peer', '1 = the importer reaches the memory of the exporting device directly.'),
    thread('tid', 'Thread that attached it.'),
    reference('process_id', 'process', 'process.id of that thread.'),
    moment('map_ts', 'Begin of the mapping that is, or was last, alive, relative ns.'),
    ordinal('map_event', 'That event.'),
    moment('unmap_ts', 'Its end, relative ns; NULL = still mapped, or not recorded.'),
    ordinal('unmap_event', 'That event.'),
    moment('move_ts', 'Last time the exporter asked to unmap while it was mapped, relative ns.'),
    ordinal('move_event', 'That event.'),
    ...span('dma_buf_dynamic_attach', 'dma_buf_detach'),
  ],
  indexes: [['dma_buf_id']],
};

export const bufferCallTable: Table = {
  name: 'dma_buf_call',
  doc: 'A call on a dma-buf: a mapping, a pin, an access by the CPU.',
  columns: [
    reference('dma_buf_id', 'dma_buf', 'dma_buf.id it is about.'),
    reference('attachment_id', 'dma_buf_attachment', 'dma_buf_attachment.id it is about.'),
    text('what', "'map', 'pin' or 'access'."),
    text('function', 'Kernel function.'),
    errno('ret', 'Negative errno, 0 = it worked; NULL = not recorded.'),
    thread('tid', 'Thread that called it.'),
    reference('process_id', 'process', 'process.id of that thread.'),
    ...span('entry', 'return'),
  ],
  indexes: [['dma_buf_id'], ['attachment_id']],
};
